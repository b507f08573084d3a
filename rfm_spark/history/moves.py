"""Finds the members whose segment differs from the set's previous tracked date, for many dates and sets in one pass.

Every date of a set is read once, also when it is the later date of one comparison and the earlier date of the next: one
shuffle brings the rows of a member together, and each is compared with the row before and after it.
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

    `members` is member_segment; only the dates and sets of the comparisons are read. From January to February, member 1
    changes, 2 stays, 3 arrives and 4 leaves; January is the first date of the set:

    >>> from datetime import date
    >>> from rfm_spark.history.comparisons import PublishedSet
    >>> members = rows("member_id as_of_date segment", "1 2024-01-31 new", "1 2024-02-29 loyal", "2 2024-01-31 new",
    ...     "2 2024-02-29 new", "3 2024-02-29 new", "4 2024-01-31 new", segment_set="life")
    >>> ends = date(2024, 1, 31), date(2024, 2, 29)
    >>> jan, feb = (PublishedSet("life", day, "r1", "f00", "c00") for day in ends)
    >>> comparisons = [Comparison("life", jan.as_of, None, jan), Comparison("life", feb.as_of, jan, feb)]
    >>> show(find_moves(members, comparisons), "as_of_date", "member_id", "from_segment", "to_segment")
    | as_of_date | member_id | from_segment | to_segment |
    |------------|-----------|--------------|------------|
    | 2024-01-31 | 1         | NULL         | new        |
    | 2024-01-31 | 2         | NULL         | new        |
    | 2024-01-31 | 4         | NULL         | new        |
    | 2024-02-29 | 1         | new          | loyal      |
    | 2024-02-29 | 3         | NULL         | new        |
    | 2024-02-29 | 4         | new          | NULL       |
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

    `moves` is the result of find_moves with a cause added. `computed_at` has an offset.
    """
    recorded = moves.withColumn(c.COMPUTED_AT, F.lit(computed_at)).withColumn(c.RUN_ID, F.lit(run_id))
    return conform(recorded, SEGMENT_TRANSITION)


def _places(spark: SparkSession, comparisons: Sequence[Comparison]) -> DataFrame:
    """One row per set and date of a comparison: the earlier date and the later date with which it is compared."""
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
    """One row per change; a neighbouring row counts only when it is at the date of the comparison."""
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
