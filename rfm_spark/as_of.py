"""Facts at as-of dates: the one module that selects the versions that were valid at a date."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.literals import literal_array

POSITION = "as_of_position"


def last_valid_day() -> Column:
    """Return the last day, inclusive, on which a version is valid."""
    return F.date_sub(F.col(c.VALID_TO), 1)


def at_dates(rows: DataFrame, dates: Sequence[date], first: Column, last: Column | None = None) -> DataFrame:
    """One row per row and as-of date from its `first` to its `last` day, both inclusive, with as_of_date added.

    `dates` rise and are not empty; without `last` a row counts for ever. One date is a filter. Several are found by
    their positions, so that a row is read once and copied only to the dates that it counts at.

    >>> known = rows("version first last", "1 2024-02-09 2024-03-31", "2 2024-02-01 2024-02-28")
    >>> month_ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    >>> show(at_dates(known, month_ends, F.col("first"), F.col("last")))
    | version | first      | last       | as_of_date |
    |---------|------------|------------|------------|
    | 1       | 2024-02-09 | 2024-03-31 | 2024-02-29 |
    | 1       | 2024-02-09 | 2024-03-31 | 2024-03-31 |
    """
    if len(dates) == 1:
        day = F.lit(dates[0])
        seen = first <= day if last is None else (first <= day) & (last >= day)
        return rows.where(seen).withColumn(c.AS_OF_DATE, day)
    begin = _position(first, dates, first_on_or_after(dates), low=0)
    end = F.lit(len(dates) - 1) if last is None else _position(last, dates, last_on_or_before(dates), low=-1)
    positions = F.when(begin <= end, F.sequence(begin, end))
    every = rows.withColumn(POSITION, F.explode(positions))
    return every.withColumn(c.AS_OF_DATE, F.get(literal_array(dates, "date"), F.col(POSITION))).drop(POSITION)


def of_dates(dates: Sequence[date]) -> Column:
    """Return whether a row is at one of these dates; prunes partitions."""
    return F.col(c.AS_OF_DATE).isin(list(dates))


def of_keys(keys: Iterable[tuple[str, date]]) -> Column:
    """Return whether a row belongs to one of these segment sets and dates; without keys, no row does."""
    sets: dict[date, list[str]] = {}
    for name, day in sorted(keys):
        sets.setdefault(day, []).append(name)
    days: dict[tuple[str, ...], list[date]] = {}
    for day, names in sets.items():
        days.setdefault(tuple(names), []).append(day)
    condition = F.lit(False)
    for several, alike in days.items():
        condition |= of_dates(alike) & F.col(c.SEGMENT_SET).isin(*several)
    return condition


def per_date(values: Sequence[object], dates: Sequence[date], type_: str) -> Column:
    """Return the value for the row's as_of_date; `values` are in the order of `dates`."""
    if len(dates) == 1:
        return F.lit(values[0]).cast(type_)
    by_day = [values[position] for position in last_on_or_before(dates)[1:]]
    return F.get(literal_array(by_day, type_), F.date_diff(F.col(c.AS_OF_DATE), F.lit(dates[0])))


def with_one_date(rows: DataFrame, dates: Sequence[date]) -> DataFrame:
    """Return the rows with a single date as a literal, which Spark drops from every key; leave several as they are."""
    return rows.withColumn(c.AS_OF_DATE, F.lit(dates[0])) if len(dates) == 1 else rows


def first_on_or_after(dates: Sequence[date]) -> list[int]:
    """Return for each day, from the first date to the day after the last, the position of the first date from it on.

    >>> first_on_or_after([date(2024, 1, 1), date(2024, 1, 3)])
    [0, 1, 1, 2]
    """
    days = [(day - dates[0]).days for day in dates]
    return [bisect_left(days, offset) for offset in range(days[-1] + 2)]


def last_on_or_before(dates: Sequence[date]) -> list[int]:
    """Return for each day, from the day before the first date to the last, the position of the last date up to it.

    >>> last_on_or_before([date(2024, 1, 1), date(2024, 1, 3)])
    [-1, 0, 0, 1]
    """
    days = [(day - dates[0]).days for day in dates]
    return [bisect_right(days, offset) - 1 for offset in range(-1, days[-1] + 1)]


def _position(day: Column, dates: Sequence[date], positions: Sequence[int], low: int) -> Column:
    offset = F.date_diff(day, F.lit(dates[0])) - F.lit(low)
    within = F.greatest(F.lit(0), F.least(offset, F.lit(len(positions) - 1)))
    return F.get(literal_array(positions, "int"), within)
