"""Literals that stay cheap to plan however many values they hold."""

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F


def literal_array(values: Iterable[object], type_: str) -> Column:
    """Return an array of plain numbers or days; one text that Spark folds, since a call per entry is slow to build."""
    return F.split(F.lit(",".join(str(value) for value in values)), ",").cast(f"array<{type_}>")
