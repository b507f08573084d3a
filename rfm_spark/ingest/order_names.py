"""The order that a line is about, and whether it has to be known."""

from collections.abc import Collection

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.choices import Kind, Refunds, UnknownRefunds
from rfm_spark.config.model import Config
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c


def or_null(present: Collection[str], column: c.Column) -> Column:
    """Return a column that the mapping of the source may not have."""
    value = F.col(column) if column in present else F.lit(None)
    return value.cast(column.type).alias(column)


def named_order(present: Collection[str]) -> Column:
    """Return the number of the order that a line is about; NULL where it names none.

    `present` are the columns that the lines have.
    """
    is_refund = F.col(c.KIND) == Kind.REFUND.value
    return F.when(is_refund, or_null(present, c.REFUNDED_ORDER_ID)).otherwise(or_null(present, c.ORDER_ID))


def asks_orders(source: Source, config: Config) -> bool:
    """Return whether accepted lines may still be rejected, because the order that they name is not known."""
    return not source.has_member or rejects_refunds(source, config)


def rejects_refunds(source: Source, config: Config) -> bool:
    """Return whether refunds of the source that name no known order are rejected."""
    orders = config.orders
    is_asked = orders.refunds is Refunds.ATTRIBUTE_TO_ORDER and orders.unknown_refunds is UnknownRefunds.REJECT
    return is_asked and c.REFUNDED_ORDER_ID in source.fields
