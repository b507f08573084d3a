"""Which later date tells what became of the members of a tracked date, 30, 90, 180 and 365 days on."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta

from rfm_spark.dates import DayRange, Every, tracked_days

DAYS_LATER = (30, 90, 180, 365)


def later_dates(dates: Sequence[date], every: Every) -> list[tuple[date, int, date]]:
    """Return date, days later and the last tracked date on or before that day, where that day is not still to come.

    `dates` are the tracked dates of a set, in order. A date is asked about as soon as no date of the calendar is
    missing between the newest and the day asked for; the same date never tells about itself.

    | dates, monthly          | asked        | later date |
    |-------------------------|--------------|------------|
    | 01-31, 02-29            | 01-31 + 30   | 02-29      |
    | 01-31, 02-29            | 01-31 + 90   | not yet    |
    | 01-31, 04-30            | 01-31 + 90   | 04-30      |

    >>> january, february = date(2024, 1, 31), date(2024, 2, 29)
    >>> later_dates([january, february], Every.MONTH)
    [(datetime.date(2024, 1, 31), 30, datetime.date(2024, 2, 29))]
    """
    found = []
    for day in dates:
        for days in DAYS_LATER:
            asked = day + timedelta(days=days)
            later = dates[bisect_right(dates, asked) - 1]
            if later > day and is_reached(asked, dates[-1], every):
                found.append((day, days, later))
    return found


def is_reached(asked: date, newest: date, every: Every) -> bool:
    """Return whether no date of the calendar lies after the newest and on or before the day asked for."""
    return newest >= asked or not tracked_days(DayRange(newest + timedelta(days=1), asked), every)
