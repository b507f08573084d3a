"""Whether the tables still hold as many rows as the runs that published them counted.

A table that was restored to an older version, a snapshot that was deleted by hand, a table that was moved away and made
again by `init`: protocol and keys are in order, and readers see too little. The run log knows better.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.config.words import Metric
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import SEGMENT_MIGRATION, SEGMENT_TRANSITION
from rfm_spark.contracts.tables import (
    MEMBER_PREFERENCE,
    MEMBER_PROFILE,
    MEMBER_SEGMENT,
    RFM_SCORE,
    SCORE_BOUNDARY,
    SEGMENT_SUMMARY,
)
from rfm_spark.dates import Every, is_tracked
from rfm_spark.io.logbook import LogBook, Status
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.examining.finding import Finding, Severity, shown

Place = tuple[date, str]
"""An as-of date and the name of a result, as run_log has it."""


@dataclass(frozen=True)
class Count:
    """How the rows of a table are counted: those of a result of `of`, one by one or by the members that they count.

    `part` is the column that holds the second half of the result's name.
    """

    table: Table
    part: c.Column | None
    of: Table
    is_summed: bool = False


COUNTS = (
    Count(RFM_SCORE, c.RFM_WINDOW, RFM_SCORE),
    Count(SCORE_BOUNDARY, c.RFM_WINDOW, RFM_SCORE, is_summed=True),
    Count(MEMBER_PREFERENCE, None, MEMBER_PREFERENCE),
    Count(MEMBER_SEGMENT, c.SEGMENT_SET, MEMBER_SEGMENT),
    Count(SEGMENT_SUMMARY, c.SEGMENT_SET, MEMBER_SEGMENT, is_summed=True),
    Count(MEMBER_PROFILE, None, MEMBER_PROFILE),
    Count(SEGMENT_TRANSITION, c.SEGMENT_SET, SEGMENT_TRANSITION),
    Count(SEGMENT_MIGRATION, c.SEGMENT_SET, SEGMENT_TRANSITION, is_summed=True),
)
COUNTED = tuple(one.table for one in COUNTS)


def count_findings(store: TableStore, config: Config, book: LogBook) -> Iterator[Finding]:
    """Yield one finding per table that lacks rows of published dates, or has more of them than were published."""
    recorded = recorded_counts(book)
    for count in COUNTS:
        mine = {place: rows for place, rows in recorded.items() if is_asked(count, place[1], config)}
        if not mine:
            continue
        held = held_counts(store, count)
        wrong = sorted(place for place, rows in mine.items() if held.get(place, 0) != rows)
        if wrong:
            told = shown([f"{day} {name} ({held.get((day, name), 0)}, not {mine[day, name]})" for day, name in wrong])
            again = repair([day for day, _ in wrong], config.history.every)
            step = f"restored, emptied or changed by somebody else: {again}"
            yield Finding(Severity.ERROR, store.location(count.table), f"other rows than were published: {told}", step)


def is_asked(count: Count, result: str, config: Config) -> bool:
    """Return whether the table has rows of the result: segment_summary has those of the active sets alone."""
    kind, _, part = result.partition("/")
    return kind == count.of.name and (count.table is not SEGMENT_SUMMARY or part in config.active_segment_sets)


def repair(days: list[date], every: Every) -> str:
    """Return the commands that make the dates again: of those on the history calendar one, of others one each.

    >>> repair([date(2024, 1, 31), date(2024, 2, 10), date(2024, 2, 29)], Every.MONTH)
    'rfm-spark backfill --from 2024-01-31 --to 2024-02-29 --reprocess all --reason TEXT, \
rfm-spark run --as-of 2024-02-10 --reprocess all --reason TEXT'
    """
    again = "--reprocess all --reason TEXT"
    tracked = [day for day in days if is_tracked(day, every)]
    others = sorted(set(days) - set(tracked))
    commands = [f"rfm-spark backfill --from {tracked[0]} --to {tracked[-1]} {again}"] if tracked else []
    return shown([*commands, *(f"rfm-spark run --as-of {day} {again}" for day in others)])


def recorded_counts(book: LogBook) -> dict[Place, int]:
    """Return how many rows the run log says each result of each published date has."""
    return {
        (day, name): row.row_count
        for day in book.published_dates()
        for name, row in book.state(day).items()
        if row.status is Status.PUBLISHED and row.row_count is not None
    }


def held_counts(store: TableStore, count: Count) -> dict[Place, int]:
    """Return how many rows, or members, the table has of each date and result."""
    name = F.lit(count.of.name)
    result = name if count.part is None else F.concat(name, F.lit("/"), F.col(count.part))
    rows = store.read(count.table)
    if c.METRIC in count.table.columns:
        rows = rows.where(F.col(c.METRIC) == Metric.RECENCY.value)
    number = F.sum(c.MEMBER_COUNT) if count.is_summed else F.count(F.lit(1))
    return {(row[0], row[1]): row[2] for row in rows.groupBy(c.AS_OF_DATE, result).agg(number).collect()}
