"""Finds what each member prefers: the strongest values of each tag class."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.amounts import divide_half_up, to_units
from rfm_spark.as_of import at_dates, per_date
from rfm_spark.config import model
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_PREFERENCE
from rfm_spark.dates import period_first_day

WEIGHT_SCALE = 1000
"""Weights are exact to three decimals."""


def prefer(
    member_tag_day: DataFrame, preferences: model.Preferences, window: model.Window, dates: Sequence[date], run_id: str
) -> DataFrame:
    """One row per as-of date, member, tag class and value among the strongest `preferences.top` of the class.

    `dates` rise and are not empty; each reads the tag days in the window's period. A value has a share of the member's
    amount and a share of the member's events in the class; strength = 100 * the weighted mean of the shares that exist,
    half up to 3 decimals. Equal strengths rank by amount, then events, then the value itself.

    Tea has three quarters of the amount and a quarter of the events, milk the reverse; tea ranks first by its amount:

    >>> tag_days = rows("tag_value amount event_count", "tea 30 1", "milk 10 3", member_id=7, tag_class="category",
    ...     tag_day="2024-06-10", order_count=1)
    >>> june = [date(2024, 6, 30)]
    >>> strongest = prefer(tag_days, model.Preferences(), model.Window("month", days=30), june, "run-1")
    >>> show(strongest, "tag_value", "share", "strength", "rank_in_class")
    | tag_value | share    | strength | rank_in_class |
    |-----------|----------|----------|---------------|
    | milk      | 0.250000 | 50.000   | 2             |
    | tea       | 0.750000 | 50.000   | 1             |
    """
    ranked = rank_values(sum_tags(member_tag_day, window, dates), preferences)
    rows = ranked.where(F.col(c.RANK_IN_CLASS) <= preferences.top).select(
        c.AS_OF_DATE,
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


def rank_values(totals: DataFrame, preferences: model.Preferences) -> DataFrame:
    """One row per as-of date, member, tag class and value, with the totals of the class, the strength and the rank."""
    of_class = Window.partitionBy(c.MEMBER_ID, c.TAG_CLASS, c.AS_OF_DATE)
    shared = (
        totals.withColumn("class_units", F.sum("units").over(of_class))
        .withColumn("class_events", F.sum(c.EVENT_COUNT).over(of_class))
        .withColumn(c.STRENGTH, strength(preferences))
    )
    strongest = of_class.orderBy(F.desc(c.STRENGTH), F.desc("units"), F.desc(c.EVENT_COUNT), F.asc(c.TAG_VALUE))
    return shared.withColumn(c.RANK_IN_CLASS, F.row_number().over(strongest))


def sum_tags(member_tag_day: DataFrame, window: model.Window, dates: Sequence[date]) -> DataFrame:
    """One row per as-of date, member, tag class and value: sums over the days of the window's period."""
    return (
        tag_days_in(window, member_tag_day.repartition(c.MEMBER_ID), dates)
        .groupBy(c.MEMBER_ID, c.TAG_CLASS, c.TAG_VALUE, c.AS_OF_DATE)
        .agg(
            F.sum(to_units(F.col(c.AMOUNT))).alias("units"),
            F.sum(c.EVENT_COUNT).alias(c.EVENT_COUNT),
            F.sum(c.ORDER_COUNT).alias(c.ORDER_COUNT),
            F.max(c.TAG_DAY).alias(c.LAST_DAY),
        )
    )


def tag_days_in(window: model.Window, member_tag_day: DataFrame, dates: Sequence[date]) -> DataFrame:
    """One row per tag day and as-of date whose period contains the day."""
    day = F.col(c.TAG_DAY)
    by_then = member_tag_day.where(day <= F.lit(dates[-1]))
    first_days = [first for first in (period_first_day(window.period, as_of) for as_of in dates) if first is not None]
    if not first_days:
        return at_dates(by_then, dates, day)
    longest = max(as_of - first_day for as_of, first_day in zip(dates, first_days, strict=True))
    near = at_dates(by_then.where(day >= F.lit(first_days[0])), dates, day, F.date_add(day, longest.days))
    # Months differ in length: after the longest period of all dates, each date's own period decides.
    return near.where(day >= per_date(first_days, dates, "date"))


def strength(preferences: model.Preferences) -> Column:
    """Return the strength, 0 to 100, from units, events and their totals in the class, by one exact division."""
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
