"""Tables that somebody else restored, emptied or cut, names that change, and two backfills at once."""

import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from rfm_spark.io.locks import local_lock
from rfm_spark.steps import track
from rfm_spark.steps.dates import drop, perform
from rfm_spark.steps.tracking import intervals
from tests.jobs.shop import Shop, different, done, tables
from tests.oracles.lines import Line, random_lines

pytestmark = pytest.mark.whole

FEBRUARY, MARCH, APRIL = date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)
RANGE = ("--from", "2024-02-01", "--to", "2024-03-31")
AGAIN = ("--reprocess", "all", "--reason", "repair")
FEW = (
    "windows.active=[recent]", "scores.main_window=recent", "preferences.window=recent", "checks.max_member_fall=0.9",
)  # fmt: skip
LINES = random_lines(seed=11, members=40, days=85)
WORTH = """
segments:
  active: [worth, pace]
  worth:
    title: {en: Worth of members}
    window: recent
    rules:
      - {segment: gold, when: {m: high}}
      - {segment: silver, when: {m: mid}}
    otherwise: bronze
    lapsed: bronze
    names:
      gold: {title: {en: Gold}, meaning: The best by amount, advice: Keep}
      silver: {title: {en: Silver}, meaning: The middle by amount, advice: Raise}
      bronze: {title: {en: Bronze}, meaning: The least by amount, advice: Wake}
  pace:
    title: {en: Pace of members}
    window: recent
    rules: [{segment: quick, when: {f: high}}]
    otherwise: slow
    lapsed: slow
    names:
      quick: {title: {en: Quick}, meaning: Many orders, advice: Thank}
      slow: {title: {en: Slow}, meaning: Few orders, advice: Ask}
"""
RENAMED_SEGMENT = WORTH.replace("segment: gold", "segment: jewel").replace("gold: {", "jewel: {formerly: gold, ")
RENAMED = RENAMED_SEGMENT.replace("worth", "value").replace("    window:", "    formerly: worth\n    window:", 1)


def complaints(shop: Shop) -> str:
    """Return what the doctor finds, which must be errors."""
    said = shop.run("doctor")
    assert said.exit_code == 3, said.out
    return said.err


@pytest.fixture(scope="module")
def stocked(open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose lines are ingested, nothing computed."""
    shop = open_shop("shop", more=FEW)
    (shop.folder / "conf" / "tiers.yaml").write_text(WORTH)
    shop.deliver(LINES)
    done(shop, "ingest", "--to", MARCH.isoformat())
    return shop


@pytest.fixture(scope="module")
def published(stocked: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop with two published month ends."""
    shop = stocked.copied(tmp_path_factory.mktemp("published") / "shop")
    done(shop, "backfill", *RANGE)
    return shop


def test_a_restored_a_cut_and_an_emptied_table_are_found_and_one_backfill_repairs_them(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    shop.spark.sql(f"RESTORE TABLE delta.`{shop.warehouse}/rfm_score` TO VERSION AS OF 0")
    shop.spark.sql(f"DELETE FROM delta.`{shop.warehouse}/member_segment` WHERE as_of_date = '{FEBRUARY}'")
    shop.spark.sql(f"DELETE FROM delta.`{shop.warehouse}/score_boundary` WHERE as_of_date = '{FEBRUARY}'")
    shop.spark.sql(f"RESTORE TABLE delta.`{shop.warehouse}/segment_migration` TO VERSION AS OF 0")
    shutil.rmtree(shop.warehouse / "segment_transition")
    done(shop, "init")

    found = complaints(shop)
    for table, column, part, day in (
        ("rfm_score", "rfm_window", "recent", MARCH),
        ("member_segment", "segment_set", "worth", FEBRUARY),
        ("segment_transition", "segment_set", "pace", FEBRUARY),
    ):
        lost = len(published.rows(table, day, f"{column} = '{part}'"))
        assert f"{day} {table}/{part} (0, not {lost})" in found
    assert f"score_boundary: other rows than were published: {FEBRUARY} rfm_score/recent" in found
    assert f"segment_migration: other rows than were published: {FEBRUARY} segment_transition/pace" in found
    assert f"rfm-spark backfill --from {FEBRUARY} --to {MARCH} --reprocess all" in found

    done(shop, "backfill", *RANGE, *AGAIN)
    assert "0 errors" in done(shop, "doctor")
    assert different(tables(published), tables(shop)) == []


def test_a_renamed_set_and_renamed_segments_keep_their_stays_open(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    today = {"gold": "jewel"}
    before = {(row.member_id, today.get(row.segment, row.segment), row.valid_from, row.valid_to) for row in stays(shop)}
    (shop.folder / "conf" / "tiers.yaml").write_text(RENAMED)
    done(shop, "backfill", *RANGE, "--reprocess", "stale", "--reason", "new names")
    after = {(row.member_id, row.segment, row.valid_from, row.valid_to) for row in stays(shop)}
    assert after == before
    assert {row.segment_set for row in shop.read("member_segment").collect()} == {"value", "pace"}


def test_a_renamed_segment_is_told_by_its_new_name_everywhere(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    (shop.folder / "conf" / "tiers.yaml").write_text(RENAMED_SEGMENT)
    assert f"{MARCH}  member_profile  definition changed" in done(shop, "plan", *RANGE)
    done(shop, "backfill", *RANGE, "--reprocess", "stale", "--reason", "a new name")
    told = {row.segment for row in shop.read("segment_summary").where("segment_set = 'worth'").collect()}
    assert told == {"jewel", "silver", "bronze"}
    profiles = shop.read("member_profile").selectExpr("segments['worth'] as segment").distinct().collect()
    assert "gold" not in {row.segment for row in profiles}


def stays(shop: Shop) -> list[Row]:
    """Return the stays of all members in the set that is renamed."""
    return shop.read("segment_interval").where("segment_set in ('worth', 'value')").collect()


def test_intervals_that_somebody_changed_are_made_again_by_track(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    shop.spark.sql(f"DELETE FROM delta.`{shop.warehouse}/segment_interval` WHERE member_id % 3 = 0")
    assert "stays are not those that the transitions give" in complaints(shop)
    unfinished = "segment_interval/worth  unfinished: track makes it again"
    assert unfinished in done(shop, "plan", *RANGE)
    done(shop, "track")
    assert unfinished not in done(shop, "plan", *RANGE)
    assert "0 errors" in done(shop, "doctor")
    assert different(tables(published), tables(shop)) == []


@pytest.mark.parametrize("table", ["segment_transition", "segment_migration"])
def test_moves_and_their_counts_that_somebody_restored_are_made_again_by_track(
    published: Shop, tmp_path: Path, table: str
):
    shop = published.copied(tmp_path / "shop")
    shop.spark.sql(f"RESTORE TABLE delta.`{shop.warehouse}/{table}` TO VERSION AS OF 0")
    assert "somebody else changed or restored its rows" in complaints(shop)
    assert "segment_transition  somebody else changed or restored it" in done(shop, "plan", *RANGE)
    done(shop, "track", "--segment-set", "pace")
    assert "segment_transition/worth  to track" in done(shop, "plan", *RANGE)
    done(shop, "track")
    assert "history is up to date" in done(shop, "track")
    assert different(tables(published), tables(shop)) == []
    assert "0 errors" in done(shop, "doctor")


def test_retention_that_somebody_emptied_is_counted_again_by_track(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    done(shop, "ingest", "--to", APRIL.isoformat())
    done(shop, "run", "--as-of", APRIL.isoformat(), "--set", "checks.max_member_fall=1")
    before = tables(shop)
    assert before["segment_retention"]
    shop.spark.sql(f"DELETE FROM delta.`{shop.warehouse}/segment_retention`")
    assert "segment_retention  to count again" in done(shop, "plan", *RANGE)
    assert "segment_retention of 2 dates is made again" in done(shop, "track")
    assert different(before, tables(shop)) == []
    assert "history is up to date" in done(shop, "track")


def test_no_date_is_made_from_facts_that_somebody_restored(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    shop.spark.sql(f"RESTORE TABLE delta.`{shop.warehouse}/member_day` TO VERSION AS OF 0")
    assert "member_day  somebody else changed or restored it: no date is made" in done(shop, "plan", *RANGE)
    said = shop.run("backfill", *RANGE, *AGAIN)
    assert said.exit_code == 3
    assert "run rfm-spark ingest first" in said.err
    done(shop, "ingest", "--to", MARCH.isoformat())
    done(shop, "backfill", *RANGE, *AGAIN)
    assert different(tables(published), tables(shop)) == []
    assert "0 errors" in done(shop, "doctor")


def test_plan_tells_of_dates_that_lack_nothing_but_to_be_published(
    stocked: Shop, published: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shop = stocked.copied(tmp_path / "shop")

    def dying(*_: object) -> None:
        raise OSError("the machine went away")

    monkeypatch.setattr(track, "publish", dying)
    assert shop.run("backfill", *RANGE).exit_code == 1
    monkeypatch.undo()
    planned = done(shop, "plan", *RANGE)
    assert f"{MARCH}  complete: published once its history is there" in planned
    assert "2 of 2 dates have something to do" in planned
    assert "2 of 2 dates published" in done(shop, "backfill", *RANGE)
    assert different(tables(published), tables(shop)) == []


def test_a_removal_that_died_is_ended_by_track(published: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop, ordered = published.copied(tmp_path / "shop"), published.copied(tmp_path / "ordered")

    def dying(*_: object) -> None:
        raise OSError("the machine went away")

    monkeypatch.setattr(drop, "complete_dates", dying)
    assert shop.run("backfill", "--drop", FEBRUARY.isoformat()).exit_code == 1
    monkeypatch.undo()
    told = shop.run("doctor")
    assert (
        f"segment_transition: holds {FEBRUARY}, which run_log does not know; run rfm-spark track" in told.out + told.err
    )
    done(shop, "track")
    done(ordered, "backfill", "--drop", FEBRUARY.isoformat())
    assert different(tables(ordered), tables(shop)) == []


def test_another_writer_of_the_intervals_is_noticed_and_the_next_run_makes_them_whole(
    published: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shop = published.copied(tmp_path / "shop")
    delete = f"DELETE FROM delta.`{shop.warehouse}/segment_interval` WHERE member_id % 3 = "
    shop.spark.sql(f"{delete} 0")
    spread = intervals.spread_apart

    def after_another(*arguments: Any) -> DataFrame:
        shop.spark.sql(f"{delete} 1")
        return spread(*arguments)

    monkeypatch.setattr(intervals, "spread_apart", after_another)
    said = shop.run("track")
    monkeypatch.undo()
    assert said.exit_code == 4
    assert "another writer changed it meanwhile" in said.err
    assert "segment_interval of pace, worth is made again" in done(shop, "track")
    assert different(tables(published), tables(shop)) == []


def test_a_new_date_leaves_the_files_of_stays_that_had_ended(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    done(shop, "ingest", "--to", APRIL.isoformat())
    ended = files_of_ended_stays(shop)
    done(shop, "run", "--as-of", APRIL.isoformat(), "--set", "checks.max_member_fall=1")
    assert ended
    assert ended <= files_of_ended_stays(shop)
    assert "0 errors" in done(shop, "doctor")


def files_of_ended_stays(shop: Shop) -> set[str]:
    """Return the files of stays that nothing of a new date can change."""
    rows = shop.read("segment_interval").where(f"valid_to < '{APRIL}'")
    return {row[0] for row in rows.select("_metadata.file_name").distinct().collect()}


def test_a_late_line_after_a_rule_changed_is_explained_by_the_rules_of_then(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    (shop.folder / "conf" / "tiers.yaml").write_text(WORTH.replace("{m: high}", "{m: 5}"))
    late = Line("shop", 1, date(2024, 2, 10), "sale", Decimal(999), order_id="late", category="tea")
    shop.deliver([*LINES, late])
    done(shop, "ingest", "--to", MARCH.isoformat(), "--set", f"sources.shop.path={shop.folder}/shop*.csv")
    assert f"{MARCH}  segment_transition/worth  to track: against {FEBRUARY}" in done(shop, "plan", *RANGE)
    done(shop, "track")
    assert "to track: against" not in done(shop, "plan", *RANGE)


def test_a_backfill_beside_another_one_is_told_to_wait_and_changes_nothing(published: Shop):
    before = published.versions()
    with local_lock(published.warehouse):
        said = published.run("backfill", *RANGE, *AGAIN)
    assert (said.exit_code, published.versions()) == (4, before)
    assert "wait for it" in said.err


def test_jobs_on_neighbouring_dates_that_do_not_see_each_other_end_as_an_ordered_run(
    stocked: Shop, published: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Where no lock holds, March is tracked by a run that began before February was published."""
    shop = stocked.copied(tmp_path / "shop")
    complete, ran = perform.complete_dates, []

    def after_february(*arguments: object) -> object:
        if not ran:
            ran.append("february")
            (shop.warehouse / ".rfm-spark.lock").unlink(missing_ok=True)
            done(shop, "run", "--as-of", FEBRUARY.isoformat())
        return complete(*arguments)

    monkeypatch.setattr(perform, "complete_dates", after_february)
    done(shop, "run", "--as-of", MARCH.isoformat())
    monkeypatch.undo()
    assert f"{MARCH}  segment_transition/worth  to track: against {FEBRUARY}" in done(shop, "plan", *RANGE)
    said = done(shop, "backfill", *RANGE)
    assert "dates are published already; history of 1 dates was not up to date, and is now" in said
    assert different(tables(published), tables(shop)) == []


def test_a_job_that_found_another_writer_of_the_intervals_leaves_its_links_to_the_next(
    stocked: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Where no lock holds, April is tracked and published while March is about to write its intervals."""
    shop, ordered = stocked.copied(tmp_path / "shop"), stocked.copied(tmp_path / "ordered")
    until_april = ("--from", "2024-02-01", "--to", APRIL.isoformat())
    done(ordered, "backfill", *until_april)
    done(shop, "run", "--as-of", FEBRUARY.isoformat())
    spread, ran = intervals.spread_apart, []

    def after_april(*arguments: Any) -> DataFrame:
        if not ran:
            ran.append("april")
            (shop.warehouse / ".rfm-spark.lock").unlink()
            done(shop, "backfill", "--as-of", APRIL.isoformat())
        return spread(*arguments)

    monkeypatch.setattr(intervals, "spread_apart", after_april)
    assert shop.run("run", "--as-of", MARCH.isoformat()).exit_code == 4
    monkeypatch.undo()
    done(shop, "run", "--as-of", MARCH.isoformat())
    assert different(tables(ordered), tables(shop)) == []
    assert "0 errors" in done(shop, "doctor")
