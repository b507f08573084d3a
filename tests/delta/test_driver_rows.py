"""Frames of rows from the driver: every type, no Python on executors, no value in a plan."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from pyspark.sql import SparkSession

from rfm_spark.driver_rows import driver_rows
from tests.jobs.commands import ROOT

MOMENT = datetime(2024, 1, 1, 8, 0, 0, 123456, tzinfo=UTC)
SCHEMA = (
    "name string, small tinyint, number int, id bigint, ratio double, is_open boolean, day date, moment timestamp, "
    "amount decimal(38,4), counts map<string,bigint>, words map<string,string>, reasons array<string>, pad binary"
)
ROW = (
    'a "quoted" \\ name, with ü', 3, 4, 2**62, 0.1, True, date(2024, 2, 29), MOMENT,
    Decimal("-12345678901234567890123456789012.3400"), {"a": 2**60}, {"b": "c"}, ["x", None], bytearray(b"\x00\xff"),
)  # fmt: skip
WITHOUT_PYTHON = """
from rfm_spark.driver_rows import driver_rows
from rfm_spark.io.session import build_local_session
spark = build_local_session("no python", {"spark.master": "local[1]", "spark.driver.memory": "1g"})
rows = driver_rows(spark, [("a", 1), ("b", 2)], "name string, number int")
print([tuple(row) for row in rows.repartition(2).groupBy("name").count().sort("name").collect()])
"""


def test_every_type_comes_back_as_it_was_given(spark: SparkSession):
    full, empty = driver_rows(spark, [ROW, (None,) * len(ROW)], SCHEMA).collect()
    assert {**full.asDict(), "moment": full["moment"].astimezone(UTC)} == dict(zip(full.asDict(), ROW, strict=True))
    assert set(empty.asDict().values()) == {None}


def test_a_frame_without_rows_has_its_columns(spark: SparkSession):
    frame = driver_rows(spark, [], SCHEMA)
    assert frame.isEmpty()
    assert [f"{name} {kind}" for name, kind in frame.dtypes] == SCHEMA.split(", ")


def test_no_plan_shows_a_value(spark: SparkSession):
    frame = driver_rows(spark, [("canary", 4711)], "name string, number int").where("number > 1")
    plan = str(frame._jdf.queryExecution().toString())
    assert "LocalTableScan" in plan
    assert "canary" not in plan
    assert "4711" not in plan


def test_executors_need_no_python(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYTHON],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": "/bin/false"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "[('a', 1), ('b', 1)]" in done.stdout, done.stderr[-2000:]
