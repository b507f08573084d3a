"""Names and values that go into SQL text: allow-listed or quoted, nothing in between."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from rfm_spark.config.folders import ALLOWED, FOLDER, NOT_ALLOWED
from rfm_spark.contracts.columns import Column
from rfm_spark.contracts.frame import Table
from rfm_spark.dates import DayRange
from rfm_spark.errors import UsageError

Value = date | str | int
Condition = Value | DayRange | Sequence[date] | Sequence[str]

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
PLAIN_TEXT = re.compile(r"[\w./:@=+ -]*", re.ASCII)


def checked_folder(path: str, where: str) -> str:
    """Return the path, or fail when it holds a character that no path of ours needs.

    >>> checked_folder("s3a://lake/rfm", "warehouse.path")
    's3a://lake/rfm'
    """
    if not FOLDER.fullmatch(path):
        raise UsageError(where, NOT_ALLOWED, ALLOWED)
    return path


def checked_identifier(name: str, where: str) -> str:
    """Return a catalog or schema name, or fail when it is not a plain identifier."""
    if not IDENTIFIER.fullmatch(name):
        raise UsageError(where, f"{name!r} is not a plain name", "letters, digits, _ and -, not starting with a digit")
    return name


def checked_file_name(name: str, where: str) -> str:
    """Return one name of a path, like a run id, or fail when it could leave its folder."""
    if not FILE_NAME.fullmatch(name):
        raise UsageError(where, f"{name!r} is not a plain name", "letters, digits, _ . and -, not starting with . or -")
    return name


def quoted(name: str) -> str:
    """Return a name in backticks.

    >>> quoted("a`b")
    '`a``b`'
    """
    return "`" + name.replace("`", "``") + "`"


def text_literal(text: str) -> str:
    """Return text that Spark reads as exactly this text.

    Text with anything but plain characters travels as bytes: what a backslash means in quotes is a session setting.

    >>> text_literal("online_retail"), text_literal("it's")
    ("'online_retail'", "CAST(X'69742773' AS STRING)")
    """
    if PLAIN_TEXT.fullmatch(text):
        return f"'{text}'"
    return f"CAST(X'{text.encode().hex().upper()}' AS STRING)"


def literal(value: Value) -> str:
    """Return one typed literal.

    >>> literal(date(2011, 12, 10)), literal(7)
    ("DATE'2011-12-10'", '7')
    """
    if isinstance(value, date):
        return f"DATE'{value.isoformat()}'"
    if isinstance(value, str):
        return text_literal(value)
    return str(int(value))


def condition_text(column: Column, condition: Condition) -> str:
    """Return the condition on one column."""
    name = quoted(column)
    if isinstance(condition, DayRange):
        return f"{name} >= {literal(condition.first)} AND {name} <= {literal(condition.last)}"
    if isinstance(condition, date | str | int):
        return f"{name} = {literal(condition)}"
    if not condition:
        raise ValueError(f"no value of {column} to replace")
    return f"{name} IN ({', '.join(literal(value) for value in condition)})"


def where_text(table: Table, where: Mapping[Column, Condition]) -> str:
    """Return the rows that a replace takes away, as SQL over columns of the table.

    >>> from rfm_spark.contracts import columns as c
    >>> from rfm_spark.contracts.tables import MEMBER_SEGMENT
    >>> where_text(MEMBER_SEGMENT, {c.AS_OF_DATE: date(2011, 12, 10), c.SEGMENT_SET: ["rfm_tier", "life_cycle"]})
    "`as_of_date` = DATE'2011-12-10' AND `segment_set` IN ('rfm_tier', 'life_cycle')"
    """
    unknown = [name for name in where if name not in table.columns]
    if unknown or not where:
        raise ValueError(f"{table.name} has no column {', '.join(unknown)}" if unknown else "nothing to replace")
    return " AND ".join(condition_text(column, condition) for column, condition in where.items())
