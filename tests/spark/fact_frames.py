"""Frames of lines and events from the plain values of the twins."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.tables import EVENT, TRANSACTION
from rfm_spark.dates import month_of
from tests.oracles.lines import Event, Line


def line_frame(spark: SparkSession, lines: Sequence[Line]) -> DataFrame:
    """One row per line, as the table `transaction` holds it."""
    rows, seen = [], Counter[tuple[object, ...]]()
    for line in lines:
        key = (line.source, line.batch_id, line.member_id, line.order_id, line.day)
        seen[key] += 1
        rows.append(
            (
                *key, seen[key], line.kind, line.orders_of, line.refunded_order_id,
                datetime.combine(line.day, time(), UTC), line.amount, None, line.category, line.brand,
                line.channel, line.promotion, month_of(line.day),
            )
        )  # fmt: skip
    return spark.createDataFrame(rows, TRANSACTION.schema_text())


def event_frame(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    """One row per event, as the table `event` holds it."""
    rows = [
        (
            event.source, event.event_id, event.member_id, event.event_type, event.day,
            datetime.combine(event.day, time(), UTC), event.category, event.brand, event.channel, None, "",
            month_of(event.day),
        )
        for event in events
    ]  # fmt: skip
    return spark.createDataFrame(rows, EVENT.schema_text())
