"""Computes where each score begins, by the rule of its method: plain integers, no Spark.

A cut is the lowest key of a score. Keys are whole units, so every rule becomes a cut exactly: "better than 100.00" is
"at least 100.0001", and an interpolated edge between two units is the unit above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from rfm_spark.config.choices import Method, Ties
from rfm_spark.config.model import MetricScoring
from rfm_spark.scoring.distribution import Distribution, Total
from rfm_spark.scoring.series import Series


@dataclass(frozen=True)
class Cut:
    """The lowest key of a score. With a `member_id`, members with this key have the score from that id on.

    A cut that splits the members of one key knows in advance how many `members_below` it has.
    """

    key: int
    member_id: int | None = None
    members_below: int | None = None


def bins_of(scoring: MetricScoring) -> int:
    """Return the number of scores: `bins`; 2 for a mean or median; one more than the thresholds."""
    if scoring.method in (Method.MEAN, Method.MEDIAN):
        return 2
    return len(scoring.thresholds) + 1 if scoring.method is Method.THRESHOLDS else scoring.bins


def tile_end(tile: int, members: int, tiles: int) -> int:
    """Return the last rank of a tile of SQL NTILE.

    >>> [tile_end(tile, 7, 3) for tile in (1, 2, 3)], [tile_end(tile, 3, 5) for tile in range(1, 6)]
    ([3, 5, 7], [1, 2, 3, 3, 3])
    """
    return tile * (members // tiles) + min(tile, members % tiles)


def asked_ranks(scoring: MetricScoring, members: int) -> list[int]:
    """Return the ranks whose values the method needs, always with the first and the last rank."""
    if members == 0:
        return []
    bins = bins_of(scoring)
    ranks = {1, members}
    if scoring.method is Method.NTILE:
        ends = [tile_end(tile, members, bins) for tile in range(1, bins)]
        ranks.update(ends if scoring.ties is Ties.TOGETHER else [min(end + 1, members) for end in ends])
    if scoring.method in (Method.QUANTILE, Method.MEDIAN):
        for number in range(1, bins):
            rank = (members - 1) * number // bins + 1
            ranks.update((rank, min(rank + 1, members)))
    return sorted(ranks)


def asked_keys(scoring: MetricScoring, series: Series, total: Total, frozen: Sequence[Cut]) -> list[int]:
    """Return the keys of the cuts that do not depend on the values of single members."""
    if scoring.method is Method.FROZEN:
        return sorted({cut.key for cut in frozen})
    if scoring.method is Method.THRESHOLDS:
        return _threshold_keys(scoring, series)
    if scoring.method is Method.MEAN and total.members:
        return [_above(Fraction(total.key_sum, total.members))]
    return []


def cuts(
    scoring: MetricScoring, series: Series, total: Total, distribution: Distribution, frozen: Sequence[Cut] = ()
) -> tuple[Cut, ...]:
    """Return where the scores 2, 3, ... begin; no cuts when the method needs members and there are none.

    With `ties: split` a cut has no member_id yet: `split_cuts` finds it.
    """
    if scoring.method is Method.FROZEN:
        return tuple(frozen)
    if scoring.method in (Method.THRESHOLDS, Method.MEAN):
        return tuple(Cut(key) for key in asked_keys(scoring, series, total, frozen))
    if distribution.members == 0:
        return ()
    if scoring.method is Method.NTILE:
        return tuple(_tile_cut(scoring, distribution, tile) for tile in range(1, scoring.bins))
    bins = bins_of(scoring)
    edges = [_edge(distribution, number, bins) for number in range(1, bins)]
    edge_is_better = scoring.method is Method.QUANTILE and series.is_recency
    return tuple(Cut(ceil(edge) if edge_is_better else _above(edge)) for edge in edges)


def _above(value: Fraction) -> int:
    """Return the lowest key above the value."""
    return floor(value) + 1


def _threshold_keys(scoring: MetricScoring, series: Series) -> list[int]:
    """Return the cuts of thresholds: at most so many days, at least so many orders or so much money."""
    limits = [Fraction(Decimal(text)) * series.units for text in scoring.thresholds]
    return sorted(-floor(limit) if series.is_recency else ceil(limit) for limit in limits)


def _tile_cut(scoring: MetricScoring, distribution: Distribution, tile: int) -> Cut:
    end = tile_end(tile, distribution.members, scoring.bins)
    if scoring.ties is Ties.TOGETHER:
        return Cut(distribution.at_rank(end).key + 1)
    if end == distribution.members:
        return Cut(distribution.at_rank(end).key + 1)
    first = distribution.at_rank(end + 1).key
    return Cut(first, members_below=end) if scoring.ties is Ties.SPLIT else Cut(first)


def _edge(distribution: Distribution, number: int, bins: int) -> Fraction:
    """Return the exact quantile, interpolated between the two keys around it (type 7 of Hyndman and Fan)."""
    whole, rest = divmod((distribution.members - 1) * number, bins)
    low = distribution.at_rank(whole + 1).key
    high = distribution.at_rank(min(whole + 2, distribution.members)).key
    return low + (high - low) * Fraction(rest, bins)
