"""Two writers at once, and runs that die where history begins."""

from pathlib import Path

import pytest

from rfm_spark.io.locks import local_lock
from tests.jobs.shop import Shop, different, done, go_away, once_before_writing, tables
from tests.jobs.worth import AGAIN, APRIL, FEBRUARY, MARCH, RANGE

pytestmark = pytest.mark.whole


def test_another_writer_of_the_intervals_is_noticed_and_the_next_run_makes_them_whole(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    delete = f"DELETE FROM delta.`{shop.warehouse}/segment_interval` WHERE member_id % 3 = "
    shop.spark.sql(f"{delete} 0")
    with once_before_writing("segment_interval", lambda: shop.spark.sql(f"{delete} 1")):
        said = shop.run("track")
    assert said.exit_code == 4
    assert "another writer" in said.err
    assert "segment_interval was changed by somebody else: all of history is made again" in done(shop, "track")
    assert different(tables(published), tables(shop)) == []


def test_a_backfill_beside_another_one_is_told_to_wait_and_changes_nothing(published: Shop):
    before = published.versions()
    with local_lock(published.warehouse):
        said = published.run("backfill", *RANGE, *AGAIN)
    assert (said.exit_code, published.versions()) == (4, before)
    assert "wait for it" in said.err


def test_jobs_on_neighbouring_dates_that_do_not_see_each_other_end_as_an_ordered_run(
    stocked: Shop, published: Shop, tmp_path: Path
):
    """Where no lock holds, March is tracked by a run that began before February was published."""
    shop = stocked.copied(tmp_path / "shop")

    def run_february() -> None:
        (shop.warehouse / ".rfm-spark.lock").unlink(missing_ok=True)
        done(shop, "run", "--as-of", FEBRUARY.isoformat())

    with once_before_writing("member_profile", run_february):
        done(shop, "run", "--as-of", MARCH.isoformat())
    assert "history of 0 dates to track" in done(shop, "plan", *RANGE)
    assert different(tables(published), tables(shop)) == []


def test_a_job_that_found_another_writer_of_the_intervals_leaves_its_history_to_the_next(stocked: Shop, tmp_path: Path):
    """Where no lock holds, April is tracked and published while March is about to write its intervals."""
    shop, ordered = stocked.copied(tmp_path / "shop"), stocked.copied(tmp_path / "ordered")
    done(ordered, "backfill", "--from", "2024-02-01", "--to", APRIL.isoformat())
    done(shop, "run", "--as-of", FEBRUARY.isoformat())

    def publish_april() -> None:
        (shop.warehouse / ".rfm-spark.lock").unlink()
        done(shop, "backfill", "--as-of", APRIL.isoformat())

    with once_before_writing("segment_interval", publish_april):
        assert shop.run("run", "--as-of", MARCH.isoformat()).exit_code == 4
    done(shop, "run", "--as-of", MARCH.isoformat())
    assert different(tables(ordered), tables(shop)) == []
    assert "0 errors" in done(shop, "doctor")


def test_plan_names_dates_that_lack_nothing_but_to_be_published(stocked: Shop, published: Shop, tmp_path: Path):
    shop = stocked.copied(tmp_path / "shop")
    with once_before_writing("published_date", go_away):
        assert shop.run("backfill", *RANGE).exit_code == 1
    planned = done(shop, "plan", *RANGE)
    assert f"{MARCH}  complete: published once its history is there" in planned
    assert "2 of 2 dates have something to do" in planned
    assert "2 of 2 dates published" in done(shop, "backfill", *RANGE)
    assert different(tables(published), tables(shop)) == []


def test_a_removal_that_died_is_ended_by_the_same_command(published: Shop, tmp_path: Path):
    shop, ordered = published.copied(tmp_path / "shop"), published.copied(tmp_path / "ordered")
    with once_before_writing("segment_transition", go_away):
        assert shop.run("backfill", "--drop", FEBRUARY.isoformat()).exit_code == 1
    said = shop.run("doctor")
    assert f"as-of date {FEBRUARY}: its rows are gone, and no run recorded that" in said.out + said.err
    done(shop, "backfill", "--drop", FEBRUARY.isoformat())
    done(ordered, "backfill", "--drop", FEBRUARY.isoformat())
    assert different(tables(ordered), tables(shop)) == []
    assert "0 errors" in done(shop, "doctor")
