"""The run log: which runs there were, which dates are published, and what each result was computed from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import FACT_CHANGE, RUN_CONFIG, RUN_LOG
from rfm_spark.io.tables import TableStore

DATE = "date"
"""The result that stands for a whole as-of date."""
FACTS = "facts"
"""The result that stands for the facts after an ingest; its other results are those of single sources."""


class Status(StrEnum):
    """What a row of the run log says; the order settles two rows of one instant."""

    NOTHING_TO_DO = "nothing_to_do"
    FAILED = "failed"
    REPLACING = "replacing"
    INGESTED = "ingested"
    PUBLISHED = "published"
    REMOVED = "removed"


DECIDING = (Status.REPLACING, Status.PUBLISHED, Status.REMOVED)
"""A run that failed before it replaced anything leaves a published date as it was; so do runs with nothing to do."""


@dataclass(frozen=True)
class LogRow:
    """One row of run_log, field by field of its contract."""

    run_id: str
    job: str
    result: str
    status: Status
    config_hash: str
    computed_at: datetime
    as_of_date: date | None = None
    definition_hash: str | None = None
    ingest_no: int | None = None
    previous_run_id: str | None = None
    previous_as_of_date: date | None = None
    segment_run_id: str | None = None
    row_count: int | None = None
    read_count: int | None = None
    accepted_count: int | None = None
    excluded_count: int | None = None
    rejected_count: int | None = None
    outside_count: int | None = None
    net_amount: Decimal | None = None
    seconds: float | None = None
    table_versions: Mapping[str, int] | None = None
    reason: str | None = None
    message: str | None = None

    @property
    def place(self) -> tuple[datetime, int]:
        """Return what puts rows in order of time."""
        return self.computed_at, list(Status).index(self.status)


def latest(rows: Iterable[LogRow]) -> LogRow | None:
    """Return the last row in time, None of none."""
    return max(rows, key=lambda row: row.place, default=None)


def latest_by_result(rows: Iterable[LogRow]) -> dict[str, LogRow]:
    """Return the last row of each result."""
    found: dict[str, LogRow] = {}
    for row in rows:
        before = found.get(row.result)
        if before is None or row.place >= before.place:
            found[row.result] = row
    return found


class RunLog:
    """run_log and run_config of one warehouse."""

    def __init__(self, store: TableStore) -> None:
        self.store = store

    def append(self, rows: Sequence[LogRow]) -> None:
        """Write the rows in one commit."""
        if not rows:
            return
        records = [record(row) for row in rows]
        frame = self.store.spark.createDataFrame(records, RUN_LOG.schema_text()).coalesce(1)
        self.store.append(RUN_LOG, frame, {"run_id": rows[0].run_id})

    def record_config(self, config_hash: str, config: str, basis: str, run_id: str, computed_at: datetime) -> bool:
        """Keep a configuration under its hash; return False when it was known already."""
        known = self.store.read(RUN_CONFIG).where(F.col(c.CONFIG_HASH) == config_hash)
        if not known.isEmpty():
            return False
        frame = self.store.spark.createDataFrame(
            [(config_hash, config, basis, computed_at)], RUN_CONFIG.schema_text()
        ).coalesce(1)
        self.store.append(RUN_CONFIG, frame, {"run_id": run_id})
        return True

    def config_text(self, config_hash: str) -> str | None:
        """Return the configuration that a run used, as JSON; None when the hash is unknown."""
        rows = self.store.read(RUN_CONFIG).where(F.col(c.CONFIG_HASH) == config_hash).head(1)
        return str(rows[0][c.CONFIG]) if rows else None

    def rows(self, as_of: date | None = None) -> list[LogRow]:
        """Return the rows about one as-of date, or about the ingests (which have none), oldest first."""
        about = F.col(c.AS_OF_DATE).isNull() if as_of is None else F.col(c.AS_OF_DATE) == F.lit(as_of)
        return self._collect(self.store.read(RUN_LOG).where(about))

    def date_rows(self) -> list[LogRow]:
        """Return the markers of whole as-of dates, oldest first."""
        return self._collect(self.store.read(RUN_LOG).where(F.col(c.RESULT) == DATE))

    def state(self, as_of: date) -> dict[str, LogRow]:
        """Return the row that decides about each result of a date: its last one that replaced or published it."""
        return latest_by_result(row for row in self.rows(as_of) if row.status in DECIDING)

    def date_state(self) -> dict[date, LogRow]:
        """Return for each as-of date the marker that decides whether it exists for readers."""
        found: dict[date, LogRow] = {}
        for row in self.date_rows():
            if row.as_of_date is not None and row.status in DECIDING:
                found[row.as_of_date] = row
        return found

    def published_dates(self) -> list[date]:
        """Return the dates that exist for readers, in order."""
        return sorted(day for day, row in self.date_state().items() if row.status is Status.PUBLISHED)

    def unfinished_dates(self) -> dict[date, LogRow]:
        """Return the dates whose replacement began and did not end."""
        return {day: row for day, row in sorted(self.date_state().items()) if row.status is Status.REPLACING}

    def failed_dates(self) -> list[date]:
        """Return the dates whose last run failed, in order; some of them may still be published."""
        last: dict[date, LogRow] = {}
        for row in self.date_rows():
            if row.as_of_date is not None and row.status is not Status.NOTHING_TO_DO:
                last[row.as_of_date] = row
        return sorted(day for day, row in last.items() if row.status is Status.FAILED)

    def last_published_before(self, as_of: date) -> date | None:
        """Return the newest published date before this one."""
        return max((day for day in self.published_dates() if day < as_of), default=None)

    def last_ingest(self) -> LogRow | None:
        """Return the last ingest that ended well."""
        return self.ingested().get(FACTS)

    def ingested(self) -> dict[str, LogRow]:
        """Return the last row of an ingest that ended well, of the facts and of every source."""
        return latest_by_result(row for row in self.rows(None) if row.status is Status.INGESTED)

    def next_ingest_no(self) -> int:
        """Return the number of the next ingest; one that died after announcing its changes keeps its number."""
        numbers = [self._highest_ingest_no(self.store.read(table)) for table in (RUN_LOG, FACT_CHANGE)]
        return max(numbers) + 1

    def _highest_ingest_no(self, frame: DataFrame) -> int:
        found = frame.agg(F.max(c.INGEST_NO)).collect()[0][0]
        return 0 if found is None else int(found)

    def _collect(self, frame: DataFrame) -> list[LogRow]:
        rows = [log_row(row.asDict()) for row in frame.collect()]
        return sorted(rows, key=lambda row: row.place)


def record(row: LogRow) -> tuple[Any, ...]:
    """Return a LogRow in the order of the table's columns."""
    values = {**asdict(row), c.STATUS: row.status.value}
    return tuple(values[column] for column in RUN_LOG.columns)


def log_row(values: Mapping[str, Any]) -> LogRow:
    """Return a row of the table as a LogRow; its instant comes without a zone, in that of this process."""
    instant = values[c.COMPUTED_AT].astimezone(UTC)
    return LogRow(**{**values, c.STATUS: Status(values[c.STATUS]), c.COMPUTED_AT: instant})
