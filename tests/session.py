"""The one Spark session of a test run, small and quiet, and the real data sets; conftest.py gives them to all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.io.session import INTERPRETED, build_local_session, shared_classes

SHARED_DATA = Path(os.environ.get("RFM_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

COMPILED = os.environ.get("RFM_TEST_COMPILED") == "1"
SMALL_SESSION = {
    # As commands on few rows run; what is compiled is tested by submitted jobs, and all the rest by --all.
    **({} if COMPILED else INTERPRETED),
    "spark.master": "local[2]",
    "spark.driver.memory": "3g",
    # The second compiler halves the CPU of a run of minutes, which is mostly Spark's planning.
    "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC {shared_classes()}",
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.sql.warehouse.dir": "spark-warehouse",
    # Tests look at filters in plans; their text is cut, and where depends on how many columns the session has seen.
    "spark.sql.maxMetadataStringLength": "10000",
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The one session; a test that changes a setting puts it back."""
    warehouse = str(tmp_path_factory.mktemp("spark-warehouse"))
    session = build_local_session("rfm-spark-tests", {**SMALL_SESSION, "spark.sql.warehouse.dir": warehouse})
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="module", autouse=True)
def forgotten_tables() -> Iterator[None]:
    """Let go of the tables of a module: Delta keeps every log it has seen, and the heap of one session would fill."""
    yield
    session = SparkSession.getActiveSession()
    if session is not None:
        session._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()


@pytest.fixture(scope="module")
def compiled(spark: SparkSession) -> Iterator[None]:
    """Generated code, as a job runs it, where it is the thing to test."""
    before = {key: spark.conf.get(key, None) for key in INTERPRETED}
    spark.conf.set("spark.sql.codegen.wholeStage", "true")
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK")
    yield
    for key, value in before.items():
        spark.conf.unset(key) if value is None else spark.conf.set(key, value)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the four real data sets; without it the test skips, or fails where CI demands them."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    if os.environ.get("RFM_REQUIRE_SHARED_DATA") == "1":
        pytest.fail("the real data sets are required by RFM_REQUIRE_SHARED_DATA=1 but RFM_SHARED_DATA is no folder")
    pytest.skip("the real data sets are not on this machine; name their folder in RFM_SHARED_DATA")
