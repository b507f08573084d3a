"""Two writers, lost replies and the writer's lock."""

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.model import Warehouse
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.errors import ConflictError
from rfm_spark.io.locks import LOCK_FILE, local_lock, started_at
from rfm_spark.io.tables import TableStore

DAY = date(2024, 1, 31)


def one_segment(spark: SparkSession, segment: str) -> DataFrame:
    return spark.createDataFrame([(DAY, "tier", 1, segment, "r1")], MEMBER_SEGMENT.schema_text())


class LosesTheReply(TableStore):
    """A writer whose commit lands and who never hears of it."""

    def _write(self, table: Table, writer: DataFrameWriter) -> None:
        super()._write(table, writer)
        raise OSError("connection reset")


class NeverWrites(TableStore):
    """A writer whose storage is gone."""

    def _write(self, table: Table, writer: DataFrameWriter) -> None:  # noqa: ARG002  # the signature of what it replaces
        raise OSError("no route to storage")


@pytest.fixture
def warehouse(store: TableStore) -> Warehouse:
    store.create(MEMBER_SEGMENT)
    return store.warehouse


def slow_segment(spark: SparkSession, segment: str, folder: Path) -> DataFrame:
    """Return a frame that tells when a task computes it and waits there until it may go on."""
    started, may_go_on = str(folder / "started"), str(folder / "may_go_on")

    def wait(value: str) -> str:
        Path(started).touch()
        while not Path(may_go_on).exists():
            time.sleep(0.05)
        return value

    return one_segment(spark, segment).withColumn(c.SEGMENT, F.udf(wait, "string")(c.SEGMENT))


def test_of_two_writers_of_one_date_the_slower_may_retry(spark: SparkSession, warehouse: Warehouse, tmp_path: Path):
    store = TableStore(spark, warehouse)
    store.append(MEMBER_SEGMENT, one_segment(spark, "old"), {})
    other = TableStore(spark.newSession(), warehouse)
    with ThreadPoolExecutor(1) as pool:
        frame = slow_segment(other.spark, "slow", tmp_path)
        slow = pool.submit(other.replace, MEMBER_SEGMENT, frame, {c.AS_OF_DATE: DAY}, {"run_id": "slow"})
        while not (tmp_path / "started").exists() and not slow.done():
            time.sleep(0.05)
        store.replace(MEMBER_SEGMENT, one_segment(spark, "fast"), {c.AS_OF_DATE: DAY}, {"run_id": "fast"})
        (tmp_path / "may_go_on").touch()
        with pytest.raises(ConflictError, match="run the same command again"):
            slow.result(120)
    assert [row[c.SEGMENT] for row in store.read(MEMBER_SEGMENT).collect()] == ["fast"]


def test_a_commit_that_landed_and_raised_is_a_success(spark: SparkSession, warehouse: Warehouse):
    version = LosesTheReply(spark, warehouse).append(MEMBER_SEGMENT, one_segment(spark, "gold"), {"run_id": "r1"})
    store = TableStore(spark, warehouse)
    assert version == store.version(MEMBER_SEGMENT)
    assert store.read(MEMBER_SEGMENT).count() == 1


def test_a_commit_that_never_landed_is_a_failure(spark: SparkSession, warehouse: Warehouse):
    with pytest.raises(OSError, match="no route"):
        NeverWrites(spark, warehouse).append(MEMBER_SEGMENT, one_segment(spark, "gold"), {"run_id": "r1"})


def test_another_writers_commit_is_not_taken_for_ours(spark: SparkSession, warehouse: Warehouse):
    store = TableStore(spark, warehouse)
    mine = store.append(MEMBER_SEGMENT, one_segment(spark, "gold"), {"run_id": "same"})
    assert store.append(MEMBER_SEGMENT, one_segment(spark, "gold"), {"run_id": "same"}) == mine + 1


def test_the_lock_is_held_by_one_process_and_named(store: TableStore):
    assert store.root is not None
    file = Path(store.root, LOCK_FILE)
    with store.lock():
        holder = json.loads(file.read_text())
        assert (holder["pid"], holder["host"]) == (os.getpid(), socket.gethostname())
        with pytest.raises(ConflictError, match=f"process {os.getpid()} on") as caught, store.lock():
            pass
        assert str(file) in str(caught.value)
    assert not file.exists()


def test_the_lock_ends_with_a_failure_too(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), local_lock(tmp_path):
        raise ZeroDivisionError
    assert not (tmp_path / LOCK_FILE).exists()


def dead_pid() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.mark.parametrize(
    "holder",
    [
        lambda: {"pid": dead_pid(), "host": socket.gethostname(), "started": "1"},
        lambda: {"pid": os.getpid(), "host": socket.gethostname(), "started": "1"},
        lambda: {"host": socket.gethostname()},
    ],
    ids=["dead process", "number given again", "no process"],
)
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path, holder: Any):
    (tmp_path / LOCK_FILE).write_text(json.dumps(holder()))
    with local_lock(tmp_path) as file:
        assert json.loads(file.read_text())["started"] == started_at(os.getpid())


def test_an_empty_lock_file_is_taken_over(tmp_path: Path):
    (tmp_path / LOCK_FILE).write_text("")
    with local_lock(tmp_path):
        pass


def test_the_lock_of_another_machine_stands(tmp_path: Path):
    (tmp_path / LOCK_FILE).write_text(json.dumps({"pid": 1, "host": "elsewhere", "started": "1"}))
    with pytest.raises(ConflictError, match="process 1 on elsewhere"), local_lock(tmp_path):
        pass


def test_a_warehouse_in_a_catalog_is_left_to_its_storage(spark: SparkSession):
    store = TableStore(spark, Warehouse(catalog="spark_catalog", schema="anywhere"))
    with store.lock(), store.lock():
        pass
