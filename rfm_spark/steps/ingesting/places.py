"""The rows of a table that an ingest replaces: as a condition, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.dates import DayRange
from rfm_spark.io.sql_text import Condition
from rfm_spark.steps.ingesting.sources import ReadSource

Place = Mapping[c.Column, Condition]


@dataclass(frozen=True)
class Change:
    """The rows of one source in its table, before this ingest and after it.

    `written` is all that is put at the place: None where that is `after`. `versions`: those of orders that are new or
    newer. `is_different`: whether rows change.
    """

    read: ReadSource
    place: Place
    before: DataFrame
    after: DataFrame
    written: DataFrame | None = None
    versions: DataFrame | None = None
    is_different: bool = True


def rows_at(frame: DataFrame, place: Place) -> DataFrame:
    """Return the rows that meet all conditions of a place."""
    return frame.where(is_at(place))


def is_at(place: Place) -> Column:
    """Return whether a row meets all conditions of a place; its columns are never NULL."""
    return reduce(and_, (_holds(F.col(column), condition) for column, condition in place.items()))


def _holds(column: Column, condition: Condition) -> Column:
    if isinstance(condition, DayRange):
        return column.between(F.lit(condition.first), F.lit(condition.last))
    return column.isin(condition) if isinstance(condition, list) else column == F.lit(condition)
