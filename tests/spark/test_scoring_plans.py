"""What scoring costs: shuffles, partitions, sizes of generated methods and the layout of published files."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars
import pytest
from pyspark.sql import DataFrame, SparkSession

from rfm_spark.as_of import with_one_date
from rfm_spark.config.choices import Frequency, Metric, Monetary, Ties
from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.scoring import split_cuts
from rfm_spark.scoring.buckets import count_buckets
from rfm_spark.scoring.cuts import Cut
from rfm_spark.scoring.distribution import KeyRange, find_steps
from rfm_spark.scoring.partitioning import slice_keys
from rfm_spark.scoring.scores import score_members
from rfm_spark.scoring.series import SeriesIndex, series_of
from rfm_spark.scoring.windows import measure_members
from rfm_spark.session_settings import one_task_per_file
from tests.spark.scoring_frames import AS_OF, disk_stage, member_day_frame, random_facts, scored

pytestmark = pytest.mark.usefixtures("compiled")

LARGEST_COMPILED_METHOD = 8000
PERIODS = {"month": 30, "quarter": 90, "half_year": 180, "year": 365}
MONTH_ENDS = [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31), AS_OF]
SPLIT = MetricScoring(ties=Ties.SPLIT, bins=10)
SPLIT_WINDOWS = [
    Window(name, days=days, recency_scoring=SPLIT, frequency_scoring=SPLIT, monetary_scoring=SPLIT)
    for name, days in PERIODS.items()
]
HEAVY_WINDOWS = [
    replace(window, frequency=Frequency.DAYS, monetary=Monetary.AVERAGE_ORDER) for window in SPLIT_WINDOWS
] + [replace(window, name=f"{window.name}_decayed", half_life_days=30) for window in SPLIT_WINDOWS]
HEAVY_WINDOWS += [replace(HEAVY_WINDOWS[0], name="two_months", days=None, months=2)]


@pytest.fixture
def plain_plans(spark: SparkSession) -> Iterator[None]:
    """Whole plans before they run: adaptive execution shows its stages only afterwards."""
    before = spark.conf.get("spark.sql.adaptive.enabled")
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    yield
    spark.conf.set("spark.sql.adaptive.enabled", before)


def plan_text(frame: DataFrame) -> str:
    return frame._jdf.queryExecution().executedPlan().toString()


def shuffles(frame: DataFrame) -> int:
    return len(re.findall(r"\bExchange ", plan_text(frame)))


def largest_method(spark: SparkSession, frame: DataFrame) -> int:
    """Return the bytes of the largest generated method; above 8000 the JVM does not compile it."""
    debug = getattr(getattr(spark._jvm.org.apache.spark.sql.execution.debug, "package$"), "MODULE$")
    stages = debug.codegenStringSeq(frame._jdf.queryExecution().executedPlan())
    sizes = [stages.apply(number)._3().maxMethodCodeSize() for number in range(stages.size())]
    assert sizes, "no generated code in the plan"
    assert min(sizes) > 0, "a stage was not compiled"
    return max(sizes)


def passes(
    spark: SparkSession, windows: list[Window], folder: Path, dates: Sequence[date] = (AS_OF,)
) -> dict[str, DataFrame]:
    """Return the frame of every pass, with made-up boundaries in place of found ones."""
    measured = measure_members(member_day_frame(spark, random_facts(20)), windows, dates, 4)
    measures = with_one_date(disk_stage(spark, folder)(measured, "measures"), dates)
    series = tuple(dict.fromkeys(series_of(w, metric) for w in windows for metric in Metric))
    index = SeriesIndex(tuple(dates), series)
    ranges = [
        KeyRange(one, 10 * turn, 10 * turn + 9, 0, None, None, ranks=(1, 2), keys=(10 * turn + 5,))
        for one in index.dated_series
        for turn in range(10)
    ]
    wanted = [split_cuts.OpenCut(one, key, 2, 3) for one in index.dated_series for key in range(1, 10)]
    cuts = {(day, w.name, m): [Cut(key, 7) for key in range(1, 10)] for day in dates for w in windows for m in Metric}
    tied = {one: [Cut(key, 7) for key in range(1, 10)] for one in index.dated_series}
    return {
        "measures": measured,
        "buckets": count_buckets(measures, index, with_sums=True),
        "steps": find_steps(measures, index, ranges),
        "ids": split_cuts.id_ranges(measures),
        "slices": split_cuts.count_slices(measures, index, wanted, 53),
        "members": split_cuts.find_members(measures, index, wanted, 53),
        "ties": split_cuts.count_ties(measures, index, tied),
        "scores": score_members(measures, windows, cuts, dates, "run-1"),
    }


@pytest.mark.usefixtures("plain_plans")
@pytest.mark.parametrize("dates", [[AS_OF], MONTH_ENDS], ids=["one date", "many dates"])
def test_scoring_shuffles_once_for_measures_twice_for_boundaries_never_for_scores(
    spark: SparkSession, tmp_path: Path, dates: Sequence[date]
) -> None:
    frames = passes(spark, SPLIT_WINDOWS, tmp_path, dates)
    assert {name: shuffles(frame) for name, frame in frames.items()} == {
        "measures": 1,
        "buckets": 1,
        "steps": 2,
        "ids": 1,
        "slices": 1,
        "members": 1,
        "ties": 1,
        "scores": 0,
    }


@pytest.mark.usefixtures("plain_plans")
def test_no_pass_puts_all_members_in_one_partition(spark: SparkSession, tmp_path: Path) -> None:
    for dates in ([AS_OF], MONTH_ENDS):
        for name, frame in passes(spark, HEAVY_WINDOWS, tmp_path, dates).items():
            assert "SinglePartition" not in plan_text(frame), name


def keys_of(frame: DataFrame) -> str:
    """Return what the plan groups, shuffles, sorts and numbers by."""
    pattern = r"(?:keys=\[|hashpartitioning\(|Sort \[|windowspecdefinition\()([^\]\n]*)"
    return " ".join(re.findall(pattern, plan_text(frame)))


@pytest.mark.usefixtures("plain_plans")
def test_one_date_is_no_key_of_any_pass_and_no_row_is_exploded(spark: SparkSession, tmp_path: Path) -> None:
    for name, frame in passes(spark, HEAVY_WINDOWS, tmp_path).items():
        assert "as_of_date" not in keys_of(frame), name
        assert "explode" not in plan_text(frame), name
    many = measure_members(member_day_frame(spark, []), SPLIT_WINDOWS, MONTH_ENDS, 4)
    assert "as_of_date" in keys_of(many)
    assert "explode" in plan_text(many)


@pytest.mark.usefixtures("plain_plans")
def test_many_dates_are_summed_by_as_many_sums_as_one(spark: SparkSession) -> None:
    facts = member_day_frame(spark, random_facts(5))
    one, many = (plan_text(measure_members(facts, SPLIT_WINDOWS, dates, 4)) for dates in ([AS_OF], MONTH_ENDS))
    assert one.count("sum(") == many.count("sum(")


@pytest.mark.usefixtures("plain_plans")
@pytest.mark.parametrize("dates", [[AS_OF], MONTH_ENDS], ids=["one date", "many dates"])
@pytest.mark.parametrize("windows", [SPLIT_WINDOWS, HEAVY_WINDOWS], ids=["main", "heavy"])
def test_every_generated_method_is_small_enough_to_be_compiled(
    spark: SparkSession, tmp_path: Path, windows: list[Window], dates: Sequence[date]
) -> None:
    sizes = {name: largest_method(spark, frame) for name, frame in passes(spark, windows, tmp_path, dates).items()}
    assert {name: size for name, size in sizes.items() if size >= LARGEST_COMPILED_METHOD} == {}


def test_spark_sends_every_slice_to_the_partition_of_its_number(spark: SparkSession) -> None:
    for partitions in (1, 3, 7, 64):
        keys = spark.createDataFrame([(key,) for key in slice_keys(partitions)], "slice_key int")
        placed = keys.repartition(partitions, "slice_key").selectExpr("slice_key", "spark_partition_id() as number")
        found = dict(tuple(row) for row in placed.collect())
        assert [found[key] for key in slice_keys(partitions)] == list(range(partitions))


@pytest.mark.parametrize("ranged_ids", [False, True], ids=["hashed", "integers"])
def test_published_files_of_a_window_are_sorted_and_disjoint_in_member_id(
    spark: SparkSession, tmp_path: Path, ranged_ids: bool
) -> None:
    windows = SPLIT_WINDOWS[2:]
    facts = random_facts(400, wide_ids=not ranged_ids)
    result = scored(spark, tmp_path, facts, windows, partitions=8, ranged_ids=ranged_ids)
    with one_task_per_file(spark):
        result.scores.write.parquet(str(tmp_path / "rfm_score"))
    ranges: dict[str, list[tuple[int, int]]] = {}
    for file in (tmp_path / "rfm_score").glob("*.parquet"):
        rows = polars.read_parquet(file, columns=["rfm_window", "member_id"]).to_dict(as_series=False)
        names, ids = set(rows["rfm_window"]), rows["member_id"]
        assert len(names) <= 1
        assert ids == sorted(ids)
        if ids:
            ranges.setdefault(names.pop(), []).append((ids[0], ids[-1]))
    for name, found in ranges.items():
        ordered = sorted(found)
        assert len(ordered) >= 6, name
        assert all(left[1] < right[0] for left, right in itertools.pairwise(ordered)), name
