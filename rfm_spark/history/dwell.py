"""How long members stay in each segment."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.amounts import divide_half_up
from rfm_spark.contracts import columns as c

CLOSED_STAYS, MEAN_DAYS = "closed_stays", "mean_days"
MEAN_DAYS_TYPE = "decimal(12,3)"


def dwell_times(intervals: DataFrame) -> DataFrame:
    """One row per segment set and segment somebody was ever in.

    Columns beside the key: closed_stays (bigint), mean_days of these (from tracked date to tracked date, half up to 3
    decimals, NULL without any) and member_count, who are in the segment now. Open stays count into no mean: nobody
    knows yet how long they last.
    """
    is_closed = ~F.col(c.IS_CURRENT)
    days = F.when(is_closed, F.date_diff(c.VALID_TO, c.VALID_FROM).cast("bigint"))
    summed = intervals.groupBy(c.SEGMENT_SET, c.SEGMENT).agg(
        F.count(days).alias(CLOSED_STAYS),
        F.sum(days).alias("days"),
        F.count(F.when(F.col(c.IS_CURRENT), F.lit(1))).alias(c.MEMBER_COUNT),
    )
    mean_days = divide_half_up(F.col("days"), F.col(CLOSED_STAYS), 3).cast(MEAN_DAYS_TYPE)
    return summed.select(c.SEGMENT_SET, c.SEGMENT, CLOSED_STAYS, mean_days.alias(MEAN_DAYS), c.MEMBER_COUNT)
