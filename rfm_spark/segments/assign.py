"""Every member of the population in exactly one segment of each set."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.rules.compile import compile_rule
from rfm_spark.segments.candidates import is_in_window, window_column
from rfm_spark.segments.rulebook import Rulebook, locate_field

LIFE_FIELDS = ("days_since_first_order",)
"""Fields that are of the whole life, in every window."""


def assign_segments(candidates: DataFrame, rulebooks: Sequence[Rulebook], run_id: str) -> DataFrame:
    """One row per candidate (a member at an as-of date) and segment set that has a name for it."""
    frames = [
        candidates.select(
            c.AS_OF_DATE,
            F.lit(book.name).alias(c.SEGMENT_SET),
            c.MEMBER_ID,
            segment_column(book).alias(c.SEGMENT),
            F.lit(run_id).alias(c.RUN_ID),
        ).where(F.col(c.SEGMENT).isNotNull())
        for book in rulebooks
    ]
    return conform(reduce(DataFrame.unionByName, frames), MEMBER_SEGMENT)


def segment_column(book: Rulebook) -> Column:
    """Return the segment: prospect, then lapsed, then the first rule that matches, then otherwise.

    | who                                   | segment                                  |
    |---------------------------------------|------------------------------------------|
    | no sale, but an event                 | `prospect`                               |
    | earlier orders, none in the window    | `lapsed`; without that name as if scored |
    | scored                                | first matching rule, else `otherwise`    |
    """
    is_prospect = F.col(c.FIRST_ORDER_DAY).isNull()
    is_lapsed = ~is_in_window(book.segment_set.window)

    def resolve(field: str) -> Column:
        window, name = locate_field(field, book.segment_set.window)
        return F.col(name if name in LIFE_FIELDS else window_column(window, name))

    segment = F.when(is_prospect, F.lit(book.segment_set.prospect))
    if book.segment_set.lapsed is not None:
        segment = segment.when(is_lapsed, F.lit(book.segment_set.lapsed))
    for name, condition in book.conditions:
        segment = segment.when(compile_rule(condition, resolve), F.lit(name))
    return segment.otherwise(F.lit(book.segment_set.otherwise).cast("string"))
