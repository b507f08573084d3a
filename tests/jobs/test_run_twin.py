"""A run over every window method and segment set, beside the naive twin, and what must not change it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.jobs.shop import DATED_TABLES, Shop
from tests.oracles.facts import member_days, tag_days
from tests.oracles.lines import random_events, random_lines
from tests.oracles.preferences import preferences
from tests.oracles.scores import score_windows
from tests.oracles.segments import assign

pytestmark = pytest.mark.whole

AS_OF = date(2024, 2, 20)
LINES = random_lines(seed=11, members=60, days=80)
EVENTS = random_events(seed=11, members=75, days=80)
PAST = [line for line in LINES if line.day <= AS_OF]
PAST_EVENTS = [event for event in EVENTS if event.day <= AS_OF]

Opened = Callable[..., Shop]
FEW = ("windows.active=[split, lifetime]", "segments.active=[rfm_tier, life_cycle]")
"""Enough to see a difference; every window more costs seconds."""


def few(shop: Shop) -> dict[str, list[str]]:
    """Return what the date's tables say of the few windows and sets, and all of its preferences."""
    of_window, of_set = "rfm_window IN ('split', 'lifetime', 'year')", "segment_set IN ('rfm_tier', 'life_cycle')"
    return {
        "rfm_score": shop.rows("rfm_score", AS_OF, of_window),
        "score_boundary": shop.rows("score_boundary", AS_OF, of_window),
        "member_segment": shop.rows("member_segment", AS_OF, of_set),
        "segment_summary": shop.rows("segment_summary", AS_OF, of_set),
        "member_preference": shop.rows("member_preference", AS_OF),
    }


@pytest.fixture(scope="module")
def shop(open_shop: Opened) -> Shop:
    """The shop after a run that knew the past alone; single window options are compared in test_scoring_twin."""
    opened = open_shop("shop", "web", events=True)
    opened.deliver(PAST)
    opened.deliver_events(PAST_EVENTS)
    said = opened.run("run", "--ingest", "--as-of", AS_OF.isoformat())
    assert said.exit_code == 0, said.err
    return opened


def test_facts_equal_those_of_the_twin(shop: Shop):
    names = ("member_id", "order_day", "valid_from", "valid_to", "order_count", "gross_amount", "refund_amount",
             "net_amount", "promotion_order_count")  # fmt: skip
    found = sorted(tuple(row[name] for name in names) for row in shop.read("member_day").collect())
    facts = member_days(PAST, shop.config().orders.refunds)
    assert found == sorted(tuple(getattr(fact, name) for name in names) for fact in facts)


def test_every_window_and_method_equals_the_twin(shop: Shop):
    names = ("recency_days", "order_count", "net_amount", "decayed_order_count", "decayed_amount")
    facts = member_days(PAST, shop.config().orders.refunds)
    expected = {
        (row.window, row.member_id): (
            *(getattr(row.measure, name) for name in names), row.rfm_label, row.composite_score,
        )
        for row in score_windows(facts, shop.config().computed_windows(), AS_OF)
    }  # fmt: skip
    found = {
        (row.rfm_window, row.member_id): (*(row[name] for name in names), row.rfm_label, row.composite_score)
        for row in shop.read("rfm_score", AS_OF).collect()
    }
    wrong = {
        key: (found.get(key), expected.get(key))
        for key in found.keys() | expected
        if found.get(key) != expected.get(key)
    }
    assert dict(sorted(wrong.items())[:5]) == {}


def test_all_seven_segment_sets_equal_the_twin(shop: Shop):
    config = shop.config()
    facts = member_days(PAST, config.orders.refunds)
    scored = score_windows(facts, config.computed_windows(), AS_OF)
    expected = {
        (name, member): segment
        for name in config.active_segment_sets
        for member, segment in assign(
            config.segment_sets[name], config.windows, scored, facts, PAST, PAST_EVENTS, AS_OF
        ).items()
    }
    found = {(row.segment_set, row.member_id): row.segment for row in shop.read("member_segment", AS_OF).collect()}
    wrong = {
        key: (found.get(key), expected.get(key))
        for key in found.keys() | expected
        if found.get(key) != expected.get(key)
    }
    assert dict(sorted(wrong.items())[:5]) == {}


def test_preferences_equal_the_twin(shop: Shop):
    config = shop.config()
    window = config.windows[config.preferences.window]
    names = ("member_id", "tag_class", "tag_value", "strength", "rank_in_class", "share", "last_day", "order_count",
             "event_count")  # fmt: skip
    days = tag_days(PAST, PAST_EVENTS, config.tags.classes, config.tags.event_types)
    expected = sorted(tuple(getattr(row, name) for name in names) for row in preferences(days, window, AS_OF))
    found = sorted(tuple(row[name] for name in names) for row in shop.read("member_preference", AS_OF).collect())
    assert found == expected


def test_nothing_from_the_future_changes_a_byte_of_the_date(shop: Shop, open_shop: Opened):
    knowing = open_shop("shop", "web", events=True, more=FEW)
    knowing.deliver(LINES)
    knowing.deliver_events(EVENTS)
    assert len(LINES) > len(PAST)
    later = max(line.day for line in LINES).isoformat()
    assert knowing.run("ingest", "--to", later).exit_code == 0
    assert knowing.run("run", "--as-of", AS_OF.isoformat()).exit_code == 0
    assert few(knowing) == few(shop)


def test_partitions_order_and_files_of_the_input_change_nothing(shop: Shop, open_shop: Opened):
    other = open_shop("shop", "web", events=True, more=(*FEW, "warehouse.files=8"))
    for part in range(3):
        other.deliver(PAST[::-1][part::3], file=f"-{part}")
    other.deliver_events(PAST_EVENTS[::-1])
    conf = other.spark.conf
    before = {key: conf.get(key) for key in ("spark.sql.shuffle.partitions", "spark.sql.adaptive.enabled")}
    try:
        conf.set("spark.sql.shuffle.partitions", "7")
        conf.set("spark.sql.adaptive.enabled", "false")
        said = other.run("run", "--ingest", "--as-of", AS_OF.isoformat())
    finally:
        for key, value in before.items():
            conf.set(key, value)
    assert said.exit_code == 0, said.err
    assert few(other) == few(shop)
    assert other.rows("member_day") == shop.rows("member_day")


def test_a_hundred_times_the_amounts_and_other_days_change_only_amounts_and_days(shop: Shop, open_shop: Opened):
    days = timedelta(days=366)
    other = open_shop("shop", "web", more=FEW)
    other.deliver([replace(line, amount=line.amount * 100, day=line.day + days) for line in PAST])
    said = other.run("run", "--ingest", "--as-of", (AS_OF + days).isoformat())
    assert said.exit_code == 0, said.err
    names = ("rfm_window", "member_id", "recency_days", "order_count", "rfm_label", "composite_score")
    found = {tuple(row[name] for name in names): row.net_amount for row in other.read("rfm_score").collect()}
    windows = {window for window, *_ in found}
    original = {
        tuple(row[name] for name in names): row.net_amount * 100
        for row in shop.read("rfm_score", AS_OF).collect()
        if row.rfm_window in windows
    }
    assert windows == {"split", "lifetime", "year"}
    assert found == original
    assert sum(found.values()) != Decimal(0)


def test_day_by_day_in_any_order_equals_one_ingest(shop: Shop, open_shop: Opened):
    other = open_shop("shop", "web")
    days = sorted({line.day for line in PAST})
    slices = [days[0:20], days[40:], days[20:40]]
    for some in slices:
        other.deliver([line for line in PAST if some[0] <= line.day <= some[-1]])
        said = other.run("ingest", "--from", some[0].isoformat(), "--to", some[-1].isoformat())
        assert said.exit_code == 0, said.err
    assert other.rows("transaction") == shop.rows("transaction")
    assert other.rows("member_day") == shop.rows("member_day")


def test_a_rerun_of_a_fresh_date_writes_nothing_and_says_so(shop: Shop):
    before = shop.versions()
    said = shop.run("run", "--ingest", "--as-of", AS_OF.isoformat())
    assert (said.exit_code, shop.versions()) == (0, before)
    assert said.out.endswith(f"rfm-spark run: {AS_OF} is up to date, nothing to do\n")
    plan = shop.run("plan", "--as-of", AS_OF.isoformat())
    assert (plan.exit_code, shop.versions()) == (0, before)
    assert "0 of 1 date has something to do" in plan.out


def test_a_published_date_is_replaced_only_with_a_reason_and_then_has_the_same_rows(shop: Shop):
    before, rows = shop.versions(), shop.dated(AS_OF)
    refused = shop.run("run", "--as-of", AS_OF.isoformat(), "--reprocess", "all")
    assert (refused.exit_code, shop.versions()) == (2, before)
    assert "--reason" in refused.err
    asked = shop.run("plan", "--as-of", AS_OF.isoformat(), "--reprocess", "all").out
    assert f"first {AS_OF}: backfill replaces them only with a --reason" in asked
    said = shop.run("run", "--as-of", AS_OF.isoformat(), "--reprocess", "all", "--reason", "audit")
    assert said.exit_code == 0, said.err
    assert shop.dated(AS_OF) == rows
    assert all(shop.versions()[table] > before[table] for table in DATED_TABLES)
