"""What an ingest hands over, derived from its staged lines: transactions, events, rejected rows and identities."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.config.choices import Kind
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import EVENT, MEMBER_IDENTITY, REJECTED_ROW, TRANSACTION
from rfm_spark.ingest.fates import FATE, LINE_DAY, reason_names
from rfm_spark.ingest.order_names import or_null
from rfm_spark.ingest.reasons import Fate

DETAILS = (c.KIND, c.REFUNDED_ORDER_ID, c.ORDERED_AT, c.AMOUNT, c.QUANTITY, c.CATEGORY, c.BRAND, c.CHANNEL, c.PROMOTION)
EVENT_FIELDS = (
    c.BATCH_ID, c.MEMBER_ID, c.EVENT_TYPE, c.EVENT_AT, c.CATEGORY, c.BRAND, c.CHANNEL, c.CAMPAIGN,
)  # fmt: skip
FINGERPRINT_DIGITS = 32


def transactions(staged: DataFrame, source: Source) -> DataFrame:
    """One row per accepted line.

    `line_no` ranks the lines of one key by all their columns, so it never depends on the order or the partitions of
    the input: one shuffle by the key. Where each line is an order, day, batch and `line_no` are its number.
    """
    lines = _accepted(staged, c.TRANSACTION_DAY)
    present = lines.columns
    refunded = or_null(present, c.REFUNDED_ORDER_ID)
    lines = lines.select(
        F.lit(source.name).alias(c.SOURCE), c.BATCH_ID, c.MEMBER_ID, or_null(present, c.ORDER_ID), c.TRANSACTION_DAY,
        c.KIND, F.when(F.col(c.KIND) == Kind.REFUND.value, refunded).alias(c.REFUNDED_ORDER_ID), c.ORDERED_AT, c.AMOUNT,
        *(or_null(present, column) for column in DETAILS[4:]),
        F.trunc(c.TRANSACTION_DAY, "MM").alias(c.TRANSACTION_MONTH),
        F.lit(source.order_source).alias(c.ORDER_SOURCE),
    )  # fmt: skip
    key = Window.partitionBy(c.MEMBER_ID, c.ORDER_ID, c.TRANSACTION_DAY, c.BATCH_ID)
    numbered = lines.withColumn(c.LINE_NO, F.row_number().over(key.orderBy(*DETAILS)))
    if source.each_line:
        of_line = F.concat_ws("-", c.TRANSACTION_DAY, F.nullif(c.BATCH_ID, F.lit("")), c.LINE_NO)
        numbered = numbered.withColumn(c.ORDER_ID, of_line)
    return conform(numbered, TRANSACTION)


def events(staged: DataFrame, source: Source) -> DataFrame:
    """One row per accepted event.

    Without an id of its own it gets a fingerprint of its fields and of its rank among equal events, so the same
    delivery gives the same ids.
    """
    lines = _accepted(staged, c.EVENT_DAY)
    present = lines.columns
    lines = lines.select(
        F.lit(source.name).alias(c.SOURCE), c.BATCH_ID, c.MEMBER_ID, c.EVENT_TYPE, c.EVENT_DAY, c.EVENT_AT,
        *(or_null(present, column) for column in (c.EVENT_ID, *EVENT_FIELDS[4:])),
        F.trunc(c.EVENT_DAY, "MM").alias(c.EVENT_MONTH),
    )  # fmt: skip
    equal = Window.partitionBy(*EVENT_FIELDS, c.EVENT_ID)
    ranked = lines.withColumn("rank", F.row_number().over(equal.orderBy(c.EVENT_DAY)))
    moment = F.unix_micros(c.EVENT_AT)
    fields = [moment if column == c.EVENT_AT else F.col(column) for column in EVENT_FIELDS]
    text = F.to_json(F.struct(*(f.alias(f"f{n}") for n, f in enumerate([*fields, F.col("rank")]))))
    fingerprint = F.substring(F.sha2(text, 256), 1, FINGERPRINT_DIGITS)
    return conform(ranked.withColumn(c.EVENT_ID, F.coalesce(c.EVENT_ID, fingerprint)).drop("rank"), EVENT)


def rejected_rows(staged: DataFrame, source: Source, run_id: str) -> DataFrame:
    """One row per distinct rejected line of a file with its reasons, and how often it came."""
    rejected = staged.where(F.col(FATE) == Fate.REJECTED.value)
    named = rejected.select(
        F.lit(run_id).alias(c.RUN_ID), F.lit(source.name).alias(c.SOURCE),
        F.lit(source.dataset.value).alias(c.DATASET), c.ROW_FINGERPRINT, reason_names().alias(c.REASONS), c.FILE,
    )  # fmt: skip
    counted = named.groupBy(*named.columns).agg(F.count(F.lit(1)).alias(c.LINE_COUNT))
    return conform(counted, REJECTED_ROW)


def identities(staged: DataFrame, source: Source) -> DataFrame:
    """One row per reference among the accepted lines and the member it belongs to."""
    accepted = staged.where(F.col(FATE) == Fate.ACCEPTED.value)
    named = accepted.select(F.lit(source.id_type).alias(c.ID_TYPE), c.ID_VALUE, c.MEMBER_ID)
    return conform(named.where(F.col(c.ID_VALUE).isNotNull()).distinct(), MEMBER_IDENTITY)


def _accepted(staged: DataFrame, day: c.Column) -> DataFrame:
    accepted = staged.where(F.col(FATE) == Fate.ACCEPTED.value)
    return accepted.withColumnRenamed(LINE_DAY, day)
