"""The number of a key's bucket, as Spark computes it."""

import random

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.scoring.buckets import bucket_of


def test_a_higher_key_is_never_in_a_lower_bucket_and_few_amounts_share_one(spark: SparkSession) -> None:
    chance = random.Random(5)
    edges = {sign * (2**bits + step) for sign in (1, -1) for bits in range(61) for step in (-1, 0, 1)}
    amounts = {chance.randint(-(10**exponent), 10**exponent) for exponent in range(1, 18) for _ in range(300)}
    keys = sorted(edges | amounts | set(range(-4200, 4200)))
    rows = spark.createDataFrame([(key,) for key in keys], "key bigint").select(
        "key", bucket_of(F.col("key")).alias("b")
    )
    found = {row.key: row.b for row in rows.collect()}
    numbers = [found[key] for key in keys]
    assert numbers == sorted(numbers)
    assert [found[key] for key in range(-4095, 4096)] == list(range(-4095, 4096))
    assert all(found[-key] == -number for key, number in found.items() if -key in found)
    doubled = [found[2 ** (bits + 1)] - found[2**bits] for bits in range(13, 59)]
    assert set(doubled) <= {63, 64, 65}
