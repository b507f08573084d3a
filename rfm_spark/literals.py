"""Array literals that are cheap to plan, however many values they hold."""

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F


def literal_array(values: Iterable[object], type_: str) -> Column:
    """Return an array of plain numbers or days, from one text that Spark folds: building it value by value is slow."""
    return F.split(F.lit(",".join(str(value) for value in values)), ",").cast(f"array<{type_}>")
