"""What each member prefers: the strongest values of each tag class."""

from datetime import date
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.amounts import divide_half_up, to_units
from rfm_spark.config.model import Preferences
from rfm_spark.config.model import Window as ScoringWindow
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_PREFERENCE
from rfm_spark.dates import period_first_day

WEIGHT_SCALE = 1000
"""Weights are exact to three decimals."""


def prefer(
    member_tag_day: DataFrame, preferences: Preferences, window: ScoringWindow, as_of: date, run_id: str
) -> DataFrame:
    """One row per member, tag class and value among the strongest `preferences.top` of the class.

    Reads the tag days of the window's period. Strength = 100 * weighted mean of the value's share of the member's
    amount and of the member's events in the class, over those of the two that exist; half up to 3 decimals.
    Equal strengths rank by amount, then events, then the value itself.

    | value | amount | events | share of amount | share of events | strength (weights 1, 1) |
    |-------|--------|--------|-----------------|-----------------|-------------------------|
    | tea   | 30     | 1      | 0.75            | 0.25            | 50.000                  |
    | milk  | 10     | 3      | 0.25            | 0.75            | 50.000                  |
    """
    totals = sum_tags(member_tag_day, period_first_day(window.period, as_of), as_of)
    of_class = Window.partitionBy(c.MEMBER_ID, c.TAG_CLASS)
    shared = (
        totals.withColumn("class_units", F.sum("units").over(of_class))
        .withColumn("class_events", F.sum(c.EVENT_COUNT).over(of_class))
        .withColumn(c.STRENGTH, strength(preferences))
    )
    strongest = of_class.orderBy(F.desc(c.STRENGTH), F.desc("units"), F.desc(c.EVENT_COUNT), F.asc(c.TAG_VALUE))
    ranked = shared.withColumn(c.RANK_IN_CLASS, F.row_number().over(strongest))
    rows = ranked.where(F.col(c.RANK_IN_CLASS) <= preferences.top).select(
        F.lit(as_of).alias(c.AS_OF_DATE),
        c.MEMBER_ID,
        c.TAG_CLASS,
        c.TAG_VALUE,
        c.STRENGTH,
        c.RANK_IN_CLASS,
        divide_half_up(F.col("units"), F.col("class_units"), 6).cast(c.SHARE.type).alias(c.SHARE),
        c.LAST_DAY,
        c.ORDER_COUNT,
        c.EVENT_COUNT,
        F.lit(run_id).alias(c.RUN_ID),
    )
    return conform(rows, MEMBER_PREFERENCE)


def sum_tags(member_tag_day: DataFrame, first_day: date | None, as_of: date) -> DataFrame:
    """One row per member, tag class and value: sums over the days from `first_day` (None = ever) to `as_of`."""
    in_period = F.col(c.TAG_DAY) <= F.lit(as_of)
    if first_day is not None:
        in_period &= F.col(c.TAG_DAY) >= F.lit(first_day)
    return (
        member_tag_day.where(in_period)
        .repartition(c.MEMBER_ID)
        .groupBy(c.MEMBER_ID, c.TAG_CLASS, c.TAG_VALUE)
        .agg(
            F.sum(to_units(F.col(c.AMOUNT))).alias("units"),
            F.sum(c.EVENT_COUNT).alias(c.EVENT_COUNT),
            F.sum(c.ORDER_COUNT).alias(c.ORDER_COUNT),
            F.max(c.TAG_DAY).alias(c.LAST_DAY),
        )
    )


def strength(preferences: Preferences) -> Column:
    """Return the strength 0..100 from units, events and their sums over the class, by one exact division."""
    units, events = F.col("units").cast("decimal(19,0)"), F.col(c.EVENT_COUNT).cast("decimal(10,0)")
    all_units, all_events = F.col("class_units").cast("decimal(19,0)"), F.col("class_events").cast("decimal(10,0)")
    amount_weight, event_weight = scaled(preferences.amount_weight), scaled(preferences.event_weight)
    has_amount = all_units > 0 if amount_weight else F.lit(False)
    has_events = all_events > 0 if event_weight else F.lit(False)
    both = divide_half_up(
        (units * all_events * amount_weight + events * all_units * event_weight) * 100,
        all_units * all_events * (amount_weight + event_weight),
        3,
    )
    result = (
        F.when(has_amount & has_events, both)
        .when(has_amount, divide_half_up(units * 100, all_units, 3))
        .when(has_events, divide_half_up(events * 100, all_events, 3))
        .otherwise(F.lit(0))
    )
    return result.cast(c.STRENGTH.type)


def scaled(weight: str) -> int:
    """Return a weight as an integer of thousandths.

    >>> scaled("1"), scaled("0.25")
    (1000, 250)
    """
    return int(Decimal(weight) * WEIGHT_SCALE)
