"""Stages of a run: read back in order, gone at the end."""

from pathlib import Path

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.model import Warehouse
from rfm_spark.errors import UsageError
from rfm_spark.io.files import Staging, folders_in, staging_folder


def test_a_stage_keeps_one_partition_per_partition_in_its_order(spark: SparkSession, tmp_path: Path):
    frame = spark.range(0, 2000, 1, 7).withColumn("reversed", -F.col("id")).sortWithinPartitions("reversed")
    with Staging(spark, str(tmp_path), "2024-run.1") as staging:
        kept = staging.stage(frame, "measures")
        packed = staging.stage(frame, "packed", keep_order=False)
        assert kept.rdd.getNumPartitions() == 7
        assert packed.rdd.getNumPartitions() < 7
        for part in kept.rdd.glom().collect():
            ids = [row["id"] for row in part]
            assert ids == sorted(ids, reverse=True)
            assert max(ids) - min(ids) == len(ids) - 1
        assert_df_equality(kept, frame, ignore_row_order=True, ignore_nullable=True)
        assert kept.sparkSession is spark
        assert spark.conf.get("spark.sql.files.openCostInBytes") != str(2**40)


def stage_and_fail(staging: Staging) -> None:
    with staging:
        staging.stage(staging.spark.range(3), "one")
        raise ZeroDivisionError


def test_stages_are_gone_after_success_and_after_failure(spark: SparkSession, tmp_path: Path):
    with Staging(spark, str(tmp_path), "r1") as staging:
        staging.stage(spark.range(3), "one")
        assert folders_in(spark, str(tmp_path)) == ["r1"]
    with pytest.raises(ZeroDivisionError):
        stage_and_fail(Staging(spark, str(tmp_path), "r2"))
    assert list(tmp_path.iterdir()) == []
    staging.clear()


def test_a_second_stage_of_one_name_replaces_the_first(spark: SparkSession, tmp_path: Path):
    with Staging(spark, str(tmp_path), "r1") as staging:
        staging.stage(spark.range(3), "one")
        assert staging.stage(spark.range(5), "one").count() == 5


def test_orphans_are_stages_of_runs_that_are_over(spark: SparkSession, tmp_path: Path):
    for run in ("r1", "r2"):
        Staging(spark, str(tmp_path), run).stage(spark.range(1), "one")
    assert folders_in(spark, str(tmp_path)) == ["r1", "r2"]
    assert folders_in(spark, str(tmp_path / "nowhere")) == []


def test_stages_lie_beside_the_tables_or_where_the_configuration_says():
    assert staging_folder(Warehouse(path="/lake/rfm/")) == "/lake/rfm/_staging"
    assert staging_folder(Warehouse(catalog="c", schema="s", staging_path="s3a://b/x")) == "s3a://b/x"
    with pytest.raises(UsageError, match="staging_path"):
        staging_folder(Warehouse(catalog="c", schema="s"))


@pytest.mark.parametrize("run_id", ["../up", "a/b", "", ".hidden"])
def test_a_run_id_cannot_leave_the_folder(spark: SparkSession, tmp_path: Path, run_id: str):
    with pytest.raises(UsageError, match="--run-id"):
        Staging(spark, str(tmp_path), run_id)
