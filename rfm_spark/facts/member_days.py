"""Orders per member and day, as known from each day on: lines become versions.

One shuffle by member; everything after it groups by the member and something more, so no second one is needed.
Amounts are BIGINT units inside.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.amounts import from_units, to_units
from rfm_spark.config.choices import Refunds, UnknownRefunds
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_DAY
from rfm_spark.dates import OPEN_END
from rfm_spark.facts.orders import LONE_DAY, NAMED_ORDER, ORDER_KEY, is_discount, is_refund, is_sale, lone_day

GROSS, REFUND, DISCOUNT = "gross_units", "refund_units", "discount_units"
SALE_LINES, PROMOTION_LINES, REFUND_LINES = "sale_lines", "promotion_lines", "refund_lines"
LINE_SUMS = (GROSS, REFUND, DISCOUNT, SALE_LINES, REFUND_LINES, PROMOTION_LINES)
FACTS = (c.ORDER_COUNT, GROSS, REFUND, c.PROMOTION_ORDER_COUNT)


def member_days(
    lines: DataFrame, refunds: Refunds, unknown_refunds: UnknownRefunds = UnknownRefunds.LOWER_DAY
) -> DataFrame:
    """One row per member, order day and valid_from: the facts of all lines.

    `lines` conform to TRANSACTION and are all lines of their members. An order of 100, all refunded three weeks later:

    >>> lines = rows("transaction_day kind order_id refunded_order_id amount", "2024-06-10 sale A - 100",
    ...     "2024-07-02 refund - A 100", member_id=7, order_source="shop", promotion="-")
    >>> days = member_days(lines, Refunds.ATTRIBUTE_TO_ORDER)
    >>> show(days, "order_day", "valid_from", "valid_to", "order_count", "refund_amount", "net_amount")
    | order_day  | valid_from | valid_to   | order_count | refund_amount | net_amount |
    |------------|------------|------------|-------------|---------------|------------|
    | 2024-06-10 | 2024-06-10 | 2024-07-02 | 1           | 0.0000        | 100.0000   |
    | 2024-06-10 | 2024-07-02 | 9999-12-31 | 0           | 100.0000      | 0.0000     |

    Gross amounts are those of sales less discounts. A sum beyond BIGINT units or DECIMAL(18,4) raises.
    """
    used = lines.where(~is_refund()) if refunds is Refunds.IGNORE else lines
    # One that would be rejected today was accepted while its order was there.
    keeps_unknown = refunds is not Refunds.ATTRIBUTE_TO_ORDER or unknown_refunds is UnknownRefunds.LOWER_DAY
    return conform(_versions(_changes(_order_days(used, refunds), keeps_unknown)), MEMBER_DAY)


def _order_days(lines: DataFrame, refunds: Refunds) -> DataFrame:
    """One row per order and day with a line of it; a refund that names an order belongs to that order."""
    refunded = F.col(c.REFUNDED_ORDER_ID) if refunds is Refunds.ATTRIBUTE_TO_ORDER else F.lit(None)
    named_order = F.when(is_refund(), refunded).otherwise(F.col(c.ORDER_ID))
    units = to_units(F.col(c.AMOUNT))
    is_promoted = is_sale() & F.col(c.PROMOTION).isNotNull()
    narrow = lines.select(
        c.MEMBER_ID,
        c.ORDER_SOURCE,
        c.TRANSACTION_DAY,
        named_order.alias(NAMED_ORDER),
        lone_day(named_order, F.col(c.TRANSACTION_DAY)).alias(LONE_DAY),
        F.when(is_sale(), units).otherwise(0).alias(GROSS),
        F.when(is_refund(), units).otherwise(0).alias(REFUND),
        F.when(is_discount(), units).otherwise(0).alias(DISCOUNT),
        is_sale().cast("int").alias(SALE_LINES),
        is_refund().cast("int").alias(REFUND_LINES),
        is_promoted.cast("int").alias(PROMOTION_LINES),
    )
    by_member = narrow.repartition(F.col(c.MEMBER_ID))
    return by_member.groupBy(*ORDER_KEY, c.TRANSACTION_DAY).agg(*(F.sum(name).alias(name) for name in LINE_SUMS))


def _changes(order_days: DataFrame, keeps_unknown: bool) -> DataFrame:
    """One row per order and day with a line of it: what it adds to the facts of its order day from this day on.

    A refund or discount changes the day of the order that it names. Dated before the order's first sale line, it
    changes its own day; `keeps_unknown`: whether a refund that names such an order changes any day.
    """
    so_far = (
        Window.partitionBy(*ORDER_KEY)
        .orderBy(c.TRANSACTION_DAY)
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    day = F.col(c.TRANSACTION_DAY)
    first_sale = F.min(F.when(F.col(SALE_LINES) > 0, day)).over(so_far)
    is_named = F.col(NAMED_ORDER).isNotNull()
    is_attributed = F.col("first_sale").isNotNull()
    belongs = {REFUND: is_named & is_attributed, REFUND_LINES: is_named & is_attributed, DISCOUNT: is_attributed}
    is_kept = F.lit(True) if keeps_unknown else ~is_named | is_attributed
    attributed = {name: F.when(condition, F.col(name)).otherwise(0) for name, condition in belongs.items()}
    added = {name: attributed.get(name, F.col(name)) for name in LINE_SUMS}
    placed = order_days.withColumn("first_sale", first_sale).select(
        "*", *(F.sum(column).over(so_far).alias(f"total_{name}") for name, column in added.items())
    )
    after = {name: F.col(f"total_{name}") for name in LINE_SUMS}
    before = {name: after[name] - added[name] for name in LINE_SUMS}
    return placed.select(
        c.MEMBER_ID,
        F.coalesce("first_sale", day).alias(c.ORDER_DAY),
        day.alias(c.VALID_FROM),
        (_order_count(after) - _order_count(before)).alias(c.ORDER_COUNT),
        (_promotion_order_count(after) - _promotion_order_count(before)).alias(c.PROMOTION_ORDER_COUNT),
        (F.col(GROSS) - F.col(DISCOUNT)).alias(GROSS),
        F.when(is_kept, F.col(REFUND)).otherwise(0).alias(REFUND),
    )


def _order_count(total: dict[str, Column]) -> Column:
    """Return 1 for an order: it has sale lines, and no refund lines or ones that leave an amount above 0."""
    is_left = (total[REFUND_LINES] == 0) | (total[GROSS] - total[DISCOUNT] > total[REFUND])
    return ((total[SALE_LINES] > 0) & is_left).cast("bigint")


def _promotion_order_count(total: dict[str, Column]) -> Column:
    """Return 1 for an order with a sale line under a promotion."""
    return _order_count(total) * (total[PROMOTION_LINES] > 0).cast("bigint")


def _versions(changes: DataFrame) -> DataFrame:
    """One row per member, order day and valid_from on which a fact changes; before the first there are no facts."""
    sums = changes.groupBy(c.MEMBER_ID, c.ORDER_DAY, c.VALID_FROM).agg(*(F.sum(name).alias(name) for name in FACTS))
    is_changed = F.lit(False)
    for name in FACTS:
        is_changed |= F.col(name) != 0
    order_day = Window.partitionBy(c.MEMBER_ID, c.ORDER_DAY).orderBy(c.VALID_FROM)
    so_far = order_day.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    totals = sums.where(is_changed).select(
        c.MEMBER_ID,
        c.ORDER_DAY,
        c.VALID_FROM,
        F.lead(c.VALID_FROM, 1).over(order_day).alias("next_from"),
        *(F.sum(name).over(so_far).alias(name) for name in FACTS),
    )
    return totals.select(
        c.MEMBER_ID,
        c.ORDER_DAY,
        c.VALID_FROM,
        F.coalesce("next_from", F.lit(OPEN_END)).alias(c.VALID_TO),
        c.ORDER_COUNT,
        from_units(F.col(GROSS)).alias(c.GROSS_AMOUNT),
        from_units(F.col(REFUND)).alias(c.REFUND_AMOUNT),
        from_units(F.col(GROSS) - F.col(REFUND)).alias(c.NET_AMOUNT),
        c.PROMOTION_ORDER_COUNT,
        F.trunc(c.ORDER_DAY, "MM").alias(c.ORDER_MONTH),
    )
