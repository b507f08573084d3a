"""Seeded random histories of commands: whatever ran, was dropped, killed or configured, the end is the same."""

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rfm_spark.steps.dates import work
from tests.jobs.shop import TWO_SETS_OF_ONE_WINDOW, Shop, different, done, dying_after, tables
from tests.oracles.lines import random_events, random_lines

DATES = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]
RANGE = ("--from", "2024-01-01", "--to", "2024-04-30")
OTHERWISE = (
    (),
    ("--set", "windows.split.days=20"),
    ("--set", "segments.active=[life_cycle]"),
    ("--set", "segments.active=[value_tier]", "--set", "windows.split.ties=together"),
)
"""What the configuration may be on the way; at the end it is the shop's own."""
STEPS = 5

pytestmark = pytest.mark.slow


def step(shop: Shop, chance: random.Random) -> str:
    """Do one thing that may happen to a warehouse, under a configuration of the day; return what it was."""
    configuration = chance.choice(OTHERWISE)
    day = chance.choice(DATES).isoformat()
    kind = chance.choice(("run", "run", "drop", "range", "killed", "track"))
    told = f"{kind} {day} {configuration}"
    if kind == "run":
        done(shop, "run", "--as-of", day, "--reprocess", "all", "--reason", "a whim", *configuration)
    elif kind == "drop":
        shop.run("backfill", "--drop", day, *configuration)
    elif kind == "range":
        order = chance.choice(("oldest", "newest"))
        done(shop, "backfill", "--from", day, "--to", RANGE[3], "--order", order, *configuration)
    elif kind == "killed":
        writes = chance.randint(0, 14)
        with dying_after(writes):
            ended = shop.run("backfill", *RANGE, "--reprocess", "stale", *configuration)
        told += f", {writes} writes: exit {ended.exit_code}"
    else:
        done(shop, "track", *configuration)
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_way_to_the_same_dates_leaves_the_tables_of_one_backfill(
    open_shop: Callable[..., Shop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
):
    chance = random.Random(seed)
    shop = open_shop("shop", "web", events=True, more=TWO_SETS_OF_ONE_WINDOW)
    shop.deliver(random_lines(seed=seed, members=40, days=115))
    shop.deliver_events(random_events(seed=seed, members=45, days=115))
    done(shop, "ingest", "--to", RANGE[3])
    ordered = shop.copied(tmp_path / "ordered")
    done(ordered, "backfill", *RANGE)

    history = []
    for _ in range(STEPS):
        monkeypatch.setattr(work, "DATES_AT_ONCE", chance.randint(1, 4))
        history.append(step(shop, chance))
    done(shop, "backfill", *RANGE, "--reprocess", "stale", "--reason", "the end", "--order", "newest")
    assert different(tables(ordered), tables(shop)) == [], history
    assert "0 errors" in done(shop, "doctor"), history
