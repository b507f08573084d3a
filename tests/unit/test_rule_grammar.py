"""What a rule may say, and how each mistake in it is named."""

from decimal import Decimal
from typing import Any

import pytest

from rfm_spark.config.source import Rule
from rfm_spark.errors import ConfigurationError
from rfm_spark.rules.grammar import (
    All,
    AnyOf,
    Condition,
    Field,
    FieldKind,
    Not,
    Operator,
    fields_of,
    parse_rule,
    score_class,
)

FIELDS = {
    "r": Field(FieldKind.SCORE, 5),
    "f": Field(FieldKind.SCORE, 2),
    "days": Field(FieldKind.NUMBER, whole=True),
    "amount": Field(FieldKind.NUMBER),
    "city": Field(FieldKind.TEXT),
}


def parse(when: Any, fields: dict[str, Field] | None = FIELDS) -> Any:
    return parse_rule(Rule(when, "segments.yaml:7"), fields)


def errors(when: Any, fields: dict[str, Field] | None = FIELDS) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(when, fields)
    return caught.value.lines()


@pytest.mark.parametrize(
    ("bins", "low", "mid", "high"),
    [(2, 1, 0, 1), (3, 1, 1, 1), (4, 1, 2, 1), (5, 2, 1, 2), (6, 2, 2, 2), (7, 2, 3, 2), (8, 3, 2, 3), (9, 3, 3, 3),
     (10, 4, 2, 4)],
)  # fmt: skip
def test_classes_share_out_every_score_once(bins: int, low: int, mid: int, high: int) -> None:
    classes = [score_class(word, bins) for word in ("low", "mid", "high")]
    assert [len(found) for found in classes] == [low, mid, high]
    assert sum(classes, ()) == tuple(range(1, bins + 1))


def test_keys_of_one_mapping_must_all_hold() -> None:
    found = parse({"r": "high", "days": {"at_least": 5, "below": 9}})
    assert found == All(
        (
            Condition("r", Operator.IS_IN, (4, 5), FieldKind.SCORE),
            All(
                (
                    Condition("days", Operator.AT_LEAST, (5,), FieldKind.NUMBER),
                    Condition("days", Operator.BELOW, (9,), FieldKind.NUMBER),
                )
            ),
        )
    )


def test_joins_nest() -> None:
    found = parse({"any": [{"r": 1}, {"all": [{"r": 2}, {"not": {"city": "Bonn"}}]}]})
    best, second = (Condition("r", Operator.IS_IN, (score,), FieldKind.SCORE) for score in (1, 2))
    bonn = Condition("city", Operator.IS_IN, ("Bonn",), FieldKind.TEXT)
    assert found == AnyOf((best, All((second, Not(bonn)))))
    assert fields_of(found) == {"r", "city"}


def test_list_is_any_of_and_may_mix_classes_and_scores() -> None:
    assert parse({"r": ["high", 3, 4]}).values == (4, 5, 3)


def test_comparison_of_scores_becomes_their_list() -> None:
    assert parse({"r": {"above": 3}}).values == (4, 5)


def test_source_rule_may_name_any_column_with_text_and_numbers() -> None:
    found = parse({"StockCode": ["POST", "M"], "Quantity": {"above": 0}, "Stock": True}, None)
    assert fields_of(found) == {"StockCode", "Quantity", "Stock"}


def test_text_with_code_in_it_is_a_literal() -> None:
    text = "x'); `a` reflect('java.lang.Runtime', 'exec')"
    assert parse({"city": [text, text]}).values == (text,)
    assert parse({text: text}, None) == Condition(text, Operator.IS_IN, (text,), FieldKind.ANY)


@pytest.mark.parametrize(
    ("when", "error"),
    [
        ({"r": [4, 9]}, "r: 9; expected a score from 1 to 5"),
        ({"r": 0}, "r: 0; expected a score from 1 to 5"),
        ({"r": True}, "r: True; expected a score"),
        ({"r": Decimal("4.5")}, "r: 4.5; expected a score"),
        ({"r": "4"}, "r: '4'; expected a score"),
        ({"r": None}, "r: nothing; expected a score"),
        ({"f": "mid"}, "f: mid with 2 bins; expected high or low"),
        ({"r": {"above": 5}}, "r.above: 5; expected a bound that a score from 1 to 5 can meet"),
        ({"r": {"at_least": "high"}}, "r.at_least: 'high'; expected one number"),
        ({"days": "90"}, "days: '90'; expected a number"),
        ({"days": Decimal("1.5")}, "days: 1.5; expected a whole number"),
        ({"amount": True}, "amount: True; expected a number"),
        ({"amount": {"at_least": True}}, "amount.at_least: True; expected one number"),
        ({"amount": {"at_least": [1, 2]}}, "amount.at_least: a list; expected one number"),
        ({"amount": {"starts_with": "1"}}, "expected a text field"),
        ({"amount": "high"}, "amount: 'high'; expected a number"),
        ({"city": 7}, "city: 7; expected text; quote it"),
        ({"city": {"starts_with": 7}}, "city.starts_with: 7; expected text or a list of texts"),
        ({"city": {"is_null": "yes"}}, "city.is_null: 'yes'; expected true or false"),
        ({"city": {"like": "B%"}}, "city: 'like' is not a comparison; expected one of at_least"),
        ({"city": []}, "city with an empty list"),
        ({"city": {}}, "city with an empty mapping"),
        ({"cty": "Bonn"}, "field 'cty' is not known here; did you mean 'city'?"),
        ({"any": {"r": 1}}, "any with a mapping; expected a list of rules"),
        ({"all": []}, "all with a list"),
        ({"not": [{"r": 1}]}, "a list as a rule"),
        ({}, "an empty rule"),
        ([{"r": 1}], "a list as a rule"),
        ("r = 1 or true", "'r = 1 or true' as a rule"),
    ],
)  # fmt: skip
def test_mistake_is_named_with_its_place(when: Any, error: str) -> None:
    (found,) = errors(when)
    assert found.startswith("segments.yaml:7: ")
    assert error in found


def test_all_mistakes_of_a_rule_come_at_once() -> None:
    assert len(errors({"r": [4, 9, 8], "any": [{"bogus": 1}, {"days": "x"}]})) == 4


def test_number_in_quotes_is_not_ordered_as_text() -> None:
    assert "remove the quotes" in errors({"Quantity": {"at_least": "10"}}, None)[0]
