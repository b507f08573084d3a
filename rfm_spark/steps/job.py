"""What a verb works with: the request, the checked configuration, the session, the tables and the ledger."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import IdMethod
from rfm_spark.config.fingerprints import config_hash
from rfm_spark.config.locations import is_remote
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import MEMBER_DAY, MEMBER_IDENTITY, RUN_LOG
from rfm_spark.io.files import Staging, read_yaml_files, staging_folder
from rfm_spark.io.layout import files_for
from rfm_spark.io.local_size import is_small
from rfm_spark.io.session import build_local_session, require_delta
from rfm_spark.io.tables import TableStore
from rfm_spark.rules.check_config import checked_config
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.log_book import LogRow, RowStatus
from rfm_spark.runs.progress import Progress
from rfm_spark.runs.registry import Workspace
from rfm_spark.steps.create_tables import create_tables
from rfm_spark.steps.request import Request
from rfm_spark.steps.verb import Verb

DATES_AT_ONCE = 16
"""A task that writes more partitions than this at once sorts its rows again."""
GROUPS_PER_TASK = 4_000_000
"""Members times dates that one task aggregates in memory."""


@dataclass(frozen=True)
class Job:
    """One run of one verb."""

    request: Request
    verb: Verb
    config: Config
    spark: SparkSession
    store: TableStore
    ledger: Ledger
    staging: Staging
    progress: Progress

    @property
    def run_id(self) -> str:
        """Return the run's id."""
        return self.request.run_id

    @cached_property
    def config_hash(self) -> str:
        """Return the hash of the whole configuration."""
        return config_hash(self.config)

    @property
    def metadata(self) -> dict[str, Any]:
        """Return what every commit of the run says about itself."""
        return {"run_id": self.run_id, "job": self.request.verb, "config_hash": self.config_hash}

    def now(self) -> datetime:
        """Return the moment, for the log and for `today`."""
        return datetime.now(tz=UTC)

    @cached_property
    def today(self) -> date:
        """Return the day it is in the zone of the calendar, or the one that `--today` names."""
        return self.request.today or self.now().astimezone(ZoneInfo(self.config.calendar.time_zone)).date()

    def log_row(self, result: str, status: RowStatus) -> LogRow:
        """Return a log row of this run; what it is about is still to be filled in."""
        return LogRow(
            run_id=self.run_id,
            job=self.request.verb,
            result=result,
            status=status,
            config_hash=self.config_hash,
            computed_at=self.now(),
            reason=self.request.reason,
        )

    def write_log(self) -> None:
        """Write what the run noted into run_log."""
        self.ledger.write(self.config, self.run_id, self.now())

    @cached_property
    def facts_size(self) -> tuple[int, date | None]:
        """Return the number of rows of member_day and its first day; Delta knows both without reading rows."""
        row = self.store.read(MEMBER_DAY).agg(F.count(F.lit(1)), F.min(c.ORDER_DAY)).collect()[0]
        return int(row[0]), row[1]

    @cached_property
    def workspace(self) -> Workspace:
        """Return what computations may use; sizes follow the facts, which do not change while dates are made."""
        files = self.file_count(self.facts_size[0])
        members = max(1, self.store.read(MEMBER_IDENTITY).count())
        return Workspace(
            read=self.store.read,
            stage=self.staging.stage,
            run_id=self.run_id,
            files=files,
            dates_at_once=max(1, min(DATES_AT_ONCE, GROUPS_PER_TASK * files // members)),
            has_ranged_ids=self.config.identity.method is IdMethod.INTEGER,
        )

    def file_count(self, rows: int) -> int:
        """Return the number of files for so many rows."""
        if self.config.warehouse.files is not None:
            return self.config.warehouse.files
        return files_for(rows, self.spark.sparkContext.defaultParallelism)


@contextmanager
def open_job(request: Request, verb: Verb, own_session: bool, tables: Sequence[Table]) -> Iterator[Job]:
    """Check the configuration, then the session, then the tables, and hold the warehouse's lock while writing.

    `tables`: those that `--init` creates.
    """
    with ExitStack() as stack:
        config, spark = open_config(request, own_session, stack)
        progress = Progress(request.run_id, request.log_format)
        stack.callback(progress.close)
        store = TableStore(spark, config.warehouse)
        if request.init or not verb.is_read_only:
            stack.enter_context(store.lock())
        store.require_layout(tables)
        if request.init:
            create_tables(store, tables)
        ledger = Ledger(store)
        own = with_free_run_id(request, verb, ledger)
        if own.run_id != request.run_id:
            progress.note(f"run id {request.run_id} was used before: this run is {own.run_id}")
            progress.run_id = own.run_id
        staging = stack.enter_context(Staging(spark, staging_folder(config.warehouse), own.run_id))
        yield Job(own, verb, config, spark, store, ledger, staging, progress)


def open_config(request: Request, own_session: bool, stack: ExitStack) -> tuple[Config, SparkSession]:
    """Return the checked configuration and the session; only one that lies behind a URI waits for the session."""
    if not any(is_remote(location) for location in request.configurations):
        config = checked_config(request.configurations, request.overrides)
        return config, open_session(request, own_session, stack, config)
    spark = open_session(request, own_session, stack)
    return checked_config(request.configurations, request.overrides, partial(read_yaml_files, spark)), spark


def with_free_run_id(request: Request, verb: Verb, ledger: Ledger) -> Request:
    """Return the request with a run id that no run has; a scheduler retries with the one of the first try."""
    if not request.has_given_run_id or verb.is_read_only or not ledger.store.exists(RUN_LOG):
        return request
    return replace(request, run_id=ledger.book.free_run_id(request.run_id))


def open_session(request: Request, own_session: bool, stack: ExitStack, config: Config | None = None) -> SparkSession:
    """Return a local session that ends with the run, or the one that spark-submit configured.

    `config` tells a local one how much there is to read; None where the session has to read it first.
    """
    active = SparkSession.getActiveSession()
    if own_session and active is None:
        spark = build_local_session(f"rfm-spark {request.verb}", is_small=config is not None and is_small(config))
        stack.callback(spark.stop)
    else:
        spark = active or SparkSession.builder.appName(f"rfm-spark {request.verb}").getOrCreate()
    require_delta(spark)
    return spark
