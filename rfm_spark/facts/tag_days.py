"""What members buy and look at, per day and tag value.

One shuffle by member of lines and events together. Which line makes an order count is found per tag class before the
lines are spread over the classes: three sorts of all lines cost half of one sort of three times the lines.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.amounts import from_units, to_units
from rfm_spark.config.model import Tags
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.tables import EVENT, MEMBER_TAG_DAY, TRANSACTION
from rfm_spark.facts.orders import LONE_DAY, NAMED_ORDER, ORDER_KEY, is_sale, lone_day

TAG, UNITS, IS_SALE = "tag", "units", "is_sale"
TAGS_TYPE = f"array<struct<{c.TAG_CLASS}:string,{c.TAG_VALUE}:string,{c.ORDER_COUNT}:int>>"


def member_tag_days(lines: DataFrame, events: DataFrame, tags: Tags) -> DataFrame:
    """One row per member, day, tag class and tag value, from sale lines on their own day and from events.

    `lines` conform to TRANSACTION and are all lines of their members, `events` to EVENT. Amounts are sums of sale
    lines; an order counts on the first day on which it has a line of the value; refunds change nothing; a line or
    event without a value of the class adds to no row. A sum beyond BIGINT units or DECIMAL(18,4) raises.
    """
    seen = _sale_lines(lines, tags).unionByName(_events(events, tags)).repartition(F.col(c.MEMBER_ID))
    counted = seen.withColumn(TAG, _tags(tags)).select(c.MEMBER_ID, c.TAG_DAY, IS_SALE, UNITS, TAG)
    spread = counted.withColumn(TAG, F.explode(TAG)).select("*", f"{TAG}.*")
    return conform(_tag_days(spread.where(F.col(c.TAG_VALUE).isNotNull())), MEMBER_TAG_DAY)


def _sale_lines(lines: DataFrame, tags: Tags) -> DataFrame:
    """One row per sale line, with its value of each tag class."""
    day, number = F.col(c.TRANSACTION_DAY), F.col(c.ORDER_ID)
    return lines.where(is_sale()).select(
        c.MEMBER_ID,
        c.ORDER_SOURCE,
        number.alias(NAMED_ORDER),
        lone_day(number, day).alias(LONE_DAY),
        day.alias(c.TAG_DAY),
        F.lit(True).alias(IS_SALE),
        to_units(F.col(c.AMOUNT)).alias(UNITS),
        *_tag_values(tags, TRANSACTION),
    )


def _events(events: DataFrame, tags: Tags) -> DataFrame:
    """One row per event of a type that counts, with its value of each tag class and no order."""
    counting = events if tags.event_types is None else events.where(F.col(c.EVENT_TYPE).isin(*tags.event_types))
    return counting.select(
        c.MEMBER_ID,
        F.lit(None).cast("string").alias(c.ORDER_SOURCE),
        F.lit(None).cast("string").alias(NAMED_ORDER),
        F.col(c.EVENT_DAY).alias(LONE_DAY),
        F.col(c.EVENT_DAY).alias(c.TAG_DAY),
        F.lit(False).alias(IS_SALE),
        F.lit(0).cast("bigint").alias(UNITS),
        *_tag_values(tags, EVENT),
    )


def _tag_values(tags: Tags, contract: Frame) -> list[Column]:
    """Return one column per tag class, NULL where these rows have no such column."""
    return [
        (F.col(tag.column) if tag.column in contract.columns else F.lit(None)).cast("string").alias(_value_name(number))
        for number, tag in enumerate(tags.classes)
    ]


def _value_name(number: int) -> str:
    """Return the column of the value of a tag class; configured names are never columns."""
    return f"value_{number}"


def _tags(tags: Tags) -> Column:
    """Return class, value and order_count per tag class: 1 in the first line of an order with the value."""
    found = []
    for number, tag in enumerate(tags.classes):
        value = F.col(_value_name(number))
        with_value = Window.partitionBy(*ORDER_KEY, value).orderBy(c.TAG_DAY)
        is_first = F.col(IS_SALE) & (F.row_number().over(with_value) == 1)
        found.append(
            F.struct(
                F.lit(tag.name).alias(c.TAG_CLASS), value.alias(c.TAG_VALUE), is_first.cast("int").alias(c.ORDER_COUNT)
            )
        )
    return F.array(*found).cast(TAGS_TYPE)


def _tag_days(spread: DataFrame) -> DataFrame:
    """One row per member, day, tag class and tag value."""
    sums = spread.groupBy(c.MEMBER_ID, c.TAG_DAY, c.TAG_CLASS, c.TAG_VALUE).agg(
        F.count_if(~F.col(IS_SALE)).alias(c.EVENT_COUNT),
        F.sum(c.ORDER_COUNT).alias(c.ORDER_COUNT),
        from_units(F.sum(UNITS)).alias(c.AMOUNT),
    )
    return sums.withColumn(c.TAG_MONTH, F.trunc(c.TAG_DAY, "MM"))
