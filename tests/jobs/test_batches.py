"""Batches from outside: what is refused, what replaces what, and what `ingested_batch` says of it."""

import gzip
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rfm_spark.io.files import Staging
from tests.jobs.commands import Said
from tests.jobs.shop import Shop, done, dying_after

pytestmark = pytest.mark.whole

HEADER = "member,day,amount,order\n"
MONDAY = ("1,2024-01-01,5,A", "2,2024-01-01,7,B", "2,2024-01-01,7,C")
TUESDAY = ("1,2024-01-02,9,D",)
TILL = """
sources:
  till:
    format: csv
    path: {folder}/in/*/*
    delivery: batches
    columns: {{member: member, ordered_at: day, amount: amount, order_id: order}}
"""


@pytest.fixture
def till(open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose till has delivered two days, in folders of their own."""
    shop = open_shop()
    (shop.folder / "conf" / "till.yaml").write_text(TILL.format(folder=shop.folder))
    put(shop, "mon/part-0.csv", MONDAY)
    put(shop, "tue/part-0.csv", TUESDAY)
    done(shop, "ingest")
    return shop


def put(shop: Shop, name: str, lines: Sequence[str]) -> Path:
    """Write the lines to a file of the till."""
    file = shop.folder / "in" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = HEADER + "".join(f"{line}\n" for line in lines)
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return file


def lines(shop: Shop) -> list[tuple[str, str]]:
    """Return batch and order of every line."""
    return sorted((row.batch_id, row.order_id) for row in shop.read("transaction").collect())


def noted(shop: Shop) -> dict[str, tuple[list[str], int]]:
    """Return the files and the number of lines of every batch that is written down."""
    return {row.batch_id: (row.files, row.row_count) for row in shop.read("ingested_batch").collect()}


def refused(shop: Shop, exit_code: int, *flags: str) -> str:
    """Run an ingest that must end so and change no table; return its last line."""
    before = shop.versions()
    said = shop.run("ingest", *flags)
    assert (said.exit_code, shop.versions()) == (exit_code, before), said.err
    return last_line(said)


def last_line(said: Said) -> str:
    return said.err.rstrip().rsplit("\n", 1)[-1]


def setting(key: str, value: str) -> tuple[str, str]:
    return "--set", f"sources.till.{key}={value}"


def is_sound(shop: Shop) -> None:
    """Look that what is written down is what the tables hold, and the doctor finds nothing."""
    held: dict[str, int] = {}
    for batch, _ in lines(shop):
        held[batch] = held.get(batch, 0) + 1
    assert {name: count for name, (_, count) in noted(shop).items()} == held
    assert shop.run("doctor").exit_code == 0


def test_the_same_content_counts_once_whatever_it_is_called(till: Shop):
    two = {"mon/part-0.csv": (["mon/part-0.csv"], 3), "tue/part-0.csv": (["tue/part-0.csv"], 1)}
    assert noted(till) == two
    before = till.versions()
    assert "nothing to do" in done(till, "ingest")
    assert till.versions() == before
    packed = put(till, "mon/part-0.csv.gz", MONDAY)
    said = refused(till, 3)
    assert "source till: batch mon/part-0.csv.gz has the same content as batch mon/part-0.csv, 3 lines" in said
    assert "duplicates: move" not in said
    done(till, "ingest", *setting("duplicates", "allow"))
    assert len(lines(till)) == 7
    is_sound(till)
    packed.unlink()
    shutil.move(till.folder / "in/tue", till.folder / "in/tuesday")
    said = refused(till, 3)
    assert "batch tuesday/part-0.csv has the same content as batch tue/part-0.csv, 1 line; " in said
    assert "duplicates: move" in said
    done(till, "ingest", *setting("duplicates", "move"))
    assert {batch for batch, _ in lines(till)} == {"mon/part-0.csv", "mon/part-0.csv.gz", "tuesday/part-0.csv"}
    is_sound(till)


def test_a_batch_that_lost_its_lines_is_an_upload_that_has_begun(till: Shop):
    put(till, "mon/part-0.csv", ())
    assert "batch mon/part-0.csv had 3 lines and now has none" in refused(till, 3)
    (till.folder / "in/mon/part-0.csv").write_text("")
    assert "batch mon/part-0.csv had 3 lines and now has none" in refused(till, 3)
    put(till, "new/part-0.csv", ())
    done(till, "ingest", *setting("empty_batches", "allow"))
    assert lines(till) == [("tue/part-0.csv", "D")]
    is_sound(till)


def test_files_of_one_batch_replace_the_batch_as_a_whole(till: Shop):
    by_folder = setting("batch.from", "([a-z]+)/")
    said = done(till, "ingest", *by_folder)
    assert "till: 4 lines read" in said
    assert {batch for batch, _ in lines(till)} == {"mon", "tue"}, "batches named otherwise before are taken over"
    (till.folder / "in/mon/part-0.csv").unlink()
    put(till, "mon/again-0.csv", MONDAY[:2])
    put(till, "mon/again-1.csv", ("3,2024-01-01,1,E",))
    done(till, "ingest", *by_folder)
    assert lines(till) == [("mon", "A"), ("mon", "B"), ("mon", "E"), ("tue", "D")]
    assert noted(till)["mon"] == (["mon/again-0.csv", "mon/again-1.csv"], 3)
    is_sound(till)
    (till.folder / "in/mon/again-1.csv").unlink()
    said = refused(till, 3)
    assert "mon/again-0.csv of batch mon belongs to batch mon/again-0.csv now, and mon/again-1.csv is not there" in said
    put(till, "2024/x.csv", TUESDAY)
    assert 'batch.from finds no batch in "2024/x.csv"' in refused(till, 2, *by_folder)


def test_an_ingest_that_dies_after_its_batches_were_written_down_is_repaired(till: Shop):
    put(till, "mon/part-0.csv", ("1,2024-01-01,6,A",))
    put(till, "wed/part-0.csv", ("1,2024-01-03,4,F",))
    with dying_after(1):
        assert till.run("ingest").exit_code == 1
    assert noted(till)["mon/part-0.csv"][1] == noted(till)["wed/part-0.csv"][1] == 1
    assert len(lines(till)) == 4, "only the batches were written, not their lines"
    shutil.move(till.folder / "in/wed", till.folder / "in/wednesday")
    put(till, "monday/part-0.csv", MONDAY)
    (till.folder / "in/mon/part-0.csv").unlink()
    said = refused(till, 3)
    assert "batch monday/part-0.csv has the same content as batch mon/part-0.csv, 3 lines" in said, (
        "as the table has it"
    )
    (till.folder / "in/monday/part-0.csv").unlink()
    put(till, "mon/part-0.csv", ("1,2024-01-01,6,A",))
    done(till, "ingest")
    assert lines(till) == [("mon/part-0.csv", "A"), ("tue/part-0.csv", "D"), ("wednesday/part-0.csv", "F")]
    is_sound(till)
    put(till, "tue/part-0.csv", ("1,2024-01-02,8,D",))
    with dying_after(2):
        assert till.run("ingest").exit_code == 1
    done(till, "ingest")
    before = till.versions()
    assert "nothing to do" in done(till, "ingest")
    assert till.versions() == before
    is_sound(till)


def test_a_file_that_changes_while_it_is_read_changes_nothing(till: Shop, monkeypatch: pytest.MonkeyPatch):
    file = put(till, "wed/part-0.csv", ("1,2024-01-03,4,F",))
    stage = Staging.stage

    def growing(self: Staging, frame: Any, name: str, *arguments: Any, **more: Any) -> Any:
        staged = stage(self, frame, name, *arguments, **more)
        if name == "lines_till":
            put(till, "wed/part-0.csv", ("1,2024-01-03,4,F", "1,2024-01-03,4,G"))
        return staged

    def vanishing(self: Staging, *arguments: Any, **more: Any) -> Any:
        file.unlink()
        return stage(self, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Staging, "stage", growing)
        assert "source till: wed/part-0.csv grew while it was read" in refused(till, 4)
    with monkeypatch.context() as patch:
        patch.setattr(Staging, "stage", vanishing)
        assert "source till: wed/part-0.csv vanished while it was read" in refused(till, 4)
    put(till, "wed/part-0.csv", ("1,2024-01-03,4,F",))
    done(till, "ingest")
    assert ("wed/part-0.csv", "F") in lines(till)


def test_a_run_of_an_older_day_keeps_the_lines_of_later_days(till: Shop):
    days = setting("delivery", "days")
    done(till, "ingest", *days, "--from", "2024-01-01", "--to", "2024-01-31", "--today", "2024-01-31")
    assert [order for _, order in lines(till)] == ["A", "B", "C", "D"]
    older = ("--as-of", "2024-01-01", "--today", "2024-01-31", "--set", "windows.active=[recent]",
             "--set", "segments.active=[life_cycle]", "--set", "scores.main_window=recent",
             "--set", "preferences.window=recent")  # fmt: skip
    done(till, "run", "--ingest", *days, *older)
    assert [order for _, order in lines(till)] == ["A", "B", "C", "D"], "a line of the next day is no future date"
    assert {row.order_day for row in till.read("member_day").collect()} == {date(2024, 1, 1), date(2024, 1, 2)}
