"""The shape of a source: where it is, how it is read, what its columns mean, and the rules and secrets in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from rfm_spark.config.choices import (
    Dataset,
    Delivery,
    Duplicates,
    EmptyBatches,
    Fold,
    Format,
    Header,
    Kind,
    Negative,
    Otherwise,
)
from rfm_spark.config.formula_types import Formula

MISSING_WORDS = ("NULL", "null", "nan", "NaN", "N/A", "n/a", "None", "none", "-", "0000")
"""What exports write for nothing; `0000` stands for four zeros and more."""
EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Secret:
    """Where a secret is: exactly one of a file or an environment variable; never the secret itself."""

    file: str | None = None
    env: str | None = None


@dataclass(frozen=True)
class Rule:
    """A condition as it was written: plain mappings, lists and scalars of the rule grammar."""

    when: Any
    where: str


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written as text; whatever is written otherwise is not a number.

    `thousands`: characters that may stand between groups of digits, one of them in one number. `symbols`: texts that
    may stand before or after, like `€`. `scientific`: whether `1.5E3` is a number.
    """

    decimal: str = "."
    thousands: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    negative: tuple[Negative, ...] = (Negative.MINUS,)
    scientific: bool = False


@dataclass(frozen=True)
class Fixed:
    """A text that stands between columns, like a year that an export leaves out."""

    value: str


@dataclass(frozen=True)
class ColumnMapping:
    """How one field comes out of a source; applied in the order of the attributes.

    `column` (of the source, or of `lookup`), the `formula` of an amount, the columns of `concat` with `between` them,
    or `first_of`, the first column that is not empty; `pattern`: its first group, NULL without a match; `fold`: what
    makes no difference between texts; `number`: how an amount is written, where it differs from that of the source;
    `formats`: date patterns tried in order, also the numbers of `date_formats`; `when`: NULL where the rule is false;
    `value`: a literal in place of a column; `default`: in place of NULL.
    """

    column: str | None = None
    lookup: str | None = None
    formula: Formula | None = None
    concat: tuple[str | Fixed, ...] = ()
    between: str = ""
    first_of: tuple[str, ...] = ()
    pattern: str | None = None
    fold: tuple[Fold, ...] = ()
    number: NumberFormat | None = None
    formats: tuple[str, ...] = ()
    when: Rule | None = None
    value: str | None = None
    default: str | None = None
    where: str = ""

    @property
    def origin(self) -> str | None:
        """Return the column as rules name it: `orders.status` where a look-up has it."""
        return self.column if self.lookup is None else f"{self.lookup}.{self.column}"

    def names(self) -> tuple[str, ...]:
        """Return the columns and fields that formula, concat and first_of read."""
        concat = (part for part in self.concat if isinstance(part, str))
        return (*(self.formula.names() if self.formula else ()), *concat, *self.first_of)


@dataclass(frozen=True)
class Lookup:
    """A second file whose columns are found by key; `missing`: the value for a key it does not have.

    `source_key`: a column of the source, or of another look-up, like `orders.customer_id`.
    """

    name: str
    format: Format
    path: str
    key: str
    source_key: str
    missing: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    where: str = ""


@dataclass(frozen=True)
class Jdbc:
    """A table of a database; user and password are secrets."""

    url: str
    table: str
    driver: str | None = None
    user: Secret | None = None
    password: Secret | None = None
    partition_column: str | None = None
    lower_bound: str | None = None
    upper_bound: str | None = None
    partitions: int | None = None
    fetch_size: int | None = None


@dataclass(frozen=True)
class SourceRules:
    """Which lines are left out, which are refunds, discounts and sales; first match in this order."""

    exclude: Rule | None = None
    refund: Rule | None = None
    discount: Rule | None = None
    sale: Rule | None = None
    otherwise: Otherwise = Otherwise.SALE


@dataclass(frozen=True)
class AlsoLine:
    """One more line out of each line of a source: its kind, and the fields that differ from those of the line.

    A line makes none where `when` does not hold, or where the amount is empty or 0.
    """

    kind: Kind
    columns: Mapping[str, ColumnMapping]
    when: Rule | None = None
    where: str = ""


@dataclass(frozen=True)
class Source:
    """One input: where it is, how it is read and what its columns mean.

    Exactly one of `paths`, `table` (catalog name of a Delta table) and `jdbc`. `time_zone`: zone of timestamps
    without an offset; None means the zone of the calendar. `multi_line`: whether a value of a CSV file may hold line
    breaks; then one task reads a file. `number`: how amounts are written; None means as Spark casts them.
    `missing_words`: texts that mean that a line names no member, or no order. `each_line`: every line is an order.
    `orders_of`: the source whose orders its order numbers name; None means its own. `also`: more lines out of each;
    `made`: the one of these that this is the source of, `made_from`: the columns of the lines themselves.
    `batch_from`: a pattern whose first group in the name of a file is its batch; None: each file is one.
    `explode`: the list of which every element becomes a line.
    """

    name: str
    dataset: Dataset
    format: Format
    columns: Mapping[str, ColumnMapping]
    paths: tuple[str, ...] = ()
    table: str | None = None
    jdbc: Jdbc | None = None
    options: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    skip_lines: int = 0
    multi_line: bool = True
    header: Header = Header.EXACT
    number: NumberFormat | None = None
    delivery: Delivery = Delivery.DAYS
    batch_from: str | None = None
    duplicates: Duplicates = Duplicates.REFUSE
    empty_batches: EmptyBatches = EmptyBatches.REFUSE
    time_zone: str | None = None
    id_type: str = "member"
    rules: SourceRules = SourceRules()
    lookups: Mapping[str, Lookup] = field(default_factory=lambda: EMPTY)
    drop_duplicates: bool = False
    missing_members: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = MISSING_WORDS
    each_line: bool = False
    orders_of: str | None = None
    also: tuple[AlsoLine, ...] = ()
    made: AlsoLine | None = None
    made_from: Mapping[str, ColumnMapping] = field(default_factory=lambda: EMPTY)
    explode: str | None = None
    where: str = ""

    @property
    def order_source(self) -> str:
        """Return the source whose order numbers the lines use."""
        return self.orders_of or self.name

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields that its lines have, or that the lines made of them have."""
        return frozenset(self.columns).union(*(made.columns for made in self.also))

    def made_of_each(self) -> list["Source"]:
        """Return the source of the lines as they are, and one more for each of `also`."""
        plain = replace(self, also=())
        return [
            plain,
            *(
                replace(plain, columns={**self.columns, **made.columns}, made=made, made_from=self.columns)
                for made in self.also
            ),
        ]

    @property
    def has_member(self) -> bool:
        """Return whether its lines name their member; else it is that of the order which they name."""
        return "member" in self.columns

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Return the fields that every line must have."""
        if self.dataset is Dataset.EVENTS:
            return REQUIRED_EVENT_FIELDS
        fields = list(REQUIRED_TRANSACTION_FIELDS)
        if not self.has_member and self.orders_of is not None:
            fields.remove("member")
            fields += [name for name in ("refunded_order_id", "order_id") if name in self.columns][:1]
        changes = (KEY_FIELD, VERSION_FIELD) if self.delivery is Delivery.CHANGES else ()
        return (*fields, *changes)


KEY_FIELD, VERSION_FIELD = "key", "version"
"""Fields that `key` and `version` of a source with `delivery: changes` are mapped to."""
VERSION_NUMBER = "number"
"""In place of a format of `version`: a number, the largest of which is the newest."""
EACH_LINE = "each_line"
"""In place of the column of `order_id`: every line is an order of its own."""
TRANSACTION_FIELDS = (
    "member", "ordered_at", "amount", "order_id", "refunded_order_id", "unit_price", "quantity", "currency",
    "category", "brand", "channel", "promotion",
)  # fmt: skip
REQUIRED_TRANSACTION_FIELDS = ("member", "ordered_at", "amount")
EVENT_FIELDS = (
    "member", "event_at", "event_type", "event_id", "category", "brand", "channel", "campaign",
)  # fmt: skip
REQUIRED_EVENT_FIELDS = ("member", "event_at", "event_type")
