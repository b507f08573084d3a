from datetime import date
from decimal import Decimal

from pyspark.sql import SparkSession

from rfm_spark.config.model import Preferences, Window
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_TAG_DAY
from rfm_spark.preferences.prefer import prefer

YEAR = Window("year", days=365)
AS_OF = date(2024, 12, 31)


def tag_day(member_id: int, day: date, value: str, amount: str, orders: int, events: int, tag_class: str = "category"):
    return (member_id, day, tag_class, value, events, orders, Decimal(amount), day.replace(day=1))


def preferred(spark: SparkSession, rows: list, preferences: Preferences | None = None) -> list[tuple]:
    frame = spark.createDataFrame(rows, MEMBER_TAG_DAY.schema_text())
    result = prefer(frame, preferences or Preferences(), YEAR, AS_OF, "run-1")
    assert result.columns == list(MEMBER_PREFERENCE.columns)
    ordered = sorted(result.collect(), key=lambda row: (row.member_id, row.tag_class, row.rank_in_class))
    return [(row.member_id, row.tag_value, row.rank_in_class, row.strength, row.share) for row in ordered]


def test_shares_of_amount_and_events_weigh_alike_and_a_class_without_events_counts_amount_alone(spark: SparkSession):
    day = date(2024, 12, 1)
    rows = [
        tag_day(1, day, "tea", "30", 1, 1),
        tag_day(1, day, "milk", "10", 1, 3),
        tag_day(2, day, "tea", "2", 1, 0),
        tag_day(2, day, "milk", "1", 1, 0),
        tag_day(3, day, "tea", "0", 0, 2),
        tag_day(3, day, "rice", "0", 0, 4),
        tag_day(4, day, "gift", "0", 1, 0),
    ]
    assert preferred(spark, rows) == [
        (1, "tea", 1, Decimal("50.000"), Decimal("0.750000")),
        (1, "milk", 2, Decimal("50.000"), Decimal("0.250000")),
        (2, "tea", 1, Decimal("66.667"), Decimal("0.666667")),
        (2, "milk", 2, Decimal("33.333"), Decimal("0.333333")),
        (3, "rice", 1, Decimal("66.667"), None),
        (3, "tea", 2, Decimal("33.333"), None),
        (4, "gift", 1, Decimal("0.000"), None),
    ]


def test_only_the_strongest_of_the_window_are_kept_and_nothing_after_the_date_counts(spark: SparkSession):
    rows = [
        tag_day(1, date(2024, 12, 1), "a", "4", 1, 0),
        tag_day(1, date(2024, 11, 1), "b", "3", 1, 0),
        tag_day(1, date(2024, 10, 1), "c", "3", 1, 0),
        tag_day(1, date(2025, 1, 1), "future", "900", 1, 0),
        tag_day(1, date(2023, 12, 31), "long_ago", "900", 1, 0),
    ]
    assert preferred(spark, rows, Preferences(top=2)) == [
        (1, "a", 1, Decimal("40.000"), Decimal("0.400000")),
        (1, "b", 2, Decimal("30.000"), Decimal("0.300000")),
    ]
