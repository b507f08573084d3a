"""The formula of the composite score, for published rows and for the check of rules."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor


def composite(scores: Sequence[int], bins: Sequence[int], weights: Sequence[str]) -> Decimal:
    """Return sum(w x (score - 1) / (bins - 1)) / sum(w) x 100, computed exactly and rounded half up to 3 decimals.

    >>> ones, fives = ("1", "1", "1"), (5, 5, 5)
    >>> composite((5, 3, 1), fives, ones), composite((2, 1, 1), fives, ones), composite((2, 5, 1), (2, 5, 5), ones)
    (Decimal('50.000'), Decimal('8.333'), Decimal('66.667'))
    """
    shares = [Fraction(score - 1, count - 1) for score, count in zip(scores, bins, strict=True)]
    weighted = sum((Fraction(weight) * share for weight, share in zip(weights, shares, strict=True)), Fraction(0))
    total = sum(map(Fraction, weights), Fraction(0))
    return Decimal(floor(weighted / total * 100_000 + Fraction(1, 2))).scaleb(-3)
