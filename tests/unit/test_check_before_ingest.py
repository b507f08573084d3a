"""What `check` says of a configuration that `ingest` would refuse, and what it leaves unsaid."""

from pathlib import Path

import pytest

from rfm_spark.cli import main
from rfm_spark.rules.check_config import check_configuration
from tests.unit.checked import CONF, checked, checked_sources


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
    assert line == (
        f"--set warehouse.{key}: warehouse.{key} is '/lake{character}1'; "
        "expected a path of letters, digits and . / : @ = + , ~ - _ space"
    )


def test_a_look_up_by_the_column_of_another_look_up_is_an_error(tmp_path: Path):
    more = """
    lookups:
      orders: {path: /in/orders.csv, format: csv, key: id, source_key: order}
      customers: {path: /in/customers.csv, format: csv, key: id, source_key: customer_id}
"""
    member = ("member: customer", "member: {{column: number, lookup: customers}}")
    channel = ("amount: amount}}", "amount: amount, channel: {{column: customer_id, lookup: orders}}}}")
    report = checked_sources(tmp_path, member, channel, more=more)
    assert any("lookups.customers takes its key from the look-up orders" in line for line in report.lines())


def test_batches_of_a_table_are_an_error(tmp_path: Path):
    table = ("path: {folder}/shop*.csv", "table: shop.lines")
    report = checked_sources(tmp_path, table, ("format: csv", "format: delta"), more="    delivery: batches\n")
    assert any("sources.shop has delivery: batches without files" in line for line in report.lines())


def test_a_catalog_without_a_folder_for_intermediate_files_is_an_error(tmp_path: Path):
    assert checked(tmp_path, "", "warehouse.schema=rfm", "warehouse.staging_path=/tmp/x").lines() == []
    [line] = checked(tmp_path, "", "warehouse.schema=rfm").lines()
    assert line.endswith("warehouse has a schema and no staging_path; expected a folder that every executor can write")


def test_named_columns_of_files_without_a_header_are_an_error(tmp_path: Path):
    report = checked_sources(tmp_path, ("format: csv", "format: csv\n    options: {{header: false}}"))
    [line] = report.lines()
    assert line.partition(": ")[2] == (
        "sources.shop has header: false and names amount, customer, day; "
        "expected _c0 for the first column, _c1 for the second"
    )
    by_position = (
        "{{member: customer, ordered_at: day, amount: amount}}",
        "{{member: _c0, ordered_at: _c1, amount: _c2}}",
    )
    no_header = ("format: csv", "format: csv\n    options: {{header: false}}")
    assert checked_sources(tmp_path, by_position, no_header).lines() == []


def test_a_whole_line_of_text_has_no_other_column_than_value(tmp_path: Path):
    [line] = checked_sources(tmp_path, ("format: csv", "format: text")).lines()
    assert "sources.shop has format: text and names amount, customer, day; expected value" in line


def test_a_path_to_a_look_up_without_a_file_is_said(tmp_path: Path):
    more = "    lookups:\n      names: {path: /not/there.csv, format: csv, key: id, source_key: customer}\n"
    lines = checked(tmp_path, more).information
    assert [line.partition(": ")[2] for line in lines if "no file" in line] == [
        "sources.shop.lookups.names: no file matches /not/there.csv yet"
    ]


def test_choices_in_a_path_are_read_as_spark_reads_them(tmp_path: Path):
    found = checked(tmp_path, "", f"sources.shop.path={tmp_path}/{{till,shop}}[^0-9]csv")
    missing = checked(tmp_path, "", f"sources.shop.path={tmp_path}/{{till,mail}}.csv")
    assert [any("no file" in line for line in one.information) for one in (found, missing)] == [False, True]


def test_a_folder_without_a_file_is_said(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert any("no file" in line for line in checked(tmp_path, "", f"sources.shop.path={tmp_path}/empty").information)
    assert not any("no file" in line for line in checked(tmp_path, "", f"sources.shop.path={tmp_path}").information)


def test_what_the_command_line_may_still_name_is_said_and_is_no_error():
    report = check_configuration([str(CONF)])
    assert report.errors == ()
    assert report.information[-2:] == (
        "warehouse: no place for tables yet: set warehouse.path, or catalog and schema",
        "sources: none is declared yet: ingest has nothing to read",
    )


def test_a_key_that_is_not_there_or_too_short_is_said_and_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    checked(tmp_path)
    paths = ["--config", str(CONF), "--config", str(tmp_path / "sources.yaml")]
    argv = ["check", *paths, "--set", "identity.key.env=RFM_TEST_KEY"]
    monkeypatch.delenv("RFM_TEST_KEY", raising=False)
    assert main(argv) == 0
    assert "identity.key: environment variable RFM_TEST_KEY cannot be read" in capsys.readouterr().out
    monkeypatch.setenv("RFM_TEST_KEY", "canary")
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "identity.key: a key of 6 bytes; expected at least 16 bytes" in out
    assert "canary" not in out


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


def test_overlaps_of_other_sets_are_said_with_verbose(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    checked(tmp_path)
    paths = ["--config", str(CONF), "--config", str(tmp_path / "sources.yaml"), "--set", "identity.method=integer"]
    flags = ["check", *paths, "--set", "segments.active=[value_tier]"]
    assert main(flags) == 0
    few = capsys.readouterr().out
    assert main([*flags, "--verbose"]) == 0
    every = capsys.readouterr().out
    assert "rfm_tier" not in few
    assert "rfm_tier" in every
    assert "shop: no order_id: one order per member and day\n" in few
