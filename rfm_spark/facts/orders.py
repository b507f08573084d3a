"""The key of an order, the same for every fact table."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.choices import Kind
from rfm_spark.contracts import columns as c

NAMED_ORDER = "named_order"
LONE_DAY = "lone_day"
ORDER_KEY = (c.MEMBER_ID, c.ORDER_SOURCE, NAMED_ORDER, LONE_DAY)
"""An order: its number, or its day where it has none."""


def is_sale() -> Column:
    """Return the condition that a line is a sale."""
    return F.col(c.KIND) == Kind.SALE.value


def is_refund() -> Column:
    """Return the condition that a line is a refund."""
    return F.col(c.KIND) == Kind.REFUND.value


def is_discount() -> Column:
    """Return the condition that a line is a discount."""
    return F.col(c.KIND) == Kind.DISCOUNT.value


def lone_day(order_number: Column, day: Column) -> Column:
    """Return the day for a line without an order number, NULL for the others."""
    return F.when(order_number.isNull(), day)
