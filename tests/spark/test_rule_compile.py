"""Rules as columns mean what the grammar says, on typed columns, on text and on NULL."""

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.source import Rule
from rfm_spark.rules.compile import compile_rule
from rfm_spark.rules.grammar import Field, FieldKind, parse_rule

pytestmark = pytest.mark.usefixtures("compiled")

FIELDS = {
    "r": Field(FieldKind.SCORE, 5),
    "days": Field(FieldKind.NUMBER, whole=True),
    "amount": Field(FieldKind.NUMBER),
    "city": Field(FieldKind.TEXT),
}
ATTACK = "x') or true -- `a` reflect('java.lang.Runtime', 'exec')"


@pytest.fixture(scope="module")
def members(spark: SparkSession) -> DataFrame:
    rows = [
        ("a", 5, 10, Decimal("100.00"), "Bonn"),
        ("b", 3, 90, Decimal("99.99"), "Köln"),
        ("c", 1, 400, Decimal("-5.00"), ATTACK),
        ("n", None, None, None, None),
    ]
    return spark.createDataFrame(rows, "id string, r int, days int, amount decimal(18,4), city string").cache()


@pytest.fixture(scope="module")
def lines(spark: SparkSession) -> DataFrame:
    rows = [
        ("a", "C1", "5", 2.5, True, "true"),
        ("b", "536", " 10 ", -1.0, False, "FALSE"),
        ("c", "M", "1,234.50", float("nan"), None, "maybe"),
        ("d", "", "1e400", 1e300, None, ""),
        ("n", None, None, None, None, None),
    ]
    return spark.createDataFrame(
        rows, "id string, `Invoice.No` string, qty string, price double, stock boolean, flag string"
    ).cache()


def matches(frame: DataFrame, rules: dict[str, Any], fields: dict[str, Field] | None) -> dict[str, str]:
    """Return the ids that each rule matches, by one job; no rule may be NULL for anybody."""
    columns = [
        compile_rule(parse_rule(Rule(when, "x:1"), fields), lambda name: F.col(f"`{name}`")).alias(name)
        for name, when in rules.items()
    ]
    found = frame.select("id", *columns).orderBy("id").collect()
    assert all(row[name] is not None for row in found for name in rules)
    return {name: "".join(row["id"] for row in found if row[name]) for name in rules}


def test_rules_over_typed_fields(members: DataFrame) -> None:
    cases: dict[str, tuple[Any, str]] = {
        "class": ({"r": "high"}, "a"),
        "list": ({"r": ["low", 3]}, "bc"),
        "number": ({"days": 90}, "b"),
        "at_least": ({"amount": {"at_least": 100}}, "a"),
        "above": ({"amount": {"above": Decimal("99.99")}}, "a"),
        "at_most": ({"amount": {"at_most": Decimal("99.99")}}, "bc"),
        "below_zero": ({"amount": {"below": 0}}, "c"),
        "between": ({"days": {"above": 10, "at_most": 400}}, "bc"),
        "text": ({"city": ["Bonn", "Köln"]}, "ab"),
        "starts_with": ({"city": {"starts_with": ["Bo", "K"]}}, "ab"),
        "all": ({"all": [{"r": 5}, {"days": 10}]}, "a"),
        "any": ({"any": [{"r": 5}, {"days": 90}]}, "ab"),
    }
    found = matches(members, {name: when for name, (when, _) in cases.items()}, FIELDS)
    assert found == {name: expected for name, (_, expected) in cases.items()}


def test_condition_on_null_is_false_and_its_not_is_true(members: DataFrame) -> None:
    rules = {
        "leaf": {"r": [1, 2, 3, 4, 5]},
        "not": {"not": {"r": 5}},
        "not_below": {"not": {"amount": {"below": 0}}},
        "is_null": {"city": {"is_null": True}},
        "is_not_null": {"city": {"is_null": False}},
        "not_null": {"not": {"city": {"is_null": True}}},
        "nested": {"not": {"any": [{"r": 5}, {"not": {"days": 90}}]}},
    }
    assert matches(members, rules, FIELDS) == {
        "leaf": "abc", "not": "bcn", "not_below": "abn", "is_null": "n", "is_not_null": "abc", "not_null": "abc",
        "nested": "b",
    }  # fmt: skip


def test_numbers_against_text_columns_never_fail(lines: DataFrame) -> None:
    rules = {
        "above": {"qty": {"above": 4}},
        "equal": {"qty": 10},
        "any_of": {"qty": [5, Decimal("10.0")]},
        "not_above": {"not": {"qty": {"above": 4}}},
        "double": {"price": {"below": 0}},
        "fraction": {"price": Decimal("2.5")},
    }
    assert matches(lines, rules, None) == {
        "above": "ab", "equal": "b", "any_of": "ab", "not_above": "cdn", "double": "b", "fraction": "a",
    }  # fmt: skip


def test_source_columns_compare_by_the_type_of_the_literal(lines: DataFrame) -> None:
    rules = {
        "text_of_number": {"qty": "5"},
        "prefix": {"Invoice.No": {"starts_with": "C"}},
        "empty_text": {"Invoice.No": ""},
        "mixed": {"Invoice.No": ["M", 536]},
        "true": {"stock": True},
        "true_as_text": {"flag": True},
        "false": {"any": [{"stock": False}, {"flag": False}]},
    }
    assert matches(lines, rules, None) == {
        "text_of_number": "a", "prefix": "a", "empty_text": "d", "mixed": "bc", "true": "a", "true_as_text": "a",
        "false": "b",
    }  # fmt: skip


def test_text_that_looks_like_code_is_only_compared(members: DataFrame) -> None:
    rules = {
        "equal": {"city": ATTACK},
        "prefix": {"city": {"starts_with": ATTACK[:9]}},
        "wildcard": {"city": {"starts_with": "%"}},
    }
    assert matches(members, rules, FIELDS) == {"equal": "c", "prefix": "c", "wildcard": ""}


def test_typed_fields_are_compared_without_a_cast(members: DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    node = parse_rule(Rule({"r": "high", "days": {"at_most": 90}}, "x:1"), FIELDS)
    members.where(compile_rule(node, F.col)).explain()
    plan = capsys.readouterr().out
    assert "days" in plan
    assert "cast(" not in plan.lower()
