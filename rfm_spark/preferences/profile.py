"""The profile of a member: scores, segments and preferences joined into the one row a profile store takes over."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_PROFILE


def build_profiles(
    segments: DataFrame,
    scores: DataFrame,
    preferences: DataFrame,
    member_day: DataFrame,
    main_window: str,
    as_of: date,
    run_id: str,
) -> DataFrame:
    """One row per member with a segment in any set at `as_of`.

    `segments`, `scores` and `preferences` are the tables' rows of the date; label and scores are those of
    `main_window`, NULL for members without a rank in it.
    """
    main_scores = scores.where(F.col(c.RFM_WINDOW) == F.lit(main_window)).select(
        c.MEMBER_ID, c.RFM_LABEL, c.R_SCORE, c.F_SCORE, c.M_SCORE, c.COMPOSITE_SCORE
    )
    joined = (
        map_segments(segments)
        .join(main_scores, c.MEMBER_ID, "left")
        .join(first_order_days(member_day, as_of), c.MEMBER_ID, "left")
        .join(list_preferences(preferences), c.MEMBER_ID, "left")
        .withColumn(c.AS_OF_DATE, F.lit(as_of))
        .withColumn(c.RUN_ID, F.lit(run_id))
    )
    return conform(joined, MEMBER_PROFILE)


def map_segments(segments: DataFrame) -> DataFrame:
    """One row per member: its segment of every set, by the name of the set in alphabetical order."""
    pairs = F.array_sort(F.collect_list(F.struct(c.SEGMENT_SET, c.SEGMENT)))
    return segments.groupBy(c.MEMBER_ID).agg(F.map_from_entries(pairs).alias(c.SEGMENTS))


def first_order_days(member_day: DataFrame, as_of: date) -> DataFrame:
    """One row per member with an order valid at `as_of`: the day of the first one."""
    is_past = (F.col(c.ORDER_DAY) <= F.lit(as_of)) & (F.col(c.VALID_FROM) <= F.lit(as_of))
    is_valid_order = is_past & (F.col(c.VALID_TO) > F.lit(as_of)) & (F.col(c.ORDER_COUNT) > 0)
    return member_day.where(is_valid_order).groupBy(c.MEMBER_ID).agg(F.min(c.ORDER_DAY).alias(c.FIRST_ORDER_DAY))


def list_preferences(preferences: DataFrame) -> DataFrame:
    """One row per member with a preference: all of them, by class and rank."""
    order = ("tag_class", "rank_in_class", "tag_value", "strength")
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
    return preferences.groupBy(c.MEMBER_ID).agg(in_contract_order.alias(c.TOP_PREFERENCES))
