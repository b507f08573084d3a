"""The verb `doctor`: what is wrong with a warehouse, and what to do about it. Reads everything, writes nothing."""

from collections.abc import Callable, Iterator

from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import (
    SEGMENT_MIGRATION,
    SEGMENT_TRANSITION,
    SEGMENT_TRANSITION_ARCHIVE,
)
from rfm_spark.contracts.tables import EVENT, FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY, RUN_LOG, TABLES, TRANSACTION
from rfm_spark.errors import ExitCode, UsageError
from rfm_spark.io.files import folders_in, staging_folder
from rfm_spark.io.logbook import LogBook
from rfm_spark.io.runs import RunLog
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.examining.counts import COUNTED, count_findings
from rfm_spark.steps.examining.finding import Finding, Severity, shown
from rfm_spark.steps.examining.history import HISTORY_TABLES, checksum_findings, history_findings
from rfm_spark.steps.ingesting.facts import current_facts
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status

DATED = tuple(
    table for table in TABLES if c.AS_OF_DATE in table.partition_by and table is not SEGMENT_TRANSITION_ARCHIVE
)
"""Tables of dates; the archive alone may tell of one that was taken away."""
OF_HISTORY = (SEGMENT_TRANSITION, SEGMENT_MIGRATION)
"""Tables of dates that follow from which dates there are."""


def perform(job: Job) -> Outcome:
    """Examine the warehouse; exit 3 when something makes numbers wrong or tables unreadable."""
    findings = examine(job.store, job.config)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    message = f"{errors} errors, {len(findings) - errors} warnings in {len(TABLES)} tables"
    lines = tuple(finding.sentence() for finding in findings)
    return Outcome(
        Status.FAILED if errors else Status.DONE,
        message,
        lines=lines,
        exit_code=ExitCode.CHECK_FAILED if errors else ExitCode.DONE,
    )


def examine(store: TableStore, config: Config) -> list[Finding]:
    """Return every finding about the warehouse, errors first; a healthy one has none."""
    findings: list[Finding] = []
    sound: list[Table] = []
    for table in TABLES:
        wrong = list(definition_findings(store, table))
        findings += wrong
        # Rows of a table that is not what its contract says cannot be asked by the names of the contract.
        if not wrong:
            sound.append(table)
    for table in sound:
        findings += key_findings(store, table)
    book = RunLog(store).book if RUN_LOG in sound else LogBook()
    for check, needed in CHECKS:
        if all(table in sound for table in needed):
            findings += check(store, config, book)
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
        found = f"{sum(row['keys'] for row in broken)} keys with more than one row{places}"
        step = "compute these partitions again" if place else "tell who writes into it beside rfm-spark"
        yield Finding(Severity.ERROR, store.location(table), found, step)


def date_findings(store: TableStore, _: Config, book: LogBook) -> Iterator[Finding]:
    """Yield one finding per table that holds as-of dates which no run ever began to publish."""
    known = set(book.markers())
    for table in DATED:
        held = {row[0] for row in store.read(table).select(c.AS_OF_DATE).distinct().collect()}
        unknown = [str(day) for day in sorted(held - known)]
        if unknown:
            found = f"holds {shown(unknown)}, which run_log does not know"
            step = "run rfm-spark track" if table in OF_HISTORY else "compute them with rfm-spark run, or delete them"
            yield Finding(Severity.WARNING, store.location(table), found, step)


def unfinished_findings(_: TableStore, __: Config, book: LogBook) -> Iterator[Finding]:
    """Yield one finding per date whose replacement began and did not end: no reader sees it."""
    for day, row in book.unfinished_dates().items():
        yield Finding(
            Severity.ERROR, f"as-of date {day}", f"run {row.run_id} began to replace it and did not end",
            f"if no such run is at work: rfm-spark run --as-of {day}; if it took the date away, the same --drop again",
        )  # fmt: skip


def fact_findings(store: TableStore, config: Config, book: LogBook) -> Iterator[Finding]:
    """Yield one finding per fact table that does not hold the facts of all transactions and events of today."""
    last = book.last_ingest()
    if last is None and all(store.read(table).isEmpty() for table in (TRANSACTION, EVENT, MEMBER_DAY, MEMBER_TAG_DAY)):
        return
    current = current_facts(store, config, last)
    for table in (MEMBER_DAY, MEMBER_TAG_DAY):
        if table.name not in current:
            found = "was computed from another version of its inputs, or under another definition"
            step = "run rfm-spark ingest again: it repairs the facts"
            yield Finding(Severity.ERROR, store.location(table), found, step)


def stage_findings(store: TableStore, _: Config, __: LogBook) -> Iterator[Finding]:
    """Yield one finding per run that left its stages behind."""
    try:
        folder = staging_folder(store.warehouse)
    except UsageError as error:
        yield Finding(Severity.WARNING, error.where, error.found, error.next_step)
        return
    for run_id in folders_in(store.spark, folder):
        step = "delete it, if that run is over"
        yield Finding(Severity.WARNING, f"{folder}/{run_id}", "stages of a run are still there", step)


CHECKS: tuple[tuple[Callable[[TableStore, Config, LogBook], Iterator[Finding]], tuple[Table, ...]], ...] = (
    (unfinished_findings, (RUN_LOG,)),
    (date_findings, (RUN_LOG, *DATED)),
    (fact_findings, (TRANSACTION, EVENT, MEMBER_DAY, MEMBER_TAG_DAY, RUN_LOG)),
    (checksum_findings, (FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY)),
    (count_findings, (RUN_LOG, *COUNTED)),
    (history_findings, (RUN_LOG, *HISTORY_TABLES)),
    (stage_findings, ()),
)
