"""Segment sets: ordered rules, the three special segments and what people read about each name."""

from collections.abc import Iterator, Mapping
from typing import Any

from rfm_spark.config.composite_types import Values
from rfm_spark.config.model import SegmentName, SegmentRule, SegmentSet
from rfm_spark.config.problems import Problems, did_you_mean

JOINS = ("all", "any", "not")


def build_segment_set(name: str, values: Values, windows: Mapping[str, Any], problems: Problems) -> SegmentSet:
    """Return one set; the windows that it and its rules name must be declared."""
    rules = tuple(
        SegmentRule(rule.get("segment"), rule.get("when"))
        for rule in values.get("rules", ())
        if "segment" in rule and "when" in rule
    )
    window = values.get("window", "")
    segment_set = SegmentSet(
        name=name,
        window=window,
        rules=rules,
        windows=tuple(dict.fromkeys([window, *_windows_of(rules, windows)])),
        otherwise=values.get("otherwise"),
        lapsed=values.get("lapsed"),
        prospect=values.get("prospect"),
        names=_names(values.get("names")),
        title=_title(values),
        where=values.where,
    )
    if "window" in values and window not in windows:
        found = f"segments.{name}.window is {window!r}, which is not declared"
        problems.add(values.place("window"), found, next_step=did_you_mean(window, windows))
    _check_names(name, values.get("names"), segment_set, problems)
    return segment_set


def _windows_of(rules: tuple[SegmentRule, ...], windows: Mapping[str, Any]) -> list[str]:
    """Return the declared windows that the rules name; what is not declared fails when the rules are parsed."""
    prefixes = (field.partition(".")[0] for rule in rules for field in _fields(rule.when.when) if "." in field)
    return [prefix for prefix in prefixes if prefix in windows]


def _fields(when: Any) -> Iterator[str]:
    """Return the field names of a rule as written."""
    if isinstance(when, list):
        for part in when:
            yield from _fields(part)
    elif isinstance(when, dict):
        for key, value in when.items():
            if key in JOINS:
                yield from _fields(value)
            else:
                yield key


def _names(values: Values | None) -> Mapping[str, SegmentName]:
    if values is None:
        return {}
    texts = ("meaning", "advice", "channel", "frequency")
    return {name: SegmentName(title=_title(value), **value.kept(*texts)) for name, value in values.data.items()}


def _title(values: Values) -> Mapping[str, str]:
    title = values.get("title")
    return {} if title is None else dict(title.data)


def _check_names(name: str, values: Values | None, segment_set: SegmentSet, problems: Problems) -> None:
    """Note names of no segment; without readable rules nothing can be said."""
    if values is None or not segment_set.rules:
        return
    for segment in values.data.keys() - set(segment_set.segments):
        found = f"segments.{name}.names.{segment} is not a segment of the set"
        problems.add(values.place(segment), found, next_step=did_you_mean(segment, segment_set.segments))
