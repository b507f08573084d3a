"""Lines and events become facts per member, day and tag value."""

import re
from dataclasses import astuple
from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.model import TagClass, Tags
from rfm_spark.contracts.tables import MEMBER_TAG_DAY
from rfm_spark.facts.tag_days import member_tag_days
from tests.oracles import facts as twin
from tests.oracles.lines import Event, Line, random_events, random_lines
from tests.spark.fact_frames import event_frame, line_frame

JUNE_10, JUNE_11 = date(2024, 6, 10), date(2024, 6, 11)
CLASSES = (TagClass("category", "category"), TagClass("brand", "brand"), TagClass("shop", "channel"))
CATEGORY = Tags(classes=CLASSES[:1])

Row = tuple[date, str, str, int, int, str]


def sale(day: date, amount: str, order_id: str | None, category: str | None) -> Line:
    return Line("shop", 1, day, "sale", Decimal(amount), order_id=order_id, category=category)


def tag_days(spark: SparkSession, lines: list[Line], events: list[Event], tags: Tags) -> list[Row]:
    """Return (day, class, value, events, orders, amount) of the one member."""
    rows = member_tag_days(line_frame(spark, lines), event_frame(spark, events), tags).collect()
    return sorted((*tuple(row)[1:6], f"{row.amount:f}") for row in rows)


def test_an_order_counts_on_the_first_day_with_a_line_of_the_value(spark: SparkSession) -> None:
    lines = [
        sale(JUNE_10, "1", "A1", "books"),
        sale(JUNE_10, "2", "A1", "books"),
        sale(JUNE_11, "4", "A1", "books"),
        sale(JUNE_11, "8", "A1", "games"),
        sale(JUNE_11, "16", None, "games"),
    ]
    assert tag_days(spark, lines, [], CATEGORY) == [
        (JUNE_10, "category", "books", 0, 1, "3.0000"),
        (JUNE_11, "category", "books", 0, 0, "4.0000"),
        (JUNE_11, "category", "games", 0, 2, "24.0000"),
    ]


def test_refunds_and_lines_without_a_value_are_of_no_row(spark: SparkSession) -> None:
    lines = [
        sale(JUNE_10, "1", "A1", None),
        Line("shop", 1, JUNE_11, "refund", Decimal("1"), refunded_order_id="A1", category="books"),
    ]
    assert tag_days(spark, lines, [], CATEGORY) == []


def test_only_events_of_the_declared_types_count(spark: SparkSession) -> None:
    events = [
        Event("site", "e1", 1, JUNE_10, "view", category="books"),
        Event("site", "e2", 1, JUNE_10, "view", category="books"),
        Event("site", "e3", 1, JUNE_10, "search", category="books"),
    ]
    chosen = Tags(classes=CLASSES[:1], event_types=("view", "cart"))
    assert tag_days(spark, [sale(JUNE_10, "3", "A1", "books")], events, chosen) == [
        (JUNE_10, "category", "books", 2, 1, "3.0000")
    ]
    assert tag_days(spark, [], events, CATEGORY) == [(JUNE_10, "category", "books", 3, 0, "0.0000")]
    assert tag_days(spark, [], events, Tags(classes=CLASSES[:1], event_types=())) == []


def test_a_class_of_a_column_that_events_lack_counts_lines_alone(spark: SparkSession) -> None:
    line = Line("shop", 1, JUNE_10, "sale", Decimal("5"), order_id="A1", promotion="spring")
    events = [Event("site", "e1", 1, JUNE_10, "view", category="books")]
    tags = Tags(classes=(TagClass("promotion", "promotion"), TagClass("campaign", "campaign")))
    assert tag_days(spark, [line], events, tags) == [(JUNE_10, "promotion", "spring", 0, 1, "5.0000")]


def test_without_tag_classes_there_are_no_rows(spark: SparkSession) -> None:
    assert tag_days(spark, [sale(JUNE_10, "3", "A1", "books")], [], Tags()) == []


@pytest.mark.parametrize("event_types", [None, ("view",)])
def test_facts_of_random_lines_and_events_equal_the_naive_twin(
    spark: SparkSession, event_types: tuple[str, ...] | None
) -> None:
    lines, events = random_lines(11, members=300), random_events(11, members=350)
    expected = [astuple(fact) for fact in twin.tag_days(lines, events, CLASSES, event_types)]
    tags = Tags(classes=CLASSES, event_types=event_types)
    built = member_tag_days(line_frame(spark, lines).repartition(3), event_frame(spark, events), tags)
    assert [name for name, _ in built.dtypes] == list(MEMBER_TAG_DAY.columns)
    assert len(expected) > 1000
    assert sorted(tuple(row)[:-1] for row in built.collect()) == expected


def test_the_plan_shuffles_once_and_never_to_one_partition(spark: SparkSession) -> None:
    frame = member_tag_days(line_frame(spark, []), event_frame(spark, []), Tags(classes=CLASSES))
    plan = str(frame._jdf.queryExecution().executedPlan().toString())
    assert len(re.findall(r"\bExchange\b", plan)) == 1
    assert "SinglePartition" not in plan
