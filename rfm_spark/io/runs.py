"""The run log: which runs there were, which dates are published, and what each result was computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import FACT_CHANGE, RUN_CONFIG, RUN_LOG
from rfm_spark.io.logbook import LogBook, LogRow, Status
from rfm_spark.io.tables import TableStore


class RunLog:
    """run_log and run_config of one warehouse; what was read once is kept, with what this run adds to it."""

    def __init__(self, store: TableStore) -> None:
        self.store = store
        self._book: LogBook | None = None
        self._recorded: set[str] = set()

    @property
    def book(self) -> LogBook:
        """Return all rows of the log."""
        if self._book is None:
            self._book = LogBook(log_row(row.asDict()) for row in self.store.read(RUN_LOG).collect())
        return self._book

    def append(self, rows: Sequence[LogRow]) -> None:
        """Write the rows in one commit."""
        if not rows:
            return
        records = [record(row) for row in rows]
        frame = self.store.spark.createDataFrame(records, RUN_LOG.schema_text()).coalesce(1)
        self.store.append(RUN_LOG, frame, {"run_id": rows[0].run_id})
        if self._book is not None:
            self._book.add(rows)

    def record_config(self, config_hash: str, config: str, basis: str, run_id: str, computed_at: datetime) -> bool:
        """Keep a configuration under its hash; return False when it was known already. Asks the table once a run."""
        if config_hash in self._recorded:
            return False
        self._recorded.add(config_hash)
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

    def next_ingest_no(self) -> int:
        """Return the number of the next ingest; one that died after announcing its changes keeps its number."""
        announced = self.store.read(FACT_CHANGE).agg(F.max(c.INGEST_NO)).collect()[0][0]
        return max(self.book.highest_ingest_no(), int(announced or 0)) + 1


def record(row: LogRow) -> tuple[Any, ...]:
    """Return a LogRow in the order of the table's columns."""
    values = {**asdict(row), c.STATUS: row.status.value}
    return tuple(values[column] for column in RUN_LOG.columns)


def log_row(values: Mapping[str, Any]) -> LogRow:
    """Return a row of the table as a LogRow; its instant comes without a zone, in that of this process."""
    instant = values[c.COMPUTED_AT].astimezone(UTC)
    return LogRow(**{**values, c.STATUS: Status(values[c.STATUS]), c.COMPUTED_AT: instant})
