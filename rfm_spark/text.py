"""How numbers are written for people: rounded once, half up, from the exact value."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

NOTHING = "-"


def rounded(value: Fraction | Decimal | int, places: int) -> Decimal:
    """Return the value with so many decimals, half away from zero.

    >>> rounded(Fraction(1, 8), 2), rounded(Fraction(-1, 8), 2), rounded(Fraction(2, 3), 0)
    (Decimal('0.13'), Decimal('-0.13'), Decimal('1'))
    """
    scaled = abs(Fraction(value)) * 10**places
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(units if value >= 0 else -units).scaleb(-places)


def six_decimals(value: Fraction) -> str:
    """Return a share as text with six decimals.

    >>> six_decimals(Fraction(2, 3))
    '0.666667'
    """
    return format(rounded(value, 6), "f")


def percent(share: Fraction | Decimal | None) -> str:
    """Return a share as a percentage with one decimal.

    >>> percent(Fraction(12345, 100000)), percent(Decimal("0.00020")), percent(None)
    ('12.3%', 'under 0.1%', '-')
    """
    if share is None:
        return NOTHING
    if 0 < share < Fraction(1, 2000):
        return "under 0.1%"
    return f"{rounded(share * 100, 1)}%"


def amount(value: Decimal | None) -> str:
    """Return an amount with thousands and two decimals.

    >>> amount(Decimal("1234567.8950")), amount(None)
    ('1,234,567.90', '-')
    """
    return NOTHING if value is None else f"{rounded(value, 2):,}"


def decimal_text(value: Fraction | Decimal | None, places: int = 1) -> str:
    """Return a mean with few decimals.

    >>> decimal_text(Fraction(10, 3)), decimal_text(None)
    ('3.3', '-')
    """
    return NOTHING if value is None else f"{rounded(value, places):,}"


def plain_number(value: Decimal | int) -> str:
    """Return a number with thousands and without trailing zeros.

    >>> plain_number(Decimal("12.000000")), plain_number(Decimal("1234.500000")), plain_number(7)
    ('12', '1,234.5', '7')
    """
    return without_trailing_zeros(f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}")


def without_trailing_zeros(number: str) -> str:
    """Return the text of a number without the zeros that end its decimals.

    >>> without_trailing_zeros("12.50"), without_trailing_zeros("100.00"), without_trailing_zeros("100")
    ('12.5', '100', '100')
    """
    return number.rstrip("0").rstrip(".") if "." in number else number


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun; `plural` is needed where it is not the noun and an s.

    >>> counted(1, "date"), counted(1734, "member"), counted(2, "day with an order", "days with an order")
    ('1 date', '1,734 members', '2 days with an order')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def aligned(rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Return the rows as lines: the first columns, which hold words, to the left, all others to the right.

    >>> print("\\n".join(aligned([("segment", "members"), ("loyal", "1,200")])))
      segment  members
      loyal      1,200
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            text.ljust(width) if column < words else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
