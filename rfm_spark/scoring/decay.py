"""Weights that halve with age, as fixed-point integers: weighted sums are exact and do not depend on their order.

weight(age) = 10^6 x 0.5^(age / half_life), rounded half up. After seven half lives it is 7812.5, rounded to 7813; after
about 21 half lives it rounds to 0.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.literals import literal_array
from rfm_spark.scoring.exact import floor_quotient, rounded

WEIGHT_SCALE = 1_000_000
WEIGHTLESS_HALF_LIVES = 21
DIGITS = 50


@lru_cache(maxsize=16)
def weights(half_life_days: int) -> tuple[int, ...]:
    """Return the weights in millionths by age in days; greater ages weigh 0.

    >>> weights(30)[0], weights(30)[30], weights(30)[45], weights(30)[210], weights(30)[-1]
    (1000000, 500000, 353553, 7813, 0)
    """
    with localcontext() as context:
        context.prec = DIGITS
        ages = range(WEIGHTLESS_HALF_LIVES * half_life_days + 1)
        exact = (WEIGHT_SCALE * Decimal(2) ** (-Decimal(age) / half_life_days) for age in ages)
        return tuple(int(millionths.quantize(Decimal(1), rounding=ROUND_HALF_UP)) for millionths in exact)


def weight(age: Column, half_life_days: int) -> Column:
    """Return the weight of an age in days, in millionths."""
    table = literal_array(weights(half_life_days), "bigint")
    return F.coalesce(F.get(table, age), F.lit(0).cast("bigint"))


def million_parts(units: Column) -> tuple[Column, Column]:
    """Return units as whole millions (floor) and the rest (0..999999): each fits a BIGINT after a weight."""
    million = F.lit(WEIGHT_SCALE).cast("bigint")
    return floor_quotient(units, million), F.pmod(units, million)


def decayed_units(weighted_millions: Column, weighted_rests: Column) -> Column:
    """Return the weighted sum of amounts in units of 1/10000, from the sums of the two parts, rounded half up once."""
    million = F.lit(WEIGHT_SCALE).cast("bigint")
    floor = weighted_millions + floor_quotient(weighted_rests, million)
    return rounded(floor, F.pmod(weighted_rests, million), million)
