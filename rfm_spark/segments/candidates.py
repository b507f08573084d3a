"""Gathers the fields that the rules of segment sets read: one row for every member that may get a segment."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.amounts import divide_half_up, to_units
from rfm_spark.as_of import at_dates, per_date
from rfm_spark.config.model import Window
from rfm_spark.contracts import columns as c
from rfm_spark.dates import period_first_day
from rfm_spark.segments.rulebook import Rulebook

SCORED_FIELDS = {
    "r": c.R_SCORE,
    "f": c.F_SCORE,
    "m": c.M_SCORE,
    "composite_score": c.COMPOSITE_SCORE,
    "recency_days": c.RECENCY_DAYS,
    "order_count": c.ORDER_COUNT,
    "net_amount": c.NET_AMOUNT,
}
"""Fields of rules that `rfm_score` holds, and their columns there."""

SUMMED_FIELDS = {
    "purchase_days": ("order_days",),
    "promotion_share": ("promotion_orders",),
    "refund_share": ("refund_units", "gross_units"),
}
"""Fields of rules that `rfm_score` does not hold, and the sums over `member_day` that they come from."""

KEY = [str(c.MEMBER_ID), str(c.AS_OF_DATE)]
"""The member comes first: a sort mostly compares the first key alone."""

SHARE_DECIMALS = 12
"""Enough to compare a share of fewer than a million orders exactly with a limit of up to 6 decimals."""


def window_column(window: str, field: str) -> str:
    """Return the name of the candidates' column for a field of a window."""
    return f"{window}__{field}"


def gather_candidates(
    member_day: DataFrame,
    scores: DataFrame,
    events: DataFrame | None,
    rulebooks: Sequence[Rulebook],
    windows: Sequence[Window],
    dates: Sequence[date],
) -> DataFrame:
    """One row per as-of date and member with an order valid at it, and per date and prospect.

    `dates` rise and are not empty. `scores` is rfm_score of exactly these dates. `events` is the event table, or None
    when no set has prospects. Columns: as_of_date, member_id, first_order_day (NULL for prospects),
    days_since_first_order, and `window__field` for each window of the sets and each field that rules read in it.
    """
    needed = needed_fields(rulebooks)
    lives = lifetime_facts(member_day, windows, needed, dates)
    known = lives.join(pivot_scores(scores, windows, dates), KEY, "left")
    if events is not None:
        known = known.join(members_with_events(events, dates), KEY, "full")
    has_order = F.col(c.FIRST_ORDER_DAY).isNotNull()
    is_prospect = F.col("has_sale").isNull()
    derived = derive_fields(windows, needed)
    return known.where(has_order | is_prospect).select(
        c.AS_OF_DATE,
        c.MEMBER_ID,
        c.FIRST_ORDER_DAY,
        F.date_diff(c.AS_OF_DATE, c.FIRST_ORDER_DAY).alias("days_since_first_order"),
        *(window_column(window.name, field) for window in windows for field in SCORED_FIELDS),
        *derived,
    )


def needed_fields(rulebooks: Sequence[Rulebook]) -> frozenset[tuple[str, str]]:
    """Return the window and the name of every field that the rules of the sets read."""
    return frozenset().union(*(book.fields for book in rulebooks))


def lifetime_facts(
    member_day: DataFrame, windows: Sequence[Window], needed: frozenset[tuple[str, str]], dates: Sequence[date]
) -> DataFrame:
    """One row per as-of date and member with a sale line by then: first valid order day and the sums that rules need.

    A sale line counts even when its version has ended: a refunded order at price 0 leaves no other trace.
    """
    is_valid = F.col(c.VALID_TO) > F.col(c.AS_OF_DATE)
    is_order = is_valid & (F.col(c.ORDER_COUNT) > 0)
    is_sale = (F.col(c.ORDER_COUNT) > 0) | (F.col(c.GROSS_AMOUNT) > 0)
    sums = [column for window in windows for column in window_sums(window, needed, is_valid, dates)]
    known = member_day.where(F.col(c.ORDER_DAY) <= F.lit(dates[-1]))
    return (
        at_dates(known, dates, F.col(c.VALID_FROM))
        .groupBy(*KEY)
        .agg(
            F.min(F.when(is_order, F.col(c.ORDER_DAY))).alias(c.FIRST_ORDER_DAY),
            F.max(is_sale).alias("has_sale"),
            *sums,
        )
        .where("has_sale")
    )


def window_sums(
    window: Window, needed: frozenset[tuple[str, str]], is_valid: Column, dates: Sequence[date]
) -> list[Column]:
    """Return the sums over the window's period from which the needed fields are computed."""
    in_window = is_valid
    if not window.lifetime:
        first_days = [period_first_day(window.period, day) for day in dates]
        in_window &= F.col(c.ORDER_DAY) >= per_date(first_days, dates, "date")
    values = {
        "order_days": F.when(F.col(c.ORDER_COUNT) > 0, F.lit(1)).otherwise(0),
        "promotion_orders": F.col(c.PROMOTION_ORDER_COUNT),
        "refund_units": to_units(F.col(c.REFUND_AMOUNT)),
        "gross_units": to_units(F.col(c.GROSS_AMOUNT)),
    }
    names = [name for field, parts in SUMMED_FIELDS.items() if (window.name, field) in needed for name in parts]
    return [
        F.sum(F.when(in_window, values[name]).otherwise(0)).alias(window_column(window.name, name)) for name in names
    ]


def pivot_scores(scores: DataFrame, windows: Sequence[Window], dates: Sequence[date]) -> DataFrame:
    """One row per as-of date and scored member, with one column per window and field."""
    if len(dates) == 1:
        # Spark drops a literal date from the keys of the aggregation and the joins.
        scores = scores.withColumn(c.AS_OF_DATE, F.lit(dates[0]))
    of_window = F.col(c.RFM_WINDOW)
    names = [window.name for window in windows]
    return (
        scores.where(of_window.isin(names))
        .groupBy(*KEY)
        .agg(
            *(
                F.max(F.when(of_window == F.lit(name), F.col(column))).alias(window_column(name, field))
                for name in names
                for field, column in SCORED_FIELDS.items()
            )
        )
    )


def members_with_events(events: DataFrame, dates: Sequence[date]) -> DataFrame:
    """One row per as-of date and member with an event by then."""
    known = events.where(F.col(c.EVENT_DAY) <= F.lit(dates[-1]))
    first_events = known.groupBy(c.MEMBER_ID).agg(F.min(c.EVENT_DAY).alias(c.EVENT_DAY))
    return at_dates(first_events, dates, F.col(c.EVENT_DAY)).select(*KEY)


def derive_fields(windows: Sequence[Window], needed: frozenset[tuple[str, str]]) -> list[Column]:
    """Return the fields that are computed from other columns: shares, averages and counts, NULL outside the window."""

    def share(window: str, part: str, whole: str) -> Column:
        numerator, denominator = F.col(window_column(window, part)), F.col(window_column(window, whole))
        return divide_half_up(numerator, denominator, SHARE_DECIMALS)

    def field(window: str, name: str) -> Column:
        if name == "purchase_days":
            return F.col(window_column(window, "order_days"))
        if name == "promotion_share":
            return share(window, "promotion_orders", "order_count")
        if name == "refund_share":
            return share(window, "refund_units", "gross_units")
        units = to_units(F.col(window_column(window, "net_amount")))
        return divide_half_up(units, F.col(window_column(window, "order_count")) * c.UNITS_PER_ONE, 4)

    computed = (*SUMMED_FIELDS, "average_order_amount")
    return [
        F.when(F.col(window_column(window.name, "recency_days")).isNotNull(), field(window.name, name)).alias(
            window_column(window.name, name)
        )
        for window in windows
        for name in computed
        if (window.name, name) in needed
    ]


def is_in_window(window: str) -> Column:
    """Return whether a candidate has an order in the window."""
    return F.coalesce(F.col(window_column(window, "order_count")) > 0, F.lit(False))
