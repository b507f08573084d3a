"""What history said before it was written again, and what its transitions amount to at a date."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION_ARCHIVE
from rfm_spark.history.intervals import IN_TIME, end_of_stay

STATE_OF_MEMBER = Frame(
    name="state of a member",
    grain="One member, segment set and as-of date",
    columns=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.SEGMENT),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID),
)
PUBLISHED_SEGMENT = Frame(
    name="published segment",
    grain="One member and segment set at as_of_date, as it was recorded then",
    columns=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.SEGMENT, c.VALID_FROM),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID),
)


def superseded(transitions: DataFrame, keys: Iterable[tuple[str, date]], recorded_to: datetime) -> DataFrame:
    """One row per transition that goes when the sets and dates of `keys` are written again.

    `transitions`: the table as it is. `recorded_to`, with an offset, is also the computed_at of the rows that come.
    """
    places = transitions.sparkSession.createDataFrame(sorted(set(keys)), f"{c.SEGMENT_SET} string, {c.AS_OF_DATE} date")
    gone = (
        transitions.join(F.broadcast(places), [str(c.SEGMENT_SET), str(c.AS_OF_DATE)], "left_semi")
        .withColumnRenamed(c.COMPUTED_AT, c.RECORDED_FROM)
        .withColumn(c.RECORDED_TO, F.lit(recorded_to))
    )
    return conform(gone, SEGMENT_TRANSITION_ARCHIVE)


def as_published(transitions: DataFrame, archive: DataFrame, instant: datetime, as_of: date) -> DataFrame:
    """One row per member and segment set at `as_of`, as it was recorded at the instant (with an offset).

    valid_from is the tracked date from which the member was in the segment. A date that was published later than the
    instant counts no more than one that does not exist.

    | rows of one member                  | asked at          | segment |
    |-------------------------------------|-------------------|---------|
    | A, recorded 05-01 to 05-20          | 05-10             | A       |
    | B in its place, recorded from 05-20 | 05-20 and later   | B       |
    | both                                | before 05-01      | no row  |
    """
    columns = (*IN_TIME, c.AS_OF_DATE, c.TO_SEGMENT)
    at = F.lit(instant)
    current = transitions.where(F.col(c.COMPUTED_AT) <= at).select(*columns)
    past = archive.where((F.col(c.RECORDED_FROM) <= at) & (F.col(c.RECORDED_TO) > at)).select(*columns)
    last = F.max(F.struct(F.col(c.AS_OF_DATE).alias(c.VALID_FROM), F.col(c.TO_SEGMENT).alias(c.SEGMENT)))
    rows = (
        current.unionByName(past)
        .where(F.col(c.AS_OF_DATE) <= F.lit(as_of))
        .groupBy(*IN_TIME)
        .agg(last.alias("last"))
        .select(F.lit(as_of).alias(c.AS_OF_DATE), *IN_TIME, "last.*")
        .where(F.col(c.SEGMENT).isNotNull())
    )
    return conform(rows, PUBLISHED_SEGMENT)


def replay(transitions: DataFrame, dates: Mapping[str, Iterable[date]]) -> DataFrame:
    """One row per member, segment set and date that the transitions amount to, under today's names.

    `dates`: the tracked dates of each set; the rows are those of member_segment if history is whole.
    """
    places = sorted((name, day) for name, days in dates.items() for day in set(days))
    asked = transitions.sparkSession.createDataFrame(places, f"{c.SEGMENT_SET} string, asked_date date")
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
