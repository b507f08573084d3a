"""Lines before the header of CSV files are left out by their place in the file; comments by their first character."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.errors import ExitCode, UsageError
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.files import FileSet, InputFile
from rfm_spark.ingest.skipped_lines import CsvStart, without_beginning
from tests.spark.ingest_cases import KEY, NAMED, SALES, Ingest, source_of

ITEMS = {**SALES, "category": "item"}
TITLE = "Umsatz je Kunde;;;\n;;;\n\n  \nStand: 05.01.2024;;;\n"
HEADER = 'cust;"day";item;amount\n'


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def found(ingest: Ingest, source: Source) -> tuple[set[tuple[str, str | None, Decimal]], dict[str, int]]:
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    rows = staged.where("fate = 'accepted'").select(c.ID_VALUE, c.CATEGORY, c.AMOUNT).collect()
    return {(row[0], row[1], row[2]) for row in rows}, dict(counts.reasons)


@pytest.mark.parametrize("multi_line", [True, False])
def test_lines_before_the_header_are_left_out_of_each_file_and_of_no_other_place(
    ingest: Ingest, multi_line: bool
) -> None:
    item = "two\nlines" if multi_line else "one line"
    files = {
        "one.csv": f'{TITLE}{HEADER}A;2024-01-05;"{item}; ""x""";1.00\n;;;\nUmsatz je Kunde;;;\nB;2024-01-05;;2.00\n',
        "two.csv": f"a\nb\nc\nd\ne\n{HEADER}C;2024-01-05;z;3.00\n".replace("\n", "\r\n"),
        "three.csv": f"\ufeff{TITLE}\n{HEADER}D;2024-01-05;;4.00\n",
        "empty.csv": TITLE,
    }
    for name, text in files.items():
        ingest.write(f"in/{name}", text)
    ingest.write("in/packed.csv.gz", gzip.compress(f"{TITLE}{HEADER}E;2024-01-05;y;5.00\n".encode()))
    source = source_of(
        ingest.folder / "in", ITEMS, options={"sep": ";"}, skip_lines=5, multi_line=multi_line
    )  # fmt: skip
    rows, reasons = found(ingest, source)
    assert rows == {
        ("A", f'{item}; "x"', Decimal(1)), ("B", None, Decimal(2)), ("C", "z", Decimal(3)), ("D", None, Decimal(4)),
        ("E", "y", Decimal(5)),
    }  # fmt: skip
    assert reasons == {"bad amount": 2, "bad date": 2, "missing member": 1}, "lines like those before the header stay"


def test_a_large_file_is_read_in_parts_and_only_its_first_lines_are_left_out(ingest: Ingest) -> None:
    lines = "".join(f"C{number},2024-01-05,item,1.00\n" for number in range(60_000))
    path = ingest.write("in.csv", f"of May,,,\ncust,day,item,amount\n{lines}of May,,,\n")
    ingest.spark.conf.set("spark.sql.files.maxPartitionBytes", "100000")
    try:
        staged, counts = ingest.stage(source_of(path, ITEMS, skip_lines=1, multi_line=False), NAMED, key=KEY)
    finally:
        ingest.spark.conf.unset("spark.sql.files.maxPartitionBytes")
    assert (counts.accepted, counts.rejected) == (60_000, 1)
    assert staged.select(c.ID_VALUE).distinct().count() == 60_001


@pytest.mark.parametrize("multi_line", [True, False])
def test_files_without_a_header_and_in_another_encoding_lose_their_first_lines_too(
    ingest: Ingest, multi_line: bool
) -> None:
    columns = {"member": "_c0", "ordered_at": "_c1", "amount": "_c3", "category": "_c2"}
    path = ingest.write("in.csv", "报表\n\nA,2024-01-05,红茶,1.00\nB,2024-01-05,,2.00\n".encode("gbk"))
    options = {"header": "false", "encoding": "GBK"}
    rows, _ = found(ingest, source_of(path, columns, options=options, skip_lines=2, multi_line=multi_line))
    assert rows == {("A", "红茶", Decimal(1)), ("B", None, Decimal(2))}


@pytest.mark.parametrize("multi_line", [True, False])
def test_comments_are_left_out_before_the_header_and_below_it_but_not_inside_a_value(
    ingest: Ingest, multi_line: bool
) -> None:
    item = "one\n# two" if multi_line else "# two"
    text = f'# of May\n\n# till 7, "open\ncust,day,item,amount\nA,2024-01-05,"{item}",1.00\n#B,2024-01-05,x,2.00\n'
    source = source_of(ingest.write("in.csv", text), ITEMS, options={"comment": "#"}, multi_line=multi_line)
    assert found(ingest, source) == ({("A", item, Decimal(1))}, {})
    skipping = source_of(
        ingest.write("in.csv", f"title\n{text}"), ITEMS, options={"comment": "#"}, multi_line=multi_line, skip_lines=3
    )
    assert found(ingest, skipping) == ({("A", item, Decimal(1))}, {})


def test_an_open_quote_before_the_header_is_refused_where_values_may_hold_line_breaks(ingest: Ingest) -> None:
    text = 'Boards of 5 " and more\ncust,day,item,amount\nA,2024-01-05,x,1.00\n'
    path = ingest.write("in.csv", text)
    with pytest.raises(UsageError, match="a line to skip has a quote that is not closed") as refused:
        found(ingest, source_of(path, ITEMS, skip_lines=1))
    assert "Boards" not in str(refused.value)
    assert found(ingest, source_of(path, ITEMS, skip_lines=1, multi_line=False))[0] == {("A", "x", Decimal(1))}


def test_a_reader_that_finds_another_line_in_the_place_of_the_header_stops(ingest: Ingest) -> None:
    path = ingest.write("in of May.csv", "title\ncanary,x\nA,1\n")
    lines = ingest.spark.read.schema("c0 string, c1 string").csv(str(path))
    files = FileSet((InputFile(path.as_uri(), path.name),))
    assert without_beginning(lines, ["c0", "c1"], CsvStart(("a", "b"), 1, "canaryx", ","), files).count() == 1
    with pytest.raises(PySparkException) as failed:
        without_beginning(lines, ["c0", "c1"], CsvStart(("a", "b"), 1, "idday", ","), files).count()
    told = translate_read_error(failed.value, "source shop")
    assert told.exit_code is ExitCode.CHECK_FAILED
    assert "in of May.csv: the reader does not find the header" in str(told)
    assert "canary" not in str(told)
