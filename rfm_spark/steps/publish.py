"""How one as-of date is published: marked first, replaced table by table, and told last."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import MEMBER_DAY
from rfm_spark.io.names import Condition
from rfm_spark.io.runs import DATE, LogRow, Status
from rfm_spark.steps import request
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome
from rfm_spark.steps.segment_table import SummaryRow


class DatePublisher:
    """Replaces the tables of one date and keeps what the run log will say of it.

    Before the first table of the date is replaced the log marks the date `replacing`; it is `published` again only
    when `finish` says so. Until then readers and history pass over it.
    """

    def __init__(self, job: Job, as_of: date, ingest_no: int | None) -> None:
        self.job = job
        self.as_of = as_of
        self.ingest_no = ingest_no
        self.files = job.file_count(job.store.read(MEMBER_DAY).count())
        self.started = time.monotonic()
        self.is_marked = False
        self.rows: dict[str, int] = {}
        self.versions: dict[str, int] = {}
        self.entries: list[LogRow] = []
        self.summary: list[SummaryRow] = []

    def put(
        self,
        table: Table,
        frame: DataFrame,
        extra: Mapping[c.Column, Condition] | None = None,
        is_sorted: bool = False,
    ) -> None:
        """Put the frame in place of the date's rows, or of those of them that `extra` names."""
        self.mark()
        where = {c.AS_OF_DATE: self.as_of, **(extra or {})}
        with self.job.progress.stage(f"write {table.name}", self.as_of.isoformat()):
            self.versions[table.name] = self.job.store.replace(table, frame, where, self.job.metadata, is_sorted)

    def mark(self) -> None:
        """Say once, before anything is replaced, that the date is on its way."""
        if not self.is_marked:
            self.job.log.append([self.row(DATE, Status.REPLACING)])
            self.is_marked = True

    def record(self, result: str, definition_hash: str, row_count: int, net_amount: Decimal | None = None) -> None:
        """Keep what the log will say of one result of the date."""
        entry = self.row(result, Status.PUBLISHED)
        self.entries.append(replace(entry, definition_hash=definition_hash, row_count=row_count, net_amount=net_amount))
        self.rows[result] = row_count

    def finish(self, is_complete: bool) -> DateOutcome:
        """Write the log rows; the date itself is published only when every result of it is there."""
        seconds = round(time.monotonic() - self.started, 3)
        whole = replace(self.row(DATE, Status.PUBLISHED), seconds=seconds, table_versions=self.versions)
        self.job.log.append([*self.entries, whole] if is_complete else self.entries)
        status = request.Status.PUBLISHED if is_complete else request.Status.INCOMPLETE
        return DateOutcome(self.as_of, status, self.rows, self.versions, seconds)

    def fail(self, message: str) -> None:
        """Write that the run of this date failed, whether or not anything of it was replaced."""
        self.job.log.append([replace(self.row(DATE, Status.FAILED), message=message)])

    def row(self, result: str, status: Status) -> LogRow:
        """Return a log row of this date and run."""
        return LogRow(
            run_id=self.job.run_id,
            job=self.job.request.verb,
            as_of_date=self.as_of,
            result=result,
            status=status,
            config_hash=self.job.config_hash,
            computed_at=self.job.now(),
            ingest_no=self.ingest_no,
            reason=self.job.request.reason,
        )


def laid_out(frame: DataFrame, files: int, *keys: str) -> DataFrame:
    """Return the frame in so many partitions that are disjoint in the keys, for tables looked up by them."""
    return frame.repartitionByRange(files, *keys)
