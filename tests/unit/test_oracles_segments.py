"""The twin of the segment rules, checked by hand and over all score triples of a shipped set."""

from dataclasses import astuple
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import yaml

from rfm_spark.config.choices import Method, Population
from rfm_spark.config.model import MetricScoring, Window
from tests.oracles.facts import member_days
from tests.oracles.lines import Event, Line
from tests.oracles.scores import score_windows
from tests.oracles.segments import assign, classes_of, fields_of, first_match, matches, read_set, summarise

AS_OF = date(2024, 6, 30)
FIVE = {"r": 5, "f": 5, "m": 5, "quarter.f": 2}

VALUE_TIER = read_set(
    "value_tier",
    yaml.safe_load("""
window: year
rules:
- {segment: vip,                   when: {r: high, f: high, m: high}}
- {segment: new,                   when: {r: high, f: low, m: low, days_since_first_order: {at_most: 365}}}
- {segment: churn_warning,         when: {any: [{r: mid, f: high}, {r: mid, m: high}, {r: low, f: mid, m: mid}]}}
- {segment: active,                when: {any: [{r: high, f: high}, {r: [high, mid], f: [high, mid], m: [high, mid]}]}}
- {segment: potential,             when: {r: high}}
- {segment: potential_churn,       when: {r: mid}}
- {segment: high_potential_recall, when: {any: [{f: high}, {m: high}]}}
otherwise: dormant
lapsed: dormant
prospect: prospect
"""),
)


def line(member_id: int, days_ago: int, amount: str = "10", kind: Any = "sale", **rest: Any) -> Line:
    order_id = f"{member_id}-{days_ago}" if kind == "sale" else None
    return Line("shop", member_id, AS_OF - timedelta(days=days_ago), kind, Decimal(amount), order_id, **rest)


def segments_of(
    raw: dict[str, Any], lines: list[Line], events: list[Event] | None = None, **windows: Window
) -> dict[int, str]:
    facts = member_days(lines, "attribute_to_order")
    rows = score_windows(facts, windows.values(), AS_OF)
    return assign(read_set("set", raw), windows, rows, facts, lines, events or [], AS_OF)


@pytest.mark.parametrize(
    ("bins", "high", "mid", "low"),
    [
        (2, [2], [], [1]),
        (3, [3], [2], [1]),
        (4, [4], [2, 3], [1]),
        (5, [4, 5], [3], [1, 2]),
        (7, [6, 7], [3, 4, 5], [1, 2]),
        (10, [7, 8, 9, 10], [5, 6], [1, 2, 3, 4]),
    ],
)
def test_high_mid_and_low_are_scores(bins: int, high: list[int], mid: list[int], low: list[int]) -> None:
    assert classes_of(bins) == {"high": high, "mid": mid, "low": low}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{r: 4}", True),
        ("{r: 4, f: 2}", False),
        ("{r: [1, 4]}", True),
        ("{r: [low, mid]}", False),
        ("{quarter.f: high}", True),
        ("{all: [{r: high}, {f: 1}], m: 3}", True),
        ("{any: [{r: 1}, {f: 1}]}", True),
        ("{any: [{r: 1}, {f: 2}]}", False),
        ("{not: {r: 1}}", True),
        ("{not: {r: 4, f: 2}}", True),
        ("{net_amount: {at_least: 0.3}}", True),
        ("{net_amount: {above: 0.3}}", False),
        ("{net_amount: {above: 0.2, at_most: 0.3}}", True),
        ("{net_amount: {below: 0.3}}", False),
        ("{promotion_share: {at_least: 0.333333, below: 0.333334}}", True),
        ("{refund_share: {at_least: 0}}", False),
        ("{refund_share: {below: 1}}", False),
        ("{not: {refund_share: {at_least: 0}}}", True),
        ("{refund_share: {is_null: true}}", True),
        ("{refund_share: {is_null: false}}", False),
        ("{net_amount: {is_null: false}}", True),
        ("{month.r: 1}", False),
        ("{not: {month.r: 1}}", True),
        ("{channel: web}", True),
        ("{channel: [shop, web]}", True),
        ("{channel: {starts_with: we}}", True),
        ("{channel: {starts_with: eb}}", False),
    ],
)
def test_a_rule_means_what_it_says(rule: str, expected: bool) -> None:
    values = {
        "r": 4, "f": 1, "m": 3, "quarter.f": 2, "net_amount": Decimal("0.3000"), "promotion_share": Fraction(1, 3),
        "refund_share": None, "channel": "web",
    }  # fmt: skip
    assert matches(yaml.safe_load(rule), values, FIVE) is expected


def test_the_value_tier_names_every_triple_and_uses_every_name() -> None:
    named = {
        (r, f, m, days): first_match(VALUE_TIER, {"r": r, "f": f, "m": m, "days_since_first_order": days}, FIVE)
        for r, f, m, days in product(range(1, 6), range(1, 6), range(1, 6), (365, 366))
    }
    assert set(named.values()) == set(VALUE_TIER.segments) - {"prospect"}
    assert (named[5, 1, 1, 365], named[5, 1, 1, 366]) == ("new", "potential")
    assert (named[3, 4, 1, 366], named[1, 3, 3, 366], named[1, 5, 1, 366]) == (
        "churn_warning", "churn_warning", "high_potential_recall",
    )  # fmt: skip


def test_the_population_is_members_with_a_valid_order_and_prospects() -> None:
    lines = [
        line(1, 3),
        line(2, 60),
        line(3, 3), line(3, 1, kind="refund", refunded_order_id="3-3"),
        line(4, -1),
        line(5, 3, kind="refund"),
    ]  # fmt: skip
    events = [
        Event("site", str(n), n, AS_OF + timedelta(days=late), "view")
        for n, late in enumerate((0, 0, 0, 0, 0, 0, 0, 1))
    ]
    raw = {"window": "month", "rules": [{"segment": "good", "when": {"r": 5}}], "otherwise": "other"}
    month = Window("month", days=30)
    everyone = {**raw, "lapsed": "gone", "prospect": "looking"}
    assert segments_of(everyone, lines, events, month=month) == {
        1: "other", 2: "gone", 0: "looking", 4: "looking", 5: "looking", 6: "looking",
    }  # fmt: skip
    assert segments_of(raw, lines, events, month=month) == {1: "other", 2: "other"}


def test_rules_may_name_another_window_in_which_the_member_has_nothing() -> None:
    lines = [line(1, 3), line(2, 60), line(2, 70)]
    raw = {
        "window": "year",
        "rules": [
            {"segment": "fresh", "when": {"month.order_count": {"at_least": 1}}},
            {"segment": "stale", "when": {"not": {"month.r": [1, 2, 3, 4, 5]}}},
        ],
    }
    windows = {"year": Window("year", days=365), "month": Window("month", days=30)}
    assert segments_of(raw, lines, None, **windows) == {1: "fresh", 2: "stale"}


def test_without_a_name_for_lapsed_members_the_rules_still_see_their_other_windows() -> None:
    raw = {
        "window": "month",
        "rules": [{"segment": "was_here", "when": {"order_count": {"is_null": True}, "life.order_count": 2}}],
        "otherwise": "other",
    }
    windows = {"month": Window("month", days=30), "life": Window("life", lifetime=True)}
    assert segments_of(raw, [line(1, 3), line(2, 60), line(2, 70)], None, **windows) == {1: "other", 2: "was_here"}


def test_high_follows_the_bins_of_the_window_it_is_asked_of() -> None:
    two = MetricScoring(method=Method.MEAN)
    year = Window("year", days=365, monetary_scoring=two)
    lines = [line(1, 3, "1"), line(2, 3, "9")]
    raw = {"window": "year", "rules": [{"segment": "above", "when": {"m": "high"}}], "otherwise": "not_above"}
    assert segments_of(raw, lines, year=year) == {1: "not_above", 2: "above"}


def test_population_ever_sends_earlier_buyers_through_the_rules() -> None:
    ever = Window("month", days=30, population=Population.EVER)
    raw = {"window": "month", "rules": [{"segment": "gone", "when": {"order_count": 0}}], "otherwise": "here"}
    assert segments_of(raw, [line(1, 3), line(2, 60)], month=ever) == {1: "here", 2: "gone"}


def test_rules_with_a_gap_are_an_error_of_the_set() -> None:
    raw = {"window": "year", "rules": [{"segment": "never", "when": {"r": 5}}]}
    with pytest.raises(AssertionError, match="not total"):
        segments_of(raw, [line(1, 3)], year=Window("year", days=365))


def test_the_fields_are_of_the_window_and_null_where_nothing_divides() -> None:
    lines = [line(1, 3, "0", promotion="coupon"), line(1, 4, "0"), line(1, 5, "0"), line(2, 60, "10")]
    facts = member_days(lines, "attribute_to_order")
    windows = [Window("month", days=30, population=Population.EVER)]
    fields = {row.member_id: fields_of(row, 7) for row in score_windows(facts, windows, AS_OF)}
    assert fields[1]["promotion_share"] == Fraction(1, 3)
    assert fields[1]["refund_share"] is None
    assert fields[1]["average_order_amount"] == 0
    assert fields[2]["average_order_amount"] is None
    assert fields[2]["promotion_share"] is None
    assert fields[2]["recency_days"] == 60


def test_a_summary_counts_every_member_and_means_those_with_a_score() -> None:
    lines = [line(1, 3, "30"), line(1, 4, "3"), line(2, 60), line(3, 9, "0")]
    raw = {"window": "month", "rules": [{"segment": "big", "when": {"net_amount": {"above": 5}}}], "otherwise": "rest"}
    segment_set, month = read_set("set", {**raw, "prospect": "looking"}), Window("month", days=30)
    facts = member_days(lines, "attribute_to_order")
    scored = score_windows(facts, [month], AS_OF)
    placed = assign(segment_set, {"month": month}, scored, facts, lines, [], AS_OF)
    found = summarise(segment_set, placed, scored, AS_OF)
    third, two_thirds = Decimal("0.333333"), Decimal("0.666667")
    assert astuple(found["big"])[:9] == (1, third, 33, 1, 2, Decimal("16.5"), 3, 2, 33)
    assert astuple(found["rest"])[:9] == (2, two_thirds, 0, 0, 1, 0, 9, 1, 0)
    assert astuple(found["looking"]) == (0, 0, 0, 0, 0, *[None] * 7)
