"""How long members stay in each segment."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c

CLOSED_STAYS, CLOSED_DAYS, OPEN_STAYS = "closed_stays", "closed_days", "open_stays"


def dwell_times(stays: DataFrame, as_of: date) -> DataFrame:
    """One row per segment set and segment somebody was in by the date.

    `stays`: rows of segment_interval. Columns beside the key, all bigint: closed_stays that had ended by the date,
    closed_days of these together, from tracked date to tracked date (NULL without any), and open_stays, which went on.
    Those count into no mean: nobody knew yet how long they would last.
    """
    last = F.lit(as_of)
    has_ended = F.col(c.VALID_TO) <= last
    days = F.when(has_ended, F.date_diff(c.VALID_TO, c.VALID_FROM).cast("bigint"))
    return (
        stays.where(F.col(c.VALID_FROM) <= last)
        .groupBy(c.SEGMENT_SET, c.SEGMENT)
        .agg(
            F.count(days).alias(CLOSED_STAYS),
            F.sum(days).alias(CLOSED_DAYS),
            F.count(F.when(~has_ended, F.lit(1))).alias(OPEN_STAYS),
        )
    )
