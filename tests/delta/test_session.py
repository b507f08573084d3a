"""What a session must bring, and what it is set to whatever a platform says."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.errors import UsageError
from rfm_spark.io.launch import NOISE
from rfm_spark.io.session import (
    CLASS_ARCHIVE,
    DELTA_CATALOG,
    SAFETY,
    apply_read_safety,
    driver_memory,
    large_pages,
    require_delta,
    shared_classes,
)
from tests.delta.samples import HOSTILE
from tests.jobs.commands import ROOT

OF_ITS_OWN = """
from rfm_spark.io.session import build_local_session
spark = build_local_session("files", {"spark.master": "local[1]", "spark.driver.memory": "1g"})
spark.range(3).write.format("delta").save("table")
spark.range(3).write.parquet("stage")
spark.sql("CREATE TABLE without_a_path (id int) USING parquet")
print(spark.read.format("delta").load("table").count() + spark.read.parquet("stage").count(), "rows")
"""


class WithoutDelta:
    """A session as spark-submit makes it without our two settings."""

    class conf:  # noqa: N801  # named like the attribute it stands in for
        @staticmethod
        def get(_: str, default: str) -> str:
            return default


@pytest.fixture
def hostile(spark: SparkSession) -> SparkSession:
    session = spark.newSession()
    for key, value in HOSTILE.items():
        session.conf.set(key, value)
    return session


def test_a_session_without_delta_is_told_the_two_lines_to_add(spark: SparkSession):
    require_delta(spark)
    with pytest.raises(UsageError) as caught:
        require_delta(WithoutDelta())
    for line in (
        "--conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension",
        f"--conf spark.sql.catalog.spark_catalog={DELTA_CATALOG}",
    ):
        assert line in str(caught.value)


def test_safety_wins_over_a_platforms_defaults(hostile: SparkSession):
    hostile.conf.set("spark.databricks.delta.commitInfo.userMetadata", "theirs")
    apply_read_safety(hostile)
    assert {key: hostile.conf.get(key) for key in SAFETY} == SAFETY
    assert hostile.conf.get("spark.databricks.delta.commitInfo.userMetadata", "none") == "none"


def test_the_heap_is_named_or_half_of_the_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RFM_SPARK_DRIVER_MEMORY", "3g")
    assert driver_memory() == "3g"
    monkeypatch.delenv("RFM_SPARK_DRIVER_MEMORY")
    assert 1024 <= int(driver_memory().removesuffix("m")) <= 8192


@pytest.mark.parametrize(
    ("switch", "option"),
    [
        ("always [madvise] never", "-XX:+UseTransparentHugePages"),
        ("[always] madvise never", "-XX:+UseTransparentHugePages"),
        ("always madvise [never]", ""),
        (None, ""),
    ],
)
def test_large_pages_are_asked_for_only_where_the_kernel_gives_them(tmp_path: Path, switch: str | None, option: str):
    file = tmp_path / "enabled"
    if switch is not None:
        file.write_text(switch)
    assert large_pages(file) == option


def test_the_class_archive_is_used_where_it_is_there(tmp_path: Path):
    archive = tmp_path / "in a folder" / "classes.jsa"
    assert shared_classes(archive) == ""
    archive.parent.mkdir()
    archive.touch()
    assert shared_classes(archive) == "", "empty: this Java could not write one"
    archive.write_bytes(b"laid out")
    assert f'"-XX:SharedArchiveFile={archive}"' in shared_classes(archive)


def test_this_session_uses_the_archive_of_its_set_up(spark: SparkSession):
    mapped = Path(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}/maps")
    if not shared_classes() or not mapped.exists():
        pytest.skip("no archive beside this Python, or a system that does not show what a process has mapped")
    assert str(CLASS_ARCHIVE) in mapped.read_text()


def test_a_session_with_the_archive_of_another_java_starts_and_says_nothing(tmp_path: Path):
    archive = tmp_path / "other java.jsa"
    archive.write_bytes(b"of another Java" * 1000)
    java = Path(os.environ.get("JAVA_HOME", "/usr")) / "bin" / "java"
    done = subprocess.run([java, *shlex.split(shared_classes(archive)), "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "warning" not in done.stdout


def test_a_local_session_leaves_nothing_but_what_it_was_asked_to_write(tmp_path: Path):
    called_in, scratch = tmp_path / "called in", tmp_path / "scratch"
    called_in.mkdir()
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", OF_ITS_OWN],
        cwd=called_in, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "6 rows" in done.stdout, done.stderr[-2000:]
    assert NOISE.decode() not in done.stderr
    assert sorted(os.listdir(called_in)) == ["stage", "table"]
    assert list(called_in.rglob(".*.crc")) == [], "checksums that Hadoop keeps beside every file"
    assert list(scratch.glob("rfm-spark-*")) == []
