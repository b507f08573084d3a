"""A segment set that left the configuration: its past is closed, and no repair of its dates loses it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.jobs.shop import TWO_SETS_OF_ONE_WINDOW, Shop, done
from tests.oracles.lines import Line, random_lines

pytestmark = pytest.mark.whole

JANUARY, FEBRUARY, MARCH = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
RANGE = ("--from", "2024-01-01", "--to", "2024-03-31")
WITHOUT = ("--set", "segments.active=[life_cycle]")
OF_IT = "segment_set = 'value_tier'"
LINES = random_lines(seed=3, members=40, days=85)


@pytest.fixture(scope="module")
def given_up(open_shop: Callable[..., Shop], tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Shop]:
    """The shop when March was published without a set that January and February have, and after their repair."""
    before = open_shop("shop", more=TWO_SETS_OF_ONE_WINDOW)
    before.deliver(LINES)
    done(before, "ingest", "--to", MARCH.isoformat())
    done(before, "backfill", "--from", RANGE[1], "--to", FEBRUARY.isoformat())
    done(before, "run", "--as-of", MARCH.isoformat(), *WITHOUT)
    after = before.copied(tmp_path_factory.mktemp("repaired") / "shop")
    forgotten = Line("shop", 1, date(2024, 1, 25), "sale", Decimal("900"), order_id="late")
    after.deliver([*LINES, forgotten])
    done(after, "ingest", "--to", MARCH.isoformat(), "--set", f"sources.shop.path={after.folder}/shop*.csv")
    done(after, "backfill", *RANGE, "--reprocess", "stale", "--reason", "a late line", *WITHOUT)
    return before, after


def test_the_repair_reached_the_sets_of_today(given_up: tuple[Shop, Shop]):
    before, after = given_up
    for table in ("rfm_score", "segment_summary"):
        assert before.rows(table, JANUARY) != after.rows(table, JANUARY), table


@pytest.mark.parametrize("table", ["member_segment", "segment_summary", "segment_transition", "segment_interval"])
def test_a_set_given_up_keeps_its_past_when_its_dates_are_made_again(given_up: tuple[Shop, Shop], table: str):
    before, after = given_up
    kept = before.rows(table, where=OF_IT)
    assert kept
    assert after.rows(table, where=OF_IT) == kept


def test_its_stays_end_where_it_was_given_up(given_up: tuple[Shop, Shop]):
    _, after = given_up
    assert after.read("segment_interval").where(f"{OF_IT} and valid_to > '{MARCH}'").isEmpty()
    assert {row.cause for row in after.read("segment_transition", MARCH).where(OF_IT).collect()} == {"definition"}


def test_profiles_made_since_have_the_sets_of_today(given_up: tuple[Shop, Shop]):
    _, after = given_up
    sets = after.read("member_profile", FEBRUARY).selectExpr("explode(map_keys(segments)) as name").distinct()
    assert [row.name for row in sets.collect()] == ["life_cycle"]


def test_the_warehouse_is_in_order(given_up: tuple[Shop, Shop]):
    _, after = given_up
    assert "0 errors" in done(after, "doctor", *WITHOUT)


def test_taking_a_date_away_takes_its_given_up_sets_away_too(given_up: tuple[Shop, Shop], tmp_path: Path):
    shop = given_up[1].copied(tmp_path / "shop")
    done(shop, "backfill", "--drop", FEBRUARY.isoformat(), *WITHOUT)
    assert shop.read("member_segment", FEBRUARY).isEmpty()
    assert shop.read("segment_transition", MARCH).where(OF_IT).count() > 0
    assert "0 errors" in done(shop, "doctor", *WITHOUT)


@pytest.mark.parametrize(
    ("is_frozen", "remade_to"),
    [(False, MARCH), (True, JANUARY), (True, MARCH)],
    ids=["by members", "frozen, March has it still", "frozen, nobody has it"],
)
def test_a_window_that_went_with_its_set_keeps_its_scores_for_the_history_of_the_set(
    open_shop: Callable[..., Shop], tmp_path: Path, is_frozen: bool, remade_to: date
):
    kept = open_shop("shop", more=(*TWO_SETS_OF_ONE_WINDOW, "segments.value_tier.window=recent"))
    kept.deliver(LINES)
    done(kept, "ingest", "--to", MARCH.isoformat())
    done(kept, "run", "--as-of", JANUARY.isoformat())
    if is_frozen:
        kept = replace(kept, more=(*kept.more, "windows.recent.frozen.from=2024-01-31"))
    done(kept, "backfill", *RANGE, "--reprocess", "stale")
    lost = kept.copied(tmp_path / "lost")
    # Frozen boundaries are the same at every date; those of January are its own tiles.
    remade = ("--from", RANGE[1], "--to", remade_to.isoformat())
    done(lost, "backfill", *remade, "--reprocess", "all", "--reason", "without the set", *WITHOUT)
    assert lost.rows("rfm_score", JANUARY, "rfm_window = 'recent'"), "scores live as long as their set"
    done(kept, "backfill", "--drop", FEBRUARY.isoformat())
    done(lost, "backfill", "--drop", FEBRUARY.isoformat(), *WITHOUT)
    for table in ("segment_transition", "segment_migration"):
        assert lost.rows(table, MARCH, OF_IT) == kept.rows(table, MARCH, OF_IT), table
    moves = lost.read("segment_migration", MARCH).where(OF_IT).collect()
    assert {"behaviour", "ageing", "boundary"} & {row.cause for row in moves}
    assert any(row.net_amount for row in moves)
