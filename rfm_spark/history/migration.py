"""How many members went from one segment to another, between neighbouring dates and between any two."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.amounts import from_units, to_units
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.history_tables import SEGMENT_MIGRATION

MIGRATION_MATRIX = Frame(
    name="migration matrix",
    grain="One pair of segments of a set, at one date and at another",
    columns=(c.FROM_SEGMENT, c.TO_SEGMENT, c.MEMBER_COUNT),
    key=(c.FROM_SEGMENT, c.TO_SEGMENT),
    nullable=frozenset({c.FROM_SEGMENT, c.TO_SEGMENT}),
)
WAY = (c.AS_OF_DATE, c.SEGMENT_SET, c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT, c.CAUSE)


def count_moves(
    transitions: DataFrame, scores: DataFrame, windows_of_sets: Mapping[str, str], run_id: str
) -> DataFrame:
    """One row per way between two segments of a set, from its previous tracked date to as_of_date, and cause.

    `scores`: rfm_score at the dates of the transitions; `windows_of_sets`: the window of each set.
    Amounts are those of the movers in the set's window at as_of_date; who has no row there, and everybody in a set
    without a window, adds 0.
    """
    windows = sorted(set(windows_of_sets.values()))
    amounts = scores.where(F.col(c.RFM_WINDOW).isin(windows)).select(
        c.AS_OF_DATE, c.RFM_WINDOW, c.MEMBER_ID, to_units(F.col(c.NET_AMOUNT)).alias("units")
    )
    valued = transitions.withColumn(c.RFM_WINDOW, _window_of(F.col(c.SEGMENT_SET), windows_of_sets)).join(
        amounts, [str(c.MEMBER_ID), str(c.RFM_WINDOW), str(c.AS_OF_DATE)], "left"
    )
    total = F.coalesce(F.sum(F.col("units").cast("decimal(38,0)")), F.lit(0))
    counted = valued.groupBy(*WAY).agg(
        F.count(F.lit(1)).alias(c.MEMBER_COUNT),
        from_units(total, c.TOTAL_NET_AMOUNT.type).alias(c.TOTAL_NET_AMOUNT),
    )
    return conform(counted.withColumn(c.RUN_ID, F.lit(run_id)), SEGMENT_MIGRATION)


def migration_matrix(members: DataFrame, segment_set: str, first: date, second: date) -> DataFrame:
    """One row per pair of segments of a set at two dates, those who stayed among them; NULL = not in the set.

    `members`: member_segment.
    """
    day = F.col(c.AS_OF_DATE)
    of_set = members.where((F.col(c.SEGMENT_SET) == F.lit(segment_set)) & day.isin([first, second]))
    pairs = of_set.groupBy(c.MEMBER_ID).agg(
        F.max(F.when(day == F.lit(first), F.col(c.SEGMENT))).alias(c.FROM_SEGMENT),
        F.max(F.when(day == F.lit(second), F.col(c.SEGMENT))).alias(c.TO_SEGMENT),
    )
    counted = pairs.groupBy(c.FROM_SEGMENT, c.TO_SEGMENT).agg(F.count(F.lit(1)).alias(c.MEMBER_COUNT))
    return conform(counted, MIGRATION_MATRIX)


def _window_of(segment_set: Column, windows_of_sets: Mapping[str, str]) -> Column:
    """Return the window of a set, NULL for a set without one."""
    window = F.lit(None).cast("string")
    for name, of_set in windows_of_sets.items():
        window = F.when(segment_set == F.lit(name), F.lit(of_set)).otherwise(window)
    return window
