"""The keys of a source: where it is, how it is read and what its columns mean."""

from rfm_spark.config import choices as w
from rfm_spark.config import source as s
from rfm_spark.config.choices import Operation
from rfm_spark.config.composite_types import Either, Key, ListOf, RuleText, SecretPlace, Struct
from rfm_spark.config.formula_types import operands_shape
from rfm_spark.config.named_types import COLUMN, GLOB, NAME, TABLE_NAME, TIME_ZONE, defined
from rfm_spark.config.value_types import Choice, Flag, Literal, Number, Option, Text

LINE_RULE = RuleText("a rule like {item: [POST, TEST]}")
OPTIONS = Struct(
    {},
    others=Key(Option(), "an option of Spark's reader for the format, like `header: true` or `sep: ';'`"),
    names=r"[A-Za-z0-9]{1,60}",
    names_what="the name of a reader option",
)
LOOKUP_FORMATS = (w.Format.CSV, w.Format.JSON, w.Format.PARQUET, w.Format.DELTA)
LOOKUP_COLUMN = Struct(
    {"column": Key(COLUMN, "column of the look-up"), "lookup": Key(NAME, "another look-up of this source")},
    required=("column", "lookup"),
    what="a mapping like {column: NAME, lookup: NAME}",
)
LOOKUP = Struct(
    {
        "format": Key(Choice(w.Format, LOOKUP_FORMATS), "format of the second file"),
        "path": Key(GLOB, "where the second file is"),
        "key": Key(COLUMN, "key column of the second file; one row per key"),
        "source_key": Key(
            Either(COLUMN, LOOKUP_COLUMN),
            "column with the key: of the source, or of another look-up (`orders.id`)",
        ),
        "missing": Key(
            Literal(),
            "value where the key is not in the file; without it NULL. A number has a point, a time is ISO 8601",
        ),
        "options": OPTIONS,
    },
    required=("format", "path", "key", "source_key"),
)
JDBC = Struct(
    {
        "url": Key(Text(r"jdbc:[\w \-./:@+=,~;?&%()]{1,1000}", "a JDBC url", hidden=True), "address of the database"),
        "table": Key(TABLE_NAME, "table or view to read"),
        "driver": Key(
            Text(r"[A-Za-z_][\w.$]{0,200}", "the class of a JDBC driver"), "driver, where Spark does not find it"
        ),
        "user": Key(SecretPlace(), "file or environment variable that holds the user"),
        "password": Key(SecretPlace(), "file or environment variable that holds the password"),
        "partition_column": Key(COLUMN, "column by which the table is read in parts; the next three belong to it"),
        "lower_bound": Key(Literal(), "smallest value by which parts are cut; rows below are read too"),
        "upper_bound": Key(Literal(), "largest value by which parts are cut; rows above are read too"),
        "partitions": Key(Number(1, 1000, whole=True), "number of parts"),
        "fetch_size": Key(Number(1, 10_000_000, whole=True), "rows per round trip"),
    },
    required=("url", "table"),
)
NUMBER = Struct(
    {
        "decimal": Key(Text(r"[.,]", "a point or a comma"), "character before the decimals"),
        "thousands": Key(
            ListOf(Text(r"[.,' \u00a0\u202f\u2019_]", "one of . , ' _ or a blank"), or_one=True),
            "characters that may stand between groups of digits; a number has one of them",
        ),
        "symbols": Key(
            ListOf(Text(r"[^\x00-\x1f\x7f0-9]{1,20}", "text without digits"), most=20),
            "texts that may stand before or after the digits, like `€` or `EUR`",
        ),
        "negative": Key(ListOf(Choice(w.Negative), least=1), "how a number below zero is written: `-1`, `1-` or `(1)`"),
        "scientific": Key(Flag(), "whether `1.5E3` is a number"),
    },
    what="a mapping like {decimal: ',', thousands: '.'}",
)
PART = Either(
    COLUMN,
    Struct({"value": Key(Literal(), "a fixed text")}, required=("value",), what="a fixed text like {value: 2024}"),
)
COLUMN_MAPPING = Struct(
    {
        "column": Key(COLUMN, "column of the source (`customer.id`: a part of it), or of `lookup`"),
        "lookup": Key(NAME, "look-up of this source that has the column"),
        "multiply": Key(
            operands_shape(COLUMN, Operation.MULTIPLY),
            "exact product, for amounts, of columns, fields and constants, rounded half up once at its end",
        ),
        "add": Key(operands_shape(COLUMN, Operation.ADD), "exact sum, for amounts; an empty column counts 0"),
        "subtract": Key(operands_shape(COLUMN, Operation.SUBTRACT), "exact difference, for amounts; as `add`"),
        "concat": Key(
            ListOf(PART, least=2, most=10),
            "texts one after the other, parts of a time too; `{value: 2024}` is a fixed one; NULL where one is empty",
        ),
        "with": Key(Text(r"[^\x00-\x1f\x7f]{1,20}", "text"), "text between those of `concat`"),
        "first_of": Key(ListOf(COLUMN, least=2, most=10), "the first of these columns or fields that is not empty"),
        "pattern": Key(Text(), "regular expression: its first group is the value, NULL without a match"),
        "fold": Key(
            ListOf(Choice(w.Fold), or_one=True, least=1),
            "differences that do not count: `case` (capitals), `width` (full and half), `nfc` (composed or not)",
        ),
        "number": Key(
            defined("number_format", NUMBER), "how the amount is written, where it differs from `number` of the source"
        ),
        "format": Key(ListOf(Text(), or_one=True, least=1), "formats of a time, tried in order; without it ISO 8601"),
        "when": Key(LINE_RULE, "rule; where it does not hold, the field is NULL"),
        "value": Key(Literal(), "a constant instead of a column"),
        "default": Key(Literal(), "value instead of NULL"),
    },
    what="a mapping like {column: NAME, pattern: TEXT}",
)
VERSION = Struct(
    {
        "column": Key(COLUMN, "column of the source"),
        "format": Key(ListOf(Text(), or_one=True, least=1), "formats of its time, or `number`"),
    },
    required=("column",),
    what="a mapping like {column: NAME, format: number}",
)
FIELD_MEANINGS = {
    "member": "the member's reference",
    "ordered_at": "day or time of the line",
    "amount": "amount of the line",
    "order_id": "order number, or `each_line` where every line is an order; without it one order per member and day",
    "refunded_order_id": "order that a refund names",
    "unit_price": "price of one piece, for `multiply`",
    "quantity": "number of pieces",
    "currency": "currency; a line in another than `orders.currency` is rejected",
    "category": "category of the product",
    "brand": "brand of the product",
    "channel": "channel of the purchase or event",
    "promotion": "promotion under which the line was sold",
    "event_at": "day or time of the event",
    "event_type": "what happened, in your words: view, cart, search",
    "event_id": "number of the event; without it a fingerprint of the line",
    "campaign": "campaign of the event",
}
MAPPED = defined("column_mapping", Either(COLUMN, COLUMN_MAPPING))
COLUMNS = Struct({field: Key(MAPPED, FIELD_MEANINGS[field]) for field in (*s.TRANSACTION_FIELDS, *s.EVENT_FIELDS)})
BATCH = Struct(
    {
        "from": Key(
            Text(),
            "regular expression over the path of a file below the part of `path` without wildcards: its first group is "
            "the batch, and files of one batch are replaced as one",
        ),
    },
    required=("from",),
    what="a mapping like {from: 'day=([0-9-]+)/'}",
)
RULES = Struct(
    {
        "exclude": Key(LINE_RULE, "lines that are left out, and counted as excluded"),
        "refund": Key(LINE_RULE, "lines that are refunds"),
        "discount": Key(LINE_RULE, "lines that lower the amount of their order, which stays an order: vouchers"),
        "sale": Key(LINE_RULE, "lines that are sales"),
        "otherwise": Key(Choice(w.Otherwise), "what a line is that no rule matches"),
    }
)
ALSO = Struct(
    {
        "kind": Key(Choice(w.Kind), "what the line is"),
        "columns": COLUMNS,
        "when": Key(LINE_RULE, "rule; where it does not hold there is no such line"),
    },
    required=("kind", "columns"),
    what="a mapping like {kind: refund, columns: {amount: refunded_amount}}",
)
SOURCE = Struct(
    {
        "dataset": Key(Choice(w.Dataset), "what the lines are"),
        "format": Key(Choice(w.Format), "how the source is stored"),
        "path": Key(ListOf(GLOB, or_one=True, least=1), "files or folders; a list is read as one"),
        "table": Key(TABLE_NAME, "a Delta table of the catalog, instead of `path`"),
        "jdbc": JDBC,
        "options": OPTIONS,
        "explode": Key(COLUMN, "list in each line, as `line_items`: every element becomes a line of its own"),
        "skip_lines": Key(
            Number(0, 1000, whole=True),
            "lines to leave out at the beginning of each file of CSV or text, as an editor counts them",
        ),
        "multi_line": Key(
            Flag(), "whether values of CSV may hold line breaks; `false` lets several tasks read one large file"
        ),
        "header": Key(Choice(w.Header), "whether names of columns in CSV may differ in capitals"),
        "number": NUMBER,
        "delivery": Key(
            Choice(w.Delivery),
            "`days`: complete for the asked days; `batches`: each file is a unit; `changes`: each order is a unit",
        ),
        "key": Key(COLUMN, "with `delivery: changes`, the column or field that names the order, or the line"),
        "version": Key(
            Either(COLUMN, VERSION),
            "with `delivery: changes`, the column that tells the newest: a time, or with `format: number` a number",
        ),
        "orders_of": Key(
            NAME,
            "the source whose orders this one is about: refunds or payments in files of their own; they need no member",
        ),
        "batch": BATCH,
        "duplicates": Key(
            Choice(w.Duplicates),
            "a batch with the content of another one; `move`: it takes the place of one whose files are gone",
        ),
        "empty_batches": Key(Choice(w.EmptyBatches), "a batch that had lines and now has none"),
        "time_zone": Key(TIME_ZONE, "zone of times without an offset; without it the zone of the calendar"),
        "id_type": Key(NAME, "kind of reference; equal references of one kind are one member, whatever the source"),
        "columns": COLUMNS,
        "rules": RULES,
        "also": Key(
            ListOf(ALSO, most=10),
            "more lines out of each line: a refund out of a column of refunded amounts; none where that is empty or 0",
        ),
        "lookups": Struct({}, others=LOOKUP),
        "drop_duplicates": Key(Flag(), "keep one of several lines that are equal in every column"),
        "missing_members": Key(
            ListOf(Text(r"[^\x00-\x1f\x7f]{0,200}", "quoted text")),
            'references that mean nobody: `"0"`, `"guest"`',
        ),
        "missing_words": Key(
            ListOf(Text(r"[^\x00-\x1f\x7f]{1,200}", "quoted text")),
            'words for nothing, of members and orders alike; `"0000"` stands for four zeros and more',
        ),
    },
    required=("format", "columns"),
)
