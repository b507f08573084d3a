"""Whether the tables still hold as many rows as the runs that published them counted.

A table that was restored to an older version, a snapshot that was deleted by hand, a table that was moved away and made
again by `init`: protocol and keys are in order, and readers see too little. The run log knows better.
"""

from collections.abc import Iterator
from datetime import date

from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_MIGRATION, SEGMENT_TRANSITION
from rfm_spark.contracts.tables import SEGMENT_SUMMARY
from rfm_spark.dates import Every, is_tracked
from rfm_spark.examining.finding import Finding, Severity, shown
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.registry import Beside, Registry

Place = tuple[date, str]
"""An as-of date and the name of a result, as run_log has it."""
OF_MOVES = (
    Beside(SEGMENT_TRANSITION, SEGMENT_TRANSITION, c.SEGMENT_SET),
    Beside(SEGMENT_MIGRATION, SEGMENT_TRANSITION, c.SEGMENT_SET),
)


def counted_tables(registry: Registry) -> list[Beside]:
    """Return every table whose rows run_log counts: results themselves, what is written beside them, and moves."""
    results = [Beside(one.table, one.table, one.part) for one in registry.declared]
    return [*results, *(beside for one in registry.declared for beside in one.beside), *OF_MOVES]


def count_findings(store: TableStore, config: Config, ledger: Ledger, registry: Registry) -> Iterator[Finding]:
    """Yield one finding per table that lacks rows of published dates, or has more of them than were published."""
    recorded = recorded_counts(ledger)
    for beside in counted_tables(registry):
        mine = {place: rows for place, rows in recorded.items() if is_asked(beside, place[1], config)}
        if not mine:
            continue
        held = held_counts(store, beside)
        wrong = sorted(place for place, rows in mine.items() if held.get(place, 0) != rows)
        if wrong:
            places = shown([f"{day} {name} ({held.get((day, name), 0)}, not {mine[day, name]})" for day, name in wrong])
            again = repair([day for day, _ in wrong], config.history.every)
            step = f"restored, emptied or changed by somebody else: {again}"
            found = f"other rows than were published: {places}"
            yield Finding(Severity.ERROR, store.location(beside.table), found, step)


def is_asked(beside: Beside, result: str, config: Config) -> bool:
    """Return whether the table has rows of the result: segment_summary has those of the active sets alone."""
    kind, _, part = result.partition("/")
    return kind == beside.of.name and (beside.table is not SEGMENT_SUMMARY or part in config.active_segment_sets)


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


def recorded_counts(ledger: Ledger) -> dict[Place, int]:
    """Return how many rows run_log says each result of each published date has."""
    return {
        (day, name): row.row_count
        for day in ledger.published
        for name, row in ledger.book.state(day).items()
        if row.row_count is not None
    }


def held_counts(store: TableStore, beside: Beside) -> dict[Place, int]:
    """Return how many rows, or members, the table has of each date and result."""
    name = F.lit(beside.of.name)
    result = name if beside.part is None else F.concat(name, F.lit("/"), F.col(beside.part))
    rows = store.read(beside.table)
    if beside.only is not None:
        column, value = beside.only
        rows = rows.where(F.col(column) == F.lit(value))
    number = F.count(F.lit(1)) if beside.table is beside.of else F.sum(c.MEMBER_COUNT)
    return {(row[0], row[1]): row[2] for row in rows.groupBy(c.AS_OF_DATE, result).agg(number).collect()}
