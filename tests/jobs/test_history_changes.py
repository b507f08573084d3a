"""Names and rules that change under a published history, and dates that follow."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import Row

from tests.jobs.shop import Shop, done
from tests.jobs.worth import APRIL, FEBRUARY, LINES, MARCH, RANGE, RENAMED, RENAMED_SEGMENT, WORTH
from tests.oracles.lines import Line

pytestmark = pytest.mark.whole


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
