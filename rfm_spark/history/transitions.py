"""Who is in another segment than at the set's previous tracked date, for many dates and sets in one pass.

All links of a set read each of its dates once, whether the date is the earlier or the later one: rows go to their
member by one shuffle and are compared with the row beside them.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.history.links import Link, PublishedSet

MOVE = Frame(
    name="move",
    grain="One link and member whose segment differs between its two dates",
    columns=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID),
    nullable=frozenset({c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT}),
)

NAME_THEN = "name_then"
ENDS_HERE, BEGINS_HERE = "ends_here", "begins_here"
BEFORE, NEXT, NEXT_WITH_SET = "before", "next", "next_with_set"
PLACES = (
    f"{NAME_THEN} string, {c.AS_OF_DATE} date, {c.SEGMENT_SET} string, {ENDS_HERE} boolean, {BEFORE} date, "
    f"{BEGINS_HERE} boolean, {NEXT} date, {NEXT_WITH_SET} date"
)


def find_moves(members: DataFrame, links: Sequence[Link]) -> DataFrame:
    """One row per link and member whose segment differs null-safely between its two dates.

    `members`: member_segment, sets and segments under the names of then; of it only the dates and sets of the links
    are read. Names in the result are today's.

    | Jan | Feb | link            | row                     |
    |-----|-----|-----------------|-------------------------|
    | A   |     | -> Jan          | NULL to A               |
    | A   | B   | Jan -> Feb      | A to B                  |
    | A   | A   | Jan -> Feb      | none                    |
    |     | A   | Jan -> Feb      | NULL to A               |
    | A   |     | Jan -> Feb      | A to NULL               |
    """
    places = F.broadcast(_places(members.sparkSession, links))
    dates = sorted({side.as_of for link in links for side in _sides(link)})
    names = sorted({side.segment_set for link in links for side in _sides(link)})
    named = (
        members.where(F.col(c.AS_OF_DATE).isin(dates) & F.col(c.SEGMENT_SET).isin(names))
        .withColumnRenamed(c.SEGMENT_SET, NAME_THEN)
        .select(c.AS_OF_DATE, NAME_THEN, c.MEMBER_ID, c.SEGMENT)
        .join(places, [NAME_THEN, str(c.AS_OF_DATE)])
        .withColumn(c.SEGMENT, name_today(F.col(c.SEGMENT_SET), F.col(c.SEGMENT), links))
    )
    return conform(_compare(named), MOVE)


def transitions(moves: DataFrame, run_id: str, computed_at: datetime) -> DataFrame:
    """One row per member, segment set and tracked date whose segment differs from the set's previous tracked date.

    `moves`: those of find_moves with their cause. `computed_at` has an offset.
    """
    recorded = moves.withColumn(c.COMPUTED_AT, F.lit(computed_at)).withColumn(c.RUN_ID, F.lit(run_id))
    return conform(recorded, SEGMENT_TRANSITION)


def name_today(segment_set: Column, segment: Column, links: Sequence[Link]) -> Column:
    """Return today's name of a segment, given today's name of its set; names that nobody changed stay."""
    renamed = sorted({(link.segment_set, *pair) for link in links for pair in link.renamed})

    def rename(name: Column, one: tuple[str, str, str]) -> Column:
        is_former = (segment_set == F.lit(one[0])) & (segment == F.lit(one[1]))
        return F.when(is_former, F.lit(one[2])).otherwise(name)

    return reduce(rename, renamed, segment)


def _sides(link: Link) -> list[PublishedSet]:
    return [side for side in (link.before, link.after) if side is not None]


def _places(spark: SparkSession, links: Sequence[Link]) -> DataFrame:
    """One row per date and set that a link begins or ends at: the link to the date, and the one from it."""
    ending = {link.key: link for link in links if link.after is not None}
    beginning = {(link.segment_set, link.before.as_of): link for link in links if link.before is not None}
    names = {(link.segment_set, side.as_of): side.segment_set for link in links for side in _sides(link)}
    rows = []
    for key, name_then in sorted(names.items()):
        to, onward = ending.get(key), beginning.get(key)
        rows.append(
            (
                name_then, key[1], key[0], to is not None, to.previous if to else None,
                onward is not None, onward.as_of if onward else None,
                onward.as_of if onward and onward.after else None,
            )
        )  # fmt: skip
    return spark.createDataFrame(rows, PLACES)


def _compare(named: DataFrame) -> DataFrame:
    """One row per change: a row beside another date than its link's stands alone, as if the member were not there."""
    in_time = Window.partitionBy(c.MEMBER_ID, c.SEGMENT_SET).orderBy(c.AS_OF_DATE)
    day = F.col(c.AS_OF_DATE)
    beside = named.withColumns(
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
