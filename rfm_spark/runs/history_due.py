"""What history lacks: which comparisons are to be written again, and which rows are to go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import HISTORY_TABLES, SEGMENT_MIGRATION, SEGMENT_TRANSITION
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.dates import is_tracked
from rfm_spark.history.comparisons import Comparison, HistoryPlan, Key, PublishedSet, wanted_comparisons
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.changed_facts import changed_days
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.log_book import HISTORY, LogBook, LogRow
from rfm_spark.runs.registry import result_name
from rfm_spark.runs.stamps import Stamp, version_inputs
from rfm_spark.segments.rulebook import facts_of_set


@dataclass(frozen=True)
class DueHistory:
    """What history lacks, every comparison that it has, and its tables that are not as the last run left them."""

    plan: HistoryPlan
    comparisons: tuple[Comparison, ...]
    changed_tables: tuple[str, ...]


def due_history(
    store: TableStore,
    ledger: Ledger,
    config: Config,
    waiting: Iterable[date] = (),
    planned: Sequence[PublishedSet] = (),
    removed: Sequence[LogRow] = (),
) -> DueHistory:
    """Return what history lacks when the `waiting` dates and `planned` sets are there and the `removed` are not.

    Where a table of history is not as the last run left it, all of history is due: it is made whole again.
    """
    book = ledger.book.with_rows(removed) if removed else ledger.book
    days = {*ledger.published, *waiting, *(one.as_of for one in planned)} - {row.as_of_date for row in removed}
    tracked = sorted(day for day in days if is_tracked(day, config.history.every))
    there = {(one.segment_set, one.as_of): one for one in published_sets(book, tracked)}
    there |= {(one.segment_set, one.as_of): one for one in planned}
    comparisons = wanted_comparisons(there.values(), tracked)
    logged = recorded_comparisons(book)
    changed = changed_tables(store, book)
    recorded = {} if changed else logged
    to_write = [one for one in comparisons if is_due(one, recorded.get(one.key))]
    to_write += corrected(store, book, config, [one for one in comparisons if one not in to_write], recorded)
    held = {*logged, *(held_keys(store) if changed else ())}
    to_delete = sorted(held - {one.key for one in comparisons})
    return DueHistory(HistoryPlan(tuple(to_write), tuple(to_delete)), tuple(comparisons), changed)


def is_due(comparison: Comparison, recorded: LogRow | None) -> bool:
    """Return whether a comparison was never written, or from other segments than there are now."""
    today = Stamp(comparison.definition_hash, inputs=comparison.inputs)
    return recorded is None or recorded.stamp.difference(today) is not None


def published_sets(book: LogBook, days: Iterable[date]) -> list[PublishedSet]:
    """Return the segments that the dates hold, set by set, as run_log knows them."""
    prefix = f"{MEMBER_SEGMENT.name}/"
    return [
        PublishedSet(
            segment_set=name.removeprefix(prefix),
            as_of=day,
            run_id=row.run_id,
            definition_hash=row.definition_hash or "",
            config_hash=row.config_hash,
            ingest_no=row.ingest_no,
        )
        for day in days
        for name, row in book.state(day).items()
        if name.startswith(prefix)
    ]


def recorded_comparisons(book: LogBook) -> dict[Key, LogRow]:
    """Return the row that run_log keeps of each comparison that was written."""
    prefix = f"{SEGMENT_TRANSITION.name}/"
    return {
        (name.removeprefix(prefix), day): row
        for day in book.dates()
        for name, row in book.state(day).items()
        if name.startswith(prefix)
    }


def changed_tables(store: TableStore, book: LogBook) -> tuple[str, ...]:
    """Return the tables of history whose rows are not those that the last run left: restored, cut, emptied, made anew,
    written by others or by a run that died. OPTIMIZE and VACUUM change no row.
    """
    left = book.state(None).get(HISTORY)
    versions = {table.name: store.rows_version(table) for table in HISTORY_TABLES}
    known = {name: version for name, version in versions.items() if version is not None}
    empty = Stamp(inputs=version_inputs({table.name: 0 for table in HISTORY_TABLES}))
    stamp = empty if left is None else left.stamp
    return stamp.changed_inputs(Stamp(inputs=version_inputs(known)))


def held_keys(store: TableStore) -> set[Key]:
    """Return the sets and dates that the tables of moves have rows of."""
    tables = (SEGMENT_TRANSITION, SEGMENT_MIGRATION)
    keys = [store.read(table).select(c.SEGMENT_SET, c.AS_OF_DATE).distinct() for table in tables]
    return {(row[0], row[1]) for of_table in keys for row in of_table.collect()}


def corrected(
    store: TableStore,
    book: LogBook,
    config: Config,
    comparisons: Sequence[Comparison],
    recorded: dict[Key, LogRow],
) -> list[Comparison]:
    """Return the comparisons whose causes may be others now: facts valid at the date changed since."""
    asked = [
        (one.as_of, result_name(MEMBER_SEGMENT, one.segment_set), table.name, None, recorded[one.key].ingest_no or 0)
        for one in comparisons
        if one.known_cause is None
        for table in facts_of_set(config, one.segment_set)
    ]
    changed = changed_days(store, book, asked)
    return [one for one in comparisons if (one.as_of, result_name(MEMBER_SEGMENT, one.segment_set)) in changed]
