"""Exact arithmetic on BIGINT columns: floors and half-up quotients without a decimal or a double."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def floor_quotient(numerator: Column, denominator: Column) -> Column:
    """Return the quotient rounded down; the denominator is positive.

    >>> quotients = rows("numerator denominator", "7 2", "-7 2")
    >>> show(quotients.withColumn("floor", floor_quotient(F.col("numerator"), F.col("denominator"))))
    | numerator | denominator | floor |
    |-----------|-------------|-------|
    | -7        | 2           | -4    |
    | 7         | 2           | 3     |
    """
    return F.call_function("div", numerator - F.pmod(numerator, denominator), denominator)


def half_up_quotient(numerator: Column, denominator: Column) -> Column:
    """Return the quotient rounded half up (away from zero); the denominator is positive.

    >>> quotients = rows("numerator denominator", "7 2", "-7 2", "-1 3")
    >>> show(quotients.withColumn("quotient", half_up_quotient(F.col("numerator"), F.col("denominator"))))
    | numerator | denominator | quotient |
    |-----------|-------------|----------|
    | -1        | 3           | 0        |
    | -7        | 2           | -4       |
    | 7         | 2           | 4        |
    """
    return rounded(floor_quotient(numerator, denominator), F.pmod(numerator, denominator), denominator)


def rounded(floor: Column, remainder: Column, denominator: Column) -> Column:
    """Return `floor + remainder / denominator` rounded half up (away from zero); 0 <= remainder < denominator."""
    twice = remainder * 2
    goes_up = (twice > denominator) | ((twice == denominator) & (floor >= 0))
    return floor + F.when(goes_up, 1).otherwise(0)
