"""The sources of an ingest: which ones are read, what each brought, and whether it can be used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from rfm_spark.config.choices import Dataset, Delivery
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import EVENT, TRANSACTION
from rfm_spark.dates import DayRange
from rfm_spark.errors import DataCheckError, UsageError
from rfm_spark.ingest.advice import large_file_advice, not_found_advice, shared_version_advice, two_days_advice
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.fates import LineCounts
from rfm_spark.ingest.files import FileSet
from rfm_spark.ingest.missing import missing_lines
from rfm_spark.ingest.outputs import events, transactions
from rfm_spark.ingest.read import OpenedSource, open_source
from rfm_spark.ingest.reasons import reason_counts
from rfm_spark.io.sql_text import Condition
from rfm_spark.session_settings import settings
from rfm_spark.steps import request
from rfm_spark.steps.ingesting.versions import known_versions
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import SourceOutcome
from rfm_spark.text import counted

NO_HUGE_METHODS = {"spark.sql.codegen.hugeMethodLimit": "8000"}
"""Java methods of more bytes are never compiled by the JVM: Spark writes smaller ones instead of one per stage."""


@dataclass(frozen=True)
class ReadSource:
    """One source, read once: its staged lines, what became of them, and the place in the table that they replace."""

    opened: OpenedSource
    staged: DataFrame
    counts: LineCounts
    place: dict[c.Column, Condition] | None

    @property
    def source(self) -> Source:
        """Return the source as configured."""
        return self.opened.source

    @property
    def table(self) -> Table:
        """Return the table that its lines belong to."""
        return table_of(self.source)

    @property
    def result(self) -> str:
        """Return the name of its rows in the run log."""
        return source_result(self.source)

    def rows(self) -> DataFrame:
        """Return the accepted lines as rows of the table."""
        return (transactions if self.table is TRANSACTION else events)(self.staged, self.source)


def table_of(source: Source) -> Table:
    """Return the table that the lines of a source belong to."""
    return TRANSACTION if source.dataset is Dataset.TRANSACTIONS else EVENT


def source_result(source: Source) -> str:
    """Return the name in run_log of the rows of a source."""
    return f"{table_of(source).name}/{source.name}"


def asked_sources(job: Job, is_trial: bool = False) -> list[Source]:
    """Return the sources to read: all, or those that `--source` names; a trial needs no last day."""
    known = job.config.sources
    unknown = [name for name in job.request.sources if name not in known]
    if unknown or not known:
        found = f"{', '.join(unknown)} is not a source" if unknown else "no source is configured"
        raise UsageError("sources", found, f"one of {', '.join(known)}" if known else "at least one source")
    chosen = [known[name] for name in job.request.sources] or list(known.values())
    by_days = [source.name for source in chosen if source.delivery is Delivery.DAYS]
    if by_days and not is_trial and job.request.last_day is None and job.request.as_of is None:
        raise UsageError("--to", "no last day", "--to or --as-of", f"{by_days[0]} is delivered by days")
    return chosen


def asked_days(job: Job, source: Source) -> Asked:
    """Return the days to take from a source: an as-of date ends those of `days`, and takes nothing from batches."""
    is_by_days = source.delivery is Delivery.DAYS
    last_day = job.request.last_day or (job.request.as_of if is_by_days else None)
    return Asked(job.request.first_day, last_day, today=job.today)


def read_source(job: Job, source: Source, key: bytes | None) -> ReadSource:
    """Read one source once into the staging folder and count the fates of its lines."""
    asked = asked_days(job, source)
    opened = open_source(job.spark, source, job.config, asked, key, known_versions=known_versions(job, source))
    tell(job, large_file_advice(source, opened.file_sizes()))
    with job.progress.stage("read", source.name), settings(job.spark, NO_HUGE_METHODS):
        try:
            staged = job.staging.stage(opened.lines, f"lines_{source.name}", keep_order=False)
        except (PySparkException, Py4JError) as error:
            raise (opened.change(job.spark) or translate_read_error(error, f"source {source.name}")) from None
    change = opened.change(job.spark)
    if change is not None:
        raise change
    counts = opened.counts()
    tell(job, [*missing_lines(source.name, counts.missing), *not_found_advice(source, counts)])
    tell(job, [*two_days_advice(source, counts), *shared_version_advice(source, counts)])
    return ReadSource(opened, staged, counts, place_of(source, opened.files, asked, counts))


def tell(job: Job, advice: Iterable[str]) -> None:
    """Tell advice about a source in the log, and in the result of the run."""
    for sentence in advice:
        job.progress.note(sentence)


def place_of(
    source: Source, files: FileSet | None, asked: Asked, counts: LineCounts
) -> dict[c.Column, Condition] | None:
    """Return which rows of the table the source replaces; None when it brought nothing and no days were named.

    With batches these are the rows of every batch that was listed, also of one without lines; with changes those of
    the orders among the lines.
    """
    if source.delivery is Delivery.BATCHES and files is not None:
        return {c.SOURCE: source.name, c.BATCH_ID: list(files.batches())}
    if source.delivery is Delivery.CHANGES:
        return {c.SOURCE: source.name}
    first, last = asked.first or counts.first_day, asked.last
    if first is None or last is None or first > last:
        return None
    days = DayRange(first, last)
    is_sale = source.dataset is Dataset.TRANSACTIONS
    day, month = (c.TRANSACTION_DAY, c.TRANSACTION_MONTH) if is_sale else (c.EVENT_DAY, c.EVENT_MONTH)
    return {c.SOURCE: source.name, month: days.months(), day: days}


def check_rejected_shares(job: Job, read: Sequence[ReadSource]) -> None:
    """Raise DataCheckError, before anything is written, where a source has too many rejected lines."""
    limit = job.config.checks.max_rejected_share
    problems = []
    for one in read:
        share = one.counts.rejected_share
        if limit is not None and share > limit:
            reasons = reason_counts(one.counts.reasons)
            problems.append(f"source {one.source.name}: {share:.1%} of its lines are rejected ({reasons})")
    if problems:
        raise DataCheckError(
            "ingest",
            "; ".join(problems),
            f"at most checks.max_rejected_share {limit:.1%}",
            "no table was changed; correct the source or its mapping, or raise the limit",
        )


def outcome_of(one: ReadSource, is_changed: bool, unknown_refunds: int = 0) -> SourceOutcome:
    """Return what became of the lines of one source."""
    counts = one.counts
    return SourceOutcome(
        source=one.source.name,
        status=request.Status.INGESTED if is_changed else request.Status.NOTHING_TO_DO,
        read=counts.read,
        accepted=counts.accepted,
        excluded=counts.excluded,
        rejected=counts.rejected,
        outside=counts.outside,
        reasons=dict(counts.reasons),
        unknown_refunds=unknown_refunds,
        missing={field: dict(words) for field, words in counts.missing.items()},
    )


def described(outcomes: Iterable[SourceOutcome]) -> list[str]:
    """Return what became of the lines of each source, and which words stand in place of members and orders."""
    return [line for one in outcomes for line in (describe(one), *missing_lines(one.source, one.missing))]


def describe(outcome: SourceOutcome) -> str:
    """Return one line about one source.

    >>> describe(SourceOutcome("shop", request.Status.INGESTED, 10, 7, 1, 2, 0, {"bad date": 2}))
    'shop: 10 lines read = 7 accepted + 1 excluded + 2 rejected (bad date 2) + 0 outside'
    """
    reasons = reason_counts(outcome.reasons)
    unknown = counted(outcome.unknown_refunds, "refund")
    return (
        f"{outcome.source}: {counted(outcome.read, 'line')} read = {outcome.accepted:,} accepted + "
        f"{outcome.excluded:,} excluded + {outcome.rejected:,} rejected{f' ({reasons})' if reasons else ''} + "
        f"{outcome.outside:,} outside"
        f"{f'; {unknown} of unknown orders' if outcome.unknown_refunds else ''}"
    )
