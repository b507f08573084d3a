"""The kinds of value that several sections share: names, paths, zones, weights."""

from rfm_spark.config.composite_types import Defined, Either, Struct
from rfm_spark.config.folders import ALLOWED, FOLDER
from rfm_spark.config.value_types import Number, Shape, Text

DEFINED: dict[str, Defined] = {}
"""Shapes that the JSON Schema names once."""


def defined(name: str, shape: Shape) -> Shape:
    """Return the shape under a name of the JSON Schema."""
    DEFINED[name] = Defined(name, shape)
    return DEFINED[name]


NAME = Text(r"[a-z][a-z0-9_]{0,63}", "a name like my_name: small letters, digits and _")
SEGMENT_NAME = Text(r"[A-Za-z][A-Za-z0-9_]{0,63}", "a segment name: letters, digits and _")
FOLDER_PATH = Text(FOLDER.pattern, f"a path of {ALLOWED}")
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
    "title",
    Struct(
        {},
        others=Text(),
        names=r"[a-z]{2,3}(-[A-Z]{2})?",
        names_what="a language like en or zh",
        what="a mapping like {en: TEXT, zh: TEXT}",
    ),
)


def per_metric(shape: Shape) -> Shape:
    """Return the shape of one value for all three metrics, or one for each."""
    return Either(shape, Struct({"r": shape, "f": shape, "m": shape}, what="a mapping of r, f and m"))
