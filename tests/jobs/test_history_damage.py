"""Tables that somebody else restored, emptied, cut or lost: what tells of it, and what makes them whole."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.jobs.shop import Shop, different, done, tables
from tests.jobs.worth import AGAIN, FEBRUARY, LINES, MARCH, RANGE, complaints
from tests.oracles.lines import Line

pytestmark = pytest.mark.whole


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


def test_facts_that_were_put_back_as_they_were_stop_nobody(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    name, left = f"delta.`{shop.warehouse}/member_day`", shop.versions()["member_day"] - 1
    shop.spark.sql(f"DELETE FROM {name} WHERE member_id % 2 = 0")
    assert "somebody else changed" in done(shop, "plan", *RANGE)
    shop.spark.sql(f"RESTORE TABLE {name} TO VERSION AS OF {left}")
    assert "somebody else changed" not in done(shop, "plan", *RANGE)


@pytest.mark.parametrize(("table", "code"), [("member_day", 3), ("segment_migration", 0)])
def test_a_table_that_was_lost_and_made_anew_is_noticed(published: Shop, tmp_path: Path, table: str, code: int):
    shop = published.copied(tmp_path / "shop")
    shutil.rmtree(shop.warehouse / table)
    assert "no such table" in complaints(shop)
    done(shop, "init")
    assert "somebody else changed or restored it" in done(shop, "plan", *RANGE)
    assert shop.run("backfill", *RANGE, *AGAIN).exit_code == code
    done(shop, "ingest", "--to", MARCH.isoformat())
    done(shop, "track")
    assert "0 errors" in done(shop, "doctor")
    assert different(tables(published), tables(shop)) == []


def test_rows_of_a_date_that_was_taken_away_go_again_when_somebody_restores_them(published: Shop, tmp_path: Path):
    dropped = published.copied(tmp_path / "dropped")
    done(dropped, "backfill", "--drop", FEBRUARY.isoformat())
    restored, deleted = dropped.copied(tmp_path / "restored"), published.copied(tmp_path / "deleted")
    before = published.versions()["segment_transition"] - 1
    restored.spark.sql(f"RESTORE TABLE delta.`{restored.warehouse}/segment_transition` TO VERSION AS OF {before}")
    done(restored, "track")
    deleted.spark.sql(f"DELETE FROM delta.`{deleted.warehouse}/segment_migration` WHERE as_of_date = '{MARCH}'")
    done(deleted, "track", "--segment-set", "pace")
    done(deleted, "backfill", "--drop", FEBRUARY.isoformat())
    for shop in (restored, deleted):
        assert different(tables(dropped), tables(shop)) == []
        assert "0 errors" in done(shop, "doctor")


def test_what_was_published_when_stays_as_it_was_where_somebody_restores_moves(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    before = shop.versions()["segment_transition"] - 1
    late = Line("shop", 1, date(2024, 2, 10), "sale", Decimal(9999), order_id="late", category="tea")
    shop.deliver([*LINES, late])
    done(shop, "ingest", "--to", MARCH.isoformat(), "--set", f"sources.shop.path={shop.folder}/shop*.csv")
    done(shop, "backfill", *RANGE, "--reprocess", "stale", "--reason", "a late line")
    archived, now = shop.rows("segment_transition_archive"), tables(shop)
    assert archived
    shop.spark.sql(f"RESTORE TABLE delta.`{shop.warehouse}/segment_transition` TO VERSION AS OF {before}")
    done(shop, "track")
    assert shop.rows("segment_transition_archive") == archived
    assert different(now, tables(shop)) == []
