"""The trend tables of several dates beside their twin, and small stories of each."""

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from rfm_spark.history.retention import retain_segments
from rfm_spark.history.trends import compare_windows, summarise_scores

from rfm_spark.config.model import Config, MetricScoring, Window
from rfm_spark.config.words import Method
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import SCORE_SUMMARY, SEGMENT_RETENTION, WINDOW_COMPARISON
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from tests.oracles.facts import member_days
from tests.oracles.lines import Line
from tests.oracles.scores import Scored, score_windows
from tests.oracles.trends import score_summary, segment_retention, window_comparison
from tests.spark.segment_frames import (
    DATES,
    differences,
    once_each,
    score_frame,
    shop_config,
    shop_scores,
    shop_segments,
    shop_windows,
)

JUNE, JULY = date(2024, 6, 30), date(2024, 7, 31)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return shop_config(Path(tmp_path_factory.mktemp("shop")))


def rows_of(frame: DataFrame, table: Table, key: tuple[str, ...], *values: str) -> dict:
    assert frame.columns == list(table.columns)
    rows = frame.collect()
    assert {row.run_id for row in rows} <= {"run-1"}
    return once_each([(*(row[name] for name in key), tuple(row[name] for name in values)) for row in rows])


def comparison_rows(frame: DataFrame) -> dict:
    key = ("as_of_date", "rfm_window", "other_window", "metric", "level", "other_level")
    return rows_of(frame, WINDOW_COMPARISON, key, "member_count", "member_share")


def retention_rows(frame: DataFrame) -> dict:
    key = ("segment_set", "as_of_date", "days_later", "later_as_of_date", "segment", "later_segment")
    return rows_of(frame, SEGMENT_RETENTION, key, "member_count", "member_share")


def segment_frame(spark: SparkSession, placed: dict[tuple[date, str], dict[int, str]]) -> DataFrame:
    rows = [(day, name, m, segment, "run-0") for (day, name), of in placed.items() for m, segment in of.items()]
    return spark.createDataFrame(rows, MEMBER_SEGMENT.schema_text())


def retained(spark: SparkSession, placed: dict[tuple[date, str], dict[int, str]], pairs: list) -> dict:
    segments = sorted({segment for of in placed.values() for segment in of.values()})
    return retention_rows(retain_segments(segment_frame(spark, placed), segments, pairs, "run-1"))


def scored_june(month: Window, year: Window) -> list[Scored]:
    """Return the scores of three members: one of this month alone, one of both windows, one of the year alone."""
    days_ago = {1: (5,), 2: (10, 200), 3: (100,)}
    lines = [
        Line("shop", member, JUNE - timedelta(days=ago), "sale", Decimal(10 * member), f"{member}-{ago}")
        for member, when in days_ago.items()
        for ago in when
    ]
    return score_windows(member_days(lines, "attribute_to_order"), (month, year), JUNE)


def test_score_summaries_of_several_dates_equal_the_twin(spark: SparkSession, config: Config):
    scored = shop_scores(tuple(shop_windows(config).values()))
    found = rows_of(
        summarise_scores(score_frame(spark, scored), "run-1"), SCORE_SUMMARY,
        ("as_of_date", "rfm_window", "metric", "score"),
        "member_count", "member_share", "mean_recency_days", "mean_order_count", "mean_net_amount",
    )  # fmt: skip
    assert differences(found, score_summary(scored)) == {}


def test_comparisons_of_several_windows_and_dates_equal_the_twin(spark: SparkSession, config: Config):
    windows = list(shop_windows(config).values())
    scored = shop_scores(tuple(windows))
    found = comparison_rows(compare_windows(score_frame(spark, scored), windows, "run-1"))
    assert differences(found, window_comparison(scored, windows, DATES)) == {}


def test_who_is_high_in_the_month_and_low_or_absent_in_the_year(spark: SparkSession):
    limits = MetricScoring(Method.THRESHOLDS, bins=3, thresholds=("2", "3"))
    month, year = (Window(name, days=days, frequency_scoring=limits) for name, days in (("month", 30), ("year", 365)))
    scores = score_frame(spark, scored_june(month, year))
    found = comparison_rows(compare_windows(scores, [month, year], "run-1"))
    assert {key[4:]: row for key, row in found.items() if key[3] == "frequency"} == {
        ("low", "low"): (1, Decimal("0.333333")),
        ("low", "mid"): (1, Decimal("0.333333")),
        ("absent", "low"): (1, Decimal("0.333333")),
    }
    turned = comparison_rows(compare_windows(scores, [year, month], "run-1"))
    assert {key[1:3] for key in turned} == {("year", "month")}
    assert ("low", "absent") in {key[4:] for key in turned}
    assert comparison_rows(compare_windows(scores, [year], "run-1")) == {}


def test_the_best_rows_of_two_bins_are_high_and_nobody_is_mid(spark: SparkSession):
    above = MetricScoring(Method.MEAN, bins=2)
    month, year = (Window(name, days=days, monetary_scoring=above) for name, days in (("month", 30), ("year", 365)))
    found = comparison_rows(compare_windows(score_frame(spark, scored_june(month, year)), [month, year], "run-1"))
    assert {key[4:]: row[0] for key, row in found.items() if key[3] == "monetary"} == {
        ("low", "low"): 1, ("high", "high"): 1, ("absent", "high"): 1,
    }  # fmt: skip


def test_retention_of_several_sets_dates_and_spans_equals_the_twin(spark: SparkSession, config: Config):
    placed = shop_segments(config)
    dates = DATES[1:]
    pairs = [
        (name, day, days, max(later for later in dates if later <= day + timedelta(days=days)))
        for name in config.active_segment_sets
        for day in dates
        for days in (1, 30, 90)
    ]
    found = retained(spark, placed, pairs)
    assert differences(found, segment_retention(placed, pairs)) == {}


def test_a_cohort_is_looked_at_again_wherever_its_members_are_then(spark: SparkSession):
    placed = {
        (JUNE, "tier"): {1: "gold", 2: "gold", 3: "gold", 4: "iron"},
        (JULY, "tier"): {1: "gold", 2: "iron", 4: "iron", 5: "gold"},
        (JULY, "other"): {3: "gold"},
    }
    found = retained(spark, placed, [("tier", JUNE, 31, JULY)])
    assert {key[4:]: row for key, row in found.items()} == {
        ("gold", "gold"): (1, Decimal("0.333333")),
        ("gold", "iron"): (1, Decimal("0.333333")),
        ("gold", None): (1, Decimal("0.333333")),
        ("iron", "iron"): (1, Decimal("1.000000")),
    }


def test_more_dates_than_one_number_holds_are_told_apart(spark: SparkSession):
    """Five segments take three bits, so that 21 of the 50 dates share a number."""
    chance = random.Random(3)
    days = [JUNE + timedelta(days=number) for number in range(50)]
    names = ("a", "b", "c", "d", "e", None)
    placed = {
        (day, name): {member: segment for member in range(9) if (segment := chance.choice(names))}
        for day in days
        for name in ("one", "two")
    }
    pairs = [
        (name, day, days_later, day + timedelta(days=days_later))
        for name in ("one", "two")
        for day in days[:25:3]
        for days_later in (1, 20, 21, 25)
    ]
    assert differences(retained(spark, placed, pairs), segment_retention(placed, pairs)) == {}


def test_no_pair_of_dates_is_no_row(spark: SparkSession):
    assert retained(spark, {(JUNE, "tier"): {1: "gold"}}, []) == {}
