"""Bad deliveries: each gives its exit code, a message with file and next step, and shows no data."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Format
from rfm_spark.errors import ExitCode, RfmSparkError, UsageError
from rfm_spark.ingest.failures import translate_read_error
from tests.spark.ingest_cases import Ingest, source_of

HEADER = "id,at,amount,order\n"
LINE = "17850,2011-12-01,5,A\n"


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def failure(ingest: Ingest, path: Path, **settings: object) -> RfmSparkError:
    """Return what a step would tell of an ingest that fails."""
    with pytest.raises(Exception) as raised:  # noqa: PT011  # any class: the message is what counts
        ingest.stage(source_of(path, **settings))
    return translate_read_error(raised.value, "source shop")


def test_an_empty_folder_and_a_glob_without_files_are_usage_errors(ingest: Ingest) -> None:
    (ingest.folder / "empty").mkdir()
    for path in (ingest.folder / "empty", ingest.folder / "*.csv", ingest.folder / "none.csv"):
        for format_ in Format.CSV, Format.PARQUET, Format.JSON, Format.TEXT:
            error = failure(ingest, path, format=format_)
            assert error.exit_code is ExitCode.USAGE
            assert f"no file matches {path}" in str(error)


def test_files_without_a_single_byte_are_a_usage_error(ingest: Ingest) -> None:
    path = ingest.write("empty.csv", "")
    assert failure(ingest, path).exit_code is ExitCode.USAGE


def test_a_header_alone_is_zero_lines(ingest: Ingest) -> None:
    _, counts = ingest.stage(source_of(ingest.write("a.csv", HEADER)))
    assert (counts.read, counts.first_day) == (0, None)


def test_a_file_that_lost_a_column_is_named_with_found_and_expected(ingest: Ingest) -> None:
    ingest.write("in/a.csv", HEADER + LINE)
    ingest.write("in/b.csv", "id,at,total,order\n17850,2011-12-01,5,A\n")
    error = failure(ingest, ingest.folder / "in")
    assert error.exit_code is ExitCode.USAGE
    assert str(error) == (
        "source shop: b.csv: columns found: id, at, total, order; expected amount, at, id, order; missing: amount"
    )


def test_a_file_without_a_header_shows_none_of_its_values(ingest: Ingest) -> None:
    error = failure(ingest, ingest.write("a.csv", LINE))
    assert error.exit_code is ExitCode.USAGE
    assert "header line" in str(error)
    assert "17850" not in str(error)


def test_a_retyped_column_is_found_before_anything_is_read(ingest: Ingest) -> None:
    frame = ingest.spark.range(1).select(
        F.lit("1").alias("id"), F.array(F.lit(1)).alias("at"), F.lit(True).alias("amount"), F.lit("A").alias("order")
    )
    frame.write.parquet(str(ingest.folder / "p"))
    error = failure(ingest, ingest.folder / "p", format=Format.PARQUET)
    assert error.exit_code is ExitCode.USAGE
    assert "at is array<int>; amount is boolean" in str(error)
    assert "amount as string or" in str(error)


def test_a_parquet_file_that_lost_or_retyped_a_column_is_named(ingest: Ingest) -> None:
    whole = ingest.spark.sql("select 1 id, '2011-12-01' at, 5 amount, 'A' order")
    for name, frame in {"lost": whole.drop("amount"), "retyped": whole.withColumn("amount", F.lit("5"))}.items():
        folder = ingest.folder / name
        whole.coalesce(1).write.parquet(str(folder / "n=1"))
        frame.coalesce(1).write.parquet(str(folder / "n=2"))
        error = failure(ingest, folder, format=Format.PARQUET)
        assert error.exit_code is ExitCode.USAGE
        assert "n=2/part-" in str(error)
        assert "amount" in str(error)


def test_truncated_files_fail_even_where_the_session_ignores_them(ingest: Ingest) -> None:
    packed = gzip.compress((HEADER + "".join(LINE.replace("17850", str(n)) for n in range(60_000))).encode())
    ingest.write("cut.csv.gz", packed[: len(packed) // 2])
    ingest.spark.range(1000).selectExpr("id", "'2011-12-01' at", "5 amount", "'A' order").coalesce(1).write.parquet(
        str(ingest.folder / "whole")
    )
    (part,) = (ingest.folder / "whole").glob("*.parquet")
    ingest.write("cut.parquet", part.read_bytes()[:-20])
    ingest.write("hole.parquet", part.read_bytes()[:4] + b"\0" * 400 + part.read_bytes()[404:])
    ingest.spark.conf.set("spark.sql.files.ignoreCorruptFiles", "true")
    try:
        for name in ("cut.csv.gz", "cut.parquet", "hole.parquet"):
            format_ = Format.CSV if ".csv" in name else Format.PARQUET
            error = failure(ingest, ingest.folder / name, format=format_)
            assert error.exit_code is ExitCode.FAILED, name
            assert name in str(error), name
            assert "deliver" in str(error), name
            assert "178" not in str(error).replace(str(ingest.folder), ""), name
    finally:
        ingest.spark.conf.unset("spark.sql.files.ignoreCorruptFiles")


def test_a_failed_cast_never_shows_its_value(ingest: Ingest) -> None:
    frame = ingest.spark.createDataFrame([("anna@b.example",)], "reference string")
    with pytest.raises(Exception, match="anna") as raised:
        frame.select(F.col("reference").cast("int")).collect()
    error = translate_read_error(raised.value, "source shop")
    assert str(error).startswith("source shop: reading failed (CAST_INVALID_INPUT)")
    assert "anna" not in str(error)


def test_an_error_of_ours_is_handed_on_as_it_is() -> None:
    error = UsageError("source shop", "no file")
    assert translate_read_error(error, "elsewhere") is error


def test_a_clock_change_and_a_day_that_is_none(ingest: Ingest) -> None:
    times = ["2024-03-31 02:30:00", "2024-02-30", "2024-02-29"]
    path = ingest.write("a.csv", HEADER + "".join(f"1,{time},5,A\n" for time in times))
    _, counts = ingest.stage(replace(source_of(path), time_zone="Europe/Berlin"))
    assert (counts.accepted, counts.reasons) == (2, {"bad date": 1})


def test_characters_that_are_not_utf_8_do_not_stop_the_ingest(ingest: Ingest) -> None:
    path = ingest.write("a.csv", HEADER.encode() + "17850,2011-12-01,5,图书\n".encode("gbk") + LINE.encode())
    _, counts = ingest.stage(source_of(path))
    assert (counts.read, counts.accepted) == (2, 2)
