"""Whether the tables still hold as many rows as the runs that published them counted.

A table that was restored to an older version, a snapshot that was deleted by hand, a table that was moved away and made
again by `init`: protocol and keys are in order, and readers see too little. The run log knows better.
"""

from collections.abc import Iterator
from datetime import date

from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_PROFILE, MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.dates import Every, is_tracked
from rfm_spark.io.logbook import LogBook, Status
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.examining.finding import Finding, Severity, shown

Place = tuple[date, str]
"""An as-of date and the name of a result, as run_log has it."""

COUNTED: tuple[tuple[Table, c.Column | None], ...] = (
    (RFM_SCORE, c.RFM_WINDOW),
    (MEMBER_PREFERENCE, None),
    (MEMBER_SEGMENT, c.SEGMENT_SET),
    (MEMBER_PROFILE, None),
    (SEGMENT_TRANSITION, c.SEGMENT_SET),
)
"""The tables whose rows a run counts, and the column that holds the second half of the result's name."""


def count_findings(store: TableStore, config: Config, book: LogBook) -> Iterator[Finding]:
    """Yield one finding per table that lacks rows of published dates, or has more of them than were published."""
    recorded = recorded_counts(book)
    for table, part in COUNTED:
        mine = {place: count for place, count in recorded.items() if place[1].partition("/")[0] == table.name}
        if not mine:
            continue
        held = held_counts(store, table, part)
        wrong = sorted(place for place, count in mine.items() if held.get(place, 0) != count)
        if wrong:
            told = shown([f"{day} {name} ({held.get((day, name), 0)}, not {mine[day, name]})" for day, name in wrong])
            again = repair([day for day, _ in wrong], config.history.every)
            step = f"restored, emptied or changed by somebody else: {again}"
            yield Finding(Severity.ERROR, store.location(table), f"other rows than were published: {told}", step)


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


def held_counts(store: TableStore, table: Table, part: c.Column | None) -> dict[Place, int]:
    """Return how many rows the table has of each date and result."""
    name = F.lit(table.name) if part is None else F.concat(F.lit(f"{table.name}/"), F.col(part))
    rows = store.read(table).groupBy(c.AS_OF_DATE, name.alias("result")).count().collect()
    return {(row[0], row[1]): row[2] for row in rows}
