"""What `check` says of a configuration that `ingest` would refuse, and what it leaves unsaid."""

from pathlib import Path

import pytest

from rfm_spark.cli import main
from rfm_spark.rules.check_config import CheckReport, check_configuration

CONF = Path(__file__).resolve().parents[2] / "conf"
SOURCE = """
sources:
  shop:
    path: {folder}/shop*.csv
    format: csv
    columns: {{member: customer, ordered_at: day, amount: amount}}
"""


def checked(folder: Path, more: str = "", *overrides: str) -> CheckReport:
    """Check the shipped configuration with one source, and whatever is added to that."""
    (folder / "sources.yaml").write_text(SOURCE.format(folder=folder) + more)
    (folder / "shop.csv").write_text("customer,day,amount\n")
    with_key = ("identity.method=integer", *overrides)
    return check_configuration([str(CONF), str(folder / "sources.yaml")], with_key)


def test_hashed_members_without_a_key_are_an_error(tmp_path: Path):
    report = checked(tmp_path, "", "identity.method=hash")
    assert report.lines() == [
        "identity.key: no key; expected a key for identity.method: hash; "
        "name its file or variable, or set identity.method: integer"
    ]


@pytest.mark.parametrize("key", ["path", "staging_path"])
@pytest.mark.parametrize("character", ["#", "(", "%"])
def test_a_folder_with_a_character_that_tables_refuse_is_an_error(tmp_path: Path, key: str, character: str):
    [line] = checked(tmp_path, "", f"warehouse.{key}=/lake{character}1").lines()
    assert f"warehouse.{key} has a character that is not allowed" in line


def test_a_look_up_by_the_column_of_another_look_up_is_an_error(tmp_path: Path):
    more = """
    lookups:
      orders: {path: /in/orders.csv, format: csv, key: id, source_key: order}
      customers: {path: /in/customers.csv, format: csv, key: id, source_key: customer_id}
"""
    text = SOURCE.replace("member: customer", "member: {{column: number, lookup: customers}}").replace(
        "amount: amount}}", "amount: amount, channel: {{column: customer_id, lookup: orders}}}}"
    )
    (tmp_path / "sources.yaml").write_text(text.format(folder=tmp_path) + more)
    report = check_configuration([str(CONF), str(tmp_path / "sources.yaml")], ["identity.method=integer"])
    assert any("lookups.customers takes its key from the look-up orders" in line for line in report.lines())


def test_batches_of_a_table_are_an_error(tmp_path: Path):
    text = SOURCE.replace("path: {folder}/shop*.csv", "table: shop.lines").replace("format: csv", "format: delta")
    (tmp_path / "sources.yaml").write_text(text.format(folder=tmp_path) + "    delivery: batches\n")
    report = check_configuration([str(CONF), str(tmp_path / "sources.yaml")], ["identity.method=integer"])
    assert any("sources.shop has delivery: batches without files" in line for line in report.lines())


def test_a_path_without_a_file_is_said_and_is_no_error(tmp_path: Path):
    assert not any("no file matches" in line for line in checked(tmp_path).information)
    missing = checked(tmp_path, "", f"sources.shop.path={tmp_path}/later/*.csv")
    assert missing.errors == ()
    assert [line.partition(": ")[2] for line in missing.information if "no file" in line] == [
        f"sources.shop: no file matches {tmp_path}/later/*.csv yet"
    ]


def test_overlaps_of_sets_that_are_not_active_are_not_said(tmp_path: Path):
    every = checked(tmp_path, "", "segments.active=[rfm_tier, value_tier]").information
    one = checked(tmp_path, "", "segments.active=[value_tier]").information
    assert any("value_tier" in line for line in one)
    assert not any("rfm_tier" in line for line in one)
    assert set(one) < set(every)


def test_one_window_and_one_set_are_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    checked(tmp_path)
    flags = ("windows.active=[lifetime]", "segments.active=[life_cycle]", "scores.main_window=lifetime")
    more = [part for flag in (*flags, "preferences.window=lifetime") for part in ("--set", flag)]
    paths = ["--config", str(CONF), "--config", str(tmp_path / "sources.yaml"), "--set", "identity.method=integer"]
    assert main(["check", *paths, *more]) == 0
    assert "1 window and 1 segment set are active" in capsys.readouterr().out
