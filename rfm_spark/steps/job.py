"""What every step works with: the request, the checked configuration, the session, the tables and the run's stages."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from pyspark.sql import SparkSession

from rfm_spark.config.definition import config_hash
from rfm_spark.config.locations import is_remote
from rfm_spark.config.model import Config
from rfm_spark.config.words import IdMethod
from rfm_spark.contracts.tables import MEMBER_DAY, RUN_LOG
from rfm_spark.io.files import Staging, read_yaml_files, staging_folder
from rfm_spark.io.logbook import LogRow, Status
from rfm_spark.io.runs import RunLog
from rfm_spark.io.session import build_local_session, require_delta
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.check import checked_config
from rfm_spark.steps.init import init_tables
from rfm_spark.steps.progress import Progress
from rfm_spark.steps.request import Request

READ_ONLY = ("plan", "doctor", "migration", "explain", "report")
ROWS_PER_FILE = 8_000_000
"""Rows of transaction or member_day that one task handles: some 50 million rows in 8 tasks and files."""


@dataclass(frozen=True)
class Job:
    """One run of one verb."""

    request: Request
    config: Config
    spark: SparkSession
    store: TableStore
    log: RunLog
    staging: Staging
    progress: Progress

    @property
    def run_id(self) -> str:
        """Return the run's id."""
        return self.request.run_id

    @property
    def metadata(self) -> dict[str, Any]:
        """Return what every commit of the run says about itself."""
        return {"run_id": self.run_id, "job": self.request.verb, "config_hash": self.config_hash}

    @property
    def config_hash(self) -> str:
        """Return the hash of the whole configuration."""
        return config_hash(self.config)

    @property
    def has_ranged_ids(self) -> bool:
        """Return whether member ids are integers of the sources: unlike hashes not spread evenly."""
        return self.config.identity.method is IdMethod.INTEGER

    def now(self) -> datetime:
        """Return the moment, for the log alone: no number depends on it."""
        return datetime.now(tz=UTC)

    def log_row(self, result: str, status: Status) -> LogRow:
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

    @cached_property
    def dated_files(self) -> int:
        """Return how many files the scores of a date are in: by the facts, which stand still while dates are made."""
        return self.file_count(self.store.read(MEMBER_DAY).count())

    def file_count(self, rows: int) -> int:
        """Return the number of files for so many rows: a power of two, at least the cores."""
        if self.config.warehouse.files is not None:
            return self.config.warehouse.files
        return files_for(rows, self.spark.sparkContext.defaultParallelism)


def files_for(rows: int, cores: int) -> int:
    """Return how many files hold so many rows: a power of two, at least the cores.

    >>> files_for(200_000, 2), files_for(50_000_000, 2), files_for(0, 6)
    (2, 8, 8)
    """
    wanted = max(cores, -(-rows // ROWS_PER_FILE))
    return 1 << (wanted - 1).bit_length()


@contextmanager
def open_job(request: Request, own_session: bool) -> Iterator[Job]:
    """Check the configuration, then the session, then the tables, and hold the warehouse's lock while writing."""
    with ExitStack() as stack:
        config, spark = open_config(request, own_session, stack)
        progress = Progress(request.run_id, request.log_format)
        stack.callback(progress.close)
        store = TableStore(spark, config.warehouse)
        if request.verb not in READ_ONLY or request.init:
            stack.enter_context(store.lock())
        if request.init:
            init_tables(store)
        log = RunLog(store)
        own = with_free_run_id(request, store, log)
        if own.run_id != request.run_id:
            progress.note(f"run id {request.run_id} was used before: this run is {own.run_id}")
            progress.run_id = own.run_id
        staging = stack.enter_context(Staging(spark, staging_folder(config.warehouse), own.run_id))
        yield Job(own, config, spark, store, log, staging, progress)


def open_config(request: Request, own_session: bool, stack: ExitStack) -> tuple[Config, SparkSession]:
    """Return the checked configuration and the session; only one that lies behind a URI waits for the session."""
    if not any(is_remote(location) for location in request.configurations):
        config = checked_config(request.configurations, request.overrides)
        return config, open_session(request, own_session, stack)
    spark = open_session(request, own_session, stack)
    return checked_config(request.configurations, request.overrides, partial(read_yaml_files, spark)), spark


def with_free_run_id(request: Request, store: TableStore, log: RunLog) -> Request:
    """Return the request with a run id that no run has; a scheduler retries with the one of the first try."""
    if not request.has_given_run_id or request.verb in READ_ONLY or not store.exists(RUN_LOG):
        return request
    return replace(request, run_id=log.book.free_run_id(request.run_id))


def open_session(request: Request, own_session: bool, stack: ExitStack) -> SparkSession:
    """Return a local session that ends with the run, or the one that spark-submit configured."""
    active = SparkSession.getActiveSession()
    if own_session and active is None:
        spark = build_local_session(f"rfm-spark {request.verb}")
        stack.callback(spark.stop)
    else:
        spark = active or SparkSession.builder.appName(f"rfm-spark {request.verb}").getOrCreate()
    require_delta(spark)
    return spark
