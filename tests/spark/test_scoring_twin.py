"""Every option of windows and scores against the naive twin, member by member, on the same random facts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Frequency, Method, Monetary, Population, Ties
from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.scoring.boundaries import Boundary
from rfm_spark.scoring.score_dates import ScoredDates, score_dates
from tests.oracles.scores import cuts, metric_values, score_windows
from tests.oracles.windows import measure
from tests.spark.scoring_frames import (
    AS_OF,
    COLUMNS,
    disk_stage,
    member_day_frame,
    random_facts,
    score_rows,
    scored,
    twin_rows,
    twin_scores,
)

pytestmark = pytest.mark.usefixtures("compiled")

FACTS = random_facts(700)
METRICS = ("recency", "frequency", "monetary")


def scored_by(name: str, scoring: MetricScoring, **options) -> Window:
    defaults = {"days": 365, "recency_scoring": scoring, "frequency_scoring": scoring, "monetary_scoring": scoring}
    return Window(name, **{**defaults, **options})


def thresholds(*limits: str) -> MetricScoring:
    return MetricScoring(Method.THRESHOLDS, thresholds=limits, bins=len(limits) + 1)


SPLIT = MetricScoring(ties=Ties.SPLIT)
WINDOWS = [
    scored_by("year", MetricScoring()),
    scored_by("together_high", MetricScoring(ties=Ties.TOGETHER_HIGH)),
    scored_by("split", SPLIT),
    scored_by("ten_bins", replace(SPLIT, bins=10)),
    scored_by("quantile", MetricScoring(Method.QUANTILE)),
    scored_by("quantile_7", MetricScoring(Method.QUANTILE, bins=7)),
    scored_by("mean", MetricScoring(Method.MEAN, bins=2)),
    scored_by("median", MetricScoring(Method.MEDIAN, bins=2)),
    Window(
        "thresholds",
        days=365,
        recency_scoring=thresholds("30", "90", "180"),
        frequency_scoring=thresholds("2", "3"),
        monetary_scoring=thresholds("9.99", "10", "100.5", "1000"),
    ),
    scored_by("months", MetricScoring(bins=3), days=None, months=4),
    scored_by("lifetime", MetricScoring(), days=None, lifetime=True),
    scored_by("ever", SPLIT, days=90, population=Population.EVER),
    scored_by("ever_decayed", SPLIT, days=90, population=Population.EVER, half_life_days=20),
    scored_by("ever_average", SPLIT, days=90, population=Population.EVER, monetary=Monetary.AVERAGE_ORDER),
    scored_by("days_and_gross", MetricScoring(), frequency=Frequency.DAYS, monetary=Monetary.GROSS),
    scored_by("average", MetricScoring(Method.QUANTILE), monetary=Monetary.AVERAGE_ORDER),
    scored_by("decayed", SPLIT, half_life_days=45),
    scored_by("decayed_life", MetricScoring(), days=None, lifetime=True, half_life_days=7),
    Window(
        "mixed",
        days=180,
        recency_scoring=MetricScoring(Method.QUANTILE, bins=4, weight="0.5"),
        frequency_scoring=MetricScoring(ties=Ties.SPLIT, bins=3, weight="2"),
        monetary_scoring=MetricScoring(Method.MEAN, bins=2, weight="1.25"),
    ),
    scored_by("nobody", MetricScoring(), days=1),
]


@pytest.fixture(scope="module")
def everything(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> ScoredDates:
    return scored(spark, tmp_path_factory.mktemp("stage"), FACTS, WINDOWS, partitions=2)


@pytest.fixture(scope="module")
def all_rows(everything: ScoredDates) -> list[Row]:
    return everything.scores.collect()


def test_every_method_and_option_equals_the_twin(all_rows: list[Row]) -> None:
    assert sorted(tuple(row[name] for name in COLUMNS) for row in all_rows) == twin_scores(FACTS, WINDOWS)


def test_decayed_gross_and_purchase_days_are_published_when_a_score_needs_them(all_rows: list[Row]) -> None:
    found = {
        (row.rfm_window, row.member_id): (
            row.purchase_days, row.gross_amount, row.decayed_order_count, row.decayed_amount,
        )
        for row in all_rows
    }  # fmt: skip
    assert found == {
        (row.window, row.member_id): (
            row.measure.purchase_days if row.window == "days_and_gross" else None,
            row.measure.gross_amount if row.window == "days_and_gross" else None,
            row.measure.decayed_order_count,
            row.measure.decayed_amount,
        )
        for row in score_windows(FACTS, WINDOWS, AS_OF)
    }


@pytest.mark.parametrize(("partitions", "adaptive"), [(1, "false"), (3, "true"), (7, "false"), (64, "true")])
def test_partitions_order_of_rows_and_adaptive_execution_change_nothing(
    spark: SparkSession, tmp_path: Path, partitions: int, adaptive: str
) -> None:
    windows = [window for window in WINDOWS if window.name in ("split", "ever_decayed")]
    rows = member_day_frame(spark, FACTS[: len(FACTS) // 3]).orderBy(F.rand(partitions)).repartition(5)
    before = spark.conf.get("spark.sql.adaptive.enabled")
    spark.conf.set("spark.sql.adaptive.enabled", adaptive)
    try:
        result = score_dates(rows, windows, [AS_OF], "run-1", partitions, disk_stage(spark, tmp_path))
        assert score_rows(result) == twin_scores(FACTS[: len(FACTS) // 3], windows)
    finally:
        spark.conf.set("spark.sql.adaptive.enabled", before)


def test_ids_that_pass_through_as_integers_give_the_same_scores(spark: SparkSession, tmp_path: Path) -> None:
    facts = random_facts(300, seed=11, wide_ids=False)
    windows = [window for window in WINDOWS if window.name in ("year", "split")]
    result = scored(spark, tmp_path, facts, windows, ranged_ids=True)
    assert score_rows(result) == twin_scores(facts, windows)


def test_frozen_boundaries_score_a_later_date_as_they_scored_their_own(spark: SparkSession, tmp_path: Path) -> None:
    """Boundaries of every method travel through the rows of score_boundary, ties cut at a member included."""
    names = ("year", "together_high", "split", "quantile", "mean", "thresholds", "decayed")
    windows = [window for window in WINDOWS if window.name in names]
    earlier = AS_OF - timedelta(days=100)
    stage = disk_stage(spark, tmp_path / "earlier")
    first = score_dates(member_day_frame(spark, FACTS), windows, [earlier], "run-0", 3, stage)
    frozen = [
        replace(window, **{f"{metric}_scoring": frozen_at(window, metric, earlier) for metric in METRICS})
        for window in windows
    ]
    result = scored(spark, tmp_path, FACTS, frozen, published=first.boundaries[earlier])
    cuts_then = {
        (window.name, metric[0]): cuts(values, getattr(window, f"{metric}_scoring"), metric == "recency")
        for window in windows
        for metric, values in zip(METRICS, metric_values(measure(FACTS, window, earlier), window), strict=True)
    }
    assert score_rows(result) == twin_rows(score_windows(FACTS, frozen, AS_OF, cuts_then))
    assert_boundaries_tell_the_scores(result.boundaries[AS_OF], result.scores.collect())


def frozen_at(window: Window, metric: str, day: date) -> MetricScoring:
    scoring = getattr(window, f"{metric}_scoring")
    bins = 2 if scoring.method in (Method.MEAN, Method.MEDIAN) else scoring.bins
    return MetricScoring(Method.FROZEN, bins=bins, weight=scoring.weight, frozen_from=day)


def test_boundaries_tell_who_has_every_score(everything: ScoredDates, all_rows: list[Row]) -> None:
    assert_boundaries_tell_the_scores(everything.boundaries[AS_OF], all_rows)
    assert [tuple(row) for row in everything.boundary_frame.collect()] == [
        tuple(row) for row in everything.boundaries[AS_OF]
    ]


def assert_boundaries_tell_the_scores(boundaries: Iterable[Boundary], rows: Sequence[Row]) -> None:
    """Members per score from score_boundary equal those counted from the scores; the cut of a split is its first."""
    counted: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        for metric in METRICS:
            counted.setdefault((row.rfm_window, metric, row[f"{metric[0]}_score"]), []).append(row)
    for boundary in boundaries:
        members = counted.pop((boundary.rfm_window, boundary.metric, boundary.score), [])
        assert boundary.member_count == len(members), boundary
        assert (boundary.worst_value is None) == (not members), boundary
        if boundary.metric == "recency" and members:
            days = [row.recency_days for row in members]
            assert (boundary.worst_value, boundary.best_value) == (max(days), min(days)), boundary
            if boundary.ties == "split" and boundary.score > 1:
                tied = [row.member_id for row in members if row.recency_days == boundary.cut_value]
                assert boundary.cut_member_id == min(tied), boundary
    assert not counted
