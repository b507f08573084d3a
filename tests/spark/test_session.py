from pyspark.sql import SparkSession


def test_session_writes_and_reads_delta(spark: SparkSession, tmp_path):
    spark.range(3).write.format("delta").save(str(tmp_path / "t"))
    assert spark.read.format("delta").load(str(tmp_path / "t")).count() == 3
