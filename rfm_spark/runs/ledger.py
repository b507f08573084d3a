"""The ledger of a warehouse: run_log, run_config and published_date, each read once and written at a run's end."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import functions as F

from rfm_spark.config.fingerprints import basis, config_hash
from rfm_spark.config.load import load_recorded
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import FACT_CHANGE, PUBLISHED_DATE, RUN_CONFIG, RUN_LOG
from rfm_spark.dates import Every, is_tracked
from rfm_spark.driver_rows import driver_rows
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.log_book import LogBook, LogRow, RowStatus

FILES_BEFORE_COMPACTION = 32
"""A run adds a file to run_log; so many are packed into one, so that reading them stays as quick after a year."""


@dataclass(frozen=True)
class Published:
    """One row of published_date."""

    run_id: str
    is_tracked: bool
    published_at: datetime


class Ledger:
    """What earlier runs left, and what this run will say of itself: noted at once, written by `write`."""

    def __init__(self, store: TableStore) -> None:
        self.store = store
        self._book: LogBook | None = None
        self._published: dict[date, Published] | None = None
        self._noted: list[LogRow] = []
        self._configs: dict[str, Config] = {}

    @property
    def book(self) -> LogBook:
        """Return all rows of run_log, and those that this run noted."""
        if self._book is None:
            rows = self.store.read(RUN_LOG).collect()
            self._book = LogBook(log_row(row.asDict()) for row in rows)
        return self._book

    @property
    def published(self) -> Mapping[date, Published]:
        """Return the dates that readers and history may use, in order."""
        if self._published is None:
            rows = self.store.read(PUBLISHED_DATE).collect()
            self._published = dict(sorted((row[0], Published(row[3], row[1], row[2].astimezone(UTC))) for row in rows))
        return self._published

    def note(self, rows: Iterable[LogRow]) -> None:
        """Keep rows until `write`; every question to `book` knows them from now on."""
        kept = list(rows)
        self._noted += kept
        self.book.add(kept)

    def forget_noted(self, since: int) -> None:
        """Drop the rows that were noted after the first `since`: what they say did not come true."""
        self._noted = self._noted[:since]
        self.refresh()

    def refresh(self) -> None:
        """Read what other runs wrote meanwhile; what this run noted stays."""
        self._book = self._published = None
        self.book.add(self._noted)

    @property
    def noted_count(self) -> int:
        """Return how many rows wait to be written."""
        return len(self._noted)

    def write(self, config: Config, run_id: str, now: datetime) -> None:
        """Write the noted rows in one commit, after the configuration they name; nothing happens without any."""
        if not self._noted:
            return
        self._record_config(config, run_id, now)
        records = [record(row) for row in self._noted]
        frame = driver_rows(self.store.spark, records, RUN_LOG.schema_text()).coalesce(1)
        version = self.store.append(RUN_LOG, frame, {"run_id": run_id})
        self._noted = []
        if version % FILES_BEFORE_COMPACTION == 0:
            self.store.compact(RUN_LOG)

    def withdraw(self, dates: Iterable[date], metadata: Mapping[str, Any]) -> None:
        """Take dates out of published_date before anything of them is replaced; readers pass over them then."""
        leaving = [day for day in dates if day in self.published]
        self._put_published(dict.fromkeys(leaving), metadata)

    def publish(self, dates: Iterable[date], every: Every, run_id: str, metadata: Mapping[str, Any]) -> None:
        """Let readers and history use the dates from now on; the others follow the history calendar."""
        now = datetime.now(tz=UTC)
        rows: dict[date, Published | None] = {
            day: replace(row, is_tracked=is_tracked(day, every))
            for day, row in self.published.items()
            if row.is_tracked is not is_tracked(day, every)
        }
        rows |= {day: Published(run_id, is_tracked(day, every), now) for day in dates}
        self._put_published(rows, metadata)

    def _put_published(self, rows: Mapping[date, Published | None], metadata: Mapping[str, Any]) -> None:
        """Put rows in place of those of their dates in one commit; a date without a row leaves."""
        if not rows:
            return
        records = [(day, row.is_tracked, row.published_at, row.run_id) for day, row in rows.items() if row is not None]
        frame = driver_rows(self.store.spark, records, PUBLISHED_DATE.schema_text()).coalesce(1)
        self.store.replace(PUBLISHED_DATE, frame, {c.AS_OF_DATE: list(rows)}, metadata)
        known: dict[date, Published | None] = {**self.published, **rows}
        self._published = {day: row for day, row in sorted(known.items()) if row is not None}

    def config_text(self, hash_: str) -> str | None:
        """Return a configuration that a run used, as JSON; None when the hash is unknown."""
        rows = self.store.read(RUN_CONFIG).where(F.col(c.CONFIG_HASH) == F.lit(hash_)).head(1)
        return str(rows[0][c.CONFIG]) if rows else None

    def config(self, hash_: str) -> Config | None:
        """Return a configuration that a run used, read once per run; None when the hash is unknown."""
        if hash_ not in self._configs:
            text = self.config_text(hash_)
            if text is None:
                return None
            self._configs[hash_] = load_recorded(f"run-config {hash_}", text)
        return self._configs[hash_]

    def next_ingest_no(self) -> int:
        """Return the number of the next ingest; one that died after announcing its changes keeps its number."""
        announced = self.store.read(FACT_CHANGE).agg(F.max(c.INGEST_NO)).collect()[0][0]
        return max(self.book.highest_ingest_no(), int(announced or 0)) + 1

    def _record_config(self, config: Config, run_id: str, now: datetime) -> None:
        """Keep the merged configuration and its basis in words under its hash, unless they are there."""
        hash_ = config_hash(config)
        known = any(row.config_hash == hash_ for row in self._written_rows()) or self.config_text(hash_) is not None
        if known:
            return
        text = json.dumps(config.text, sort_keys=True, ensure_ascii=False, default=str)
        frame = driver_rows(self.store.spark, [(hash_, text, basis(config), now)], RUN_CONFIG.schema_text())
        self.store.append(RUN_CONFIG, frame.coalesce(1), {"run_id": run_id})

    def _written_rows(self) -> list[LogRow]:
        noted = {id(row) for row in self._noted}
        days: list[date | None] = [None, *self.book.dates()]
        return [row for day in days for row in self.book.rows(day) if id(row) not in noted]


def record(row: LogRow) -> tuple[Any, ...]:
    """Return a LogRow in the order of the table's columns."""
    values = {**asdict(row), c.STATUS: row.status.value}
    return tuple(values[column] for column in RUN_LOG.columns)


def log_row(values: Mapping[str, Any]) -> LogRow:
    """Return a row of the table as a LogRow; its instant comes without a zone, in that of this process."""
    instant = values[c.COMPUTED_AT].astimezone(UTC)
    return LogRow(**{**values, c.STATUS: RowStatus(values[c.STATUS]), c.COMPUTED_AT: instant})
