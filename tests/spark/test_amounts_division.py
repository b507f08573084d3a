import random
from decimal import ROUND_HALF_UP, Decimal, getcontext

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.amounts import divide_half_up

getcontext().prec = 60


def exact(numerator: int, denominator: int, decimals: int) -> Decimal | None:
    if denominator == 0:
        return None
    return (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def test_quotients_are_exact_to_the_last_digit(spark: SparkSession):
    rng = random.Random(7)
    pairs = [
        (rng.randint(-(10**12), 10**12), rng.choice([0, 1, 3, 7, 8, 2000, rng.randint(1, 10**9)])) for _ in range(500)
    ]
    pairs += [(1, 8), (-1, 8), (123454999999, 10**10), (5, 1000), (-5, 1000)]
    frame = spark.createDataFrame(pairs, "n bigint, d bigint")
    rows = frame.select(
        "n", "d", *(divide_half_up(F.col("n"), F.col("d"), k).alias(f"q{k}") for k in (3, 4, 6, 12))
    ).collect()
    assert [[row.q3, row.q4, row.q6, row.q12] for row in rows] == [
        [exact(row.n, row.d, k) for k in (3, 4, 6, 12)] for row in rows
    ]
