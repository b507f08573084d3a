"""Two writers at once, and runs that die where history begins."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame

from rfm_spark.io.locks import local_lock
from rfm_spark.steps import track
from rfm_spark.steps.dates import drop, perform
from rfm_spark.steps.tracking import intervals
from tests.jobs.shop import Shop, different, done, tables
from tests.jobs.worth import AGAIN, APRIL, FEBRUARY, MARCH, RANGE

pytestmark = pytest.mark.whole


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
