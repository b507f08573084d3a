"""Folders like `day=2024-01-05` in the path of a source: they are columns, and no file beside them gets lost."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.choices import Format
from rfm_spark.config.source import ColumnMapping
from rfm_spark.errors import UsageError
from rfm_spark.ingest.outputs import transactions
from tests.spark.ingest_cases import Ingest, source_of


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


@pytest.mark.parametrize("format_", [Format.CSV, Format.JSON, Format.PARQUET, Format.TEXT])
def test_files_beside_folders_of_days_are_read_too(ingest: Ingest, format_: Format) -> None:
    for number, name in enumerate(("old", "day=2024-02-01/new", "day=2024-02-02/new")):
        frame = ingest.spark.sql(f"SELECT {number} id, '2024-01-05' at, {number} amount")
        frame = frame.selectExpr("concat_ws(' ', id, at, amount) value") if format_ is Format.TEXT else frame
        writer = frame.coalesce(1).write.option("header", True)
        writer.format(format_.value).save(str(ingest.folder / f"all/{name}"))
        for file in (ingest.folder / f"all/{name}").glob("part-*"):
            place = ingest.folder / "in" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            file.rename(place.with_suffix(file.suffix))
    part = {field: ColumnMapping(column="value", pattern=f"^{'[^ ]+ ' * n}([^ ]+)") for n, field in
            enumerate(("member", "ordered_at", "amount"))}  # fmt: skip
    columns = part if format_ is Format.TEXT else {"member": "id", "ordered_at": "at", "amount": "amount"}
    _, counts = ingest.stage(source_of(ingest.folder / "in", columns, format=format_))
    assert (counts.read, counts.accepted) == (3, 3)


@pytest.mark.parametrize("beside", ["old/a.csv", "old/day=2024-02-01/a.csv"])
def test_folders_of_another_kind_beside_those_of_days_are_one_sentence(ingest: Ingest, beside: str) -> None:
    for name in ("day=2024-02-01/new.csv", beside):
        ingest.write(f"in/{name}", "id,at,amount,order\n1,2024-01-05,1,x\n")
    with pytest.raises(UsageError, match="has folders like day=1 beside others; expected folders of one kind"):
        ingest.stage(source_of(ingest.folder / "in"))


def test_text_has_the_columns_of_its_folders(ingest: Ingest) -> None:
    for store in ("007", "008"):
        ingest.write(f"text/store={store}/a.txt", f"till\n{int(store)} 2024-01-05 5\n")
    columns = {
        "member": ColumnMapping(column="value", pattern=r"^(\S+)"), "amount": ColumnMapping(value="5"),
        "ordered_at": ColumnMapping(column="value", pattern=r"^\S+ (\S+)"), "channel": "store",
    }  # fmt: skip
    source = source_of(ingest.folder / "text", columns, format=Format.TEXT, skip_lines=1)
    staged, _ = ingest.stage(source)
    found = transactions(staged, source).select("member_id", "channel").collect()
    assert {tuple(row) for row in found} == {(7, "007"), (8, "008")}


def test_folders_are_columns_of_several_paths_too(ingest: Ingest) -> None:
    for number, store in ((1, "007"), (2, "008")):
        frame = ingest.spark.sql(f"SELECT {number} id, '2024-01-05' at, {number} amount, 'x' order")
        wider = frame if number == 1 else frame.withColumn("note", frame["id"])
        wider.write.parquet(str(ingest.folder / f"typed/store={store}/day"))
        ingest.write(f"text/store={store}/a.csv", f"id,at,amount,order\n{number},2024-01-05,{number},x\n")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount", "channel": "store"}
    for format_, folder, inner in ((Format.PARQUET, "typed", "day"), (Format.CSV, "text", "a.csv")):
        paths = tuple(str(ingest.folder / folder / f"store={store}" / inner) for store in ("007", "008"))
        source = source_of("", columns, paths=paths, format=format_)
        staged, _ = ingest.stage(source)
        found = transactions(staged, source).select("member_id", "channel").collect()
        assert {tuple(row) for row in found} == {(1, "007"), (2, "008")}
