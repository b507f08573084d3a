"""Who is in another segment than at the set's previous tracked date, for many dates and sets in one pass.

All comparisons of a set read each of its dates once, whether the date is the earlier or the later one: rows go to their
member by one shuffle and are compared with the row beside them.
"""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.driver_rows import driver_rows
from rfm_spark.history.comparisons import Comparison

MOVE = Frame(
    name="move",
    grain="One comparison and member whose segment differs between its two dates",
    columns=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID),
    nullable=frozenset({c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT}),
)

ENDS_HERE, BEGINS_HERE = "ends_here", "begins_here"
BEFORE, NEXT, NEXT_WITH_SET = "before", "next", "next_with_set"
PLACES = (
    f"{c.SEGMENT_SET} string, {c.AS_OF_DATE} date, {ENDS_HERE} boolean, {BEFORE} date, "
    f"{BEGINS_HERE} boolean, {NEXT} date, {NEXT_WITH_SET} date"
)


def find_moves(members: DataFrame, comparisons: Sequence[Comparison]) -> DataFrame:
    """One row per comparison and member whose segment differs null-safely between its two dates.

    `members`: member_segment; of it only the dates and sets of the comparisons are read.

    | Jan | Feb | comparison      | row                     |
    |-----|-----|-----------------|-------------------------|
    | A   |     | -> Jan          | NULL to A               |
    | A   | B   | Jan -> Feb      | A to B                  |
    | A   | A   | Jan -> Feb      | none                    |
    |     | A   | Jan -> Feb      | NULL to A               |
    | A   |     | Jan -> Feb      | A to NULL               |
    """
    places = F.broadcast(_places(members.sparkSession, comparisons))
    dates = sorted({side.as_of for one in comparisons for side in one.sides})
    names = sorted({one.segment_set for one in comparisons})
    placed = (
        members.where(F.col(c.AS_OF_DATE).isin(dates) & F.col(c.SEGMENT_SET).isin(names))
        .select(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.SEGMENT)
        .join(places, [str(c.SEGMENT_SET), str(c.AS_OF_DATE)])
    )
    return conform(_compare(placed), MOVE)


def transitions(moves: DataFrame, run_id: str, computed_at: datetime) -> DataFrame:
    """One row per member, segment set and tracked date whose segment differs from the set's previous tracked date.

    `moves`: those of find_moves with their cause. `computed_at` has an offset.
    """
    recorded = moves.withColumn(c.COMPUTED_AT, F.lit(computed_at)).withColumn(c.RUN_ID, F.lit(run_id))
    return conform(recorded, SEGMENT_TRANSITION)


def _places(spark: SparkSession, comparisons: Sequence[Comparison]) -> DataFrame:
    """One row per set and date of a comparison: what the date is compared with, and what is compared with it."""
    ending = {one.key: one for one in comparisons if one.after is not None}
    beginning = {(one.segment_set, one.before.as_of): one for one in comparisons if one.before is not None}
    rows = []
    for key in sorted({(one.segment_set, side.as_of) for one in comparisons for side in one.sides}):
        to, onward = ending.get(key), beginning.get(key)
        rows.append(
            (
                *key, to is not None, to.previous if to else None,
                onward is not None, onward.as_of if onward else None,
                onward.as_of if onward and onward.after else None,
            )
        )  # fmt: skip
    return driver_rows(spark, rows, PLACES)


def _compare(placed: DataFrame) -> DataFrame:
    """One row per change; a row beside another date than the one it is compared with counts as alone."""
    in_time = Window.partitionBy(c.MEMBER_ID, c.SEGMENT_SET).orderBy(c.AS_OF_DATE)
    day = F.col(c.AS_OF_DATE)
    beside = placed.withColumns(
        {
            "day_before": F.lag(day).over(in_time),
            "segment_before": F.lag(c.SEGMENT).over(in_time),
            "day_after": F.lead(day).over(in_time),
        }
    )
    was_there = F.col("day_before").eqNullSafe(F.col(BEFORE))
    before = F.when(was_there, F.col("segment_before"))
    has_arrived = F.col(ENDS_HERE) & ~before.eqNullSafe(F.col(c.SEGMENT))
    stays = F.col(NEXT_WITH_SET).isNotNull() & F.col("day_after").eqNullSafe(F.col(NEXT_WITH_SET))
    has_left = F.col(BEGINS_HERE) & ~stays
    arrival = _change(day, F.col(BEFORE), before, F.col(c.SEGMENT))
    departure = _change(F.col(NEXT), day, F.col(c.SEGMENT), F.lit(None).cast("string"))
    changes = F.array(F.when(has_arrived, arrival), F.when(has_left, departure))
    return (
        beside.where(has_arrived | has_left)
        .select(c.SEGMENT_SET, c.MEMBER_ID, F.explode(changes).alias("change"))
        .where(F.col("change").isNotNull())
        .select(c.SEGMENT_SET, c.MEMBER_ID, "change.*")
    )


def _change(day: Column, previous: Column, before: Column, after: Column) -> Column:
    return F.struct(
        day.alias(c.AS_OF_DATE),
        previous.alias(c.PREVIOUS_AS_OF_DATE),
        before.alias(c.FROM_SEGMENT),
        after.alias(c.TO_SEGMENT),
    )
