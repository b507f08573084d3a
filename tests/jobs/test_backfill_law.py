"""History is what follows from the published dates: whatever the order, the chunks and the interruptions were."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from rfm_spark.config.model import Config, Window
from tests.jobs.shop import DATED_TABLES, TWO_SETS_OF_ONE_WINDOW, Shop, different, done, dying_after, tables
from tests.oracles import history as twin
from tests.oracles.lines import random_events, random_lines

pytestmark = pytest.mark.whole

Opened = Callable[..., Shop]
DATES = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
RANGE = ("--from", "2024-01-01", "--to", "2024-03-31")
LINES = random_lines(seed=5, members=50, days=85)
EVENTS = random_events(seed=5, members=60, days=85)


@pytest.fixture(scope="module")
def stocked(open_shop: Opened) -> Shop:
    """A shop whose lines and events are ingested; the stories begin with copies of it."""
    shop = open_shop("shop", "web", events=True, more=TWO_SETS_OF_ONE_WINDOW)
    shop.deliver(LINES)
    shop.deliver_events(EVENTS)
    done(shop, "ingest", "--to", DATES[-1].isoformat())
    return shop


def windows_of(config: Config, segment_set: str) -> dict[str, Window]:
    """Return the windows that a set looks at."""
    return {name: config.windows[name] for name in config.segment_sets[segment_set].windows}


@pytest.fixture(scope="module")
def ordered(stocked: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop after one backfill of all dates."""
    shop = stocked.copied(tmp_path_factory.mktemp("ordered") / "shop")
    assert "3 of 3 dates published" in done(shop, "backfill", *RANGE)
    return shop


@pytest.fixture(scope="module")
def permuted(stocked: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop after dates were run out of order, one taken away, and the rest made from the newest on."""
    shop = stocked.copied(tmp_path_factory.mktemp("permuted") / "shop")
    done(shop, "run", "--as-of", DATES[2].isoformat())
    done(shop, "run", "--as-of", DATES[0].isoformat())
    assert {row.previous_as_of_date for row in shop.read("segment_transition", DATES[2]).collect()} == {DATES[0]}
    told = done(shop, "plan", "--drop", DATES[0].isoformat())
    assert f"{DATES[0]}  rfm_score/split  to take away" in told
    assert f"{DATES[2]}  segment_transition/value_tier  to track: against no earlier date" in told
    done(shop, "backfill", "--drop", DATES[0].isoformat())
    assert shop.read("segment_transition", DATES[0]).isEmpty()
    assert {row.cause for row in shop.read("segment_transition", DATES[2]).collect()} == {"first"}
    done(shop, "backfill", *RANGE, "--order", "newest")
    return shop


def test_a_backfill_in_one_pass_equals_dates_run_one_by_one_in_any_order(ordered: Shop, permuted: Shop):
    assert different(tables(ordered), tables(permuted)) == []


def test_transitions_and_causes_equal_the_twin(ordered: Shop):
    config = ordered.config()
    for name in config.active_segment_sets:
        place = twin.shopper_places(config.segment_sets[name], windows_of(config, name), LINES, EVENTS)
        states = {(name, day): place(day, day, day) for day in DATES}
        published = {day: states[name, day] for day in DATES}
        expected = {
            (*move, twin.cause(move, published, dict.fromkeys(DATES, "same"), place))
            for move in twin.transitions(states, DATES)
        }
        rows = ordered.read("segment_transition").where(f"segment_set = '{name}'").collect()
        found = {
            (name, row.as_of_date, row.member_id, row.previous_as_of_date, row.from_segment, row.to_segment, row.cause)
            for row in rows
        }
        assert sorted(map(str, found ^ expected))[:5] == []
        causes = {row.cause for row in rows}
        assert causes >= {"first", "entered", "behaviour", "ageing"}


def test_intervals_equal_the_twin(ordered: Shop):
    config = ordered.config()
    for name in config.active_segment_sets:
        place = twin.shopper_places(config.segment_sets[name], windows_of(config, name), LINES, EVENTS)
        expected = twin.intervals({(name, day): place(day, day, day) for day in DATES}, DATES)
        found = {
            twin.Interval(
                row.segment_set, row.member_id, row.valid_from, row.valid_to, row.segment, row.previous_segment,
                row.previous_valid_from,
            )
            for row in ordered.read("segment_interval").where(f"segment_set = '{name}'").collect()
        }  # fmt: skip
        assert sorted(map(str, found ^ expected))[:5] == []


def test_moves_between_neighbouring_dates_add_up_by_cause(ordered: Shop):
    moved = ordered.read("segment_transition").groupBy("as_of_date", "segment_set").count().collect()
    counted = ordered.read("segment_migration").groupBy("as_of_date", "segment_set").sum("member_count").collect()
    assert sorted(map(tuple, moved)) == sorted(map(tuple, counted))


def test_a_second_backfill_writes_nothing_and_says_so(ordered: Shop):
    before = ordered.versions()
    out = done(ordered, "backfill", *RANGE)
    assert "all 3 dates are published already, nothing to do" in out
    assert ordered.versions() == before


def test_what_plan_tells_is_what_backfill_does(stocked: Shop, tmp_path: Path):
    shop = stocked.copied(tmp_path / "shop")
    done(shop, "run", "--as-of", DATES[1].isoformat())
    told = done(shop, "plan", *RANGE)
    assert "2 of 3 dates have something to do" in told
    assert f"{DATES[1]}  member_segment/life_cycle  up to date" in told
    before = shop.versions()
    done(shop, "plan", *RANGE)
    assert shop.versions() == before
    assert "2 of 3 dates published, 1 was there already" in done(shop, "backfill", *RANGE)


def test_every_interruption_is_finished_by_the_same_command(stocked: Shop, ordered: Shop, tmp_path: Path):
    """The second attempt dies some writes later than the first; what a kill leaves is in tests/faults."""
    shop = stocked.copied(tmp_path / "shop")
    for writes in (3, 9):
        with dying_after(writes):
            said = shop.run("backfill", *RANGE)
        assert said.exit_code == 1
        assert "OSError" in said.err
        published_wholly(shop)
    done(shop, "backfill", *RANGE)
    assert different(tables(ordered), tables(shop)) == []


def published_wholly(shop: Shop) -> None:
    """Check that every date that readers may use has rows in every table of dates, and its transitions."""
    published = [row.as_of_date for row in shop.read("published_date").collect()]
    for table in (*DATED_TABLES, "segment_transition"):
        held = {row[0] for row in shop.read(table).select("as_of_date").distinct().collect()}
        assert set(published) <= held, table


def test_at_a_date_before_the_first_order_there_is_nothing_to_compute(stocked: Shop, tmp_path: Path):
    shop = stocked.copied(tmp_path / "shop")
    flags = ("--from", "2023-11-30", "--to", "2024-01-31")
    assert "2023-11-30  nothing to compute: before the first order" in done(shop, "plan", *flags)
    assert "2 dates before the first order: nothing to compute" in done(shop, "backfill", *flags)
    assert "nothing to compute at 2023-12-31: the first order is on 2024-01-01" in done(
        shop, "run", "--as-of", "2023-12-31"
    )
    assert [row.as_of_date for row in shop.read("published_date").collect()] == [date(2024, 1, 31)]
    assert shop.read("rfm_score", date(2023, 11, 30)).isEmpty()


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--from", "2024-03-31", "--to", "2024-01-01"), "is after"),
        (("--from", "2024-01-31", "--to", "2999-12-31"), "has not ended"),
        (("--from", "2024-01-02", "--to", "2024-01-03"), "no end of a month"),
    ],
)
def test_impossible_dates_are_bad_usage(ordered: Shop, flags: tuple[str, ...], word: str):
    before = ordered.versions()
    said = ordered.run("backfill", *flags)
    assert said.exit_code == 2
    assert word in said.err
    assert ordered.versions() == before


def test_neighbours_of_a_middle_date_are_linked_to_it(ordered: Shop):
    rows = ordered.read("segment_transition").select("as_of_date", "previous_as_of_date").distinct().collect()
    links = {(row[1], row[0]) for row in rows}
    assert links == {(None, DATES[0]), *pairwise(DATES)}
