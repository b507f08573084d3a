"""Summarises segments: members, amounts, orders and mean scores."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.amounts import divide_half_up, from_units, to_units
from rfm_spark.config.model import SegmentSet
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import SEGMENT_SUMMARY
from rfm_spark.driver_rows import driver_rows

KEY = [str(c.AS_OF_DATE), str(c.SEGMENT_SET), str(c.SEGMENT)]
SCORED = [str(c.MEMBER_ID), str(c.RFM_WINDOW), str(c.AS_OF_DATE)]
SCORE_MEANS = {c.R_SCORE: c.MEAN_R_SCORE, c.F_SCORE: c.MEAN_F_SCORE, c.M_SCORE: c.MEAN_M_SCORE}


def summarise_segments(
    members: DataFrame, scores: DataFrame, segment_sets: Sequence[SegmentSet], dates: Sequence[date], run_id: str
) -> DataFrame:
    """One row per as-of date and segment that a set can give, also when nobody is in it.

    `members` is member_segment, `scores` is rfm_score of the dates. Amounts and orders are summed over the set's
    window; members without an order in it add nothing. Shares are shares of the set, half up to 6 decimals. Means
    average the members scored in the set's window; the mean of recency averages only members with an order in it.
    """
    window_of_set = {book.name: book.window for book in segment_sets}
    valued = members.withColumn(c.RFM_WINDOW, look_up(window_of_set, F.col(c.SEGMENT_SET))).join(
        scores.select(*SCORED, c.RECENCY_DAYS, c.ORDER_COUNT, c.NET_AMOUNT, *SCORE_MEANS), SCORED, "left"
    )
    is_ordering = F.col(c.ORDER_COUNT) > 0
    counted = valued.groupBy(*KEY).agg(
        F.count(F.lit(1)).alias("members"),
        F.sum(to_units(F.col(c.NET_AMOUNT)).cast("decimal(38,0)")).alias("units"),
        F.sum(c.ORDER_COUNT).alias("orders"),
        F.sum(F.when(is_ordering, F.col(c.RECENCY_DAYS).cast("bigint"))).alias("days"),
        F.count(F.when(is_ordering, F.lit(1))).alias("ordering"),
        F.count(c.R_SCORE).alias("scored"),
        *(F.sum(score).alias(score) for score in SCORE_MEANS),
    )
    every = declared_segments(members, segment_sets, dates)
    return conform(summary_rows(every.join(counted, KEY, "left"), run_id), SEGMENT_SUMMARY)


def look_up(values: dict[str, str], key: Column) -> Column:
    """Return the value of the key, by a CASE over literals."""
    cases = F.lit(None).cast("string")
    for name, value in values.items():
        cases = F.when(key == F.lit(name), F.lit(value)).otherwise(cases)
    return cases


def declared_segments(members: DataFrame, segment_sets: Sequence[SegmentSet], dates: Sequence[date]) -> DataFrame:
    """One row per as-of date and segment that a set can give."""
    rows = [
        (day, declared.name, segment) for day in dates for declared in segment_sets for segment in declared.segments
    ]
    schema = f"{c.AS_OF_DATE} date, {c.SEGMENT_SET} string, {c.SEGMENT} string"
    return driver_rows(members.sparkSession, rows, schema)


def summary_rows(counted: DataFrame, run_id: str) -> DataFrame:
    """One row per row of `counted`, with the published columns; the totals of a set are sums over its few segments."""
    of_set = Window.partitionBy(c.AS_OF_DATE, c.SEGMENT_SET)
    members, units, orders = (F.coalesce(F.col(name), F.lit(0)) for name in ("members", "units", "orders"))
    all_members, all_units = F.sum(members).over(of_set), F.sum(units).over(of_set)
    return counted.select(
        c.AS_OF_DATE,
        c.SEGMENT_SET,
        c.SEGMENT,
        members.cast(c.MEMBER_COUNT.type).alias(c.MEMBER_COUNT),
        F.coalesce(divide_half_up(members, all_members, 6), F.lit(0)).cast(c.MEMBER_SHARE.type).alias(c.MEMBER_SHARE),
        from_units(units, c.TOTAL_NET_AMOUNT.type).alias(c.TOTAL_NET_AMOUNT),
        divide_half_up(units, all_units, 6).cast(c.AMOUNT_SHARE.type).alias(c.AMOUNT_SHARE),
        orders.cast(c.ORDER_COUNT.type).alias(c.ORDER_COUNT),
        divide_half_up(units, orders * c.UNITS_PER_ONE, 4)
        .cast(c.AVERAGE_ORDER_AMOUNT.type)
        .alias(c.AVERAGE_ORDER_AMOUNT),
        divide_half_up(F.col("days"), F.col("ordering"), 3).cast(c.MEAN_RECENCY_DAYS.type).alias(c.MEAN_RECENCY_DAYS),
        mean("orders", c.MEAN_ORDER_COUNT),
        divide_half_up(F.col("units"), F.col("scored") * c.UNITS_PER_ONE, 4)
        .cast(c.MEAN_NET_AMOUNT.type)
        .alias(c.MEAN_NET_AMOUNT),
        *(mean(score, column) for score, column in SCORE_MEANS.items()),
        F.lit(run_id).alias(c.RUN_ID),
    )


def mean(total: str, column: c.Column) -> Column:
    """Return the sum divided by the number of scored members, half up to 3 decimals; NULL when there are none."""
    return divide_half_up(F.col(total), F.col("scored"), 3).cast(column.type).alias(column)
