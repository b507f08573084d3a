"""Writes segment_interval: of a set that is right so far only the stays that had not ended before what changed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_INTERVAL, SEGMENT_TRANSITION
from rfm_spark.dates import OPEN_END, DayRange
from rfm_spark.errors import ConflictError
from rfm_spark.history.intervals import intervals, intervals_since
from rfm_spark.io.logbook import LogRow, Status
from rfm_spark.io.names import Condition
from rfm_spark.steps.dates.publish import laid_out
from rfm_spark.steps.job import ROWS_PER_FILE, Job
from rfm_spark.steps.tracking.keys import Key

PREFIX = f"{SEGMENT_INTERVAL.name}/"


def write_intervals(job: Job, sets: Sequence[str], first: date | None) -> int | None:
    """Make the intervals of the sets again from their transitions: from the `first` date on that changed, or all.

    Returns the version since which the table has them. Another commit meanwhile is a conflict: what it made is not in
    ours, and the log says that the sets are still being replaced.
    """
    before = job.store.version(SEGMENT_INTERVAL)
    of_sets = F.col(c.SEGMENT_SET).isin(*sets)
    moved = job.store.read(SEGMENT_TRANSITION).where(of_sets)
    place: dict[c.Column, Condition] = {c.SEGMENT_SET: list(sets)}
    if first is None:
        rows = intervals(moved, job.run_id)
    else:
        stays = job.store.read(SEGMENT_INTERVAL).where(of_sets)
        rows = intervals_since(stays, moved.where(F.col(c.AS_OF_DATE) >= F.lit(first)), first, job.run_id)
        place[c.VALID_TO] = DayRange(first, OPEN_END)
    staged = job.staging.stage(rows, SEGMENT_INTERVAL.name, keep_order=False)
    made = job.store.replace(SEGMENT_INTERVAL, spread_apart(job, staged, len(sets)), place, job.metadata)
    if made > before + 1:
        where = job.store.location(SEGMENT_INTERVAL)
        raise ConflictError(where, "another writer changed it meanwhile", next_step="run the same command again")
    return made if made > before else job.store.rows_version(SEGMENT_INTERVAL)


def spread_apart(job: Job, staged: DataFrame, sets: int) -> DataFrame:
    """Return staged intervals with the stays that ended in files of their own, which no later date touches."""
    is_current = F.col(c.IS_CURRENT)
    ended, going_on = staged.where(~is_current), staged.where(is_current)
    few = 1 + ended.count() // ROWS_PER_FILE
    files = max(sets, job.spark.sparkContext.defaultParallelism)
    keys = (c.SEGMENT_SET, c.MEMBER_ID)
    return laid_out(ended, few, *keys).unionByName(laid_out(going_on, files, *keys))


def interval_states(job: Job, sets: Sequence[str], status: Status, version: int | None = None) -> list[LogRow]:
    """Return what the log says of the sets: their intervals are being replaced, or are there in this version."""
    versions = None if version is None else {SEGMENT_INTERVAL.name: version}
    return [replace(job.log_row(f"{PREFIX}{name}", status), table_versions=versions) for name in sets]


def first_change(job: Job, keys: Iterable[Key], unfinished: Collection[str]) -> date | None:
    """Return the first date from which the intervals of the sets change; None where they are to be made again whole.

    The latter where a set has none yet, or where some are unfinished (`unfinished_sets`).
    """
    rows, places = interval_rows(job), list(keys)
    is_known = not unfinished and all(name in rows for name, _ in places)
    return min((day for _, day in places), default=None) if is_known else None


def unfinished_sets(job: Job) -> set[str]:
    """Return the sets whose intervals are to be made again whole.

    Those that a run began to replace and did not; all where the rows of the table are not those that the last run
    left, because somebody changed or restored them.
    """
    rows = interval_rows(job)
    is_as_left = job.store.rows_version(SEGMENT_INTERVAL) == max(map(version_left, rows.values()), default=None)
    return {name for name, row in rows.items() if row.status is Status.REPLACING or not is_as_left}


def interval_rows(job: Job) -> dict[str, LogRow]:
    """Return by set what the log says of its intervals."""
    state = job.log.book.state(None).items()
    return {name.removeprefix(PREFIX): row for name, row in state if name.startswith(PREFIX)}


def version_left(row: LogRow) -> int:
    """Return the version of the intervals that a row of the log tells of; -1 where it tells of none."""
    return (row.table_versions or {}).get(SEGMENT_INTERVAL.name, -1)
