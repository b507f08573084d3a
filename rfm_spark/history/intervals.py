"""How long each member stayed in a segment, from all transitions of the sets or from those since a date."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.history_tables import SEGMENT_INTERVAL
from rfm_spark.dates import OPEN_END

IN_TIME = (c.MEMBER_ID, c.SEGMENT_SET)
TOLD = (*IN_TIME, c.AS_OF_DATE, c.TO_SEGMENT)
LAST_STAY, CHANGED_FROM, IS_TOLD = "last_stay", "changed_from", "is_told"


def intervals(transitions: DataFrame, run_id: str) -> DataFrame:
    """One row per member, segment set and unbroken stay in one segment, from tracked date to tracked date.

    `transitions`: all rows of the sets. The previous segment is the last other one, also across an absence.

    | transitions   | segment | valid from .. to | previous segment, from |
    |---------------|---------|------------------|------------------------|
    | Jan NULL to A | A       | Jan .. Feb       |                        |
    | Feb A to B    | B       | Feb .. Mar       | A, Jan                 |
    | Mar B to NULL |         |                  |                        |
    | May NULL to B | B       | May .. open      | A, Jan                 |
    """
    return conform(_rows(_stays(transitions.select(*TOLD, F.lit(True).alias(IS_TOLD))), run_id), SEGMENT_INTERVAL)


def intervals_since(stays: DataFrame, transitions: DataFrame, first: date, run_id: str) -> DataFrame:
    """One row of `intervals` that ends on or after `first`, made from the stays before it and what happened since.

    `stays`: segment_interval of the sets, right of every date before `first`; `transitions`: their rows from `first`
    on. All other rows of `intervals` are stays that had ended before and remain what they are.

    | stays before       | since March  | rows                                       |
    |--------------------|--------------|--------------------------------------------|
    | A Jan .. open      | Mar A to B   | A Jan .. Mar, B Mar .. open with A, Jan    |
    | A Jan .. open      |              | A Jan .. open                              |
    | A Jan .. Feb       | Mar NULL to B| B Mar .. open with A, Jan                  |
    """
    begun = stays.where(F.col(c.VALID_FROM) < F.lit(first))
    is_going_on = F.col(c.VALID_TO) >= F.lit(first)
    going_on = begun.where(is_going_on)
    # Of those who come again, and of no one else, an earlier stay may be the previous one.
    arrived = transitions.where(F.col(c.FROM_SEGMENT).isNull()).select(*IN_TIME)
    over = begun.where(~is_going_on).join(arrived, list(map(str, IN_TIME)), "left_semi")
    parts = (
        transitions.select(*TOLD, F.lit(True).alias(IS_TOLD)),
        _as_told(over, c.VALID_FROM, c.SEGMENT, is_told=False),
        _as_told(going_on, c.PREVIOUS_VALID_FROM, c.PREVIOUS_SEGMENT, is_told=False),
        _as_told(going_on, c.VALID_FROM, c.SEGMENT, is_told=True),
    )
    return conform(_rows(_stays(reduce(DataFrame.unionByName, parts)), run_id), SEGMENT_INTERVAL)


def _as_told(stays: DataFrame, since: str, segment: str, *, is_told: bool) -> DataFrame:
    """Return stays as the transitions that began them."""
    told = stays.select(
        *IN_TIME, F.col(since).alias(c.AS_OF_DATE), F.col(segment).alias(c.TO_SEGMENT), F.lit(is_told).alias(IS_TOLD)
    )
    return told.where(F.col(c.AS_OF_DATE).isNotNull())


def _stays(told: DataFrame) -> DataFrame:
    """One row per stay that is told of, with its end and the last stay in another segment."""
    in_time = Window.partitionBy(*IN_TIME).orderBy(c.AS_OF_DATE)
    before = in_time.rowsBetween(Window.unboundedPreceding, -1)
    so_far = in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_stay = F.col(c.TO_SEGMENT).isNotNull()
    stay = F.struct(F.col(c.TO_SEGMENT), F.col(c.AS_OF_DATE))
    last_stay = F.last(F.when(is_stay, stay), ignorenulls=True).over(before)
    is_change = is_stay & (F.col(c.TO_SEGMENT) != F.col(f"{LAST_STAY}.{c.TO_SEGMENT}"))
    changed_from = F.last(F.when(is_change, F.col(LAST_STAY)), ignorenulls=True).over(so_far)
    return (
        told.withColumns({c.VALID_TO: end_of_stay(), LAST_STAY: last_stay})
        .withColumn(CHANGED_FROM, changed_from)
        .where(is_stay & F.col(IS_TOLD))
    )


def end_of_stay() -> Column:
    """Return the day of the member's next transition in the set, the open end where there is none."""
    in_time = Window.partitionBy(*IN_TIME).orderBy(c.AS_OF_DATE)
    return F.coalesce(F.lead(c.AS_OF_DATE).over(in_time), F.lit(OPEN_END))


def _rows(stays: DataFrame, run_id: str) -> DataFrame:
    return stays.select(
        *IN_TIME,
        F.col(c.AS_OF_DATE).alias(c.VALID_FROM),
        c.VALID_TO,
        F.col(c.TO_SEGMENT).alias(c.SEGMENT),
        (F.col(c.VALID_TO) == F.lit(OPEN_END)).alias(c.IS_CURRENT),
        F.col(CHANGED_FROM)[c.TO_SEGMENT].alias(c.PREVIOUS_SEGMENT),
        F.col(CHANGED_FROM)[c.AS_OF_DATE].alias(c.PREVIOUS_VALID_FROM),
        F.lit(run_id).alias(c.RUN_ID),
    )
