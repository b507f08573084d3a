"""Assigns every member of the population to one segment of each set."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.rules.compile import compile_rule
from rfm_spark.segments.candidates import is_in_window, window_column
from rfm_spark.segments.rulebook import Rulebook, locate_field

LIFE_FIELDS = ("days_since_first_order",)
"""Fields that count over the whole life, whatever the window."""
BY_OTHERWISE, BY_LAPSED, BY_PROSPECT = -1, -2, -3
"""What gives the segment when no rule does."""


def assign_segments(candidates: DataFrame, rulebooks: Sequence[Rulebook], run_id: str) -> DataFrame:
    """One row per candidate (a member at an as-of date) and segment set that has a segment for it."""
    assignments = [
        F.struct(F.lit(book.name).alias(c.SEGMENT_SET), segment_column(book).alias(c.SEGMENT)) for book in rulebooks
    ]
    # All sets in one row, exploded afterwards: a union of one frame per set would gather the candidates once per set.
    assigned = candidates.select(c.AS_OF_DATE, c.MEMBER_ID, F.explode(F.array(*assignments)).alias("of_set"))
    rows = assigned.select(
        c.AS_OF_DATE, f"of_set.{c.SEGMENT_SET}", c.MEMBER_ID, f"of_set.{c.SEGMENT}", F.lit(run_id).alias(c.RUN_ID)
    )
    return conform(rows.where(F.col(c.SEGMENT).isNotNull()), MEMBER_SEGMENT)


def segment_column(book: Rulebook) -> Column:
    """Return the segment: prospect, then lapsed, then the first rule that matches, then otherwise.

    Without a `lapsed` name, members whose orders are all before the window go through the rules like the others.

    >>> from rfm_spark.config.model import SegmentSet
    >>> from rfm_spark.config.source import Rule
    >>> from rfm_spark.rules.grammar import parse_rule
    >>> tier = SegmentSet("tier", "year", rules=(), otherwise="rest", lapsed="gone", prospect="visitor")
    >>> buyers = parse_rule(Rule({"order_count": {"at_least": 2}}, "tier"), None)
    >>> book = Rulebook(tier, (("loyal", buyers),), frozenset({("year", "order_count")}))
    >>> candidates = rows("member_id first_order_day year__order_count", "1 - -", "2 2020-05-01 -",
    ...     "3 2024-05-01 2", "4 2024-05-01 1")
    >>> show(candidates.withColumn("segment", segment_column(book)))
    | member_id | first_order_day | year__order_count | segment |
    |-----------|-----------------|-------------------|---------|
    | 1         | NULL            | NULL              | visitor |
    | 2         | 2020-05-01      | NULL              | gone    |
    | 3         | 2024-05-01      | 2                 | loyal   |
    | 4         | 2024-05-01      | 1                 | rest    |
    """
    segment = F.when(is_prospect(), F.lit(book.segment_set.prospect))
    if book.segment_set.lapsed is not None:
        segment = segment.when(is_lapsed(book), F.lit(book.segment_set.lapsed))
    for name, matches in rule_columns(book):
        segment = segment.when(matches, F.lit(name))
    return segment.otherwise(F.lit(book.segment_set.otherwise).cast("string"))


def matching_rule(book: Rulebook) -> Column:
    """Return the number, from 0, of the rule that gives the segment, or BY_PROSPECT, BY_LAPSED or BY_OTHERWISE.

    Several rules and special names may give the same segment, so the segment alone does not show which one matched.
    """
    number = F.when(is_prospect(), F.lit(BY_PROSPECT))
    if book.segment_set.lapsed is not None:
        number = number.when(is_lapsed(book), F.lit(BY_LAPSED))
    for rule, (_, matches) in enumerate(rule_columns(book)):
        number = number.when(matches, F.lit(rule))
    return number.otherwise(F.lit(BY_OTHERWISE))


def is_prospect() -> Column:
    """Return whether a candidate has events but no order."""
    return F.col(c.FIRST_ORDER_DAY).isNull()


def is_lapsed(book: Rulebook) -> Column:
    """Return whether a candidate, prospects aside, has no order in the set's window."""
    return ~is_in_window(book.segment_set.window)


def rule_columns(book: Rulebook) -> list[tuple[str, Column]]:
    """Return, rule by rule, the segment and the condition that a candidate meets the rule."""

    def resolve(field: str) -> Column:
        window, name = locate_field(field, book.segment_set.window)
        return F.col(name if name in LIFE_FIELDS else window_column(window, name))

    return [(name, compile_rule(condition, resolve)) for name, condition in book.conditions]
