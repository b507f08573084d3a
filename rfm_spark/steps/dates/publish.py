"""How as-of dates are published: marked first, replaced table by table, many dates at once, and told last."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.errors import RfmSparkError
from rfm_spark.io.logbook import DATE, LogRow, Status
from rfm_spark.io.names import Condition
from rfm_spark.steps import request
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome


class DatesPublisher:
    """Replaces the tables of some dates and keeps what the run log will say of each.

    Before the first table is replaced the log marks every date `replacing`; readers and history pass over it until it
    is marked `published`. `dates` are those still to be made: one that breaks a check is refused and left as it was.
    """

    def __init__(self, job: Job, dates: Sequence[date], ingest_no: int | None) -> None:
        self.job = job
        self.dates = tuple(dates)
        self.ingest_no = ingest_no
        self.files = job.dated_files
        self.started = time.monotonic()
        self.refused: dict[date, RfmSparkError] = {}
        self.versions: dict[str, int] = {}
        self._is_marked = False
        self._entries: dict[date, list[LogRow]] = {as_of: [] for as_of in dates}
        self._whole: set[str] = set()
        self._superseded: set[str] = set()

    @property
    def subject(self) -> str:
        """Return the dates in short, for progress lines."""
        first, last = self.dates[0], self.dates[-1]
        return f"{first}" if first == last else f"{first} to {last} ({len(self.dates)} dates)"

    def refuse(self, as_of: date, error: RfmSparkError) -> None:
        """Leave a date as it is; raise the error where no other date is left to make."""
        self.refused[as_of] = error
        self.dates = tuple(day for day in self.dates if day != as_of)
        if not self.dates:
            raise error

    def put(
        self,
        table: Table,
        frame: DataFrame,
        extra: Mapping[c.Column, Condition] | None = None,
        is_sorted: bool = False,
    ) -> None:
        """Put the frame in place of the dates' rows, or of those of them that `extra` names, in one commit."""
        self.mark()
        if extra is None:
            self._whole.add(table.name)
        where = {c.AS_OF_DATE: list(self.dates), **(extra or {})}
        with self.job.progress.stage(f"write {table.name}", self.subject):
            self.versions[table.name] = self.job.store.replace(table, frame, where, self.job.metadata, is_sorted)

    def mark(self) -> None:
        """Say once, before anything is replaced, that the dates are on their way."""
        if not self._is_marked:
            self.job.log.append([self.row(as_of, DATE, Status.REPLACING) for as_of in self.dates])
            self._is_marked = True

    def record(
        self, as_of: date, result: str, definition_hash: str, row_count: int, net_amount: Decimal | None = None
    ) -> None:
        """Keep what the log will say of one result of a date."""
        entry = self.row(as_of, result, Status.PUBLISHED)
        self._entries[as_of].append(
            replace(entry, definition_hash=definition_hash, row_count=row_count, net_amount=net_amount)
        )

    def supersede(self, results: Iterable[str]) -> None:
        """Say that these results go where a date has them: others were put in their place under the names of today."""
        self._superseded.update(results)

    def finish(self) -> list[DateOutcome]:
        """Write what was made, and what is no longer there; whether a date is published is told later."""
        seconds = round((time.monotonic() - self.started) / max(1, len(self.dates)), 3)
        self.job.log.append([row for as_of in self.dates for row in (*self._entries[as_of], *self._gone(as_of))])
        return [self._outcome(as_of, seconds) for as_of in self.dates]

    def _outcome(self, as_of: date, seconds: float) -> DateOutcome:
        rows = {entry.result: entry.row_count or 0 for entry in self._entries[as_of]}
        return DateOutcome(as_of, request.Status.INCOMPLETE, rows, self.versions, seconds)

    def _gone(self, as_of: date) -> list[LogRow]:
        """Return one row per result that a table held and holds no more, being replaced as a whole or superseded."""
        made = {entry.result for entry in self._entries[as_of]}
        replaced = {
            name
            for name in self.job.log.book.state(as_of)
            if name.partition("/")[0] in self._whole or name in self._superseded
        }
        gone = sorted(replaced - made)
        return [self.row(as_of, name, Status.REMOVED) for name in gone]

    def fail(self, as_of: date, message: str) -> None:
        """Write that the run of this date failed, whether or not anything of it was replaced."""
        self.job.log.append([replace(self.row(as_of, DATE, Status.FAILED), message=message)])

    def row(self, as_of: date, result: str, status: Status) -> LogRow:
        """Return a log row of a date and this run."""
        return replace(self.job.log_row(result, status), as_of_date=as_of, ingest_no=self.ingest_no)


def laid_out(frame: DataFrame, files: int, *keys: str) -> DataFrame:
    """Return the frame in so many partitions that are disjoint in the keys, for tables looked up by them."""
    return frame.repartitionByRange(files, *keys)
