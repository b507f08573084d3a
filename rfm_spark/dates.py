"""Days, periods and the history calendar: plain arithmetic, no Spark and no clock.

Every date is given by the caller. Nothing here knows what day it is today.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from rfm_spark.errors import UsageError

OPEN_END = date(9999, 12, 31)
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LEAP_CYCLE_START, LEAP_CYCLE_DAYS = date(2021, 1, 1), 1461
"""Four years hold every case of a leap day, and the century before them, the longest period, includes 2000."""


def parse_day(text: str, where: str) -> date:
    """Return the day written as `YYYY-MM-DD`, and nothing looser.

    >>> parse_day("2011-12-10", "--as-of")
    datetime.date(2011, 12, 10)
    """
    try:
        if not ISO_DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(where, f"{text!r} is not a valid date", "a calendar day as YYYY-MM-DD") from None


def month_of(day: date) -> date:
    """Return the first day of the month, the value of every month partition.

    >>> month_of(date(2011, 12, 9))
    datetime.date(2011, 12, 1)
    """
    return day.replace(day=1)


def is_month_end(day: date) -> bool:
    """Return whether the day is the last of its month."""
    return day.day == calendar.monthrange(day.year, day.month)[1]


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier; month end goes to month end.

    | day        | months | before     |
    |------------|--------|------------|
    | 2024-05-15 | 12     | 2023-05-15 |
    | 2024-02-29 | 12     | 2023-02-28 |
    | 2023-02-28 | 12     | 2022-02-28 |
    | 2025-02-28 | 12     | 2024-02-29 |
    | 2024-05-30 | 3      | 2024-02-29 |

    >>> months_before(date(2024, 2, 29), 12), months_before(date(2025, 2, 28), 12)
    (datetime.date(2023, 2, 28), datetime.date(2024, 2, 29))
    >>> months_before(date(2024, 5, 30), 3)
    datetime.date(2024, 2, 29)
    """
    year, month_index = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month_index + 1)[1]
    return date(year, month_index + 1, last if is_month_end(day) else min(day.day, last))


def period_first_day(period: tuple[str, int], as_of: date) -> date | None:
    """Return the first day of a window's period, which ends on `as_of`; None for the whole life.

    A period is open at its start: `(as_of - days, as_of]`, `(same day so many months before, as_of]`.

    >>> period_first_day(("days", 30), date(2024, 1, 31)), period_first_day(("months", 12), date(2024, 2, 29))
    (datetime.date(2024, 1, 2), datetime.date(2023, 3, 1))
    >>> period_first_day(("lifetime", 0), date(2024, 1, 31)) is None
    True
    """
    kind, length = period
    if kind == "lifetime":
        return None
    before = as_of - timedelta(days=length) if kind == "days" else months_before(as_of, length)
    return before + timedelta(days=1)


@cache
def longest_span(period: tuple[str, int]) -> int | None:
    """Return how many days a period has at most, its last day included; None for the whole life.

    >>> longest_span(("days", 30)), longest_span(("months", 1)), longest_span(("months", 12))
    (30, 31, 366)
    >>> longest_span(("months", 2)), longest_span(("months", 1200)), longest_span(("lifetime", 0))
    (62, 36525, None)
    """
    kind, length = period
    if kind == "lifetime":
        return None
    if kind == "days":
        return length
    days = (LEAP_CYCLE_START + timedelta(days=n) for n in range(LEAP_CYCLE_DAYS))
    return max((day - months_before(day, length)).days for day in days)


class Every(StrEnum):
    """How often history is kept: the step of the history calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


def is_tracked(day: date, every: Every) -> bool:
    """Return whether the day is on the history calendar: Sunday, last day of the month or of the quarter.

    >>> [is_tracked(date(2011, 12, 31), every) for every in Every]
    [True, False, True, True]
    >>> [is_tracked(date(2011, 11, 30), every) for every in Every]
    [True, False, True, False]
    """
    if every is Every.WEEK:
        return day.isoweekday() == 7
    if every is Every.MONTH:
        return is_month_end(day)
    if every is Every.QUARTER:
        return is_month_end(day) and day.month % 3 == 0
    return True


@dataclass(frozen=True, order=True)
class DayRange:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise UsageError("--from/--to", f"{self.first} is after {self.last}", "--from on or before --to")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def months(self) -> list[date]:
        """Return the first day of every month that the range touches.

        >>> DayRange(date(2011, 11, 30), date(2012, 1, 2)).months()
        [datetime.date(2011, 11, 1), datetime.date(2011, 12, 1), datetime.date(2012, 1, 1)]
        """
        return sorted({month_of(day) for day in self})

    def steps(self, every: Every) -> list[date]:
        """Return the days of the range that are on the history calendar, in order.

        >>> [str(day) for day in DayRange(date(2024, 1, 31), date(2024, 3, 30)).steps(Every.MONTH)]
        ['2024-01-31', '2024-02-29']
        """
        return [day for day in self if is_tracked(day, every)]
