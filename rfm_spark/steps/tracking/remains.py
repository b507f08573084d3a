"""Whether the tables of history are as the last run left them: run_log keeps the version that each had then."""

from collections.abc import Sequence
from dataclasses import replace

from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import (
    SEGMENT_INTERVAL,
    SEGMENT_MIGRATION,
    SEGMENT_RETENTION,
    SEGMENT_TRANSITION,
)
from rfm_spark.io.logbook import LogBook, LogRow, Status
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.job import Job

OF_LINKS = (SEGMENT_TRANSITION, SEGMENT_MIGRATION)
"""The tables that links are written to; what the log says of a set's intervals keeps their versions."""


def left_version(book: LogBook, table: Table) -> int | None:
    """Return the version that the last run left the table in; None where no run told of it."""
    teller, days = (SEGMENT_RETENTION, book.dates()) if table is SEGMENT_RETENTION else (SEGMENT_INTERVAL, [None])
    rows = [row for day in days for name, row in book.state(day).items() if name.startswith(f"{teller.name}/")]
    versions = [(row.table_versions or {}).get(table.name) for row in rows]
    return max((version for version in versions if version is not None), default=None)


def is_lost(store: TableStore, book: LogBook, table: Table) -> bool:
    """Return whether somebody changed or restored the table since a run last told of it, or made it anew."""
    left = left_version(book, table)
    return left is not None and (store.version(table) < left or store.is_changed_by_others(table, left))


def are_links_lost(store: TableStore, book: LogBook) -> bool:
    """Return whether transitions, or what counts them, are not those that the log tells of."""
    return any(is_lost(store, book, table) for table in OF_LINKS)


def versions_of_links(job: Job) -> dict[str, int]:
    """Return the versions that the tables of links have now."""
    return {table.name: job.store.version(table) for table in OF_LINKS}


def left_versions_of_links(book: LogBook) -> dict[str, int]:
    """Return the versions of the tables of links that the log knows."""
    known = {table.name: left_version(book, table) for table in OF_LINKS}
    return {name: version for name, version in known.items() if version is not None}


def forget(job: Job, rows: Sequence[LogRow]) -> None:
    """Say of rows of the log that what they tell of is not there: it is made again, by whatever run comes first."""
    job.log.append([replace(job.log_row(row.result, Status.REMOVED), as_of_date=row.as_of_date) for row in rows])
