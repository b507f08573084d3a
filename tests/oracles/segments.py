"""Segments by walking the raw rule mappings over plain values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rfm_spark.config.model import SegmentRule, SegmentSet, Window
from rfm_spark.config.source import Rule
from tests.oracles.facts import Fact
from tests.oracles.lines import Event, Line
from tests.oracles.scores import Scored, bins_of, scorings_of
from tests.oracles.windows import first_order_day, half_up

Values = Mapping[str, Any]
LEVELS = ("high", "mid", "low")


@dataclass(frozen=True)
class Summary:
    """What the members of one segment sum up to; a mean or share without anything to divide by is None."""

    member_count: int
    member_share: Decimal
    net_amount: Decimal
    amount_share: Decimal | None
    order_count: int
    average_order_amount: Decimal | None
    mean_recency_days: Decimal | None
    mean_order_count: Decimal | None
    mean_net_amount: Decimal | None
    mean_r_score: Decimal | None
    mean_f_score: Decimal | None
    mean_m_score: Decimal | None


SCORE_FIELDS = ("r", "f", "m")


def classes_of(bins: int) -> dict[str, list[int]]:
    """Return the scores that high, mid and low stand for.

    >>> classes_of(5), classes_of(2)
    ({'high': [4, 5], 'mid': [3], 'low': [1, 2]}, {'high': [2], 'mid': [], 'low': [1]})
    """
    size = max(1, 2 * bins // 5)
    scores = range(1, bins + 1)
    return {
        "high": [score for score in scores if score > bins - size],
        "mid": [score for score in scores if size < score <= bins - size],
        "low": [score for score in scores if score <= size],
    }


def matches(when: Mapping[str, Any], values: Values, bins: Mapping[str, int]) -> bool:
    """Return whether all parts of a rule as written hold; `bins` of each score field decide high, mid and low.

    A field that is missing or None is NULL: every condition on it is false, but for `is_null: true`.

    >>> matches({"r": "high", "any": [{"f": 1}, {"not": {"m": [1, 2]}}]}, {"r": 4, "f": 2, "m": 3}, {"r": 5})
    True
    """
    return all(_part_holds(key, operand, values, bins) for key, operand in when.items())


def _part_holds(key: str, operand: Any, values: Values, bins: Mapping[str, int]) -> bool:
    if key == "all":
        return all(matches(part, values, bins) for part in operand)
    if key == "any":
        return any(matches(part, values, bins) for part in operand)
    if key == "not":
        return not matches(operand, values, bins)
    return _condition_holds(values.get(key), operand, bins.get(key))


def _condition_holds(value: Any, condition: Any, bins: int | None) -> bool:
    if isinstance(condition, Mapping):
        return all(_operator_holds(value, operator, operand) for operator, operand in condition.items())
    if isinstance(condition, list | tuple):
        return any(_condition_holds(value, choice, bins) for choice in condition)
    if value is None:
        return False
    if bins is not None and condition in LEVELS:
        return value in classes_of(bins)[condition]
    return bool(_comparable(value, condition) == _exact(condition))


def _operator_holds(value: Any, operator: str, operand: Any) -> bool:
    if operator == "is_null":
        return (value is None) is bool(operand)
    if value is None:
        return False
    if operator == "starts_with":
        choices = operand if isinstance(operand, list | tuple) else [operand]
        return any(str(value).startswith(str(choice)) for choice in choices)
    compared, limit = _comparable(value, operand), _exact(operand)
    compare: dict[str, Callable[[], bool]] = {
        "at_least": lambda: compared >= limit,
        "at_most": lambda: compared <= limit,
        "above": lambda: compared > limit,
        "below": lambda: compared < limit,
    }
    return bool(compare[operator]())


def _exact(literal: Any) -> Any:
    """Return a number as the decimal that was written, anything else as it is."""
    is_number = isinstance(literal, int | float) and not isinstance(literal, bool)
    return Decimal(str(literal)) if is_number else literal


def _comparable(value: Any, literal: Any) -> Any:
    """Return a value for comparison with the literal: text stays text beside text, floats become exact."""
    return str(value) if isinstance(literal, str) else _exact(value)


def fields_of(row: Scored, days_since_first_order: int) -> dict[str, Any]:
    """Return the fields of a member in one window; shares are None where nothing was bought."""
    values = row.measure
    return {
        "r": row.r_score,
        "f": row.f_score,
        "m": row.m_score,
        "composite_score": row.composite_score,
        "recency_days": values.recency_days,
        "order_count": values.order_count,
        "purchase_days": values.purchase_days,
        "net_amount": values.net_amount,
        "average_order_amount": values.average_order_amount,
        "promotion_share": _share(values.promotion_order_count, values.order_count),
        "refund_share": _share(values.refund_amount, values.gross_amount),
        "days_since_first_order": days_since_first_order,
    }


def _share(part: Decimal | int, whole: Decimal | int) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def read_set(name: str, raw: Mapping[str, Any]) -> SegmentSet:
    """Return a set from its YAML mapping; its rules stay as they were written."""
    rules = [SegmentRule(rule["segment"], Rule(rule["when"], where=name)) for rule in raw["rules"]]
    return SegmentSet(
        name=name,
        window=raw["window"],
        rules=tuple(rules),
        otherwise=raw.get("otherwise"),
        lapsed=raw.get("lapsed"),
        prospect=raw.get("prospect"),
    )


def assign(
    segment_set: SegmentSet,
    windows: Mapping[str, Window],
    scored: Iterable[Scored],
    facts: Sequence[Fact],
    lines: Iterable[Line],
    events: Iterable[Event],
    as_of: date,
) -> dict[int, str]:
    """Return the segment of every member of the set's population at as_of.

    `scored` has the rows of all windows that the rules name. A member with an order valid at as_of but none in the
    set's window is lapsed; every other one, and every one where the set has no name for lapsed members, has the
    segment of the first rule that matches, or `otherwise`. A member without any sale line by as_of but with an event
    is a prospect; without a name for prospects there is no row for them.
    """
    rows = {(row.window, row.member_id): row for row in scored if row.as_of == as_of}
    bins = score_bins(segment_set.window, windows)
    segments: dict[int, str] = {}
    for member_id, first_day in first_order_day(facts, as_of).items():
        values = member_values(member_id, rows, segment_set.window, windows, (as_of - first_day).days)
        is_lapsed = values.get("order_count", 0) == 0 and segment_set.lapsed is not None
        segment = segment_set.lapsed if is_lapsed else first_match(segment_set, values, bins)
        if segment is not None:
            segments[member_id] = segment
    if segment_set.prospect is not None:
        buyers = {line.member_id for line in lines if line.kind == "sale" and line.day <= as_of}
        known = {event.member_id for event in events if event.day <= as_of}
        segments |= dict.fromkeys(known - buyers, segment_set.prospect)
    return segments


def score_bins(own_window: str, windows: Mapping[str, Window]) -> dict[str, int]:
    """Return the number of scores of each score field, `year.f` and, for the set's own window, plain `f` too."""
    bins = {}
    for name, window in windows.items():
        for letter, scoring in zip(SCORE_FIELDS, scorings_of(window), strict=True):
            bins[f"{name}.{letter}"] = bins_of(scoring)
            if name == own_window:
                bins[letter] = bins_of(scoring)
    return bins


def member_values(
    member_id: int,
    rows: Mapping[tuple[str, int], Scored],
    own_window: str,
    windows: Iterable[str],
    days_since_first_order: int,
) -> dict[str, Any]:
    """Return every field of a member that is not NULL for it: those of the windows that score it, and of its life."""
    values: dict[str, Any] = {"days_since_first_order": days_since_first_order}
    if (own_window, member_id) in rows:
        values |= fields_of(rows[own_window, member_id], days_since_first_order)
    for name in windows:
        if (name, member_id) in rows:
            other = fields_of(rows[name, member_id], days_since_first_order)
            values |= {f"{name}.{field}": value for field, value in other.items()}
    return values


def first_match(segment_set: SegmentSet, values: Values, bins: Mapping[str, int]) -> str:
    """Return the segment of the first rule that matches, or `otherwise`."""
    for rule in segment_set.rules:
        if matches(rule.when.when, values, bins):
            return rule.segment
    if segment_set.otherwise is None:
        raise AssertionError(f"the rules of {segment_set.name} are not total: {dict(values)}")
    return segment_set.otherwise


def summarise(
    segment_set: SegmentSet, segments: Mapping[int, str], scored: Iterable[Scored], as_of: date
) -> dict[str, Summary]:
    """Return one row per name that the set can give, from its members at as_of and their scores in its window."""
    of_window = [row for row in scored if row.window == segment_set.window and row.as_of == as_of]
    placed = [row for row in of_window if row.member_id in segments]
    total = sum((row.measure.net_amount for row in placed), Decimal(0))
    return {
        name: _summary(
            [member for member, segment in segments.items() if segment == name],
            [row for row in placed if segments[row.member_id] == name],
            len(segments),
            total,
        )
        for name in segment_set.segments
    }


def _summary(members: Sequence[int], rows: Sequence[Scored], all_members: int, all_amount: Decimal) -> Summary:
    amount = sum((row.measure.net_amount for row in rows), Decimal(0))
    orders = sum(row.measure.order_count for row in rows)
    recencies = [row.measure.recency_days for row in rows if row.measure.order_count > 0]
    return Summary(
        member_count=len(members),
        member_share=_rounded(len(members), all_members, 6) or Decimal(0),
        net_amount=amount,
        amount_share=_rounded(amount, all_amount, 6),
        order_count=orders,
        average_order_amount=_rounded(amount, orders, 4),
        mean_recency_days=_rounded(sum(recencies), len(recencies), 3),
        mean_order_count=_rounded(orders, len(rows), 3),
        mean_net_amount=_rounded(amount, len(rows), 4),
        mean_r_score=_rounded(sum(row.r_score for row in rows), len(rows), 3),
        mean_f_score=_rounded(sum(row.f_score for row in rows), len(rows), 3),
        mean_m_score=_rounded(sum(row.m_score for row in rows), len(rows), 3),
    )


def _rounded(part: Decimal | int, whole: Decimal | int, decimals: int) -> Decimal | None:
    share = _share(part, whole)
    return None if share is None else half_up(share, decimals)
