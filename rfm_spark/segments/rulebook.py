"""A segment set with its rules parsed, and what follows from them: the fields, windows and facts it reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from rfm_spark.config.model import Config, SegmentSet, Window
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import MEMBER_DAY, MEMBER_TAG_DAY
from rfm_spark.rules.fields import segment_fields
from rfm_spark.rules.grammar import Node, fields_of, parse_rule


@dataclass(frozen=True)
class Rulebook:
    """One segment set: the condition of each rule, and the window and name of every field that they read."""

    segment_set: SegmentSet
    conditions: tuple[tuple[str, Node], ...]
    fields: frozenset[tuple[str, str]]

    @property
    def name(self) -> str:
        """Return the name of the set."""
        return self.segment_set.name


def locate_field(field: str, own_window: str) -> tuple[str, str]:
    """Return the window and the field of a name in a rule; without a window it is the set's own.

    >>> locate_field("quarter.f", "year"), locate_field("recency_days", "year")
    (('quarter', 'f'), ('year', 'recency_days'))
    """
    window, _, name = field.rpartition(".")
    return (window or own_window, name)


def read_rulebook(config: Config, segment_set: SegmentSet) -> Rulebook:
    """Return the set with its rules parsed; ConfigurationError lists every mistake in them."""
    fields = segment_fields(config, segment_set)
    conditions = tuple((rule.segment, parse_rule(rule.when, fields)) for rule in segment_set.rules)
    named = {field for _, node in conditions for field in fields_of(node)}
    return Rulebook(segment_set, conditions, frozenset(locate_field(field, segment_set.window) for field in named))


def facts_of_set(config: Config, name: str) -> tuple[Table, ...]:
    """Return the fact tables on which the segments of a set depend; one with prospects reads events too.

    A set that left the configuration may have had prospects. An event without any tag leaves no fact.
    """
    declared = config.segment_sets.get(name)
    if declared is not None and declared.prospect is None:
        return (MEMBER_DAY,)
    return (MEMBER_DAY, MEMBER_TAG_DAY)


def has_prospects(rulebooks: Iterable[Rulebook]) -> bool:
    """Return whether some set has a segment for members with events but no sale line."""
    return any(book.segment_set.prospect is not None for book in rulebooks)


def windows_of(rulebooks: tuple[Rulebook, ...], config: Config) -> tuple[Window, ...]:
    """Return the windows of the sets and of the fields that their rules read, each once."""
    names = [name for book in rulebooks for name in (book.segment_set.window, *sorted(w for w, _ in book.fields))]
    return tuple(config.windows[name] for name in dict.fromkeys(names))
