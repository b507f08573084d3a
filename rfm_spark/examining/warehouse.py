"""Every check of a warehouse: protocol, keys, unfinished dates, facts, counts, history, and what runs left behind."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import HISTORY_TABLES, SEGMENT_MIGRATION, SEGMENT_TRANSITION
from rfm_spark.contracts.tables import (
    EVENT,
    FACT_CHANGE,
    MEMBER_DAY,
    MEMBER_SEGMENT,
    MEMBER_TAG_DAY,
    PUBLISHED_DATE,
    RUN_LOG,
    TRANSACTION,
)
from rfm_spark.errors import UsageError
from rfm_spark.examining.counts import OF_MOVES, count_findings
from rfm_spark.examining.finding import Finding, Severity, shown
from rfm_spark.examining.history import checksum_findings, history_findings
from rfm_spark.io.files import folders_in, staging_folder
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.due import unfinished_results
from rfm_spark.runs.facts import current_facts
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.registry import Registry
from rfm_spark.text import counted

LEDGER = (RUN_LOG, PUBLISHED_DATE)


def examine(store: TableStore, config: Config, registry: Registry, tables: Sequence[Table]) -> list[Finding]:
    """Return every finding about the warehouse, errors first; a healthy one has none. `tables`: all that it has."""
    findings: list[Finding] = []
    sound: list[str] = []
    for table in tables:
        wrong = list(definition_findings(store, table))
        findings += wrong
        # Rows of a table that is not what its contract says cannot be read by the names of the contract.
        if not wrong:
            sound.append(table.name)
            findings += key_findings(store, table)
    ledger = Ledger(store)
    for check, needed in checks(registry):
        if all(table.name in sound for table in needed):
            findings += check(store, config, ledger, registry)
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


def definition_findings(store: TableStore, table: Table) -> Iterator[Finding]:
    """Yield what differs from the contract: a missing table, protocol, schema, partition, properties, checks."""
    if not store.exists(table):
        yield Finding(Severity.ERROR, store.location(table), "no such table", "run rfm-spark init")
        return
    for difference in store.differences(table):
        step = "undo what another writer changed, or move the table away, run init and compute it again"
        yield Finding(Severity.ERROR, store.location(table), difference, step)


def key_findings(store: TableStore, table: Table) -> Iterator[Finding]:
    """Yield one finding per table whose grain is broken: keys with more than one row, and in which partitions."""
    place = list(table.partition_by)
    keys = store.read(table).groupBy(*dict.fromkeys([*place, *table.key])).count().where("count > 1")
    rows = keys.groupBy(*place).agg(F.count(F.lit(1)).alias("keys")).collect()
    broken = [row for row in rows if row["keys"]]
    if broken:
        where = sorted(", ".join(f"{name}={row[name]}" for name in place) for row in broken)
        places = f" in {shown(where)}" if place else ""
        found = f"{counted(sum(row['keys'] for row in broken), 'key')} with more than one row{places}"
        step = "compute these partitions again" if place else "tell who writes into it beside rfm-spark"
        yield Finding(Severity.ERROR, store.location(table), found, step)


def date_findings(store: TableStore, _: Config, ledger: Ledger, registry: Registry) -> Iterator[Finding]:
    """Yield one finding per table that holds as-of dates which run_log does not know."""
    known = {*ledger.book.computed_dates(), *ledger.published}
    of_history = {table.name for table in HISTORY_TABLES}
    for table in dated_tables(registry):
        held = {row[0] for row in store.read(table).select(c.AS_OF_DATE).distinct().collect()}
        unknown = [str(day) for day in sorted(held - known)]
        if unknown:
            found = f"holds {shown(unknown)}, which run_log does not know"
            step = (
                "run rfm-spark track" if table.name in of_history else "compute them with rfm-spark run, or delete them"
            )
            yield Finding(Severity.WARNING, store.location(table), found, step)


def dated_tables(registry: Registry) -> list[Table]:
    """Return the tables of as-of dates; the archive alone may tell of one that was taken away."""
    return [*registry.tables, SEGMENT_TRANSITION, SEGMENT_MIGRATION]


def unfinished_findings(store: TableStore, _: Config, ledger: Ledger, registry: Registry) -> Iterator[Finding]:
    """Yield one finding per date whose replacement began and did not end: no reader sees it."""
    found: dict[date, set[str]] = {}
    for (day, _name), words in unfinished_results(store, ledger, registry, ledger.book.computed_dates()).items():
        found.setdefault(day, set()).add(words)
    for day, several in sorted(found.items()):
        yield Finding(
            Severity.ERROR, f"as-of date {day}", "; ".join(sorted(several)),
            f"if no such run is at work: rfm-spark run --as-of {day}; if it took the date away, the same --drop again",
        )  # fmt: skip


def fact_findings(store: TableStore, config: Config, ledger: Ledger, _: Registry) -> Iterator[Finding]:
    """Yield one finding per fact table that does not hold the facts of all transactions and events of today."""
    last = ledger.book.last_ingest()
    if last is None and all(store.read(table).isEmpty() for table in (TRANSACTION, EVENT, MEMBER_DAY, MEMBER_TAG_DAY)):
        return
    current = current_facts(store, config, last)
    for table in (MEMBER_DAY, MEMBER_TAG_DAY):
        if table.name not in current:
            found = "was computed from another version of its inputs, or under another definition"
            step = "run rfm-spark ingest again: it repairs the facts"
            yield Finding(Severity.ERROR, store.location(table), found, step)


def stage_findings(store: TableStore, _: Config, __: Ledger, ____: Registry) -> Iterator[Finding]:
    """Yield one finding per run that left its stages behind."""
    try:
        folder = staging_folder(store.warehouse)
    except UsageError as error:
        yield Finding(Severity.WARNING, error.where, error.found, error.next_step)
        return
    for run_id in folders_in(store.spark, folder):
        step = "delete it, if that run is over"
        yield Finding(Severity.WARNING, f"{folder}/{run_id}", "stages of a run are still there", step)


Check = Callable[[TableStore, Config, Ledger, Registry], Iterator[Finding]]


def checks(registry: Registry) -> list[tuple[Check, list[Table]]]:
    """Return every check of the warehouse as a whole, and the tables that it reads."""
    facts = [FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY]
    return [
        (unfinished_findings, [*LEDGER, *registry.tables]),
        (date_findings, [*LEDGER, *dated_tables(registry)]),
        (fact_findings, [TRANSACTION, EVENT, MEMBER_DAY, MEMBER_TAG_DAY, *LEDGER]),
        (checksum_findings, facts),
        (count_findings, [*LEDGER, *registry.tables, *(beside.table for beside in OF_MOVES)]),
        (history_findings, [*LEDGER, FACT_CHANGE, MEMBER_SEGMENT, *HISTORY_TABLES]),
        (stage_findings, []),
    ]
