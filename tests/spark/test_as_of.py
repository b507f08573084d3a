"""Which as-of dates see a row: one date, many, gaps between them, and rows outside of all."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.as_of import at_dates, last_valid_day, of_dates, per_date, with_one_date
from rfm_spark.contracts import columns as c
from rfm_spark.dates import OPEN_END

DATES = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
DAYS = [DATES[0] + timedelta(days=days) for days in range(-3, 64)]


def seen(spark: SparkSession, rows: Sequence[tuple[date | None, date | None]], dates: Sequence[date]) -> set[object]:
    frame = spark.createDataFrame(rows, "first date, last date")
    return {tuple(row) for row in at_dates(frame, dates, F.col("first"), F.col("last")).collect()}


def expected(rows: Sequence[tuple[date | None, date | None]], dates: Sequence[date]) -> set[object]:
    return {(a, b, day) for a, b in rows for day in dates if a is not None and b is not None and a <= day <= b}


@pytest.mark.parametrize(
    "dates",
    [DATES[:1], DATES, DATES[:2], DAYS[3:9], [DATES[0], DATES[0] + timedelta(days=1), date(2024, 3, 31)]],
    ids=["one", "three", "two", "every day", "neighbours"],
)
def test_every_row_is_seen_by_the_dates_from_its_first_to_its_last_day(
    spark: SparkSession, dates: Sequence[date]
) -> None:
    """All pairs of days before, on, between and after the dates, also those whose last day is before the first."""
    near = [day + timedelta(days=days) for day in dates for days in (-1, 0, 1)]
    rows = [(a, b) for a in {*near, date(1, 1, 1), date(2023, 5, 5)} for b in {*near, OPEN_END, date(1999, 9, 9)}]
    assert seen(spark, rows, dates) == expected(rows, dates)


def test_a_row_without_a_first_or_a_last_day_is_seen_by_no_date(spark: SparkSession) -> None:
    """`least` passes over NULL, so a row that has one of two last days keeps it."""
    frame = spark.createDataFrame([(DAYS[0], None)], "first date, last date")
    for dates in (DATES[:1], DATES):
        missing = at_dates(frame, dates, F.col("last"), F.col("first"))
        assert missing.count() == 0
        assert at_dates(frame, dates, F.col("first"), F.least("last", F.lit(DATES[0]))).count() == 1


def test_without_a_last_day_a_row_is_seen_for_ever(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(date(2024, 2, 1),), (date(2024, 4, 1),)], "first date")
    found = at_dates(frame, DATES, F.col("first"))
    assert {tuple(row) for row in found.collect()} == {(date(2024, 2, 1), day) for day in DATES[1:]}
    assert at_dates(frame, DATES[:1], F.col("first")).count() == 0


def test_a_version_is_known_until_the_day_before_its_end(spark: SparkSession) -> None:
    versions = [(DAYS[0], DATES[1]), (DATES[1], OPEN_END)]
    frame = spark.createDataFrame(versions, "valid_from date, valid_to date")
    found = at_dates(frame, DATES, F.col(c.VALID_FROM), last_valid_day()).select(c.VALID_FROM, c.AS_OF_DATE)
    assert {tuple(row) for row in found.collect()} == {
        (DAYS[0], DATES[0]),
        (DATES[1], DATES[1]),
        (DATES[1], DATES[2]),
    }


@pytest.mark.parametrize("dates", [DATES[:1], DATES], ids=["one", "many"])
def test_a_value_per_date_belongs_to_the_date_of_the_row_and_has_its_type(
    spark: SparkSession, dates: Sequence[date]
) -> None:
    frame = spark.createDataFrame([(day,) for day in dates], "as_of_date date")
    before = [day - timedelta(days=1) for day in dates]
    found = frame.select(
        c.AS_OF_DATE,
        per_date([day.day for day in dates], dates, "int").alias("number"),
        per_date(before, dates, "date").alias("before"),
        per_date([f"d{day.day}" for day in dates], dates, "string").alias("text"),
    )
    assert [kind for _, kind in found.dtypes] == ["date", "int", "date", "string"]
    assert {tuple(row) for row in found.collect()} == {
        (day, day.day, day - timedelta(days=1), f"d{day.day}") for day in dates
    }


def test_rows_of_dates_are_kept_and_a_single_date_is_a_literal(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(day,) for day in DAYS], "as_of_date date")
    assert {row[0] for row in frame.where(of_dates(DATES)).collect()} == set(DATES) & set(DAYS)
    assert {row[0] for row in with_one_date(frame, DATES[:1]).collect()} == set(DATES[:1])
    assert with_one_date(frame, DATES) is frame
