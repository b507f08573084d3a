"""Joins scores, segments and preferences of a member into the one row that a profile store takes over."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import at_dates, last_valid_day
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_PROFILE

KEY = [str(c.MEMBER_ID), str(c.AS_OF_DATE)]
"""The member comes first: a sort mostly compares the first key alone."""


def build_profiles(
    segments: DataFrame,
    scores: DataFrame,
    preferences: DataFrame,
    member_day: DataFrame,
    main_window: str,
    dates: Sequence[date],
    run_id: str,
) -> DataFrame:
    """One row per as-of date and member with a segment in any set.

    `dates` rise and are not empty. `segments`, `scores` and `preferences` are the rows of the tables at exactly these
    dates. Label and scores come from `main_window` and are NULL for members that it does not score.
    """
    if len(dates) == 1:
        # Spark drops a literal date from the keys of the aggregations and the joins.
        day = F.lit(dates[0])
        segments, scores, preferences = (
            frame.withColumn(c.AS_OF_DATE, day) for frame in (segments, scores, preferences)
        )
    main_scores = scores.where(F.col(c.RFM_WINDOW) == F.lit(main_window)).select(
        *KEY, c.RFM_LABEL, c.R_SCORE, c.F_SCORE, c.M_SCORE, c.COMPOSITE_SCORE
    )
    joined = (
        map_segments(segments)
        .join(main_scores, KEY, "left")
        .join(first_order_days(member_day, dates), KEY, "left")
        .join(list_preferences(preferences), KEY, "left")
        .withColumn(c.RUN_ID, F.lit(run_id))
    )
    return conform(joined, MEMBER_PROFILE)


def map_segments(segments: DataFrame) -> DataFrame:
    """One row per as-of date and member: a map from set to segment, in the alphabetical order of the sets."""
    pairs = F.array_sort(F.collect_list(F.struct(c.SEGMENT_SET, c.SEGMENT)))
    return segments.groupBy(*KEY).agg(F.map_from_entries(pairs).alias(c.SEGMENTS))


def first_order_days(member_day: DataFrame, dates: Sequence[date]) -> DataFrame:
    """One row per as-of date and member with a valid order: the day of the first one."""
    orders = member_day.where((F.col(c.ORDER_DAY) <= F.lit(dates[-1])) & (F.col(c.ORDER_COUNT) > 0))
    valid = at_dates(orders, dates, F.col(c.VALID_FROM), last_valid_day())
    return valid.groupBy(*KEY).agg(F.min(c.ORDER_DAY).alias(c.FIRST_ORDER_DAY))


def list_preferences(preferences: DataFrame) -> DataFrame:
    """One row per as-of date and member with a preference: all its preferences, by class and rank."""
    order = (c.TAG_CLASS, c.RANK_IN_CLASS, c.TAG_VALUE, c.STRENGTH)
    collected = F.array_sort(F.collect_list(F.struct(*order)))
    in_contract_order = F.transform(
        collected,
        lambda item: F.struct(
            item[c.TAG_CLASS].alias(c.TAG_CLASS),
            item[c.TAG_VALUE].alias(c.TAG_VALUE),
            item[c.RANK_IN_CLASS].alias(c.RANK_IN_CLASS),
            item[c.STRENGTH].alias(c.STRENGTH),
        ),
    )
    return preferences.groupBy(*KEY).agg(in_contract_order.alias(c.TOP_PREFERENCES))
