"""Sets at dates: the partitions that history is written in."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
from rfm_spark.contracts import columns as c

Key = tuple[str, date]
"""A segment set and a tracked date."""


def of_keys(keys: Sequence[Key]) -> Column:
    """Return whether a row is of one of the sets and dates; no row is of none."""
    sets: dict[date, list[str]] = {}
    for name, day in keys:
        sets.setdefault(day, []).append(name)
    by_sets: dict[tuple[str, ...], list[date]] = {}
    for day, names in sets.items():
        by_sets.setdefault(tuple(sorted(names)), []).append(day)
    condition = F.lit(False)
    for alike, days in by_sets.items():
        condition |= of_dates(days) & F.col(c.SEGMENT_SET).isin(*alike)
    return condition
