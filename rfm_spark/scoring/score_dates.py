"""Scores many as-of dates at once: the measures in one pass, the boundaries in a few small passes, then the scores."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import at_dates, last_valid_day, with_one_date
from rfm_spark.config.choices import Metric
from rfm_spark.config.model import Minimum, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import SCORE_BOUNDARY
from rfm_spark.driver_rows import driver_rows
from rfm_spark.errors import UsageError
from rfm_spark.scoring.boundaries import Boundary, frozen_cuts
from rfm_spark.scoring.find_boundaries import find_boundaries
from rfm_spark.scoring.scores import score_members
from rfm_spark.scoring.windows import measure_members
from rfm_spark.session_settings import one_task_per_file, settings
from rfm_spark.text import counted

StageFrame = Callable[[DataFrame, str], DataFrame]
"""Writes a frame away under a name and reads it back."""

ONE_MAP_AGGREGATE = {"spark.sql.codegen.aggregate.map.twolevel.enabled": "false"}


@dataclass(frozen=True)
class ScoredDates:
    """The scores of some dates. `scores` is lazy: write it inside `one_task_per_file`, so that its files stay disjoint.

    `measures` are staged, one row per date and member. A partition of `measures`, and of the `scores` of one window,
    holds a range of members at every date, ordered by date and member. `notes` name the scores that nobody has,
    `breaches` the minimums that a date does not reach.
    """

    measures: DataFrame
    boundaries: Mapping[date, tuple[Boundary, ...]]
    boundary_frame: DataFrame
    scores: DataFrame
    notes: Mapping[date, tuple[str, ...]]
    breaches: Mapping[date, tuple[str, ...]]


def score_dates(
    member_day: DataFrame,
    windows: Sequence[Window],
    dates: Sequence[date],
    run_id: str,
    partitions: int,
    stage: StageFrame,
    *,
    ranged_ids: bool = False,
    published: Sequence[Boundary] = (),
    minimum: Minimum | None = None,
) -> ScoredDates:
    """Return the scores of some dates in every window, from one pass over the facts; the dates are in rising order.

    `stage` writes a frame and reads it back. `ranged_ids`: ids are integers from the source. `published` are the
    boundaries of the dates that `frozen` names (`boundaries.frozen_dates`).
    """
    if not windows:
        raise UsageError("windows.active", "no window to score", "at least one", "name one in windows.active")
    if not dates or list(dates) != sorted(set(dates)):
        raise ValueError(f"as-of dates must rise and be distinct: {list(map(str, dates))}")
    spark = member_day.sparkSession
    frozen = frozen_cuts(windows, published)
    with settings(spark, ONE_MAP_AGGREGATE):
        staged = stage(measure_members(member_day, windows, dates, partitions, ranged_ids), "member_measures")
    measures = with_one_date(staged, dates)
    with one_task_per_file(spark):
        found, rows = find_boundaries(measures, windows, dates, run_id, frozen)
    every = [tuple(row) for day in dates for row in rows[day]]
    return ScoredDates(
        measures=measures,
        boundaries=rows,
        boundary_frame=driver_rows(spark, every, SCORE_BOUNDARY.schema_text()),
        scores=score_members(measures, windows, found, dates, run_id),
        notes={day: tuple(empty_classes(rows[day])) for day in dates},
        breaches=_breaches(member_day, rows, minimum) if minimum else dict.fromkeys(dates, ()),
    )


def empty_classes(rows: Sequence[Boundary]) -> list[str]:
    """Return one sentence for each metric with scores that no member has."""
    empty: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.member_count == 0:
            empty.setdefault((row.rfm_window, row.metric), []).append(row.score)
    return [
        f"window {window}: nobody has {metric} score {', '.join(str(score) for score in scores)}"
        for (window, metric), scores in empty.items()
    ]


def _breaches(
    member_day: DataFrame, rows: Mapping[date, Sequence[Boundary]], minimum: Minimum
) -> dict[date, tuple[str, ...]]:
    days = minimum.days_of_history - 1
    young = _dates_without_order(member_day, list(rows), days) if minimum.days_of_history else set()
    found = {}
    for as_of, of_date in rows.items():
        problems = _small_windows(of_date, minimum)
        if as_of in young:
            since = as_of - timedelta(days=days)
            problems.append(f"no order by {since}: less than scores.minimum.days_of_history {minimum.days_of_history}")
        found[as_of] = tuple(problems)
    return found


def _small_windows(rows: Sequence[Boundary], minimum: Minimum) -> list[str]:
    members: dict[str, int] = {}
    for row in rows:
        if row.metric == Metric.RECENCY.value:
            members[row.rfm_window] = members.get(row.rfm_window, 0) + row.member_count
    return [
        f"window {window}: {counted(count, 'member')}, fewer than scores.minimum.members {minimum.members}"
        for window, count in members.items()
        if count < minimum.members
    ]


def _dates_without_order(member_day: DataFrame, dates: Sequence[date], days: int) -> set[date]:
    """Return the dates without a valid order that is at least so many days old.

    One such order of a date mostly serves later dates too, so that few dates need a query.
    """
    without, left = set(), list(dates)
    while left:
        as_of, *left = left
        seen = at_dates(member_day, [as_of], F.col(c.VALID_FROM), last_valid_day())
        old = (F.col(c.ORDER_COUNT) > 0) & (F.col(c.ORDER_DAY) <= F.lit(as_of - timedelta(days=days)))
        found = seen.where(old).select(c.VALID_TO).take(1)
        if found:
            left = [day for day in left if day >= found[0][0]]
        else:
            without.add(as_of)
    return without
