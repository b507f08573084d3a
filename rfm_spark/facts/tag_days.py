"""What members buy and look at, per day and tag value.

One shuffle by member of lines and events together; only after it they are spread over the tag classes.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.amounts import from_units, to_units
from rfm_spark.config.model import Tags
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import EVENT, MEMBER_TAG_DAY, TRANSACTION, Frame
from rfm_spark.facts.orders import LONE_DAY, NAMED_ORDER, ORDER_KEY, is_sale, lone_day

TAG, UNITS, SALE_LINES = "tag", "units", "sale_lines"
TAGS_TYPE = f"array<struct<{c.TAG_CLASS}:string,{c.TAG_VALUE}:string>>"


def member_tag_days(lines: DataFrame, events: DataFrame, tags: Tags) -> DataFrame:
    """One row per member, day, tag class and tag value, from sale lines on their own day and from events.

    `lines` conform to TRANSACTION and are all lines of their members, `events` to EVENT. Amounts are sums of sale
    lines; an order counts on the first day on which it has a line of the value; refunds change nothing; a line or
    event without a value of the class is of no row. A sum beyond BIGINT units or DECIMAL(18,4) raises.
    """
    seen = _sale_lines(lines, tags).unionByName(_events(events, tags)).repartition(F.col(c.MEMBER_ID))
    return conform(_tag_days(_order_tag_days(seen)), MEMBER_TAG_DAY)


def _sale_lines(lines: DataFrame, tags: Tags) -> DataFrame:
    """One row per sale line, with its tag values."""
    day, number = F.col(c.TRANSACTION_DAY), F.col(c.ORDER_ID)
    return lines.where(is_sale()).select(
        c.MEMBER_ID,
        c.SOURCE,
        number.alias(NAMED_ORDER),
        lone_day(number, day).alias(LONE_DAY),
        day.alias(c.TAG_DAY),
        F.lit(0).alias(c.EVENT_COUNT),
        F.lit(1).alias(SALE_LINES),
        to_units(F.col(c.AMOUNT)).alias(UNITS),
        _tag_values(tags, TRANSACTION).alias(TAG),
    )


def _events(events: DataFrame, tags: Tags) -> DataFrame:
    """One row per event of a type that counts, with its tag values; of no order."""
    counting = events if tags.event_types is None else events.where(F.col(c.EVENT_TYPE).isin(*tags.event_types))
    return counting.select(
        c.MEMBER_ID,
        F.lit(None).cast("string").alias(c.SOURCE),
        F.lit(None).cast("string").alias(NAMED_ORDER),
        F.col(c.EVENT_DAY).alias(LONE_DAY),
        F.col(c.EVENT_DAY).alias(c.TAG_DAY),
        F.lit(1).alias(c.EVENT_COUNT),
        F.lit(0).alias(SALE_LINES),
        F.lit(0).cast("bigint").alias(UNITS),
        _tag_values(tags, EVENT).alias(TAG),
    )


def _tag_values(tags: Tags, contract: Frame) -> Column:
    """Return one class and value per tag class whose column these rows have."""
    held = [tag for tag in tags.classes if tag.column in contract.columns]
    pairs = [
        F.struct(F.lit(tag.name).alias(c.TAG_CLASS), F.col(tag.column).cast("string").alias(c.TAG_VALUE))
        for tag in held
    ]
    return F.array(*pairs).cast(TAGS_TYPE)


def _order_tag_days(seen: DataFrame) -> DataFrame:
    """One row per order (or events of no order), tag value and day; order_count is 1 on the first day of the value."""
    tag_key = (*ORDER_KEY, c.TAG_CLASS, c.TAG_VALUE)
    spread = seen.withColumn(TAG, F.explode(TAG)).select("*", f"{TAG}.*").where(F.col(c.TAG_VALUE).isNotNull())
    days = spread.groupBy(*tag_key, c.TAG_DAY).agg(
        *(F.sum(name).alias(name) for name in (c.EVENT_COUNT, SALE_LINES, UNITS))
    )
    is_first_day = F.col(c.TAG_DAY) == F.min(c.TAG_DAY).over(Window.partitionBy(*tag_key))
    is_of_order = F.col(SALE_LINES) > 0
    return days.withColumn(c.ORDER_COUNT, (is_first_day & is_of_order).cast("int"))


def _tag_days(order_days: DataFrame) -> DataFrame:
    """One row per member, day, tag class and tag value."""
    sums = order_days.groupBy(c.MEMBER_ID, c.TAG_DAY, c.TAG_CLASS, c.TAG_VALUE).agg(
        F.sum(c.EVENT_COUNT).alias(c.EVENT_COUNT),
        F.sum(c.ORDER_COUNT).alias(c.ORDER_COUNT),
        from_units(F.sum(UNITS)).alias(c.AMOUNT),
    )
    return sums.withColumn(c.TAG_MONTH, F.trunc(c.TAG_DAY, "MM"))
