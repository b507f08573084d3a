"""Every published table: its grain, key, columns, partition, order and checks.

Type names are text, so that `check` and the docs need no pyspark.
"""

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import (
    SEGMENT_INTERVAL,
    SEGMENT_MIGRATION,
    SEGMENT_TRANSITION,
    SEGMENT_TRANSITION_ARCHIVE,
)

TRANSACTION = Table(
    name="transaction",
    grain="One accepted line of a source, sale, refund or discount, on its own day",
    columns=(
        c.SOURCE, c.BATCH_ID, c.MEMBER_ID, c.ORDER_ID, c.TRANSACTION_DAY, c.LINE_NO, c.KIND, c.ORDER_SOURCE,
        c.REFUNDED_ORDER_ID, c.ORDERED_AT, c.AMOUNT, c.QUANTITY, c.CATEGORY, c.BRAND, c.CHANNEL, c.PROMOTION,
        c.TRANSACTION_MONTH,
    ),
    key=(c.SOURCE, c.BATCH_ID, c.MEMBER_ID, c.ORDER_ID, c.TRANSACTION_DAY, c.LINE_NO),
    nullable=frozenset({c.ORDER_ID, c.REFUNDED_ORDER_ID, c.QUANTITY, c.CATEGORY, c.BRAND, c.CHANNEL, c.PROMOTION}),
    partition_by=(c.SOURCE, c.TRANSACTION_MONTH),
    sort_by=(c.MEMBER_ID, c.TRANSACTION_DAY),
    statistics=(c.MEMBER_ID, c.TRANSACTION_DAY),
    checks={
        "kind_is_known": "kind IN ('sale', 'refund', 'discount')",
        "amount_is_not_negative": "amount >= 0",
        "month_is_of_day": "transaction_month = trunc(transaction_day, 'MM')",
    },
)  # fmt: skip

EVENT = Table(
    name="event",
    grain="One accepted behaviour event of a source",
    columns=(
        c.SOURCE, c.EVENT_ID, c.MEMBER_ID, c.EVENT_TYPE, c.EVENT_DAY, c.EVENT_AT, c.CATEGORY, c.BRAND, c.CHANNEL,
        c.CAMPAIGN, c.BATCH_ID, c.EVENT_MONTH,
    ),
    key=(c.SOURCE, c.EVENT_ID),
    nullable=frozenset({c.CATEGORY, c.BRAND, c.CHANNEL, c.CAMPAIGN}),
    partition_by=(c.SOURCE, c.EVENT_MONTH),
    sort_by=(c.MEMBER_ID, c.EVENT_DAY),
    statistics=(c.MEMBER_ID, c.EVENT_DAY),
    checks={"month_is_of_day": "event_month = trunc(event_day, 'MM')"},
)  # fmt: skip

REJECTED_ROW = Table(
    name="rejected_row",
    grain="One distinct line that an ingest could not use, with the reasons",
    columns=(c.RUN_ID, c.SOURCE, c.DATASET, c.ROW_FINGERPRINT, c.REASONS, c.LINE_COUNT, c.FILE),
    key=(c.RUN_ID, c.SOURCE, c.DATASET, c.ROW_FINGERPRINT, c.REASONS, c.FILE),
    nullable=frozenset({c.FILE}),
    partition_by=(c.SOURCE, c.DATASET),
    statistics=(c.RUN_ID,),
    append_only=True,
)

ORDER_VERSION = Table(
    name="order_version",
    grain="One order of a source with delivery: changes and run that brought it; an order without lines is gone",
    columns=(c.SOURCE, c.BATCH_ID, c.ORDER_VERSION, c.RUN_ID, c.LINES_VERSION, c.DEFINITION_HASH),
    key=(c.SOURCE, c.BATCH_ID, c.ORDER_VERSION),
    partition_by=(c.SOURCE,),
    sort_by=(c.BATCH_ID,),
)

MEMBER_IDENTITY = Table(
    name="member_identity",
    grain="One reference of one kind and the member it belongs to; personal data, restricted",
    columns=(c.ID_TYPE, c.ID_VALUE, c.MEMBER_ID),
    key=(c.ID_TYPE, c.ID_VALUE),
    statistics=(c.MEMBER_ID,),
    append_only=True,
    restricted=True,
)

INGESTED_BATCH = Table(
    name="ingested_batch",
    grain="One batch of a source with delivery: batches that has rows in transaction or event",
    columns=(c.SOURCE, c.BATCH_ID, c.FILES, c.ROW_COUNT, c.CONTENT_CHECKSUM, c.INGEST_NO, c.RUN_ID),
    key=(c.SOURCE, c.BATCH_ID),
    statistics=(c.SOURCE,),
)

MEMBER_DAY = Table(
    name="member_day",
    grain="One member, order day and valid_from: what holds for the orders of that day from then on",
    columns=(
        c.MEMBER_ID, c.ORDER_DAY, c.VALID_FROM, c.VALID_TO, c.ORDER_COUNT, c.GROSS_AMOUNT, c.REFUND_AMOUNT,
        c.NET_AMOUNT, c.PROMOTION_ORDER_COUNT, c.ORDER_MONTH,
    ),
    key=(c.MEMBER_ID, c.ORDER_DAY, c.VALID_FROM),
    partition_by=(c.ORDER_MONTH,),
    sort_by=(c.MEMBER_ID, c.ORDER_DAY, c.VALID_FROM),
    statistics=(c.MEMBER_ID, c.ORDER_DAY, c.VALID_FROM),
    checks={
        "valid_is_a_period": "valid_from < valid_to AND order_day <= valid_from",
        "net_is_gross_less_refunds": "net_amount = gross_amount - refund_amount",
        "month_is_of_day": "order_month = trunc(order_day, 'MM')",
    },
)  # fmt: skip

MEMBER_TAG_DAY = Table(
    name="member_tag_day",
    grain="One member, day and tag value: sale lines and events of that day that carry it",
    columns=(
        c.MEMBER_ID, c.TAG_DAY, c.TAG_CLASS, c.TAG_VALUE, c.EVENT_COUNT, c.ORDER_COUNT, c.AMOUNT, c.TAG_MONTH,
    ),
    key=(c.MEMBER_ID, c.TAG_DAY, c.TAG_CLASS, c.TAG_VALUE),
    partition_by=(c.TAG_MONTH,),
    sort_by=(c.MEMBER_ID, c.TAG_DAY),
    statistics=(c.MEMBER_ID, c.TAG_DAY),
    checks={"month_is_of_day": "tag_month = trunc(tag_day, 'MM')"},
)  # fmt: skip

FACT_CHANGE = Table(
    name="fact_change",
    grain="One ingest, fact table, day and valid_from whose facts changed",
    columns=(
        c.INGEST_NO, c.FACT_TABLE, c.FACT_DAY, c.VALID_FROM, c.ROW_COUNT, c.CHECKSUM, c.CHANGED_ROWS,
        c.ANNOUNCED_VERSION, c.RUN_ID,
    ),
    key=(c.INGEST_NO, c.FACT_TABLE, c.FACT_DAY, c.VALID_FROM),
    statistics=(c.INGEST_NO, c.FACT_DAY),
    append_only=True,
)  # fmt: skip

RFM_SCORE = Table(
    name="rfm_score",
    grain="One member, window and as-of date: the values and scores of the window's population",
    columns=(
        c.AS_OF_DATE, c.RFM_WINDOW, c.MEMBER_ID, c.RECENCY_DAYS, c.ORDER_COUNT, c.PURCHASE_DAYS, c.NET_AMOUNT,
        c.GROSS_AMOUNT, c.DECAYED_ORDER_COUNT, c.DECAYED_AMOUNT, c.R_SCORE, c.F_SCORE, c.M_SCORE, c.RFM_LABEL,
        c.COMPOSITE_SCORE, c.RUN_ID,
    ),
    key=(c.AS_OF_DATE, c.RFM_WINDOW, c.MEMBER_ID),
    nullable=frozenset({c.PURCHASE_DAYS, c.GROSS_AMOUNT, c.DECAYED_ORDER_COUNT, c.DECAYED_AMOUNT}),
    partition_by=(c.AS_OF_DATE, c.RFM_WINDOW),
    sort_by=(c.MEMBER_ID,),
    statistics=(c.MEMBER_ID,),
)  # fmt: skip

SCORE_BOUNDARY = Table(
    name="score_boundary",
    grain="One score of one metric of one window at one as-of date: where the score begins and who has it",
    columns=(
        c.AS_OF_DATE, c.RFM_WINDOW, c.METRIC, c.SCORE, c.WORST_VALUE, c.BEST_VALUE, c.CUT_VALUE, c.CUT_MEMBER_ID,
        c.MEMBER_COUNT, c.SCORE_METHOD, c.TIES, c.RUN_ID,
    ),
    key=(c.AS_OF_DATE, c.RFM_WINDOW, c.METRIC, c.SCORE),
    nullable=frozenset({c.WORST_VALUE, c.BEST_VALUE, c.CUT_VALUE, c.CUT_MEMBER_ID, c.TIES}),
    partition_by=(c.AS_OF_DATE,),
    sort_by=(c.RFM_WINDOW, c.METRIC, c.SCORE),
)  # fmt: skip

MEMBER_PREFERENCE = Table(
    name="member_preference",
    grain="One member, as-of date, tag class and tag value among the member's strongest of the class",
    columns=(
        c.AS_OF_DATE, c.MEMBER_ID, c.TAG_CLASS, c.TAG_VALUE, c.STRENGTH, c.RANK_IN_CLASS, c.SHARE, c.LAST_DAY,
        c.ORDER_COUNT, c.EVENT_COUNT, c.RUN_ID,
    ),
    key=(c.AS_OF_DATE, c.MEMBER_ID, c.TAG_CLASS, c.TAG_VALUE),
    nullable=frozenset({c.SHARE}),
    partition_by=(c.AS_OF_DATE,),
    sort_by=(c.MEMBER_ID, c.TAG_CLASS, c.RANK_IN_CLASS),
    statistics=(c.MEMBER_ID,),
)  # fmt: skip

MEMBER_SEGMENT = Table(
    name="member_segment",
    grain="One member, segment set and as-of date",
    columns=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.SEGMENT, c.RUN_ID),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID),
    partition_by=(c.AS_OF_DATE, c.SEGMENT_SET),
    sort_by=(c.MEMBER_ID,),
    statistics=(c.MEMBER_ID,),
)

MEMBER_PROFILE = Table(
    name="member_profile",
    grain="One member and as-of date: everything a profile store takes over",
    columns=(
        c.AS_OF_DATE, c.MEMBER_ID, c.RFM_LABEL, c.R_SCORE, c.F_SCORE, c.M_SCORE, c.COMPOSITE_SCORE,
        c.FIRST_ORDER_DAY, c.SEGMENTS, c.TOP_PREFERENCES, c.RUN_ID,
    ),
    key=(c.AS_OF_DATE, c.MEMBER_ID),
    nullable=frozenset({
        c.RFM_LABEL, c.R_SCORE, c.F_SCORE, c.M_SCORE, c.COMPOSITE_SCORE, c.FIRST_ORDER_DAY, c.TOP_PREFERENCES,
    }),
    partition_by=(c.AS_OF_DATE,),
    sort_by=(c.MEMBER_ID,),
    statistics=(c.MEMBER_ID,),
)  # fmt: skip

SEGMENT_SUMMARY = Table(
    name="segment_summary",
    grain="One segment of one set at one as-of date, in the period of the set's window",
    columns=(
        c.AS_OF_DATE, c.SEGMENT_SET, c.SEGMENT, c.MEMBER_COUNT, c.MEMBER_SHARE, c.TOTAL_NET_AMOUNT, c.AMOUNT_SHARE,
        c.ORDER_COUNT, c.AVERAGE_ORDER_AMOUNT, c.MEAN_RECENCY_DAYS, c.MEAN_ORDER_COUNT, c.MEAN_NET_AMOUNT,
        c.MEAN_R_SCORE, c.MEAN_F_SCORE, c.MEAN_M_SCORE, c.RUN_ID,
    ),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.SEGMENT),
    nullable=frozenset({
        c.AMOUNT_SHARE, c.AVERAGE_ORDER_AMOUNT, c.MEAN_RECENCY_DAYS, c.MEAN_ORDER_COUNT, c.MEAN_NET_AMOUNT,
        c.MEAN_R_SCORE, c.MEAN_F_SCORE, c.MEAN_M_SCORE,
    }),
    partition_by=(c.AS_OF_DATE, c.SEGMENT_SET),
    sort_by=(c.SEGMENT,),
)  # fmt: skip

PUBLISHED_DATE = Table(
    name="published_date",
    grain="One as-of date that readers and history may use: a date without a row is not there, or is being replaced",
    columns=(c.AS_OF_DATE, c.IS_TRACKED, c.PUBLISHED_AT, c.RUN_ID),
    key=(c.AS_OF_DATE,),
    statistics=(c.AS_OF_DATE,),
)

RUN_LOG = Table(
    name="run_log",
    grain="One run, job, as-of date (NULL for an ingest), result, status and time: what each result was made from",
    columns=(
        c.RUN_ID, c.JOB, c.AS_OF_DATE, c.RESULT, c.STATUS, c.DEFINITION_HASH, c.CONFIG_HASH, c.INGEST_NO,
        c.INPUTS, c.PREVIOUS_RUN_ID, c.PREVIOUS_AS_OF_DATE, c.COMPUTED_AT, c.ROW_COUNT, c.READ_COUNT,
        c.ACCEPTED_COUNT, c.EXCLUDED_COUNT, c.REJECTED_COUNT, c.OUTSIDE_COUNT, c.TOTAL_NET_AMOUNT, c.SECONDS,
        c.TABLE_VERSIONS, c.REASON, c.MESSAGE,
    ),
    key=(c.RUN_ID, c.JOB, c.AS_OF_DATE, c.RESULT, c.STATUS, c.COMPUTED_AT),
    nullable=frozenset({
        c.AS_OF_DATE, c.DEFINITION_HASH, c.INGEST_NO, c.INPUTS, c.PREVIOUS_RUN_ID, c.PREVIOUS_AS_OF_DATE,
        c.ROW_COUNT, c.READ_COUNT, c.ACCEPTED_COUNT, c.EXCLUDED_COUNT, c.REJECTED_COUNT, c.OUTSIDE_COUNT,
        c.TOTAL_NET_AMOUNT, c.SECONDS, c.TABLE_VERSIONS, c.REASON, c.MESSAGE,
    }),
    append_only=True,
)  # fmt: skip

RUN_CONFIG = Table(
    name="run_config",
    grain="One configuration that a run used",
    columns=(c.CONFIG_HASH, c.CONFIG, c.BASIS, c.COMPUTED_AT),
    key=(c.CONFIG_HASH,),
    append_only=True,
)

TABLES = (
    TRANSACTION, EVENT, REJECTED_ROW, ORDER_VERSION, MEMBER_IDENTITY, INGESTED_BATCH, MEMBER_DAY, MEMBER_TAG_DAY,
    FACT_CHANGE, RFM_SCORE, SCORE_BOUNDARY, MEMBER_PREFERENCE, MEMBER_SEGMENT, MEMBER_PROFILE, SEGMENT_SUMMARY,
    SEGMENT_TRANSITION, SEGMENT_TRANSITION_ARCHIVE, SEGMENT_INTERVAL, SEGMENT_MIGRATION, PUBLISHED_DATE, RUN_LOG,
    RUN_CONFIG,
)  # fmt: skip
