"""A window that takes its boundaries from one date: when those are found anew, every date that took them is stale."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tests.jobs.shop import Shop, done
from tests.oracles.lines import Line, random_lines

pytestmark = pytest.mark.whole

JANUARY, MARCH = date(2024, 1, 31), date(2024, 3, 31)
FEW = ("windows.active=[recent]", "segments.active=[]", "scores.main_window=recent", "preferences.window=recent")
FROZEN = ("--set", "windows.recent.frozen.from=2024-01-31")
STALE = f"rfm_score/recent  stale: the boundaries of {JANUARY}, which it takes, were computed again"
LATE = [Line("shop", member, date(2024, 1, 10), "sale", Decimal("700"), order_id=f"late {member}") for member in (1, 2)]


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose March is scored by the boundaries of January, which late lines then changed."""
    opened, lines = open_shop("shop", more=FEW), random_lines(seed=4, members=40, days=85)
    opened.deliver(lines)
    done(opened, "ingest", "--to", MARCH.isoformat())
    done(opened, "run", "--as-of", JANUARY.isoformat())
    done(opened, "run", "--as-of", MARCH.isoformat(), *FROZEN)
    opened.deliver([*lines, *LATE])
    done(opened, "ingest", "--to", MARCH.isoformat())
    return opened


def best_amount(shop: Shop, day: date) -> Decimal:
    """Return from which amount on members have the best score of M."""
    [row] = shop.read("score_boundary", day).where("metric = 'monetary' and score = 5").collect()
    return row.cut_value


def planned(shop: Shop) -> str:
    return done(shop, "plan", "--as-of", MARCH.isoformat(), "--reprocess", "stale", *FROZEN)


def test_dates_scored_by_boundaries_that_were_made_again_are_stale_until_they_are_made_again(shop: Shop):
    assert f"{MARCH}  rfm_score/recent  up to date" in planned(shop), "late lines of January are in no window of March"
    assert best_amount(shop, MARCH) == best_amount(shop, JANUARY)

    done(shop, "run", "--as-of", JANUARY.isoformat(), "--reprocess", "stale")
    assert best_amount(shop, MARCH) < best_amount(shop, JANUARY)
    assert f"{MARCH}  {STALE}" in planned(shop)

    done(shop, "backfill", "--as-of", MARCH.isoformat(), "--reprocess", "stale", *FROZEN)
    assert best_amount(shop, MARCH) == best_amount(shop, JANUARY)
    assert f"{MARCH}  rfm_score/recent  up to date" in planned(shop)
