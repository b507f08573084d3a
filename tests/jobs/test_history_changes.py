"""Names and rules that change under a published history, and dates that follow."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.jobs.shop import Shop, done
from tests.jobs.worth import APRIL, FEBRUARY, LINES, MARCH, NEW_SEGMENT, NEW_TITLE, RANGE, WORTH
from tests.oracles.lines import Line

pytestmark = pytest.mark.whole


def test_another_title_changes_nothing(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    (shop.folder / "conf" / "tiers.yaml").write_text(NEW_TITLE)
    assert "0 of 2 dates have something to do; history of 0 dates" in done(shop, "plan", *RANGE)


def test_another_name_is_another_segment_and_the_definition_moved_its_members(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    (shop.folder / "conf" / "tiers.yaml").write_text(NEW_SEGMENT)
    assert f"{MARCH}  member_segment/worth  definition changed" in done(shop, "plan", *RANGE)
    done(shop, "backfill", "--as-of", MARCH.isoformat(), "--reprocess", "stale", "--reason", "a new name")
    of_worth = shop.read("segment_transition", MARCH).where("segment_set = 'worth'").collect()
    assert {row.cause for row in of_worth} == {"definition"}
    assert {row.to_segment for row in of_worth} >= {"jewel"}
    segments = {row.segment for row in shop.read("segment_summary", MARCH).where("segment_set = 'worth'").collect()}
    assert segments == {"jewel", "silver", "bronze"}


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
