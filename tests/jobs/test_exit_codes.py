"""What a scheduler sees when something is wrong: the exit code, one plain last line, and tables as they were."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from rfm_spark.contracts.tables import TABLES
from rfm_spark.io.locks import local_lock
from tests.jobs.shop import COLUMNS, Shop, write_csv
from tests.oracles.lines import Line

pytestmark = pytest.mark.whole

FIRST = date(2024, 1, 31)
SECOND = date(2024, 2, 29)
PHONE = "+86 139 0000 1111"
FEW = ("windows.active=[recent]", "segments.active=[life_cycle]", "scores.main_window=recent")


def sale(member_id: int, day: date, amount: str = "10") -> Line:
    return Line("till", member_id, day, "sale", Decimal(amount), order_id=f"{member_id}-{day}", category="tea")


JANUARY = [sale(member, date(2024, 1, 1) + timedelta(days=member % 28)) for member in range(1, 41)]


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose January is published."""
    opened = open_shop("till", more=FEW)
    opened.deliver(JANUARY)
    said = opened.run("run", "--ingest", "--as-of", FIRST.isoformat())
    assert said.exit_code == 0, said.err
    return opened


def last_line(text: str) -> str:
    return text.rstrip().rsplit("\n", 1)[-1]


def test_a_misspelt_key_is_bad_usage_and_names_file_line_and_the_right_word(shop: Shop):
    wrong = shop.folder / "wrong.yaml"
    wrong.write_text("scores:\n  minimun: {members: 5}\n")
    said = shop.run("check", "--config", str(wrong))
    assert said.exit_code == 2
    assert f"{wrong}:2" in said.err
    assert "minimum" in said.err
    assert last_line(said.err).startswith("rfm-spark check: configuration: 1 error")


def test_no_date_is_ever_assumed(shop: Shop):
    said = shop.run("run")
    assert said.exit_code == 2
    assert "--as-of" in last_line(said.err)


def test_a_source_without_files_is_bad_usage_and_changes_nothing(shop: Shop):
    before = shop.versions()
    said = shop.run("ingest", "--to", FIRST.isoformat(), "--set", f"sources.till.path={shop.folder}/nothing-*.csv")
    assert (said.exit_code, shop.versions()) == (2, before)
    assert "nothing-*.csv" in last_line(said.err)


def test_a_lost_column_is_named_beside_those_that_were_found(shop: Shop):
    before = shop.versions()
    write_csv(shop.folder / "lost.csv", [name for name in COLUMNS if name != "amount"], [])
    said = shop.run("ingest", "--to", FIRST.isoformat(), "--set", f"sources.till.path={shop.folder}/lost.csv")
    assert (said.exit_code, shop.versions()) == (2, before)
    assert "amount" in last_line(said.err)


def test_too_many_rejected_lines_stop_the_ingest_before_anything_is_written(shop: Shop):
    before = shop.versions()
    row = ("till", PHONE, "2024-02-30", "sale", "ten", None, None, None, None, None, None)
    write_csv(shop.folder / "bad.csv", COLUMNS, [row] * 3)
    said = shop.run(
        "ingest", "--from", "2024-02-01", "--to", SECOND.isoformat(), "--set", "checks.max_rejected_share=0.5",
        "--set", f"sources.till.path={shop.folder}/bad.csv",
    )  # fmt: skip
    assert (said.exit_code, shop.versions()) == (3, before)
    assert "100.0% of its lines are rejected" in last_line(said.err)
    assert "bad date 3" in last_line(said.err)
    assert PHONE not in said.out + said.err


def test_a_fall_of_members_stops_the_date_and_leaves_the_earlier_one(shop: Shop):
    january = shop.dated(FIRST)
    said = shop.run("run", "--as-of", SECOND.isoformat(), "--set", "checks.max_member_fall=0.2")
    assert said.exit_code == 3
    assert "members fell from 40 to 0" in last_line(said.err)
    assert shop.dated(FIRST) == january
    assert shop.rows("rfm_score", SECOND) == []
    assert f"{SECOND}  run " in (told := shop.run("plan", "--as-of", SECOND.isoformat()).out)
    assert "failed: window recent of 2024-02-29, against 2024-01-31: members fell from 40 to 0" in told


def test_a_refused_replacement_leaves_nothing_to_tell_of_a_date_that_is_up_to_date(shop: Shop):
    refuse = ("--set", "scores.minimum={members: 1000, on_breach: stop}")
    said = shop.run("run", "--as-of", FIRST.isoformat(), "--reprocess", "all", "--reason", "again", *refuse)
    assert said.exit_code == 3
    assert "failed" not in shop.run("plan", "--as-of", FIRST.isoformat()).out


def test_a_second_writer_is_told_to_wait(shop: Shop):
    before = shop.versions()
    with local_lock(shop.warehouse):
        said = shop.run("run", "--as-of", FIRST.isoformat())
    assert (said.exit_code, shop.versions()) == (4, before)
    assert "wait for it" in last_line(said.err)


def test_missing_tables_are_not_made_without_being_asked(shop: Shop, tmp_path: Path):
    said = shop.run("run", "--as-of", FIRST.isoformat(), "--set", f"warehouse.path={tmp_path / 'none'}")
    assert said.exit_code == 2
    assert "--init" in last_line(said.err)


def test_the_result_file_tells_the_same_as_the_last_line(shop: Shop, tmp_path: Path):
    result = tmp_path / "out" / "run_result.json"
    said = shop.run("run", "--as-of", FIRST.isoformat(), "--result-path", str(result), "--run-id", "nightly-7")
    told = json.loads(result.read_text())
    assert said.exit_code == told["exit_code"] == 0
    assert (told["schema_version"], told["run_id"], told["job"]) == (1, "nightly-7", "run")
    assert told["status"] == told["dates"][0]["status"] == "nothing_to_do"
    assert last_line(said.out).endswith(told["message"])


def test_the_result_file_of_plan_has_its_lines(shop: Shop, tmp_path: Path):
    result = tmp_path / "plan.json"
    said = shop.run("plan", "--as-of", FIRST.isoformat(), "--result-path", str(result))
    lines = json.loads(result.read_text())["lines"]
    assert f"{FIRST}  rfm_score/recent  up to date" in lines
    assert all(line in said.out for line in lines)


def test_a_failure_writes_its_result_file_too(shop: Shop, tmp_path: Path):
    result = tmp_path / "failed.json"
    said = shop.run("run", "--as-of", FIRST.isoformat(), "--source", "nobody", "--ingest", "--result-path", str(result))
    told = json.loads(result.read_text())
    assert (said.exit_code, told["exit_code"]) == (2, 2)
    assert [(date["as_of"], date["status"]) for date in told["dates"]] == [(FIRST.isoformat(), "failed")]


def test_flags_of_an_ingest_without_one_are_bad_usage(shop: Shop):
    said = shop.run("run", "--as-of", FIRST.isoformat(), "--from", "2024-01-01", "--source", "till")
    assert said.exit_code == 2
    assert "--from --source: no lines are read by this run" in last_line(said.err)


def test_a_date_that_has_not_ended_is_refused_before_the_sources_are_read(shop: Shop):
    before = shop.versions()
    said = shop.run("run", "--ingest", "--as-of", "2999-01-31")
    assert (said.exit_code, shop.versions()) == (2, before)
    assert "has not ended" in last_line(said.err)


def test_late_lines_make_the_date_stale_and_plan_says_which_days(shop: Shop):
    shop.deliver([*JANUARY, sale(3, date(2024, 1, 20), "99")])
    assert shop.run("ingest", "--to", FIRST.isoformat()).exit_code == 0
    left = shop.run("plan", "--as-of", FIRST.isoformat()).out
    assert "rfm_score/lifetime  stale, left as it is: facts of 2024-01-20 changed, 1 member-day" in left
    assert "0 of 1 date has something to do, 1 is left as it is (--reprocess stale makes them)" in left
    asked = shop.run("plan", "--as-of", FIRST.isoformat(), "--reprocess", "stale").out
    assert "rfm_score/lifetime  stale: facts of 2024-01-20 changed" in asked
    assert "1 of 1 date has something to do; history of 1 date to track" in asked
    result = shop.folder / "late.json"
    assert shop.run("score", "--as-of", FIRST.isoformat(), "--result-path", str(result)).exit_code == 0
    assert f"{FIRST}: window recent: nobody has frequency score 2" in " ".join(json.loads(result.read_text())["notes"])
    assert f"{FIRST} is not published" in shop.run("track").out, "segments rest on the facts before"
    assert shop.run("run", "--as-of", FIRST.isoformat()).exit_code == 0
    assert "0 of 1" in shop.run("plan", "--as-of", FIRST.isoformat()).out


def test_malformed_lines_beside_sales_that_are_there_are_kept_and_told(shop: Shop):
    malformed = ("till", PHONE, "2024-01-20", "sale", "5", None, None, None, None, None, None)
    write_csv(shop.folder / "till-more.csv", COLUMNS, [malformed] * 2)
    facts = shop.rows("member_day")
    assert shop.run("ingest", "--to", FIRST.isoformat()).exit_code == 0
    assert [row.line_count for row in shop.read("rejected_row").collect()] == [2]
    assert shop.rows("member_day") == facts
    before = shop.versions()
    again = shop.run("ingest", "--to", FIRST.isoformat())
    assert "nothing to do" in last_line(again.out)
    assert shop.versions() == before


def test_a_changed_mapping_that_changes_no_row_is_told_once(shop: Shop):
    mapping = ("--set", "sources.till.missing_members=[nobody]")
    assert "transaction/till  definition changed" in shop.run("plan", "--as-of", FIRST.isoformat(), *mapping).out
    assert shop.run("ingest", "--to", FIRST.isoformat(), *mapping).exit_code == 0
    assert "definition changed" not in shop.run("plan", "--as-of", FIRST.isoformat(), *mapping).out
    assert shop.run("ingest", "--to", FIRST.isoformat()).exit_code == 0


def test_no_date_is_made_from_facts_of_another_definition(shop: Shop):
    before, otherwise = shop.versions(), ("--set", "orders.refunds=ignore")
    assert "facts  definition changed" in shop.run("plan", "--as-of", FIRST.isoformat(), *otherwise).out
    said = shop.run("run", "--as-of", FIRST.isoformat(), *otherwise)
    assert (said.exit_code, shop.versions()) == (2, before)
    assert "run rfm-spark ingest first" in last_line(said.err)


@pytest.mark.slow
def test_stages_alone_end_in_the_same_tables_as_one_run(shop: Shop):
    whole = shop.dated(FIRST)
    for verb in ("score", "prefer", "segment"):
        said = shop.run(verb, "--as-of", FIRST.isoformat(), "--reprocess", "all", "--reason", "by stages")
        assert said.exit_code == 0, said.err
    assert "not published until its other stages have run" in last_line(said.out)
    assert shop.run("track").exit_code == 0
    assert shop.dated(FIRST) == whole
    assert "0 of 1" in shop.run("plan", "--as-of", FIRST.isoformat()).out


def test_a_new_date_is_published_by_its_stages_one_after_the_other(shop: Shop):
    for verb in ("score", "prefer", "segment", "track"):
        said = shop.run(verb, "--as-of", SECOND.isoformat())
        assert said.exit_code == 0, said.err
    assert "nothing to do" in shop.run("run", "--as-of", SECOND.isoformat()).out


def test_doctor_finds_nothing_wrong(shop: Shop):
    said = shop.run("doctor")
    assert (said.exit_code, said.out) == (0, f"rfm-spark doctor: 0 errors, 0 warnings in {len(TABLES)} tables\n")


def test_plan_says_that_a_changed_mapping_needs_a_new_ingest(shop: Shop):
    said = shop.run("plan", "--as-of", FIRST.isoformat(), "--set", "sources.till.columns.category=brand")
    assert "transaction/till  definition changed: ingest the days again" in said.out
    assert "transaction/till" not in shop.run("plan", "--as-of", FIRST.isoformat()).out


def test_a_run_id_that_was_used_gets_a_number(shop: Shop, tmp_path: Path):
    for expected in ("nightly-8", "nightly-8-2"):
        result = tmp_path / f"{expected}.json"
        again = ("--reprocess", "all", "--reason", "a retry", "--run-id", "nightly-8", "--result-path", str(result))
        assert shop.run("prefer", "--as-of", FIRST.isoformat(), *again).exit_code == 0
        assert json.loads(result.read_text())["run_id"] == expected
