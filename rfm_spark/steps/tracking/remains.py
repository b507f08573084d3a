"""Whether the tables of history are as the last run left them: run_log keeps the version that each had then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import SEGMENT_MIGRATION, SEGMENT_TRANSITION
from rfm_spark.io.logbook import LogBook, LogRow, Status
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.keys import Key
from rfm_spark.steps.tracking.links import recorded_links

OF_LINKS = (SEGMENT_TRANSITION, SEGMENT_MIGRATION)
NOT_THERE = ""
"""The definition_hash of what the log knew and the table has no more: it is no definition, so it is made again."""


def is_lost(store: TableStore, book: LogBook, table: Table) -> bool:
    """Return whether somebody changed or restored the table since a run last told of it, or made it anew."""
    told = book.state(None).get(table.name)
    left = (told.table_versions or {}).get(table.name) if told is not None else None
    return left is not None and not store.is_as_left(table, left)


def are_links_lost(store: TableStore, book: LogBook) -> bool:
    """Return whether transitions, or what counts them, are not those that the log tells of."""
    return any(is_lost(store, book, table) for table in OF_LINKS)


def versions_of(store: TableStore, tables: Sequence[Table]) -> dict[str, int]:
    """Return the version that each table has now."""
    return {table.name: store.version(table) for table in tables}


def version_rows(job: Job, tables: Sequence[Table], before: Mapping[str, int]) -> list[LogRow]:
    """Return what the log says of the tables once they are written; `before` are the versions before a run looked.

    Of a table that somebody else changed while the run worked it says the version before, so that the next one notices.
    """
    now, rows = versions_of(job.store, tables), []
    for table in tables:
        left = now if job.store.is_as_left(table, before[table.name]) else before
        row = job.log_row(table.name, Status.PUBLISHED)
        rows.append(replace(row, table_versions={table.name: left[table.name]}))
    return rows


def held_keys(store: TableStore) -> set[Key]:
    """Return the sets and dates that the tables of links have rows of."""
    keys = [store.read(table).select(c.SEGMENT_SET, c.AS_OF_DATE).distinct() for table in OF_LINKS]
    return {(row[0], row[1]) for of_table in keys for row in of_table.collect()}


def forget_links(job: Job, keys: Iterable[Key]) -> None:
    """Say of links that they are not what the log knew: the next run makes them again, or takes them away."""
    row = replace(job.log_row("", Status.PUBLISHED), definition_hash=NOT_THERE)
    job.log.append(
        [replace(row, result=f"{SEGMENT_TRANSITION.name}/{name}", as_of_date=day) for name, day in sorted(keys)]
    )


def forgotten_links(book: LogBook) -> set[Key]:
    """Return the links that are not made again yet since they were forgotten."""
    return {key for key, row in recorded_links(book).items() if row.definition_hash == NOT_THERE}
