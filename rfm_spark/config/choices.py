"""The words that the configuration knows: one enum per choice, spelt as in YAML."""

from enum import StrEnum


class Dataset(StrEnum):
    """What a source brings."""

    TRANSACTIONS = "transactions"
    EVENTS = "events"


class Format(StrEnum):
    """How a source is stored."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    DELTA = "delta"
    JDBC = "jdbc"
    TEXT = "text"


class Negative(StrEnum):
    """How a number below zero is written: `-1`, `1-` or `(1)`."""

    MINUS = "minus"
    TRAILING_MINUS = "trailing_minus"
    PARENTHESES = "parentheses"


class Operation(StrEnum):
    """What is done with the operands of a formula."""

    MULTIPLY = "multiply"
    ADD = "add"
    SUBTRACT = "subtract"


class Fold(StrEnum):
    """Differences between texts that do not count."""

    CASE = "case"
    WIDTH = "width"
    NFC = "nfc"


class Header(StrEnum):
    """How names of columns are compared with those of a header line."""

    EXACT = "exact"
    IGNORE_CASE = "ignore_case"


class Delivery(StrEnum):
    """What an ingest replaces: whole days, the file as a unit, or every order of which it has a new version."""

    DAYS = "days"
    BATCHES = "batches"
    CHANGES = "changes"


class Duplicates(StrEnum):
    """What becomes of a batch with the content of another one; `move`: it replaces one whose files are gone."""

    REFUSE = "refuse"
    ALLOW = "allow"
    MOVE = "move"


class EmptyBatches(StrEnum):
    """What becomes of a batch that had lines and now has none."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Refunds(StrEnum):
    """What a refund changes."""

    ATTRIBUTE_TO_ORDER = "attribute_to_order"
    ON_REFUND_DAY = "on_refund_day"
    IGNORE = "ignore"


class UnknownRefunds(StrEnum):
    """What becomes of a refund whose order has no sale line until its day."""

    LOWER_DAY = "lower_day"
    IGNORE = "ignore"
    REJECT = "reject"


class Kind(StrEnum):
    """What an accepted line is: a discount lowers the amount of its order, and never makes it no order."""

    SALE = "sale"
    REFUND = "refund"
    DISCOUNT = "discount"


class Otherwise(StrEnum):
    """What a line is that no rule of its source matches."""

    SALE = "sale"
    REFUND = "refund"
    DISCOUNT = "discount"
    EXCLUDE = "exclude"
    REJECT = "reject"


class IdMethod(StrEnum):
    """How a reference becomes a member_id."""

    HASH = "hash"
    INTEGER = "integer"


class Metric(StrEnum):
    """The three metrics; their order is the order of the label."""

    RECENCY = "recency"
    FREQUENCY = "frequency"
    MONETARY = "monetary"

    @property
    def letter(self) -> str:
        """Return r, f or m, as configuration and columns name the metric."""
        return self.value[0]


class Method(StrEnum):
    """How boundaries between scores are found."""

    NTILE = "ntile"
    QUANTILE = "quantile"
    THRESHOLDS = "thresholds"
    MEAN = "mean"
    MEDIAN = "median"
    FROZEN = "frozen"


class Ties(StrEnum):
    """What becomes of equal values on a boundary."""

    TOGETHER = "together"
    TOGETHER_HIGH = "together_high"
    SPLIT = "split"


class Frequency(StrEnum):
    """What F counts."""

    ORDERS = "orders"
    DAYS = "days"


class Monetary(StrEnum):
    """What M sums or averages."""

    NET = "net"
    GROSS = "gross"
    AVERAGE_ORDER = "average_order"


class Population(StrEnum):
    """Who is scored: members with an order in the window, or earlier buyers too."""

    WINDOW = "window"
    EVER = "ever"


class OnBreach(StrEnum):
    """What a breached minimum does to a run."""

    WARN = "warn"
    STOP = "stop"


class TagColumn(StrEnum):
    """Columns of lines and events that can hold the values of a tag class."""

    CATEGORY = "category"
    BRAND = "brand"
    CHANNEL = "channel"
    PROMOTION = "promotion"
    CAMPAIGN = "campaign"
