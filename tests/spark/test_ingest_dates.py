"""Dates by declaration: numbers of days and seconds, lists that a value fits twice, and dates of several columns."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery, Format
from rfm_spark.config.source import ColumnMapping, Fixed
from rfm_spark.contracts import columns as c
from rfm_spark.errors import UsageError
from rfm_spark.ingest import advice
from rfm_spark.ingest.raw_lines import RAW, raw_types
from rfm_spark.ingest.sources import read_lines
from rfm_spark.ingest.times import Zones, instant_of
from rfm_spark.runs.progress import Progress
from rfm_spark.steps.ingesting.sources import read_source
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Request
from tests.spark.ingest_cases import KEY, NAMED, SALES, Ingest, source_of

MIXED = Zones(source="America/New_York", calendar="Asia/Shanghai")
DAY = "ordered_at"


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def days_of(ingest: Ingest, path: Path, mapping: ColumnMapping, **settings: object) -> dict[str, str]:
    """Ingest a source whose column `cust` tells its lines apart; return the day of each accepted one."""
    staged, _ = ingest.stage(source_of(path, {**SALES, DAY: mapping}, **settings), NAMED, key=KEY)
    return {row[0]: str(row[1]) for row in staged.where("fate = 'accepted'").select(c.ID_VALUE, "line_day").collect()}


def instants(
    spark: SparkSession, texts: list[str], formats: tuple[str, ...], type_: str = "string"
) -> list[str | None]:
    """Return the instants of values in UTC, as text; the values are cast to the type of a column first."""
    frame = spark.createDataFrame([(n, text) for n, text in enumerate(texts)], "n int, text string")
    at = instant_of(F.col("text").cast(type_), type_, formats, MIXED)
    return [row[0] for row in frame.select("n", at.cast("string").alias("at")).orderBy("n").select("at").collect()]


@pytest.mark.parametrize("type_", ["string", "double", "decimal(15,8)"])
def test_a_serial_number_of_a_sheet_is_a_day_and_its_fraction_the_time_at_the_source(
    spark: SparkSession, type_: str
) -> None:
    texts = [
        "45296",
        "45296.0",
        "45296.5",
        "45296.41666667",
        "61",
        "60",
        "60.5",
        "59",
        "3",
        "0",
        "0.5",
        "-1",
        "2958466",
    ]
    assert instants(spark, texts, ("excel",), type_) == [
        "2024-01-04 16:00:00", "2024-01-04 16:00:00", "2024-01-05 17:00:00", "2024-01-05 15:00:00",
        *instants(spark, ["1900-03-01"], ()), None, None, *instants(spark, ["1900-02-28", "1900-01-03"], ()),
        None, None, None, None,
    ]  # fmt: skip
    assert instants(spark, ["43834.5"], ("excel_1904",), type_) == ["2024-01-05 17:00:00"]


def test_whole_serial_numbers_of_whole_types_and_texts_that_are_no_numbers(spark: SparkSession) -> None:
    assert instants(spark, ["45296"], ("excel",), "int") == ["2024-01-04 16:00:00"]
    assert instants(spark, ["45296,5", "2024-01-05", "x", " 45296 ", "4.5296E4"], ("excel",)) == [
        None, None, None, "2024-01-04 16:00:00", "2024-01-04 16:00:00",
    ]  # fmt: skip


EPOCHS = {
    "epoch_seconds": "1704450600", "epoch_millis": "1704450600123", "epoch_micros": "1704450600123456",
    "epoch_nanos": "1704450600123456789",
}  # fmt: skip


@pytest.mark.parametrize("word", EPOCHS)
def test_a_number_since_1970_may_count_in_four_units_in_text_and_in_numbers(spark: SparkSession, word: str) -> None:
    fraction = {"epoch_seconds": "", "epoch_millis": ".123"}.get(word, ".123456")
    expected = [f"2024-01-05 10:30:00{fraction}"]
    for type_ in ("string", "bigint", "decimal(20,0)"):
        assert instants(spark, [EPOCHS[word]], (word,), type_) == expected
    before = {"epoch_seconds": "-1", "epoch_millis": "-1", "epoch_micros": "-1", "epoch_nanos": "-1"}[word]
    last = {"epoch_seconds": "59", "epoch_millis": "59.999"}.get(word, "59.999999")
    assert instants(spark, [before, "x", "", "9" * 25], (word,)) == [f"1969-12-31 23:59:{last}", None, None, None]


def test_seconds_with_a_fraction_and_seconds_as_doubles_are_no_bad_dates(spark: SparkSession) -> None:
    expected = ["2024-01-05 10:30:00.5", "2024-01-05 10:30:00"]
    assert instants(spark, ["1704450600.5", "1704450600.0"], ("epoch_seconds",)) == expected
    assert instants(spark, ["1704450600.5", "1704450600"], ("epoch_seconds",), "double") == expected
    assert instants(spark, ["20240105"], ("yyyyMMdd",), "double") == ["2024-01-04 16:00:00"]


def test_lines_that_two_formats_read_as_two_days_are_counted_and_read_by_the_first(ingest: Ingest) -> None:
    lines = ["A,03/04/2024,1", "B,25/12/2024,1", "C,12/25/2024,1", "D,04/04/2024,1", "E,05/06/2024,x", "F,31/31/2024,1"]
    path = ingest.write("in.csv", "\n".join(["cust,day,amount", *lines]) + "\n")
    mapping = ColumnMapping(column="day", formats=("dd/MM/yyyy", "MM/dd/yyyy"))
    staged, counts = ingest.stage(source_of(path, {**SALES, DAY: mapping}), NAMED, key=KEY)
    assert (counts.two_days, counts.accepted) == (1, 4), "A; a rejected line has no day"
    days = {row[0]: str(row[1]) for row in staged.where("fate = 'accepted'").select(c.ID_VALUE, "line_day").collect()}
    assert days == {"A": "2024-04-03", "B": "2024-12-25", "C": "2024-12-25", "D": "2024-04-04"}
    assert "has_two_days" not in staged.columns
    one = ColumnMapping(column="day", formats=("dd/MM/yyyy", "epoch_seconds"))
    assert ingest.stage(source_of(path, {**SALES, DAY: one}), NAMED, key=KEY)[1].two_days == 0


def test_the_ingest_tells_of_them_and_of_large_files_without_a_value(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(frame: DataFrame, name: str, **_: bool) -> DataFrame:
        frame.write.parquet(str(ingest.folder / name))
        return ingest.spark.read.parquet(str(ingest.folder / name))

    log = StringIO()
    progress, staging = Progress("run-1", stream=log), SimpleNamespace(stage=stage)
    job = SimpleNamespace(
        spark=ingest.spark, config=NAMED, request=Request("ingest"), today=None, progress=progress, staging=staging
    )
    path = ingest.write("in.csv", "cust,day,amount\ncanary,03/04/2024,1\ncanary,25/12/2024,1\n")
    mapping = ColumnMapping(column="day", formats=("dd/MM/yyyy", "MM/dd/yyyy"))
    monkeypatch.setattr(advice, "LARGE_FILE", 10)
    read_source(cast("Job", job), source_of(path, {**SALES, DAY: mapping}), KEY)
    large, two_days = progress.notes
    assert large.startswith("source shop: in.csv has 0.0 GB and is read by one task: write multi_line: false")
    assert two_days.startswith("source shop: the time of 1 line fits two formats of ordered_at and would be two days")
    assert two_days in log.getvalue()
    assert not any(value in log.getvalue() for value in ("canary", "03/04", "2024"))


def test_a_date_may_be_made_of_columns_and_of_a_fixed_year(ingest: Ingest) -> None:
    path = ingest.write(
        "in.csv", "cust,y,m,d,clock,short,amount\nA,2024,1,5,23:30,05.01.,1\nB,2024,2,30,09:00,29.02.,1\n"
    )
    of_three = ColumnMapping(concat=("y", "m", "d"), between="-", formats=("yyyy-M-d",))
    assert days_of(ingest, path, of_three) == {"A": "2024-01-05"}
    without_a_year = ColumnMapping(concat=("short", Fixed("2024")), formats=("dd.MM.yyyy",))
    assert days_of(ingest, path, without_a_year) == {"A": "2024-01-05", "B": "2024-02-29"}
    with_clock = ColumnMapping(concat=("short", Fixed("2024 "), "clock"), formats=("dd.MM.yyyy HH:mm",))
    assert days_of(ingest, path, with_clock, time_zone="America/New_York")["A"] == "2024-01-06"
    headless = ingest.write("h.csv", "A,x,5,05.01.2024,10:15\nB,x,5,06.01.2024,\n")
    of_two = ColumnMapping(concat=("_c3", "_c4"), between=" ", formats=("dd.MM.yyyy HH:mm",))
    columns = {"member": "_c0", "amount": "_c2", DAY: of_two}
    _, counts = ingest.stage(source_of(headless, columns, options={"header": "false"}), NAMED, key=KEY)
    assert (counts.accepted, counts.reasons) == (1, {"bad date": 1}), "a part is missing"


def test_typed_columns_are_parts_of_a_date_and_a_timestamp_is_none(ingest: Ingest) -> None:
    path = ingest.folder / "typed"
    row = "'A' cust, 2024 y, 1.0D m, CAST(5 AS DECIMAL(4,1)) d, DATE'2024-01-05' on, '22:15' clock, 1 amount"
    ingest.spark.range(1).selectExpr(*row.split(", "), "TIMESTAMP'2024-01-05 00:00:00' at").write.parquet(str(path))
    of_numbers = ColumnMapping(concat=("y", "m", "d"), between="-", formats=("yyyy-M-d",))
    assert days_of(ingest, path, of_numbers, format=Format.PARQUET) == {"A": "2024-01-05"}
    of_day_and_clock = ColumnMapping(concat=("on", "clock"), between=" ")
    zone = {"time_zone": "America/New_York"}
    assert days_of(ingest, path, of_day_and_clock, format=Format.PARQUET, **zone) == {"A": "2024-01-06"}
    with pytest.raises(UsageError, match="at is timestamp"):
        days_of(ingest, path, ColumnMapping(concat=("at", "clock"), between=" "), format=Format.PARQUET)


def test_times_of_a_parquet_file_may_have_any_unit_and_a_zone_or_none(ingest: Ingest) -> None:
    duckdb = pytest.importorskip("duckdb")
    path, wall = ingest.folder / "units.parquet", "2024-01-05 10:30:00"
    kinds = {"ms": "TIMESTAMP_MS", "us": "TIMESTAMP", "ns": "TIMESTAMP_NS", "zoned": "TIMESTAMPTZ", "on_day": "DATE"}
    typed = ", ".join(f"CAST('{wall}' AS {type_}) AS {name}" for name, type_ in kinds.items())
    numbers = ", ".join(f"CAST({number} AS BIGINT) AS {word}" for word, number in EPOCHS.items())
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(f"COPY (SELECT 'A' AS cust, {typed}, {numbers}, 45296.4375 AS excel) TO '{path}' (FORMAT parquet)")
    named = {**SALES, "order_id": ColumnMapping(concat=("excel", *EPOCHS)), "channel": "on_day"}
    columns = {**named, "brand": ColumnMapping(concat=("cust", "cust")), DAY: "us", "amount": "excel"}
    lines = read_lines(ingest.spark, source_of(path, columns, format=Format.PARQUET)).lines
    types = raw_types(lines)
    names = [*kinds, *EPOCHS, "excel"]
    formats: dict[str, tuple[str, ...]] = {name: () if name in kinds else (name,) for name in names}
    read = [instant_of(F.col(RAW).getField(name), types[name], formats[name], MIXED) for name in names]
    (row,) = lines.select(*(F.unix_seconds(at).alias(name) for name, at in zip(names, read, strict=True))).collect()
    found = {name: str(datetime.fromtimestamp(row[name], UTC))[:19] for name in names}
    local, day = "2024-01-05 15:30:00", "2024-01-04 16:00:00"
    assert found == {
        "ms": local, "us": local, "ns": local, "zoned": wall, "on_day": day, "excel": local,
        **dict.fromkeys(EPOCHS, wall),
    }  # fmt: skip


def test_lists_of_formats_of_the_day_and_of_the_version_stand_side_by_side(ingest: Ingest) -> None:
    lines = "A,03/04/2024,o1,5,2024-05-01\nA,25/12/2023,o2,5,01.05.2024\n"
    path = ingest.write("in.csv", f"cust,day,order,amount,changed\n{lines}")
    columns = {
        **SALES, "order_id": "order", "key": ColumnMapping(first_of=("order",)),
        "ordered_at": ColumnMapping(column="day", formats=("dd/MM/yyyy", "MM/dd/yyyy")),
        "version": ColumnMapping(column="changed", formats=("yyyy-MM-dd", "dd.MM.yyyy")),
    }  # fmt: skip
    staged, counts = ingest.stage(source_of(path, columns, delivery=Delivery.CHANGES), NAMED, key=KEY)
    assert (counts.accepted, counts.two_days) == (2, 1)
    assert staged.select("order_version").distinct().count() == 1
