"""Every column, declared once: its name, type and meaning.

A `Column` is a string, its name, so `F.col(MEMBER_ID)` works. It carries the Spark SQL type, and the comment that
`init` writes into the table and `docs/tables.md` shows.
"""

from rfm_spark.config.choices import Metric

AMOUNT_TYPE = "decimal(18,4)"
TOTAL_TYPE = "decimal(38,4)"
UNITS_PER_ONE = 10_000
"""Amounts are computed as BIGINT in units of 1/10000."""

REGISTRY: "dict[str, Column]" = {}


class Column(str):
    """A column name with its type and comment; it equals the plain name."""

    type: str
    comment: str

    def __new__(cls, name: str, type_: str, comment: str) -> "Column":
        """Declare a column; ValueError when the name is declared already."""
        if name in REGISTRY:
            raise ValueError(f"column {name} is declared twice")
        column = super().__new__(cls, name)
        column.type = type_
        column.comment = comment
        REGISTRY[name] = column
        return column

    def as_total(self) -> "Column":
        """Return the same column as a sum over members, which is a DECIMAL(38,4)."""
        total = str.__new__(Column, self)
        total.type = TOTAL_TYPE
        total.comment = f"{self.comment}, summed over all members of the row"
        return total


# Who and when
MEMBER_ID = Column(
    "member_id", "bigint", "Member: keyed hash of the source's reference (63 bits), or the clean integer id"
)
AS_OF_DATE = Column("as_of_date", "date", "Last day included; known after that day has ended")
RUN_ID = Column("run_id", "string", "Run that wrote the row; run_log explains it")
SOURCE = Column("source", "string", "Name of the source in the configuration")

# Lines of the sources
BATCH_ID = Column(
    "batch_id",
    "string",
    "What is replaced as a whole: the file of the line, what batch.from finds in its name, or with delivery: "
    "changes its key; empty for delivery: days",
)
ORDER_VERSION = Column(
    "order_version", "decimal(38,9)", "Version of the order: a number, or microseconds since 1970 of a time"
)
LINES_VERSION = Column(
    "lines_version", "bigint", "Version of transaction with the lines of the order; NULL where they were there before"
)
ORDER_ID = Column(
    "order_id",
    "string",
    "Order number of the source; NULL where it has none: such lines of one member, source and day are one order",
)
ORDER_SOURCE = Column(
    "order_source", "string", "Source whose order numbers the line uses: its own, or the one that orders_of names"
)
REFUNDED_ORDER_ID = Column(
    "refunded_order_id", "string", "Order that a refund names, NULL for other lines and for refunds that name none"
)
TRANSACTION_DAY = Column("transaction_day", "date", "Calendar day of the line in calendar.time_zone")
TRANSACTION_MONTH = Column("transaction_month", "date", "First day of the month of transaction_day")
LINE_NO = Column("line_no", "int", "Rank from 1 among the lines of this key by all their columns")
KIND = Column("kind", "string", "sale, refund or discount")
ORDERED_AT = Column(
    "ordered_at", "timestamp", "Instant of the line; midnight of calendar.time_zone where the source has days only"
)
AMOUNT = Column(
    "amount", AMOUNT_TYPE, "Amount in the one currency of the configuration; positive in every kind of line"
)
QUANTITY = Column("quantity", AMOUNT_TYPE, "Pieces, NULL where the source has none")
CATEGORY = Column("category", "string", "Category of what was bought or looked at")
BRAND = Column("brand", "string", "Brand of what was bought or looked at")
CHANNEL = Column("channel", "string", "Channel of the purchase or event")
PROMOTION = Column("promotion", "string", "Promotion the line was sold under, NULL without one")
EVENT_ID = Column(
    "event_id",
    "string",
    "Event number of the source, or a fingerprint of the event where it has none; the newest delivery of it is kept",
)
EVENT_TYPE = Column("event_type", "string", "What happened, in the word of the configuration: view, cart, search, ...")
EVENT_DAY = Column("event_day", "date", "Calendar day of the event in calendar.time_zone")
EVENT_MONTH = Column("event_month", "date", "First day of the month of event_day")
EVENT_AT = Column("event_at", "timestamp", "Instant of the event")
CAMPAIGN = Column("campaign", "string", "Campaign the event belongs to, NULL without one")

# Rejected rows and identities
DATASET = Column("dataset", "string", "transactions or events")
ROW_FINGERPRINT = Column("row_fingerprint", "string", "Keyed hash of the raw line: finds it again without showing it")
REASONS = Column("reasons", "array<string>", "Why the line was rejected: names of RejectReason, sorted")
LINE_COUNT = Column("line_count", "bigint", "Number of equal lines rejected for these reasons")
FILE = Column("file", "string", "Name of the file that held the line, NULL for tables")
ID_TYPE = Column(
    "id_type", "string", "Kind of reference: equal references of one kind are one member, whatever the source"
)
ID_VALUE = Column("id_value", "string", "Reference of the member in the source, trimmed; personal data, restricted")

FILES = Column("files", "array<string>", "Names of the files of the batch, sorted")
CONTENT_CHECKSUM = Column(
    "content_checksum", "bigint", "Sum of xxhash64 over the rows of the batch, whatever their batch and order; 63 bits"
)

# Daily facts
ORDER_DAY = Column("order_day", "date", "Day of an order: the day of its earliest sale line")
ORDER_MONTH = Column("order_month", "date", "First day of the month of order_day")
VALID_FROM = Column("valid_from", "date", "First day on which this is true, inclusive")
VALID_TO = Column("valid_to", "date", "First day on which this is no longer true, exclusive; 9999-12-31 while open")
ORDER_COUNT = Column("order_count", "bigint", "Number of orders")
GROSS_AMOUNT = Column(
    "gross_amount", AMOUNT_TYPE, "Sum of sale lines less discounts; NULL in rfm_score where no score needs it"
)
REFUND_AMOUNT = Column("refund_amount", AMOUNT_TYPE, "Sum of refund lines, positive")
NET_AMOUNT = Column("net_amount", AMOUNT_TYPE, "Sales minus refunds")
TOTAL_NET_AMOUNT = NET_AMOUNT.as_total()
PROMOTION_ORDER_COUNT = Column("promotion_order_count", "bigint", "Orders with a sale line under a promotion")
TAG_DAY = Column("tag_day", "date", "Day of the sale lines or events that carry the tag value")
TAG_MONTH = Column("tag_month", "date", "First day of the month of tag_day")
TAG_CLASS = Column("tag_class", "string", "Class of tags in the configuration: category, brand, channel, ...")
TAG_VALUE = Column("tag_value", "string", "Value within the class")
EVENT_COUNT = Column("event_count", "bigint", "Number of behaviour events")
INGEST_NO = Column("ingest_no", "bigint", "Number of the ingest, rising by one")
FACT_TABLE = Column("fact_table", "string", "member_day or member_tag_day")
FACT_DAY = Column("fact_day", "date", "order_day or tag_day whose facts changed")
ROW_COUNT = Column("row_count", "bigint", "Number of rows")
CHECKSUM = Column(
    "checksum", "bigint", "bit_xor of xxhash64 over member_id and the fact columns of the pair, without valid_to"
)
CHANGED_ROWS = Column("changed_rows", "bigint", "Rows of the pair that this ingest added, removed or altered")
PERIOD_FIRST_DAY = Column(
    "period_first_day", "date", "First day that a computed result looked at; NULL when it looked at the whole life"
)
ANNOUNCED_VERSION = Column(
    "announced_version", "bigint", "Table version that the ingest was about to write; ignored if it was never committed"
)

# Scores
RFM_WINDOW = Column(
    "rfm_window", "string", "Window of the configuration: a period that ends on as_of_date and how it is scored"
)
RECENCY_DAYS = Column(
    "recency_days", "int", "Days from the last order in the window to as_of_date; 0 = ordered on that day"
)
PURCHASE_DAYS = Column("purchase_days", "int", "Days with an order; NULL where no score needs it")
DECAYED_ORDER_COUNT = Column(
    "decayed_order_count", "decimal(18,6)", "Orders weighted by age; NULL in windows without decay"
)
DECAYED_AMOUNT = Column("decayed_amount", AMOUNT_TYPE, "Net amount weighted by age; NULL in windows without decay")
R_SCORE = Column("r_score", "int", "Recency score from 1 to the number of bins; the highest is best")
F_SCORE = Column("f_score", "int", "Frequency score from 1 to the number of bins; the highest is best")
M_SCORE = Column("m_score", "int", "Monetary score from 1 to the number of bins; the highest is best")
SCORE_OF: "dict[Metric, Column]" = {Metric.RECENCY: R_SCORE, Metric.FREQUENCY: F_SCORE, Metric.MONETARY: M_SCORE}
RFM_LABEL = Column("rfm_label", "string", "The three scores as a tag, like R5F4M3")
COMPOSITE_SCORE = Column("composite_score", "decimal(6,3)", "Weighted scores from 0 (worst) to 100 (best)")
METRIC = Column("metric", "string", "recency, frequency or monetary")
SCORE = Column("score", "int", "Score whose class the row describes")
WORST_VALUE = Column("worst_value", "decimal(24,6)", "Worst value that has this score, NULL when nobody has it")
BEST_VALUE = Column("best_value", "decimal(24,6)", "Best value that has this score, NULL when nobody has it")
CUT_VALUE = Column("cut_value", "decimal(24,6)", "Value at which the score begins, as used; NULL for the lowest score")
CUT_MEMBER_ID = Column(
    "cut_member_id", "bigint", "With ties: split, first member_id of the cut value that has this score"
)
MEMBER_COUNT = Column("member_count", "bigint", "Number of members")
SCORE_METHOD = Column("score_method", "string", "ntile, quantile, thresholds, mean, median or frozen")
TIES = Column("ties", "string", "together, together_high or split; NULL where the method needs no rule")

# Preferences
STRENGTH = Column("strength", "decimal(6,3)", "Strength of the preference, 0 to 100")
RANK_IN_CLASS = Column("rank_in_class", "int", "1 = strongest value of the class for this member")
SHARE = Column("share", "decimal(7,6)", "Share of the member's amount in the class, 0 to 1; NULL when that amount is 0")
LAST_DAY = Column("last_day", "date", "Last day in the window with a sale line or event of the value")
TOP_PREFERENCES = Column(
    "top_preferences",
    "array<struct<tag_class:string,tag_value:string,rank_in_class:int,strength:decimal(6,3)>>",
    "The strongest preferences of each class, by class and rank",
)

# Segments
SEGMENT_SET = Column("segment_set", "string", "Segment set of the configuration")
SEGMENT = Column("segment", "string", "Name of the segment within the set")
FIRST_ORDER_DAY = Column("first_order_day", "date", "Day of the first order valid at as_of_date; NULL for prospects")
SEGMENTS = Column("segments", "map<string,string>", "Segment of every set, by name of the set")
MEMBER_SHARE = Column("member_share", "decimal(7,6)", "Share of the members of the set, 0 to 1")
AMOUNT_SHARE = Column("amount_share", "decimal(18,6)", "Share of the set's net amount; NULL when that is 0")
AVERAGE_ORDER_AMOUNT = Column(
    "average_order_amount", AMOUNT_TYPE, "Net amount per order, half up to 4 decimals; NULL without orders"
)
MEAN_RECENCY_DAYS = Column(
    "mean_recency_days",
    "decimal(12,3)",
    "Mean of recency_days over members with an order in the window; NULL without any",
)

MEAN_ORDER_COUNT = Column("mean_order_count", "decimal(18,3)", "Mean of order_count over members with a score")
MEAN_NET_AMOUNT = Column("mean_net_amount", AMOUNT_TYPE, "Mean of net_amount over members with a score")
MEAN_R_SCORE = Column("mean_r_score", "decimal(6,3)", "Mean of r_score over members with a score")
MEAN_F_SCORE = Column("mean_f_score", "decimal(6,3)", "Mean of f_score over members with a score")
MEAN_M_SCORE = Column("mean_m_score", "decimal(6,3)", "Mean of m_score over members with a score")

# History
PREVIOUS_AS_OF_DATE = Column("previous_as_of_date", "date", "Previous tracked date of the set; NULL at its first one")
FROM_SEGMENT = Column("from_segment", "string", "Segment at previous_as_of_date; NULL = not in the set then")
TO_SEGMENT = Column("to_segment", "string", "Segment at as_of_date; NULL = no longer in the set")
CAUSE = Column(
    "cause",
    "string",
    "first, definition, correction, entered, left, boundary, ageing or behaviour: the first that holds",
)
RECORDED_FROM = Column("recorded_from", "timestamp", "When the row was written into segment_transition")
RECORDED_TO = Column("recorded_to", "timestamp", "When another row, or none, took its place")
IS_CURRENT = Column("is_current", "boolean", "Whether the interval is open at the last tracked date")
PREVIOUS_SEGMENT = Column(
    "previous_segment", "string", "Segment of the last earlier interval with another segment; NULL without one"
)
PREVIOUS_VALID_FROM = Column("previous_valid_from", "date", "First day of the interval of previous_segment")

# Runs
JOB = Column("job", "string", "Command that ran")
RESULT = Column(
    "result", "string", "Table, with its window or segment set (rfm_score/year); 'date' stands for a whole as-of date"
)
STATUS = Column("status", "string", "published, removed, failed or ingested")
DEFINITION_HASH = Column("definition_hash", "string", "Hash of the configuration keys that decide the result")
CONFIG_HASH = Column("config_hash", "string", "Hash of the whole configuration, for audit")
PREVIOUS_RUN_ID = Column("previous_run_id", "string", "track: run that made the segments of the previous date")
INPUTS = Column(
    "inputs",
    "map<string,string>",
    "What the result was made from beside the facts: run id of each result read, version of each table",
)
COMPUTED_AT = Column("computed_at", "timestamp", "When the row was written")
READ_COUNT = Column("read_count", "bigint", "Lines read")
ACCEPTED_COUNT = Column("accepted_count", "bigint", "Lines accepted")
EXCLUDED_COUNT = Column("excluded_count", "bigint", "Lines left out by an exclude rule")
REJECTED_COUNT = Column("rejected_count", "bigint", "Lines rejected with a reason")
OUTSIDE_COUNT = Column("outside_count", "bigint", "Lines of days that were not asked for")
IS_TRACKED = Column("is_tracked", "boolean", "Whether the date is on the history calendar")
PUBLISHED_AT = Column("published_at", "timestamp", "When the date was published")
SECONDS = Column("seconds", "double", "Wall time")
TABLE_VERSIONS = Column("table_versions", "map<string,bigint>", "Versions of tables written; of an ingest also read")
REASON = Column("reason", "string", "Why a published date was replaced, as given with --reason")
MESSAGE = Column("message", "string", "Why a date failed")
CONFIG = Column("config", "string", "Whole configuration as JSON, without secrets")
BASIS = Column("basis", "string", "What the numbers mean under this configuration, in words")
