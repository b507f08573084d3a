"""What `check` finds in the beginnings of files on this machine."""

import gzip
from pathlib import Path

import pytest

from rfm_spark.cli import main
from rfm_spark.rules.headers import wrong_files
from tests.unit.checked import CONF, checked_sources


@pytest.mark.parametrize(("name", "header", "said"), [
    ("shop.csv", "customer,day,total", "columns found: customer, day, total; expected amount, customer, day"),
    ("shop.csv", "Customer,day, amount ", "differ in capitals or blanks alone: 'Customer' for 'customer'"),
    ("shop.csv.gz", "customer;day;amount", "none of the needed columns among 1"),
])  # fmt: skip
def test_a_column_that_a_header_lacks_is_an_error_of_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, header: str, said: str
):
    checked_sources(tmp_path, ("shop*.csv", "shop*.csv*"))
    opener = gzip.open if name.endswith(".gz") else open
    with opener(tmp_path / name, "wt") as file:
        file.write(f"{header}\ncanary,2024-01-01,1\n")
    code = main(["check", "--config", str(CONF), "--config", str(tmp_path / "sources.yaml"), "--set",
                 "identity.method=integer"])  # fmt: skip
    told = capsys.readouterr().err
    assert code == 2
    assert said in told
    assert "canary" not in told


def test_a_header_that_check_cannot_read_or_that_fits_is_no_error(tmp_path: Path):
    folder = tmp_path / "day=2024-01-01"
    folder.mkdir()
    (folder / "shop.csv").write_text("\ufeffcustomer,amount\n")
    config = checked_sources(tmp_path, ("{folder}/shop*.csv", "{folder}/*/shop*")).config
    assert config is not None
    assert list(wrong_files(config)) == []
    (folder / "shop.csv").rename(folder / "shop.zst")
    assert list(wrong_files(config)) == []


def test_a_file_that_is_still_arriving_is_no_error_of_check(tmp_path: Path):
    (tmp_path / "shop.csv.gz").write_bytes(gzip.compress(b"customer,day,amount\n" * 100)[:12])
    config = checked_sources(tmp_path, ("shop*.csv", "shop*.csv*")).config
    assert config is not None
    assert list(wrong_files(config)) == []


def test_a_column_that_the_header_of_a_look_up_lacks_is_an_error_of_check(tmp_path: Path):
    (tmp_path / "shop.csv").write_text("customer,day,amount\n")
    (tmp_path / "cards.csv").write_text("id;card\n")
    more = f"    lookups:\n      cards: {{path: {tmp_path}/cards.csv, format: csv, key: id, source_key: customer}}\n"
    member = ("member: customer", "member: {{column: card, lookup: cards}}")
    config = checked_sources(tmp_path, member, more=more).config
    assert config is not None
    [error] = wrong_files(config)
    assert error.sentence().partition(": ")[2] == (
        "sources.shop.lookups.cards: cards.csv: none of the needed columns among 1; expected card, id; "
        "missing: card, id: is there a header line?"
    )
    (tmp_path / "cards.csv").write_text("id,card\n")
    assert list(wrong_files(config)) == []


def test_every_header_of_a_source_is_looked_at_and_a_workbook_needs_no_opening(tmp_path: Path):
    (tmp_path / "shop-1.csv").write_text("customer,day,amount\n")
    (tmp_path / "shop-2.csv").write_text("customer,day,total\n")
    config = checked_sources(tmp_path, ("shop*.csv", "shop*")).config
    assert config is not None
    assert ["shop-2.csv: columns found" in error.sentence() for error in wrong_files(config)] == [True]
    (tmp_path / "shop-2.csv").write_bytes(b"PK\x03\x04canary\xff\x00\n")
    [error] = wrong_files(config)
    assert "shop-2.csv: it is a ZIP archive" in error.sentence()
    assert "canary" not in error.sentence()
    (tmp_path / "shop-3.xlsx").write_bytes(b"")
    assert ["it is an Excel workbook" in error.sentence() for error in wrong_files(config)] == [True]


def test_a_column_that_a_look_up_lacks_is_an_error_of_check(tmp_path: Path):
    more = """
    lookups:
      orders: {path: %s/orders.csv, format: csv, key: id, source_key: customer}
    rules: {exclude: {orders.status: cancelled}}
"""
    (tmp_path / "shop.csv").write_text("customer,day,amount\n")
    (tmp_path / "orders.csv").write_text("id,state\n")
    config = checked_sources(tmp_path, more=more % tmp_path).config
    assert config is not None
    [error] = wrong_files(config)
    assert "sources.shop.lookups.orders: orders.csv: columns found: id, state; expected id, status" in str(error)


def test_a_name_that_fits_the_source_and_its_look_up_is_refused(tmp_path: Path):
    more = """
    lookups:
      orders: {path: /in/orders.csv, format: csv, key: id, source_key: customer}
    rules: {exclude: {orders.status: cancelled}}
"""
    (tmp_path / "shop.csv").write_text("customer,day,amount,orders.status\n")
    config = checked_sources(tmp_path, more=more).config
    assert config is not None
    [error] = wrong_files(config)
    assert "orders.status is a column of the source and of its look-up orders; expected one of them" in str(error)


def test_the_header_behind_skipped_lines_and_comments_is_the_one_that_check_compares(tmp_path: Path):
    settings = ("format: csv", "format: csv\n    skip_lines: 2\n    options: {{comment: '#'}}")
    (tmp_path / "shop.csv").write_text('of "May\n#\n# till 7\n\ncustomer,day,amount\n')
    config = checked_sources(tmp_path, settings).config
    assert config is not None
    (tmp_path / "shop.csv").write_text('of "May\n#\n# till 7\n\ncustomer,day,amount\n')
    assert list(wrong_files(config)) == []
    (tmp_path / "shop.csv").write_text("customer,day,amount\n\n\ncustomer,day,total\n")
    (error,) = wrong_files(config)
    assert "missing: amount" in str(error)


def test_files_that_no_ingest_reads_are_not_compared(tmp_path: Path):
    folder = tmp_path / "in"
    of_folder = ("{folder}/shop*.csv", "{folder}/in")
    for name in ("old", "_temporary", "day=1"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.csv").write_text("customer,day,total\n")
    config = checked_sources(tmp_path, of_folder).config
    assert config is not None
    assert ["a.csv: columns found" in error.sentence() for error in wrong_files(config)] == [True]
    (folder / "day=1" / "a.csv").write_text("customer,day,amount\n")
    assert list(wrong_files(config)) == []
    deep = ("format: csv", "format: csv\n    options: {{recursiveFileLookup: true}}")
    config = checked_sources(tmp_path, of_folder, deep).config
    assert config is not None
    assert [error.sentence().count("missing: amount") for error in wrong_files(config)] == [1]


def test_a_folder_names_a_column_below_the_path_alone(tmp_path: Path):
    file = tmp_path / "day=2024-01-05" / "sub" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text("customer,amount\n")
    config = checked_sources(tmp_path, ("{folder}/shop*.csv", "{folder}")).config
    assert config is not None
    assert list(wrong_files(config)) == []
    config = checked_sources(tmp_path, ("{folder}/shop*.csv", "{folder}/day=2024-01-05/sub")).config
    assert config is not None
    assert ["missing: day" in error.sentence() for error in wrong_files(config)] == [True]
    unnamed = ("customer, ordered_at: day, amount: amount", "_c0, ordered_at: day, amount: _c1")
    no_header = ("format: csv", "format: csv\n    options: {{header: false}}")
    assert checked_sources(tmp_path, ("{folder}/shop*.csv", "{folder}"), no_header, unnamed).lines() == []


def test_a_name_that_comes_twice_is_an_error_of_check_too(tmp_path: Path):
    (tmp_path / "shop.csv").write_text("customer,day,amount,Amount\n")
    config = checked_sources(tmp_path).config
    assert config is not None
    assert ["shop.csv: column Amount twice" in error.sentence() for error in wrong_files(config)] == [True]
