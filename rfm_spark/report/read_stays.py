"""Reads how long members stay in a segment and how many are in it again or still later, from segment_interval."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_INTERVAL
from rfm_spark.dates import DayRange, Every
from rfm_spark.literals import literal_array
from rfm_spark.report.inputs import Read
from rfm_spark.report.numbers import Dwell, Retention, share_of

DAYS_LATER = (30, 90, 180, 365)
CLOSED_STAYS, CLOSED_DAYS, OPEN_STAYS = "closed_stays", "closed_days", "open_stays"
PREFIXES = ("from", "to", "later_from", "later_to")


def read_dwell(read: Read, segment_set: str, segments: Sequence[str], as_of: date) -> tuple[Dwell, ...]:
    """Return how long stays lasted that had ended by the date, and how many went on."""
    stays = read(SEGMENT_INTERVAL).where(F.col(c.SEGMENT_SET) == F.lit(segment_set))
    rows = {row[c.SEGMENT]: row for row in dwell_times(stays, as_of).collect()}
    return tuple(
        Dwell(segment, row[CLOSED_STAYS], mean_days(row), row[OPEN_STAYS])
        for segment in segments
        if (row := rows.get(segment)) is not None
    )


def mean_days(row: Row) -> Fraction | None:
    """Return the mean of the stays that have ended, None without any."""
    return Fraction(row[CLOSED_DAYS], row[CLOSED_STAYS]) if row[CLOSED_STAYS] else None


def dwell_times(stays: DataFrame, as_of: date) -> DataFrame:
    """One row per segment set and segment somebody was in by the date.

    `stays`: rows of segment_interval. Columns beside the key, all bigint: closed_stays, which had ended by the date;
    closed_days, the days of these together, from tracked date to tracked date (NULL without any); and open_stays,
    which went on. Open stays count into no mean: on that date nobody knew how long they would last.
    """
    last = F.lit(as_of)
    has_ended = F.col(c.VALID_TO) <= last
    days = F.when(has_ended, F.date_diff(c.VALID_TO, c.VALID_FROM).cast("bigint"))
    return (
        stays.where(F.col(c.VALID_FROM) <= last)
        .groupBy(c.SEGMENT_SET, c.SEGMENT)
        .agg(
            F.count(days).alias(CLOSED_STAYS),
            F.sum(days).alias(CLOSED_DAYS),
            F.count(F.when(~has_ended, F.lit(1))).alias(OPEN_STAYS),
        )
    )


class Cohorts(NamedTuple):
    """The tracked dates whose members are looked at again so many days later, and the date of each second look."""

    days_later: int
    dates: tuple[date, ...]
    later_dates: tuple[date, ...]


def read_retention(
    read: Read, segment_set: str, tracked: Sequence[date], every: Every, as_of: date
) -> tuple[Retention, ...]:
    """Return by segment and number of days how many members of all cohorts are in the segment again or still.

    A cohort is the members of a segment at one tracked date; `tracked` are the dates of the set, `every` is the
    calendar of history. Nothing after `as_of` counts.
    """
    cohorts = cohorts_of([day for day in tracked if day <= as_of], every)
    if not cohorts:
        return ()
    stays = read(SEGMENT_INTERVAL).where(
        (F.col(c.SEGMENT_SET) == F.lit(segment_set)) & (F.col(c.VALID_FROM) <= F.lit(as_of))
    )
    rows = count_kept(stays, cohorts).collect()
    retention = (
        Retention(
            segment=row[c.SEGMENT],
            days_later=of_days.days_later,
            mean_days=Fraction(row[f"days_{of_days.days_later}"], members),
            cohort_count=members,
            kept_count=row[f"kept_{of_days.days_later}"],
            kept_share=share_of(row[f"kept_{of_days.days_later}"], members),
        )
        for row in rows
        for of_days in cohorts
        if (members := row[f"members_{of_days.days_later}"])
    )
    return tuple(sorted(retention, key=lambda one: (one.segment, one.days_later)))


def cohorts_of(tracked: Sequence[date], every: Every) -> list[Cohorts]:
    """Return the cohorts of every number of days that some tracked date can tell about.

    >>> months = [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29)]
    >>> [one] = cohorts_of(months, Every.MONTH)
    >>> one.days_later, one.dates == tuple(months[:2]), one.later_dates == tuple(months[1:])
    (30, True, True)
    """
    found = []
    for days in DAYS_LATER:
        pairs = [(day, later) for day in tracked if (later := later_date(day, days, tracked, every)) is not None]
        if pairs:
            found.append(Cohorts(days, tuple(day for day, _ in pairs), tuple(later for _, later in pairs)))
    return found


def later_date(day: date, days: int, tracked: Sequence[date], every: Every) -> date | None:
    """Return the tracked date nearest to the day so many days later, the earlier of two; at most a tenth of them off.

    None also where a date of the calendar that is as near is still to come, so that an answer never changes. On a
    calendar of months 30, 90, 180 and 365 days are 1, 3, 6 and 12 months, whatever their length.

    | calendar | day        | days | date              |
    |----------|------------|------|-------------------|
    | month    | 2024-01-31 | 30   | 2024-02-29        |
    | month    | 2023-12-31 | 365  | 2024-12-31        |
    | week     | 2024-01-07 | 365  | 2025-01-05        |
    | quarter  | 2024-03-31 | 30   | none              |

    >>> leap_year = DayRange(date(2023, 12, 31), date(2024, 12, 31)).steps(Every.MONTH)
    >>> str(later_date(date(2023, 12, 31), 365, leap_year, Every.MONTH))
    '2024-12-31'
    >>> later_date(date(2023, 12, 31), 365, leap_year[:-1], Every.MONTH) is None
    True
    """
    asked, most = day + timedelta(days=days), timedelta(days=days // 10)
    first, last = max(asked - most, day + timedelta(days=1)), asked + most

    def off(other: date) -> tuple[timedelta, date]:
        return abs(other - asked), other

    near = tracked[bisect_left(tracked, first) : bisect_right(tracked, last)]
    expected = DayRange(first, last).steps(every)
    if not near or (expected and min(expected, key=off) > tracked[-1]):
        return None
    return min(near, key=off)


def count_kept(stays: DataFrame, cohorts: Sequence[Cohorts]) -> DataFrame:
    """One row per segment; for each number of days its cohort members, the days passed, and the members kept.

    `stays`: rows of segment_interval of one set. Columns: segment, and for 30 days members_30, days_30 and kept_30.

    Each pair of stays of one member in one segment (also a stay with itself) is counted at once, without a row per
    date: cohort dates rise and their later dates too, so the cohorts that begin in the first stay and are looked at
    again in the second are one run.

    | stay of the member | cohorts that begin in it | cohorts looked at again in it |
    |--------------------|--------------------------|-------------------------------|
    | first              | 0 to 4                   | 0 to 1                        |
    | second             | 7 to 9                   | 3 to 6: kept are 3 and 4      |

    A member of the cohorts of January and February, looked at again in February and March, when the first stay is over:

    >>> months = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]
    >>> [of_30_days, *_] = cohorts_of(months, Every.MONTH)
    >>> stays = rows("segment valid_from valid_to", "loyal 2024-01-31 2024-03-31", "loyal 2024-04-30 9999-12-31",
    ...     member_id=7)
    >>> show(count_kept(stays, [of_30_days]))
    | segment | members_30 | days_30 | kept_30 |
    |---------|------------|---------|---------|
    | loyal   | 2          | 60      | 1       |
    """
    members = [str(c.MEMBER_ID), str(c.SEGMENT)]
    first = stays.select(*members, c.VALID_FROM, *(place for one in cohorts for place in places(one)))
    again = first.select(
        *members,
        F.col(c.VALID_FROM).alias("again_from"),
        *(F.col(f"{name}_{one.days_later}").alias(f"again_{name}_{one.days_later}")
          for one in cohorts for name in PREFIXES[2:]),
    )  # fmt: skip
    pairs = first.join(again, members).where(F.col("again_from") >= F.col(c.VALID_FROM))
    return pairs.groupBy(c.SEGMENT).agg(*(total for one in cohorts for total in totals(one)))


def places(cohorts: Cohorts) -> list[Column]:
    """Return how many dates, and how many later dates, lie before the stay begins and before it ends."""
    columns = (
        count_before(F.col(day), dates)
        for dates in (cohorts.dates, cohorts.later_dates)
        for day in (c.VALID_FROM, c.VALID_TO)
    )
    return [column.alias(f"{name}_{cohorts.days_later}") for name, column in zip(PREFIXES, columns, strict=True)]


def count_before(day: Column, dates: Sequence[date]) -> Column:
    """Return how many of the dates lie before the day; the dates rise, and one may be there twice."""
    span = (dates[-1] - dates[0]).days + 1
    counts = [bisect_left(dates, dates[0] + timedelta(days=number)) for number in range(span + 1)]
    within = F.greatest(F.lit(0), F.least(F.date_diff(day, F.lit(dates[0])), F.lit(span)))
    return F.get(literal_array(counts, "int"), within)


def totals(cohorts: Cohorts) -> list[Column]:
    """Return the sums of one number of days over pairs of stays."""
    days = cohorts.days_later
    begin, end = F.col(f"from_{days}"), F.col(f"to_{days}")
    passed = [(later - day).days for day, later in zip(cohorts.dates, cohorts.later_dates, strict=True)]
    passed_before = literal_array([0, *accumulate(passed)], "bigint")
    is_itself = F.col("again_from") == F.col(c.VALID_FROM)
    kept_from = F.greatest(begin, F.col(f"again_later_from_{days}"))
    kept_to = F.least(end, F.col(f"again_later_to_{days}"))
    none = F.lit(0).cast("bigint")
    return [
        F.sum(F.when(is_itself, end - begin).otherwise(none)).alias(f"members_{days}"),
        F.sum(F.when(is_itself, F.get(passed_before, end) - F.get(passed_before, begin)).otherwise(none)).alias(
            f"days_{days}"
        ),
        F.sum(F.greatest(kept_to - kept_from, none)).alias(f"kept_{days}"),
    ]
