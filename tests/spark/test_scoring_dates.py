"""Many as-of dates in one pass give what each date gives alone and what the naive twin gives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.model import Minimum, Window
from rfm_spark.contracts import columns as c
from rfm_spark.dates import OPEN_END
from rfm_spark.scoring.boundaries import published_cuts
from rfm_spark.scoring.score_dates import ScoredDates, score_dates
from rfm_spark.scoring.scores import score_members
from rfm_spark.scoring.windows import measure_members
from rfm_spark.session_settings import one_task_per_file
from tests.oracles.facts import Fact
from tests.oracles.scores import frozen_from, score_windows
from tests.spark.scoring_frames import (
    AS_OF,
    COLUMNS,
    ago,
    disk_stage,
    fact,
    member_day_frame,
    random_facts,
    scored,
    twin_rows,
)
from tests.spark.test_scoring_twin import METRICS, WINDOWS, assert_boundaries_tell_the_scores, frozen_at

BEFORE_ALL = date(2020, 2, 29)
DATES = [
    BEFORE_ALL,
    date(2023, 2, 28),
    date(2024, 2, 29),
    date(2024, 3, 31),
    AS_OF,
    date(2024, 8, 31),
    date(2027, 1, 1),
]
FACTS = random_facts(250, seed=23)
YEAR_OF_MONTHS = Window("twelve_months", months=12)
MANY = [*WINDOWS, YEAR_OF_MONTHS]
MINIMUM = Minimum(members=60, days_of_history=200)


def rows_by_date(result: ScoredDates, dates: Sequence[date]) -> dict[date, list[tuple[object, ...]]]:
    by_date: dict[date, list[tuple[object, ...]]] = {day: [] for day in dates}
    for row in result.scores.select(c.AS_OF_DATE, *COLUMNS).collect():
        by_date[row[0]].append(tuple(row[1:]))
    return {day: sorted(rows) for day, rows in by_date.items()}


@pytest.fixture(scope="module")
def together(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> ScoredDates:
    """All dates in one call; the first one is before every fact, the last one long after."""
    folder = tmp_path_factory.mktemp("stage")
    return scored(spark, folder, FACTS, MANY, partitions=2, dates=DATES, minimum=MINIMUM)


def test_every_option_at_every_date_equals_the_twin(together: ScoredDates) -> None:
    found = rows_by_date(together, DATES)
    assert found == {day: twin_rows(score_windows(FACTS, MANY, day)) for day in DATES}
    assert found[BEFORE_ALL] == []


@pytest.mark.parametrize("day", [BEFORE_ALL, date(2024, 2, 29), date(2024, 8, 31)], ids=str)
def test_a_date_among_others_equals_the_date_alone(
    spark: SparkSession, tmp_path: Path, together: ScoredDates, day: date
) -> None:
    """Values, scores and labels, boundaries and their members, notes and breaches."""
    alone = scored(spark, tmp_path, FACTS, MANY, partitions=3, dates=[day], minimum=MINIMUM)
    assert sorted(map(tuple, alone.scores.collect()), key=str) == sorted(
        map(tuple, together.scores.where(F.col(c.AS_OF_DATE) == day).collect()), key=str
    )
    assert alone.boundaries == {day: together.boundaries[day]}
    assert (alone.notes, alone.breaches) == ({day: together.notes[day]}, {day: together.breaches[day]})
    assert together.breaches[BEFORE_ALL][-1].startswith("no order by ")


def test_boundaries_of_every_date_tell_who_has_every_score(together: ScoredDates) -> None:
    rows = together.scores.collect()
    for day in DATES:
        assert_boundaries_tell_the_scores(together.boundaries[day], [row for row in rows if row[c.AS_OF_DATE] == day])
    published = [tuple(row) for day in DATES for row in together.boundaries[day]]
    assert [tuple(row) for row in together.boundary_frame.collect()] == published


def test_frozen_boundaries_score_many_later_dates(spark: SparkSession, tmp_path: Path, together: ScoredDates) -> None:
    earlier, later = DATES[2], DATES[3:6]
    windows = [one for one in WINDOWS if one.name in ("year", "split", "quantile", "mean", "thresholds", "decayed")]
    frozen = [
        replace(window, **{f"{metric}_scoring": frozen_at(window, metric, earlier) for metric in METRICS})
        for window in windows
    ]
    result = scored(spark, tmp_path, FACTS, frozen, dates=later, published=together.boundaries[earlier])
    cuts = frozen_from(FACTS, windows, earlier)
    expected = {day: twin_rows(score_windows(FACTS, frozen, day, cuts)) for day in later}
    assert rows_by_date(result, later) == expected
    for day in later:
        rows = result.scores.where(F.col(c.AS_OF_DATE) == day).collect()
        assert_boundaries_tell_the_scores(result.boundaries[day], rows)


def test_each_date_under_the_boundaries_of_the_one_before(together: ScoredDates) -> None:
    """What a member would score had the boundaries not moved; under those of a date with nobody the score is 1."""
    pairs = dict(zip(DATES[1:], DATES, strict=False))
    published = [row for day in DATES for row in together.boundaries[day]]
    cuts = published_cuts(MANY, pairs, published)
    later = together.measures.where(F.col(c.AS_OF_DATE) > DATES[0])
    for dates in (DATES[1:], DATES[4:5]):
        rows = later.where(F.col(c.AS_OF_DATE).isin(dates))
        found = score_members(rows, MANY, cuts, dates, "run-1").select(c.AS_OF_DATE, *COLUMNS)
        expected = [
            (day, *row)
            for day in dates
            for row in twin_rows(score_windows(FACTS, MANY, day, frozen_from(FACTS, MANY, pairs[day])))
        ]
        assert sorted(map(tuple, found.collect())) == sorted(expected)


def test_twelve_months_are_366_days_at_the_end_of_a_leap_february(spark: SparkSession) -> None:
    """Member 1 bought 366 days before the end of February 2024, member 2 365 days before; 2023 has 365 days."""
    dates = [date(2023, 2, 28), date(2024, 2, 29)]
    facts = [
        fact(number, day - timedelta(days=365 + shift))
        for day in dates
        for number, shift in ((day.year, 0), (day.year + 10, -1))
    ]
    windows = [YEAR_OF_MONTHS, Window("year", days=365)]
    for wanted in (dates, dates[:1], dates[1:]):
        found = measure_members(member_day_frame(spark, facts), windows, wanted, 2)
        rows = found.select(c.AS_OF_DATE, c.MEMBER_ID, "recency_days_12m", "recency_days_365d").collect()
        expected = {
            (dates[0], 2033, 364, 364),
            (dates[1], 2024, 365, None),
            (dates[1], 2034, 364, 364),
        }
        assert {tuple(row) for row in rows} == {row for row in expected if row[0] in wanted}


def test_a_version_counts_only_at_the_dates_on_which_it_is_valid(spark: SparkSession) -> None:
    dates = [ago(60), ago(30), ago(0)]
    versions = [
        fact(1, ago(70), 1, "100", valid=(ago(70), ago(50))),
        fact(1, ago(70), 2, "150", valid=(ago(50), ago(40))),
        fact(1, ago(70), 0, "0", "150", valid=(ago(40), OPEN_END)),
        fact(2, ago(29), 1, "7"),
    ]
    windows = [Window("life", lifetime=True), Window("month", days=30)]
    found = measure_members(member_day_frame(spark, versions), windows, dates, 2)
    kept = found.select(c.AS_OF_DATE, c.MEMBER_ID, "order_count_life", "net_amount_life", "recency_days_30d")
    assert {tuple(row) for row in kept.collect()} == {(dates[0], 1, 1, 1000000, 10), (dates[2], 2, 1, 70000, 29)}


def test_few_dates_are_asked_for_their_history_and_each_is_judged_alone(spark: SparkSession, tmp_path: Path) -> None:
    """The only old order is refunded on a day between the last two dates, so the last date has none again."""
    dates = [ago(90), ago(60), ago(30), ago(0)]
    old: list[Fact] = [
        fact(1, ago(100), 1, "5", valid=(ago(100), ago(10))),
        fact(1, ago(100), 0, "0", "5", valid=(ago(10), OPEN_END)),
        fact(2, ago(5)),
    ]
    minimum = Minimum(members=0, days_of_history=41)
    result = scored(spark, tmp_path, old, [Window("year", days=365)], dates=dates, minimum=minimum)
    assert {day for day, breaches in result.breaches.items() if breaches} == {dates[0], dates[3]}


@pytest.mark.parametrize("ranged_ids", [False, True], ids=["hashed", "integers"])
def test_files_of_one_date_of_many_are_sorted_and_disjoint_in_member_id(
    spark: SparkSession, tmp_path: Path, ranged_ids: bool
) -> None:
    facts = random_facts(300, seed=3, wide_ids=not ranged_ids)
    windows = [Window("year", days=365), Window("month", days=30)]
    result = scored(spark, tmp_path, facts, windows, partitions=4, dates=DATES[2:5], ranged_ids=ranged_ids)
    day = DATES[3]
    with one_task_per_file(spark):
        result.scores.where(F.col(c.AS_OF_DATE) == day).write.parquet(str(tmp_path / "rfm_score"))
    ranges = []
    for file in (tmp_path / "rfm_score").glob("*.parquet"):
        rows = polars.read_parquet(file, columns=["as_of_date", "rfm_window", "member_id"]).to_dict(as_series=False)
        ids = rows["member_id"]
        assert ids == sorted(ids)
        assert set(rows["as_of_date"]) <= {day}
        if ids and rows["rfm_window"][0] == "year":
            ranges.append((ids[0], ids[-1]))
    assert len(ranges) == 4
    assert all(left[1] < right[0] for left, right in zip(sorted(ranges), sorted(ranges)[1:], strict=False))


def test_dates_that_do_not_rise_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    frame = member_day_frame(spark, [fact(1, ago(0))])
    for dates in ([], [AS_OF, AS_OF], [AS_OF, ago(1)]):
        with pytest.raises(ValueError, match="must rise"):
            score_dates(frame, [Window("year", days=365)], dates, "run-1", 2, disk_stage(spark, tmp_path))
