"""Amounts become integer units and come back without losing or wrapping anything."""

from decimal import Decimal

import pytest
from pyspark.errors import ArithmeticException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.amounts import from_units, to_units

LARGEST = Decimal("99999999999999.9999")
AMOUNTS = [Decimal("0"), Decimal("0.0001"), Decimal("-12.3450"), Decimal("18.05"), LARGEST, -LARGEST, None]


def amounts(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([(amount,) for amount in AMOUNTS], "amount decimal(18,4)")


def test_every_amount_survives_the_way_to_units_and_back(spark: SparkSession) -> None:
    frame = amounts(spark).withColumn("units", to_units(F.col("amount"))).withColumn("back", from_units(F.col("units")))
    assert dict(frame.dtypes) == {"amount": "decimal(18,4)", "units": "bigint", "back": "decimal(18,4)"}
    rows = frame.collect()
    assert [row.units for row in rows] == [None if a is None else int(a * 10_000) for a in AMOUNTS]
    assert [row.back for row in rows] == AMOUNTS


def test_an_amount_beyond_eighteen_digits_raises(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(10**18,)], "units bigint").select(from_units(F.col("units")))
    with pytest.raises(ArithmeticException):
        frame.collect()


def test_a_sum_beyond_bigint_raises_and_never_wraps(spark: SparkSession) -> None:
    many = spark.range(10).select(to_units(F.lit(LARGEST).cast("decimal(18,4)")).alias("units"))
    with pytest.raises(ArithmeticException):
        many.agg(F.sum("units")).collect()
