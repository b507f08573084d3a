"""How numbers are written for people: rounded once, half up, from the exact value."""

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


def percent(share: Fraction | None) -> str:
    """Return a share as a percentage with one decimal.

    >>> percent(Fraction(12345, 100000)), percent(Fraction(1, 5000)), percent(None)
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


def value_text(value: Decimal) -> str:
    """Return a value of a boundary without the zeros that say nothing.

    >>> value_text(Decimal("12.000000")), value_text(Decimal("1234.500000"))
    ('12', '1,234.5')
    """
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "member"), counted(1734, "member"), counted(2, "stay", "stays")
    ('1 member', '1,734 members', '2 stays')
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
