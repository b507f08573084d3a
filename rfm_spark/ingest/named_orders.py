"""Lines that name an order of another line: whether it is known, and whose it is.

An order is known on a day when it has a sale line until then, in `transaction` or among the lines of this ingest.
"""

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from rfm_spark.config.choices import Kind
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.fates import FATE, FAULTS, LINE_DAY
from rfm_spark.ingest.order_names import named_order, or_null
from rfm_spark.ingest.reasons import Fate, RejectReason

NAMED, OWNER, OPENED = "_rfm_named_order", "_rfm_owner", "_rfm_opened"
UNKNOWN = "unknown"


def sales_of(staged: DataFrame) -> DataFrame:
    """One row per accepted sale line of a source with an order number: member, order and day."""
    sales = staged.where((F.col(FATE) == Fate.ACCEPTED.value) & (F.col(c.KIND) == Kind.SALE.value))
    return sales.select(c.MEMBER_ID, or_null(sales.columns, c.ORDER_ID), F.col(LINE_DAY).alias(c.TRANSACTION_DAY))


def with_known_orders(staged: DataFrame, sales: DataFrame, source: Source, rejects_refunds: bool = False) -> DataFrame:
    """Return the lines with the member of their order where the source has none; those of no known order are rejected.

    `sales` are those of the orders' source: columns member_id, order_id, transaction_day. An order number that two
    members have names nobody. `rejects_refunds`: so are refunds that name an order without a sale line until their day.
    """
    joined = _beside_their_orders(staged, sales, source)
    owner = F.col(c.MEMBER_ID) if source.has_member else F.col(OWNER)
    is_unknown = F.lit(False) if source.has_member else owner.isNull()
    if rejects_refunds:
        is_named_refund = (F.col(c.KIND) == Kind.REFUND.value) & F.col(NAMED).isNotNull()
        is_unknown |= is_named_refund & _is_unopened()
    is_accepted = F.col(FATE) == Fate.ACCEPTED.value
    is_rejected = is_accepted & is_unknown
    bits = F.col(FAULTS).bitwiseOR(F.lit(RejectReason.UNKNOWN_ORDER.bit))
    marked = joined.withColumn(UNKNOWN, is_rejected).withColumn(c.MEMBER_ID, F.when(is_accepted, owner))
    return (
        marked.withColumn(FAULTS, F.when(F.col(UNKNOWN), bits).otherwise(F.col(FAULTS)))
        .withColumn(FATE, F.when(F.col(UNKNOWN), Fate.REJECTED.value).otherwise(F.col(FATE)))
        .drop(NAMED, OWNER, OPENED)
    )


def observe_unknown(lines: DataFrame, observation: Observation) -> DataFrame:
    """Return the lines of `with_known_orders`; writing them fills the observation with those rejected."""
    return lines.observe(observation, F.count_if(F.col(UNKNOWN)).alias(UNKNOWN))


def unknown_refunds(staged: DataFrame, sales: DataFrame, source: Source) -> DataFrame:
    """One row per accepted refund that names an order which has no sale line until its day."""
    refunds = staged.where((F.col(FATE) == Fate.ACCEPTED.value) & (F.col(c.KIND) == Kind.REFUND.value))
    beside = _beside_their_orders(refunds.where(F.col(c.REFUNDED_ORDER_ID).isNotNull()), sales, source)
    return beside.where(_is_unopened()).select(c.KIND)


def _is_unopened() -> Column:
    """Return whether the named order has no sale line until the day of the line."""
    return F.col(OPENED).isNull() | (F.col(OPENED) > F.col(LINE_DAY))


def _beside_their_orders(staged: DataFrame, sales: DataFrame, source: Source) -> DataFrame:
    """One row per line, with the owner and the first day of the order that it names; NULL where there is none."""
    is_asked = F.col(c.KIND) == Kind.REFUND.value if source.has_member else F.lit(True)
    lines = staged.withColumn(NAMED, F.when(is_asked, named_order(staged.columns)))
    # Few orders are named: the others need no shuffle.
    asked = lines.select(F.col(NAMED).alias(c.ORDER_ID)).distinct()
    named = sales.join(asked, str(c.ORDER_ID), "left_semi")
    first_day = F.min(c.TRANSACTION_DAY).alias(OPENED)
    if source.has_member:
        orders = named.groupBy(F.col(c.ORDER_ID).alias(NAMED), F.col(c.MEMBER_ID).alias(OWNER)).agg(first_day)
        same = (F.col("line." + NAMED) == F.col("order." + NAMED)) & (F.col(c.MEMBER_ID) == F.col(OWNER))
    else:
        is_of_one = F.min(c.MEMBER_ID) == F.max(c.MEMBER_ID)
        owner = F.when(is_of_one, F.min(c.MEMBER_ID)).alias(OWNER)
        orders = named.groupBy(F.col(c.ORDER_ID).alias(NAMED)).agg(first_day, owner)
        same = F.col("line." + NAMED) == F.col("order." + NAMED)
    return lines.alias("line").join(orders.alias("order"), same, "left").select("line.*", OWNER, OPENED)
