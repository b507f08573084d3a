"""The comparison of windows that the report shows, beside its twin, and small stories of it."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Method, Metric
from rfm_spark.config.model import Config, MetricScoring, Window
from rfm_spark.report.read_windows import compare_windows, read_comparisons
from tests.oracles.facts import member_days
from tests.oracles.lines import Line
from tests.oracles.scores import Scored, score_windows
from tests.oracles.trends import window_comparison
from tests.spark.history_frames import plan_of
from tests.spark.segment_frames import (
    DATES,
    differences,
    once_each,
    score_frame,
    shop_config,
    shop_scores,
    shop_windows,
)

JUNE = date(2024, 6, 30)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return shop_config(Path(tmp_path_factory.mktemp("shop")))


def bins_of(windows: Iterable[Window]) -> dict[str, dict[Metric, int]]:
    return {window.name: {metric: window.scoring(metric).bins for metric in Metric} for window in windows}


def compared(scores: DataFrame, windows: Iterable[Window]) -> dict:
    columns = ("rfm_window", "other_window", "metric", "level", "other_level", "members")
    rows = compare_windows(scores, bins_of(windows)).collect()
    return once_each([tuple(row[name] for name in columns) for row in rows])


def scored_june(month: Window, year: Window) -> list[Scored]:
    """Return the scores of three members: one of this month alone, one of both windows, one of the year alone."""
    days_ago = {1: (5,), 2: (10, 200), 3: (100,)}
    lines = [
        Line("shop", member, JUNE - timedelta(days=ago), "sale", Decimal(10 * member), f"{member}-{ago}")
        for member, when in days_ago.items()
        for ago in when
    ]
    return score_windows(member_days(lines, "attribute_to_order"), (month, year), JUNE)


def test_comparisons_of_several_windows_equal_the_twin(spark: SparkSession, config: Config):
    windows = list(shop_windows(config).values())
    scored = shop_scores(tuple(windows))
    frame = score_frame(spark, scored)
    for day in DATES[::2]:
        expected = {key[1:]: row for key, row in window_comparison(scored, windows, [day]).items()}
        assert differences(compared(frame.where(F.col("as_of_date") == F.lit(day)), windows), expected) == {}


def test_who_is_high_in_the_month_and_low_or_absent_in_the_year(spark: SparkSession):
    limits = MetricScoring(Method.THRESHOLDS, bins=3, thresholds=("2", "3"))
    month, year = (Window(name, days=days, frequency_scoring=limits) for name, days in (("month", 30), ("year", 365)))
    scores = score_frame(spark, scored_june(month, year))
    found = compared(scores, [month, year])
    assert {key[3:]: members for key, members in found.items() if key[2] == "frequency"} == {
        ("low", "low"): 1, ("low", "mid"): 1, ("absent", "low"): 1,
    }  # fmt: skip
    turned = compared(scores, [year, month])
    assert {key[:2] for key in turned} == {("year", "month")}
    assert ("low", "absent") in {key[3:] for key in turned}


def test_the_best_rows_of_two_bins_are_high_and_nobody_is_mid(spark: SparkSession):
    above = MetricScoring(Method.MEAN, bins=2)
    month, year = (Window(name, days=days, monetary_scoring=above) for name, days in (("month", 30), ("year", 365)))
    found = compared(score_frame(spark, scored_june(month, year)), [month, year])
    assert {key[3:]: members for key, members in found.items() if key[2] == "monetary"} == {
        ("low", "low"): 1, ("high", "high"): 1, ("absent", "high"): 1,
    }  # fmt: skip


def test_only_members_of_both_windows_are_shown_and_one_window_compares_with_nothing(spark: SparkSession):
    limits = MetricScoring(Method.THRESHOLDS, bins=3, thresholds=("2", "3"))
    month, year = (Window(name, days=days, frequency_scoring=limits) for name, days in (("month", 30), ("year", 365)))
    scores = score_frame(spark, scored_june(month, year))
    pairs = {pair.metric: pair for pair in read_comparisons(lambda _: scores, JUNE, bins_of([month, year]))}
    frequency = pairs["frequency"]
    assert (frequency.member_count, frequency.same_count, frequency.high_low_count) == (2, 1, 0)
    assert read_comparisons(lambda _: scores, JUNE, bins_of([year])) == ()


def test_windows_are_compared_without_a_single_task_and_without_python(spark: SparkSession, config: Config):
    windows = list(shop_windows(config).values())
    plan = plan_of(spark, compare_windows(score_frame(spark, shop_scores(tuple(windows))), bins_of(windows)))
    assert "SinglePartition" not in plan
    assert "CartesianProduct" not in plan
    assert "BroadcastNestedLoopJoin" not in plan
