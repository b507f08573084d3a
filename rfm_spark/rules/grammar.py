"""Parses a rule of the configuration into a small tree.

A rule is a mapping, and all its keys must hold. A key is a field with a literal, a list (any of), high, mid or low, or
a mapping of comparisons; or it is one of `all`, `any` (lists of rules) and `not` (a rule).

    {r: high, f: [1, 2], net_amount: {at_least: 100, below: 500}, not: {channel: {starts_with: web}}}

Text stays text: no part of it ever reaches an expression parser.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from rfm_spark.config.problems import Problems, did_you_mean, nearest
from rfm_spark.config.source import Rule

Literal: TypeAlias = str | int | Decimal | bool


class FieldKind(StrEnum):
    """The values that a field holds; ANY is a column of a source, whose type is known only when the source is read."""

    SCORE = "score"
    NUMBER = "number"
    TEXT = "text"
    ANY = "any"


@dataclass(frozen=True)
class Field:
    """A field that a rule may read. `bins`: highest value of a score; `whole`: numbers without decimals."""

    kind: FieldKind
    bins: int = 0
    whole: bool = False


class Operator(StrEnum):
    """How a field is compared."""

    IS_IN = "is_in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ABOVE = "above"
    BELOW = "below"
    IS_NULL = "is_null"
    STARTS_WITH = "starts_with"


ORDERINGS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.AT_LEAST: lambda value, bound: bool(value >= bound),
    Operator.AT_MOST: lambda value, bound: bool(value <= bound),
    Operator.ABOVE: lambda value, bound: bool(value > bound),
    Operator.BELOW: lambda value, bound: bool(value < bound),
}
COMPARISONS = tuple(operator.value for operator in Operator if operator is not Operator.IS_IN)
COMPARED = f"one of {', '.join(COMPARISONS)}"
JOINS = ("all", "any", "not")
CLASSES = ("high", "mid", "low")


@dataclass(frozen=True)
class Condition:
    """One field compared with literals: with any of them for IS_IN and STARTS_WITH, with the only one otherwise."""

    field: str
    operator: Operator
    values: tuple[Literal, ...]
    kind: FieldKind = FieldKind.ANY


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Node"


Node: TypeAlias = Condition | All | AnyOf | Not


def score_class(word: str, bins: int) -> tuple[int, ...]:
    """Return the scores of high, mid or low: k = max(1, 2b div 5) scores at each end, and the rest is mid.

    >>> [score_class(word, 5) for word in ("low", "mid", "high")]
    [(1, 2), (3,), (4, 5)]
    >>> [score_class(word, 2) for word in ("low", "mid", "high")]
    [(1,), (), (2,)]
    >>> [score_class(word, 10) for word in ("low", "mid", "high")]
    [(1, 2, 3, 4), (5, 6), (7, 8, 9, 10)]
    """
    k = max(1, 2 * bins // 5)
    first, last = {"low": (1, k), "mid": (k + 1, bins - k), "high": (bins - k + 1, bins)}[word]
    return tuple(range(first, last + 1))


def fields_of(node: Node) -> frozenset[str]:
    """Return the names of all fields that the rule reads."""
    return frozenset(condition.field for condition in conditions_of(node))


def conditions_of(node: Node) -> list[Condition]:
    """Return every condition of the rule, in the order written."""
    if isinstance(node, Condition):
        return [node]
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return [condition for part in parts for condition in conditions_of(part)]


def parse_rule(rule: Rule, fields: Mapping[str, Field] | None) -> Node:
    """Return the tree of a rule; ConfigurationError lists all problems. With `fields` None it may read any field.

    >>> parse_rule(Rule({"r": "high", "f": {"at_most": 2}}, "x:1"), {"r": Field(FieldKind.SCORE, 5),
    ...     "f": Field(FieldKind.SCORE, 5)}).parts[1].values
    (1, 2)
    """
    problems = Problems()
    node = _Parser(rule.where, fields, problems).mapping(rule.when)
    problems.raise_if_any()
    return node


NOTHING = All(())
"""Replaces a part that could not be parsed; its error is in the list of problems."""


class _Parser:
    """Parses one rule of the configuration; every problem is noted with the place of the rule."""

    def __init__(self, where: str, fields: Mapping[str, Field] | None, problems: Problems) -> None:
        self.where = where
        self.fields = fields
        self.problems = problems

    def error(self, found: str, expected: str = "", next_step: str = "") -> Node:
        """Note a problem, and return what replaces the part."""
        self.problems.add(self.where, found, expected, next_step)
        return NOTHING

    def mapping(self, when: Any) -> Node:
        """Return the tree of a rule: all keys of the mapping must hold."""
        if not isinstance(when, Mapping):
            return self.error(f"{_kind_of(when)} as a rule", "a mapping like {r: high, f: [1, 2]}")
        if not when:
            return self.error("an empty rule", "at least one condition")
        return _joined([self.entry(str(key), value) for key, value in when.items()])

    def entry(self, key: str, value: Any) -> Node:
        """Return the tree of one key: `all`, `any`, `not` or a field."""
        if key == "not":
            return Not(self.mapping(value))
        if key in JOINS:
            return self.join(key, value)
        field = self.field(key)
        return NOTHING if field is None else self.condition(key, field, value)

    def join(self, key: str, value: Any) -> Node:
        """Return the tree of `all` or `any` with its list of rules."""
        if not isinstance(value, list) or not value:
            return self.error(f"{key} with {_kind_of(value)}", "a list of rules")
        parts = tuple(self.mapping(part) for part in value)
        return All(parts) if key == "all" else AnyOf(parts)

    def field(self, name: str) -> Field | None:
        """Return the field of a name, None when the rule may not read it."""
        if self.fields is None:
            return Field(FieldKind.ANY)
        if name not in self.fields:
            self.error(f"field {name!r} is not known here", next_step=did_you_mean(name, self.fields))
        return self.fields.get(name)

    def condition(self, name: str, field: Field, value: Any) -> Node:
        """Return the tree of a field with a literal, a list or a mapping of comparisons."""
        if not isinstance(value, Mapping):
            literals = value if isinstance(value, list) else [value]
            if not literals:
                return self.error(f"{name} with an empty list", "at least one value")
            return self.is_in(name, field, literals)
        if not value:
            return self.error(f"{name} with an empty mapping", COMPARED)
        return _joined([self.comparison(name, field, str(key), bound) for key, bound in value.items()])

    def is_in(self, name: str, field: Field, literals: Iterable[Any]) -> Node:
        """Return the condition that a field equals one of the literals."""
        values: list[Literal] = []
        before = len(self.problems.found)
        for literal in literals:
            values.extend(self.literals(name, field, literal))
        if not values and len(self.problems.found) == before:
            return self.error(f"{name}: mid with {field.bins} bins", "high or low: there is no score between them")
        unique = tuple(dict.fromkeys(values))
        return Condition(name, Operator.IS_IN, unique, field.kind)

    def literals(self, name: str, field: Field, literal: Any) -> tuple[Literal, ...]:
        """Return the values of a literal: high, mid and low are several scores; none when it does not fit the field."""
        if field.kind is FieldKind.SCORE and literal in CLASSES:
            return score_class(literal, field.bins)
        problem = literal_problem(field, literal)
        if problem:
            self.error(f"{name}: {_kind_of(literal)}", problem)
            return ()
        return (literal,)

    def comparison(self, name: str, field: Field, key: str, bound: Any) -> Node:
        """Return the condition of one comparison, like `at_least: 100`."""
        if key not in COMPARISONS:
            return self.error(f"{name}: {key!r} is not a comparison", COMPARED, nearest(key, COMPARISONS))
        operator = Operator(key)
        if operator is Operator.IS_NULL:
            if not isinstance(bound, bool):
                return self.error(f"{name}.is_null: {_kind_of(bound)}", "true or false")
            return Condition(name, operator, (bound,), field.kind)
        if operator is Operator.STARTS_WITH:
            return self.starts_with(name, field, bound)
        return self.ordering(name, field, operator, bound)

    def starts_with(self, name: str, field: Field, bound: Any) -> Node:
        """Return the condition that a text begins with one of the texts."""
        values = bound if isinstance(bound, list) else [bound]
        if field.kind not in (FieldKind.TEXT, FieldKind.ANY):
            return self.error(f"{name}.starts_with", "a text field; this one holds numbers")
        if not values or any(not isinstance(value, str) or not value for value in values):
            return self.error(f"{name}.starts_with: {_kind_of(bound)}", "text or a list of texts", "quote it")
        return Condition(name, Operator.STARTS_WITH, tuple(values), field.kind)

    def ordering(self, name: str, field: Field, operator: Operator, bound: Any) -> Node:
        """Return the condition of a limit; for a score it lists the scores that meet the limit."""
        if isinstance(bound, (list, Mapping)) or bound in CLASSES or isinstance(bound, bool):
            return self.error(f"{name}.{operator}: {_kind_of(bound)}", "one number")
        problem = literal_problem(field, bound, ordering=True)
        if problem:
            return self.error(f"{name}.{operator}: {_kind_of(bound)}", problem)
        if field.kind is not FieldKind.SCORE:
            return Condition(name, operator, (bound,), field.kind)
        scores = tuple(score for score in range(1, field.bins + 1) if ORDERINGS[operator](score, bound))
        if not scores:
            return self.error(f"{name}.{operator}: {bound}", f"a bound that a score from 1 to {field.bins} can meet")
        return Condition(name, Operator.IS_IN, scores, FieldKind.SCORE)


def _joined(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def literal_problem(field: Field, literal: Any, ordering: bool = False) -> str:
    """Return the expected value when a literal does not fit the field, else an empty text.

    >>> literal_problem(Field(FieldKind.SCORE, 5), 9)
    'a score from 1 to 5, high, mid or low'
    >>> literal_problem(Field(FieldKind.NUMBER), True)
    'a number'
    >>> literal_problem(Field(FieldKind.TEXT), 7)
    'text; quote it'
    """
    is_number = isinstance(literal, (int, Decimal)) and not isinstance(literal, bool)
    if field.kind is FieldKind.SCORE:
        fits = is_number and literal == int(literal) and 1 <= literal <= field.bins
        return "" if fits else f"a score from 1 to {field.bins}, high, mid or low"
    if field.kind is FieldKind.NUMBER:
        if not is_number:
            return "a number"
        return "a whole number" if field.whole and literal != int(literal) else ""
    if field.kind is FieldKind.TEXT:
        return "" if isinstance(literal, str) else "text; quote it"
    if not is_number and not isinstance(literal, (str, bool)):
        return "text, a number, true or false; quote dates"
    return "a number; remove the quotes" if ordering and _looks_like_a_number(literal) else ""


def _looks_like_a_number(literal: Any) -> bool:
    return isinstance(literal, str) and literal.strip().lstrip("+-").replace(".", "", 1).isdigit()


def _kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value) if isinstance(value, str) else str(value)
