"""How long each member stayed in a segment, from all transitions of the sets."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.history_tables import SEGMENT_INTERVAL
from rfm_spark.dates import OPEN_END

IN_TIME = (c.MEMBER_ID, c.SEGMENT_SET)
LAST_STAY, CHANGED_FROM = "last_stay", "changed_from"


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
    in_time = Window.partitionBy(*IN_TIME).orderBy(c.AS_OF_DATE)
    before = in_time.rowsBetween(Window.unboundedPreceding, -1)
    so_far = in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_stay = F.col(c.TO_SEGMENT).isNotNull()
    stay = F.struct(F.col(c.TO_SEGMENT), F.col(c.AS_OF_DATE))
    last_stay = F.last(F.when(is_stay, stay), ignorenulls=True).over(before)
    is_change = is_stay & (F.col(c.TO_SEGMENT) != F.col(f"{LAST_STAY}.{c.TO_SEGMENT}"))
    changed_from = F.last(F.when(is_change, F.col(LAST_STAY)), ignorenulls=True).over(so_far)
    stays = (
        transitions.select(*IN_TIME, c.AS_OF_DATE, c.TO_SEGMENT)
        .withColumns({c.VALID_TO: end_of_stay(), LAST_STAY: last_stay})
        .withColumn(CHANGED_FROM, changed_from)
        .where(is_stay)
    )
    return conform(_rows(stays, run_id), SEGMENT_INTERVAL)


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
