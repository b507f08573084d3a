"""What a batch is, which names of files are none, and files that change while they are read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.choices import Dataset, Delivery, Format
from rfm_spark.config.source import ColumnMapping, Lookup
from rfm_spark.errors import ConflictError, ExitCode, UsageError
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.file_content import Beginning
from rfm_spark.ingest.outputs import events, transactions
from rfm_spark.ingest.read import OpenedSource, open_source
from tests.spark.ingest_cases import Ingest, config_of, source_of

HEADER = "id,at,amount,order\n"
LINE = "1,2011-12-01,5,A\n"
ODD = ("a[1].csv", "b{2}.csv", "c*.csv", "d?.csv", "e%41.csv", "f#.csv", "g h.csv", "订单.csv", "i+.csv", "j=k.csv")


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def batches(ingest: Ingest, path: str, batch_from: str | None = None, format_: Format = Format.CSV) -> dict[int, str]:
    """Return the batch of each member's line, after looking that the driver found the same batches."""
    source = source_of(ingest.folder / path, delivery=Delivery.BATCHES, batch_from=batch_from, format=format_)
    opened = open_source(ingest.spark, source, config_of(), Asked(), None)
    staged, _ = ingest.stage(source)
    found = {row.member_id: row.batch_id for row in transactions(staged, source).collect()}
    assert opened.files is not None
    assert set(opened.files.batches()) == set(found.values())
    return found


def test_the_pattern_of_a_batch_looks_at_the_whole_path_below_the_folder(ingest: Ingest) -> None:
    for number, name in enumerate(("day=2024-01-05/v1.csv", "day=2024-01-05/v2.csv", "day=2024-01-06/v1.csv")):
        ingest.write(f"in/{name}", HEADER + LINE.replace("1,", f"{number},", 1))
    expected = {0: "2024-01-05", 1: "2024-01-05", 2: "2024-01-06"}
    assert batches(ingest, "in/*/*.csv", r"day=(\d{4}-\d\d-\d\d)/") == expected


def test_a_file_in_which_the_pattern_finds_nothing_is_named(ingest: Ingest) -> None:
    for name in ("2024-01-05.csv", "notes\u00a0of the day.csv"):
        ingest.write(f"in/{name}", HEADER + LINE)
    for pattern in (r"(\d{4}-\d\d-\d\d)", r"(x?).*"):
        with pytest.raises(UsageError, match=r"^source shop: batch\.from finds no batch in \"") as caught:
            batches(ingest, "in", pattern)
        assert ("notes\u00a0of the day.csv" in str(caught.value)) == pattern.startswith(r"(\d")


def test_odd_characters_in_names_are_only_names(ingest: Ingest) -> None:
    for number, name in enumerate(ODD):
        ingest.write(f"csv/{name}", HEADER + LINE.replace("1,", f"{number},", 1))
        ingest.write(f"json/{name}", f'{{"id": {number}, "at": "2011-12-01", "amount": 5, "order": "A"}}\n')
    ingest.write("csv/other columns.csv", "at,id,amount,order\n2011-12-01,99,5,A\n")
    assert batches(ingest, "csv") == {**dict(enumerate(ODD)), 99: "other columns.csv"}
    assert batches(ingest, "json/*", format_=Format.JSON) == dict(enumerate(ODD))


@pytest.mark.parametrize(
    ("name", "path", "shown"),
    [
        ("10:30.csv", "in", '"10:30.csv"'),
        ("10:30.csv", "in/*.csv", '"10:30.csv"'),
        ("at=10:30/a.csv", "in/*/*.csv", '"at=10:30"'),
        ("a\nb.csv", "in/*.csv", r'"a\nb.csv"'),
        ("a\rb.csv", "in", r'"a\rb.csv"'),
    ],
)
def test_a_name_with_a_colon_or_a_line_break_is_refused_in_one_line(
    ingest: Ingest, name: str, path: str, shown: str
) -> None:
    ingest.write(f"in/{name}", HEADER + LINE)
    with pytest.raises(UsageError) as caught:
        ingest.stage(source_of(ingest.folder / path))
    assert str(caught.value).startswith(f"source shop: the name {shown}; expected a name without a colon")
    assert "\n" not in str(caught.value)


def touched_again(file: Path) -> None:
    os.utime(file, ns=(1, 1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: file.unlink(), "vanished"),
        (lambda file: file.write_text(HEADER + LINE + LINE), "grew"),
        (lambda file: file.write_text(HEADER), "shrank"),
        (touched_again, "was written again"),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_named(
    ingest: Ingest, change: Callable[[Path], object], words: str
) -> None:
    ingest.write("in/a b.csv", HEADER + LINE)
    opened = opened_files(ingest)
    assert opened.change(ingest.spark) is None
    change(ingest.folder / "in/a b.csv")
    error = opened.change(ingest.spark)
    assert str(error).startswith(f"source shop: a b.csv {words} while it was read; nothing was written")
    assert error is not None
    assert error.exit_code is ExitCode.CONFLICT


def test_a_file_that_arrives_after_it_was_listed_is_no_change(ingest: Ingest) -> None:
    ingest.write("in/a b.csv", HEADER + LINE)
    opened = opened_files(ingest)
    ingest.write("in/late.csv", HEADER + LINE)
    assert opened.change(ingest.spark) is None


def test_a_header_that_vanishes_is_a_change_and_no_wrong_header(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ingest.write("in/a.csv", HEADER + LINE)

    def cut(*_: object) -> Beginning:
        file.write_text("")
        return Beginning(None, ())

    monkeypatch.setattr("rfm_spark.ingest.sources.beginning", cut)
    with pytest.raises(ConflictError, match=r"^source shop: a\.csv shrank while it was read"):
        opened_files(ingest)


def opened_files(ingest: Ingest) -> OpenedSource:
    """Return the source of the folder, listed and not read yet."""
    return open_source(ingest.spark, source_of(ingest.folder / "in"), config_of(), Asked(), None)


def test_the_newest_delivery_of_an_event_wins_within_one_ingest(ingest: Ingest) -> None:
    """That of the last batch by name; in it the latest by time."""
    header = "id,at,what,no\n"
    ingest.write("in/2024-01-05.csv", f"{header}1,2024-01-05 10:00,view,E1\n1,2024-01-05 11:00,cart,E2\n")
    ingest.write("in/2024-01-06.csv", f"{header}1,2024-01-01 09:00,gone,E1\n1,2024-01-02 10:00,kept,E1\n")
    columns = {"member": "id", "event_at": "at", "event_type": "what", "event_id": "no"}
    source = source_of(ingest.folder / "in", columns, dataset=Dataset.EVENTS, delivery=Delivery.BATCHES)
    staged, counts = ingest.stage(source)
    assert {row.event_id: row.event_type for row in events(staged, source).collect()} == {"E1": "kept", "E2": "cart"}
    assert counts.reasons == {"duplicate": 2}


def test_a_look_up_that_changes_while_it_is_read_is_named(ingest: Ingest) -> None:
    path = ingest.write("in/a.csv", "id,at,amount,item\n1,2024-01-05,1,x\n")
    items = ingest.write("items.csv", "no,dept\nx,food\n")
    lookup = Lookup("items", Format.CSV, str(items), key="no", source_key="item")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount",
               "category": ColumnMapping(column="dept", lookup="items")}  # fmt: skip
    opened = open_source(ingest.spark, source_of(path, columns, lookups={"items": lookup}), config_of(), Asked(), None)
    assert opened.change(ingest.spark) is None
    items.write_text("no,dept\nx,food\ny,toys\n")
    error = opened.change(ingest.spark)
    assert str(error).startswith("source shop: lookups.items: items.csv grew while it was read; nothing was written")
