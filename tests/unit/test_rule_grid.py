"""Segment sets are run through every combination of scores before any data is."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rfm_spark.config.choices import Population
from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config, SegmentRule, SegmentSet
from rfm_spark.config.source import Rule
from rfm_spark.rules.composite import composite
from rfm_spark.rules.grid import Finding, FindingKind, check_segment_set

CONF = str(Path(__file__).parents[2] / "conf")
FIVES, ONES = (5, 5, 5), ("1", "1", "1")


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config([CONF])


def check(config: Config, *rules: tuple[str, Any], **kept: Any) -> list[Finding]:
    written = tuple(SegmentRule(segment, Rule(when, f"s.yaml:{n}")) for n, (segment, when) in enumerate(rules, 1))
    kept = {"window": "year", "lapsed": "lapsed", **kept}
    windows = (kept["window"], *config.windows)
    return check_segment_set(config, SegmentSet(name="s", rules=written, windows=windows, where="s.yaml:0", **kept))


def of(kind: FindingKind, findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(found.where, found.codes, found.others) for found in findings if found.kind is kind]


def holds(when: Any, values: dict[str, int]) -> bool:
    """The grammar read naively, for scores and whole numbers."""
    return all(holds_key(key, value, values) for key, value in when.items())


def holds_key(key: str, value: Any, values: dict[str, int]) -> bool:
    if key in ("all", "any"):
        return (all if key == "all" else any)(holds(part, values) for part in value)
    if key == "not":
        return not holds(value, values)
    if isinstance(value, dict):
        return all(values[key] >= b if op == "at_least" else values[key] <= b for op, b in value.items())
    return values[key] in (value if isinstance(value, list) else [value])


def random_rule(dice: Random, depth: int = 2) -> dict[str, Any]:
    kind = dice.choice(["score", "score", "composite", "days", "any", "not"] if depth else ["score", "days"])
    if kind == "any":
        return {"any": [random_rule(dice, depth - 1), random_rule(dice, depth - 1)]}
    if kind == "not":
        return {"not": random_rule(dice, depth - 1), **random_rule(dice, 0)}
    if kind == "composite":
        return {"composite_score": {dice.choice(["at_least", "at_most"]): dice.randrange(0, 101, 5)}}
    if kind == "days":
        return {"recency_days": {dice.choice(["at_least", "at_most"]): dice.choice((30, 90, 180))}}
    return {letter: dice.sample(range(1, 6), dice.randint(1, 4)) for letter in dice.sample("rfm", dice.randint(1, 3))}


@pytest.mark.parametrize("seed", range(15))
def test_gaps_agree_with_trying_every_member(config: Config, seed: int) -> None:
    dice = Random(seed)
    rules = [random_rule(dice) for _ in range(dice.randint(1, 4))]
    days, gap = (0, 29, 30, 31, 89, 90, 91, 179, 180, 181, 364), set()
    written = str(rules)
    for scores in product(range(1, 6), repeat=3):
        values: dict[str, Any] = {
            **dict(zip("rfm", scores, strict=True)),
            "composite_score": composite(scores, FIVES, ONES),
        }
        if any(
            not any(holds(rule, {**values, "recency_days": day}) for rule in rules)
            for day in (days if "recency_days" in written else (0,))
        ):
            gap.add("".join(map(str, scores)))
    findings = check(config, *((f"s{number}", rule) for number, rule in enumerate(rules)))
    assert {code for _, codes, _ in of(FindingKind.GAP, findings) for code in expand(codes)} == (
        gap if any(letter in written for letter in ("'r'", "'f'", "'m'", "composite")) else set()
    )


def expand(codes: str) -> list[str]:
    every = ["".join(map(str, scores)) for scores in product(range(1, 6), repeat=3)]
    runs = [run.partition("-")[::2] for run in codes.split(", ") if run]
    return [code for first, last in runs for code in every[every.index(first) : every.index(last or first) + 1]]


def test_gap_lists_the_scores_that_nobody_takes(config: Config) -> None:
    findings = check(config, ("good", {"r": "high"}), ("bad", {"r": "low"}))
    assert of(FindingKind.GAP, findings) == [("s.yaml:0", "311-355", "")]
    assert [finding.is_error for finding in findings] == [True]


def test_gap_of_days_is_found_between_two_cut_points(config: Config) -> None:
    findings = check(
        config,
        ("fresh", {"recency_days": {"below": 90}}),
        ("old", {"recency_days": {"above": 90}}),
    )
    assert of(FindingKind.GAP, findings) == [("s.yaml:0", "", "recency_days 90")]


def test_otherwise_closes_every_gap(config: Config) -> None:
    assert check(config, ("good", {"r": "high"}), otherwise="rest") == []


def test_rule_behind_a_wider_one_is_shadowed(config: Config) -> None:
    findings = check(config, ("good", {"r": "high"}), ("best", {"r": 5, "f": 5}), otherwise="rest")
    assert of(FindingKind.SHADOWED, findings) == [("s.yaml:2", "551-555", "")]
    assert "segment best is never reached" in str(findings)


def test_rules_may_shadow_a_rule_only_together(config: Config) -> None:
    findings = check(config, ("a", {"r": [1, 2, 3]}), ("b", {"r": [3, 4, 5]}), ("c", {"f": 1}))
    assert of(FindingKind.SHADOWED, findings) == [("s.yaml:3", "111-115, 211-215, 311-315, 411-415, 511-515", "")]


def test_contradiction_can_never_be_true(config: Config) -> None:
    findings = check(config, ("a", {"r": 5, "not": {"r": "high"}}), otherwise="rest")
    assert of(FindingKind.IMPOSSIBLE, findings) == [("s.yaml:1", "", "")]


def test_otherwise_without_anything_left_is_unreachable(config: Config) -> None:
    findings = check(config, ("a", {"r": "high"}), ("b", {"not": {"r": "high"}}), otherwise="rest")
    assert [found.text for found in findings if found.is_error] == [
        "segment rest is never reached: the rules leave nothing for otherwise"
    ]


def test_segment_of_two_rules_is_reached_by_either(config: Config) -> None:
    findings = check(config, ("a", {"r": "high"}), ("a", {"r": 5}), ("b", {"r": ["low", "mid"]}))
    assert [found.kind for found in findings] == [FindingKind.SHADOWED]


def test_overlap_is_information_with_its_scores(config: Config) -> None:
    findings = check(config, ("a", {"r": 5}), ("b", {"f": 5}), otherwise="rest")
    assert of(FindingKind.OVERLAP, findings) == [("s.yaml:2", "551-555", "")]
    assert not any(found.is_error for found in findings)


def test_composite_follows_from_the_scores_exactly(config: Config) -> None:
    rules = (("a", {"composite_score": {"above": 99}}), ("b", {"r": [1, 2, 3, 4]}), ("c", {"f": [1, 2, 3, 4]}))
    assert of(FindingKind.GAP, check(config, *rules)) == [("s.yaml:0", "551-554", "")]


def test_composite_of_every_triple_agrees_with_the_plain_formula() -> None:
    for scores in product(range(1, 6), repeat=3):
        assert abs(float(composite(scores, FIVES, ONES)) - sum(score - 1 for score in scores) / 12 * 100) <= 0.0005


def test_first_order_is_never_younger_than_the_last(config: Config) -> None:
    when = {"recency_days": {"above": 60}, "days_since_first_order": {"at_most": 60}}
    assert of(FindingKind.IMPOSSIBLE, check(config, ("a", when), otherwise="b")) == [("s.yaml:1", "", "")]


def test_recency_ends_with_the_window(config: Config) -> None:
    findings = check(config, ("a", {"recency_days": {"above": 364}}), otherwise="b")
    assert of(FindingKind.IMPOSSIBLE, findings) == [("s.yaml:1", "", "")]


def test_recency_ends_with_the_longest_a_window_of_months_can_be(config: Config) -> None:
    year = replace(config.windows["year"], days=None, months=12)
    monthly = replace(config, windows={**config.windows, "year": year})
    assert check(monthly, ("a", {"recency_days": {"at_most": 365}})) == []
    findings = check(monthly, ("a", {"recency_days": {"above": 365}}), otherwise="b")
    assert of(FindingKind.IMPOSSIBLE, findings) == [("s.yaml:1", "", "")]
    findings = check(monthly, ("a", {"recency_days": {"at_most": 364}}))
    assert of(FindingKind.GAP, findings) == [("s.yaml:0", "", "recency_days 365")]


def test_member_of_a_short_window_may_be_missing_from_the_rules_of_another(config: Config) -> None:
    findings = check(config, ("a", {"quarter.f": "high"}), ("b", {"quarter.f": ["mid", "low"]}))
    assert of(FindingKind.GAP, findings) == [("s.yaml:0", "", "quarter.f NULL")]


def test_window_of_the_same_period_has_everybody(config: Config) -> None:
    assert check(config, ("a", {"year_average.m": "high"}), ("b", {"year_average.m": ["mid", "low"]})) == []


def test_fields_of_one_other_window_are_missing_together(config: Config) -> None:
    findings = check(
        config,
        ("a", {"quarter.f": {"is_null": True}, "quarter.r": {"is_null": False}}),
        otherwise="b",
    )
    assert of(FindingKind.IMPOSSIBLE, findings) == [("s.yaml:1", "", "")]


def test_without_a_name_lapsed_members_go_through_the_rules(config: Config) -> None:
    findings = check(config, ("a", {"r": "high"}), ("b", {"r": ["mid", "low"]}), lapsed=None)
    assert of(FindingKind.GAP, findings) == [("s.yaml:0", "---", "")]


def test_condition_on_null_is_false_and_its_not_true(config: Config) -> None:
    assert check(config, ("a", {"r": "high"}), ("b", {"not": {"r": "high"}}), lapsed=None) == []


def test_lapsed_of_a_lifetime_window_is_information(config: Config) -> None:
    findings = check(config, ("a", {"order_count": 1}), otherwise="b", window="lifetime")
    assert [(found.kind, found.is_error) for found in findings] == [(FindingKind.NEVER_LAPSED, False)]


def test_count_of_orders_starts_at_one_unless_the_window_scores_everybody(config: Config) -> None:
    rules = ("a", {"order_count": {"below": 1}})
    assert of(FindingKind.IMPOSSIBLE, check(config, rules, otherwise="b"))
    windows = {**config.windows, "year": replace(config.windows["year"], population=Population.EVER)}
    assert not of(FindingKind.IMPOSSIBLE, check(replace(config, windows=windows), rules, otherwise="b", lapsed=None))


def test_rules_read_purchase_days_of_a_window_that_scores_orders(config: Config) -> None:
    assert check(config, ("a", {"purchase_days": {"at_least": 2}}), ("b", {"purchase_days": 1})) == []


def test_set_beyond_every_bound_says_that_it_was_not_checked(config: Config) -> None:
    rules = [("a", {f"{window}.{letter}": 1 for window in ("month", "quarter", "half_year") for letter in "rfm"})]
    rules += [("b", {"r": 1})]
    findings = check(config, *rules, otherwise="c")
    assert [found.kind for found in findings] == [FindingKind.NOT_CHECKED]
