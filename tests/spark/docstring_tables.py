"""The before and after of a stage in its docstring: rows in, table out.

>>> read_rows("member_id order_day net_amount", ("7 2024-06-10 12.5", "8 - 0"), run_id="r1")
({'member_id': 'bigint', 'order_day': 'date', 'net_amount': 'decimal(18,4)', 'run_id': 'string'}, \
[['7', '2024-06-10', '12.5', 'r1'], ['8', None, '0', 'r1']])
"""

import re
from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.contracts.columns import REGISTRY
from rfm_spark.driver_rows import driver_rows

NULL = "-"
FORMS = ((r"-?\d+", "bigint"), (r"\d{4}-\d\d-\d\d", "date"), (r"true|false", "boolean"))


def rows(spark: SparkSession, names: str, *lines: str, **same: str | int) -> DataFrame:
    """Return a frame of lines of values with blanks between them, `-` for NULL; `same` are columns of one value.

    Columns of a contract have its type, others that of their values: whole numbers, days, true or false, text.
    """
    types, values = read_rows(names, lines, **same)
    texts = driver_rows(spark, values, ", ".join(f"{name} string" for name in types))
    return texts.select(*(F.col(name).cast(type_).alias(name) for name, type_ in types.items()))


def read_rows(names: str, lines: Sequence[str], **same: str | int) -> tuple[dict[str, str], list[list[str | None]]]:
    """Return the type of every column, and the values line by line as text."""
    constants = [str(value) for value in same.values()]
    values = [[None if word == NULL else word for word in [*line.split(), *constants]] for line in lines]
    columns = [*names.split(), *same]
    return {
        name: type_of(name, several) for name, several in zip(columns, zip(*values, strict=True), strict=True)
    }, values


def type_of(name: str, values: Sequence[str | None]) -> str:
    """Return the type of a column by its contract, else by the form of its values."""
    if name in REGISTRY:
        return REGISTRY[name].type
    known = [value for value in values if value is not None]
    return next((type_ for form, type_ in FORMS if all(re.fullmatch(form, value) for value in known)), "string")


def show(frame: DataFrame, *columns: str) -> None:
    """Print the rows as a table, in the order of their text: these columns, or all."""
    chosen = frame.select(*columns) if columns else frame
    lines = [["NULL" if value is None else str(value) for value in row] for row in chosen.collect()]
    print(as_table(chosen.columns, sorted(lines)))


def as_table(names: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table as docstrings have it.

    >>> print(as_table(["name", "b"], [["x", "NULL"]]))
    | name | b    |
    |------|------|
    | x    | NULL |
    """
    widths = [max(map(len, column)) for column in zip(names, *lines, strict=True)]
    shown = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in [names, *lines]]
    rule = "|".join("-" * (width + 2) for width in widths)
    first, *rest = [f"| {' | '.join(line)} |" for line in shown]
    return "\n".join([first, f"|{rule}|", *rest])
