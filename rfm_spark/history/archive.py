"""What history said before it was written again, and the segments that its transitions give at a date."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION_ARCHIVE
from rfm_spark.driver_rows import driver_rows
from rfm_spark.history.intervals import IN_TIME, end_of_stay

STATE_OF_MEMBER = Frame(
    name="state of a member",
    grain="One member, segment set and as-of date",
    columns=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.SEGMENT),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID),
)


def superseded(transitions: DataFrame, keys: Iterable[tuple[str, date]], recorded_to: datetime) -> DataFrame:
    """One row per transition that goes when the sets and dates of `keys` are written again.

    `transitions`: the table as it is. `recorded_to`, with an offset, is also the computed_at of the rows that come.
    """
    places = driver_rows(transitions.sparkSession, sorted(set(keys)), f"{c.SEGMENT_SET} string, {c.AS_OF_DATE} date")
    gone = (
        transitions.join(F.broadcast(places), [str(c.SEGMENT_SET), str(c.AS_OF_DATE)], "left_semi")
        .withColumnRenamed(c.COMPUTED_AT, c.RECORDED_FROM)
        .withColumn(c.RECORDED_TO, F.lit(recorded_to))
    )
    return conform(gone, SEGMENT_TRANSITION_ARCHIVE)


def states_at(transitions: DataFrame, dates: Mapping[str, Iterable[date]]) -> DataFrame:
    """One row per member, segment set and date: the segment that the transitions give.

    `dates`: the tracked dates of each set; the rows are those of member_segment if history is whole.
    """
    places = sorted((name, day) for name, days in dates.items() for day in set(days))
    asked = driver_rows(transitions.sparkSession, places, f"{c.SEGMENT_SET} string, asked_date date")
    stays = (
        transitions.select(*IN_TIME, c.AS_OF_DATE, c.TO_SEGMENT)
        .withColumn(c.VALID_TO, end_of_stay())
        .where(F.col(c.TO_SEGMENT).isNotNull())
    )
    is_there = (F.col("asked_date") >= F.col(c.AS_OF_DATE)) & (F.col("asked_date") < F.col(c.VALID_TO))
    rows = (
        stays.join(F.broadcast(asked), str(c.SEGMENT_SET))
        .where(is_there)
        .select(F.col("asked_date").alias(c.AS_OF_DATE), *IN_TIME, F.col(c.TO_SEGMENT).alias(c.SEGMENT))
    )
    return conform(rows, STATE_OF_MEMBER)
