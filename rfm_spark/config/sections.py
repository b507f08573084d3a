"""The sections of the configuration and every key of theirs: what may be written where.

One top-level section per file is the habit of `conf/`; a file may also hold several.
"""

from rfm_spark.config import choices as w
from rfm_spark.config import source as s
from rfm_spark.config.composite_types import Defined, Either, ListOf, RuleText, SecretPlace, Struct
from rfm_spark.config.value_types import Choice, Day, Flag, Literal, Number, NumberOrWord, Option, Shape, Text
from rfm_spark.dates import Every

DEFINED: dict[str, Defined] = {}
"""Shapes that the JSON Schema names once."""


def defined(name: str, shape: Shape) -> Shape:
    """Return the shape under a name of the JSON Schema."""
    DEFINED[name] = Defined(name, shape)
    return DEFINED[name]


NAME = Text(r"[a-z][a-z0-9_]{0,63}", "a name like my_name: small letters, digits and _")
SEGMENT_NAME = Text(r"[A-Za-z][A-Za-z0-9_]{0,63}", "a segment name: letters, digits and _")
PATH = Text(r"[\w \-./:@+=,~\\()#&%]{1,1000}", "a path without quotes, backticks and wildcards")
GLOB = Text(r"[\w \-./:@+=,~\\()#&%*?\[\]{}^]{1,1000}", "a path, wildcards allowed, without quotes and backticks")
CATALOG_PART = Text(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "a name of letters, digits and _")
TABLE_NAME = Text(
    r"[A-Za-z_][A-Za-z0-9_]{0,127}(\.[A-Za-z_][A-Za-z0-9_]{0,127}){0,2}", "a table name like catalog.schema.table"
)
COLUMN = Text(r"[^`\x00-\x1f\x7f]{1,200}", "a column name without backticks")
TIME_ZONE = Text(r"[A-Za-z][A-Za-z0-9_+\-/]{1,60}|[+-][0-9]{2}:[0-9]{2}", "a time zone like Europe/Berlin")
WHOLE = Number(1, 100_000, whole=True)
WEIGHT = defined("weight", Number(0, 1_000_000, text=True))
PREFERENCE_WEIGHT = Number(0, 1_000_000, text=True, decimals=3)
"""Strengths are computed in thousandths of a weight."""
TITLE = defined(
    "title", Struct({}, others=Text(), names=r"[a-z]{2,3}(-[A-Z]{2})?", names_what="a language like en or zh")
)


def per_metric(shape: Shape) -> Shape:
    """Return the shape of one value for all three metrics, or one for each."""
    return Either(shape, Struct({"r": shape, "f": shape, "m": shape}, what="a mapping of r, f and m"))


THRESHOLDS = defined("thresholds", ListOf(Number(-(10**13), text=True), least=1))
SCORING = {
    "method": per_metric(Choice(w.Method)),
    "ties": per_metric(Choice(w.Ties)),
    "bins": per_metric(Number(2, 10, whole=True)),
    "weights": Struct({"r": WEIGHT, "f": WEIGHT, "m": WEIGHT}),
    "thresholds": Struct(dict.fromkeys("rfm", THRESHOLDS)),
    "frozen": Struct({"from": Day()}, required=("from",)),
    "frequency": Choice(w.Frequency),
    "monetary": Choice(w.Monetary),
    "population": Choice(w.Population),
    "decay": Struct({"half_life_days": WHOLE}, required=("half_life_days",)),
}
WINDOW = Struct(
    {"days": NumberOrWord(WHOLE, "all"), "months": Number(1, 1200, whole=True), **SCORING},
    what="a mapping like {days: 365}",
)
LOOKUP = Struct(
    {
        "format": Choice(w.Format), "path": GLOB, "key": COLUMN, "source_key": COLUMN, "missing": Literal(),
        "options": Struct({}, others=Option(), names=r"[A-Za-z0-9]{1,60}", names_what="the name of a reader option"),
    },
    required=("format", "path", "key", "source_key"),
)  # fmt: skip
JDBC = Struct(
    {
        "url": Text(r"jdbc:[\w \-./:@+=,~;?&%()]{1,1000}", "a JDBC url", hidden=True), "table": TABLE_NAME,
        "driver": Text(r"[A-Za-z_][\w.$]{0,200}", "the class of a JDBC driver"),
        "user": SecretPlace(), "password": SecretPlace(), "partition_column": COLUMN,
        "lower_bound": Literal(), "upper_bound": Literal(), "partitions": Number(1, 1000, whole=True),
        "fetch_size": Number(1, 10_000_000, whole=True),
    },
    required=("url", "table"),
)  # fmt: skip
COLUMN_MAPPING = Either(
    COLUMN,
    Struct(
        {
            "column": COLUMN, "lookup": NAME, "multiply": ListOf(COLUMN, least=2, most=3), "pattern": Text(),
            "format": ListOf(Text(), or_one=True, least=1), "when": RuleText(), "value": Literal(),
            "default": Literal(),
        },
        what="a mapping like {column: NAME, pattern: TEXT}",
    ),
)  # fmt: skip
COLUMN_MAPPING_BY_FIELD = dict.fromkeys(
    (*s.TRANSACTION_FIELDS, *s.EVENT_FIELDS), defined("column_mapping", COLUMN_MAPPING)
)
SOURCE = Struct(
    {
        "dataset": Choice(w.Dataset), "format": Choice(w.Format), "path": ListOf(GLOB, or_one=True, least=1),
        "table": TABLE_NAME, "jdbc": JDBC, "options": LOOKUP.keys["options"],
        "skip_lines": Number(0, 1000, whole=True), "delivery": Choice(w.Delivery), "time_zone": TIME_ZONE,
        "id_type": NAME, "columns": Struct(COLUMN_MAPPING_BY_FIELD),
        "rules": Struct(
            {"exclude": RuleText(), "refund": RuleText(), "sale": RuleText(), "otherwise": Choice(w.Otherwise)}
        ),
        "lookups": Struct({}, others=LOOKUP), "drop_duplicates": Flag(),
        "missing_members": ListOf(Text(r"[^\x00-\x1f\x7f]{0,200}", "quoted text")),
    },
    required=("format", "columns"),
)  # fmt: skip
SEGMENT_SET = Struct(
    {
        "window": NAME,
        "rules": ListOf(
            Struct({"segment": SEGMENT_NAME, "when": RuleText()}, ("segment", "when"), what="{segment: X, when: RULE}"),
            least=1,
        ),
        "otherwise": SEGMENT_NAME, "lapsed": SEGMENT_NAME, "prospect": SEGMENT_NAME, "title": TITLE,
        "names": Struct(
            {},
            others=Struct(
                {"title": TITLE, "meaning": Text(), "advice": Text(), "channel": Text(), "frequency": Text()}
            ),
            names=SEGMENT_NAME.pattern, names_what=SEGMENT_NAME.what,
        ),
    },
    required=("window", "rules"),
)  # fmt: skip
MINIMUM = Struct(
    {
        "members": Number(0, 10**9, whole=True), "days_of_history": Number(0, 100_000, whole=True),
        "on_breach": Choice(w.OnBreach),
    }
)  # fmt: skip
CHECK_NAMES = ("max_rejected_share", "max_member_fall", "max_amount_rise")
CONFIGURATION = Struct(
    {
        "warehouse": Struct(
            {
                "path": PATH, "catalog": CATALOG_PART, "schema": CATALOG_PART, "staging_path": PATH,
                "files": Number(1, 65_536, whole=True),
            }
        ),
        "calendar": Struct({"time_zone": TIME_ZONE}),
        "sources": Struct({}, others=SOURCE),
        "orders": Struct(
            {
                "refunds": Choice(w.Refunds), "min_amount": Number(text=True), "max_amount": Number(text=True),
                "currency": Text(r"[A-Z]{3}", "a currency of three capitals, like EUR"),
            }
        ),
        "identity": Struct(
            {
                "method": Choice(w.IdMethod), "key": SecretPlace(),
                "overrides": ListOf(Text(r"[0-9a-f]{64}", "the whole fingerprint that the ingest named, quoted")),
            }
        ),
        "tags": Struct(
            {
                "classes": Struct({}, others=Struct({"column": Choice(w.TagColumn)}, required=("column",))),
                "event_types": ListOf(Text()),
            }
        ),
        "windows": Struct({"active": ListOf(NAME)}, others=WINDOW),
        "scores": Struct({"main_window": NAME, "minimum": MINIMUM, **SCORING}),
        "segments": Struct({"active": ListOf(NAME)}, others=SEGMENT_SET),
        "history": Struct({"every": Choice(Every)}),
        "preferences": Struct(
            {
                "window": NAME, "top": Number(1, 20, whole=True),
                "weights": Struct(dict.fromkeys(("amount", "events"), PREFERENCE_WEIGHT)),
            }
        ),
        "checks": Struct(dict.fromkeys(CHECK_NAMES, Number(0, 1_000_000)), nullable=CHECK_NAMES),
    }
)  # fmt: skip
