"""The lines of `plan`: one per date and result, but many dates in a row that are alike in one."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from rfm_spark.history.comparisons import Comparison, HistoryPlan, Key
from rfm_spark.text import counted

ALIKE = 12
"""So many dates in a row, a year of month ends, have lines of their own, also where these are alike."""


def date_lines(said: Mapping[date, Sequence[str]]) -> list[str]:
    """Return the lines of each date, behind the date; many alike in a row are one.

    >>> days = [date(2024, 1, day) for day in range(1, 15)]
    >>> date_lines({day: ["rfm_score/year  missing"] for day in days})
    ['2024-01-01 to 2024-01-14 (14 dates)  rfm_score/year  missing']
    >>> date_lines({days[0]: ["rfm_score/year  missing"]})
    ['2024-01-01  rfm_score/year  missing']
    """
    lines = []
    for same, alike in groupby(said, lambda day: tuple(said[day])):
        days = list(alike)
        heads = (
            [f"{days[0]} to {days[-1]} ({counted(len(days), 'date')})"]
            if len(days) > ALIKE
            else [str(day) for day in days]
        )
        lines += [f"{head}  {line}" for head in heads for line in same]
    return lines


def history_lines(plan: HistoryPlan) -> list[str]:
    """Return what history needs: per set and date the transitions to write or to delete."""
    by_key: Mapping[Key, Comparison] = {one.key: one for one in plan.to_write}
    by_set: dict[str, list[date]] = {}
    for name, day in plan.keys:
        by_set.setdefault(name, []).append(day)
    lines = []
    for name, days in by_set.items():
        earlier = dict(zip(days[1:], days, strict=False))
        what = {day: against(by_key.get((name, day)), earlier.get(day), len(days) > ALIKE) for day in days}
        lines += date_lines({day: [f"segment_transition/{name}  to track: {what[day]}"] for day in days})
    return lines


def against(comparison: Comparison | None, before: date | None, are_many: bool) -> str:
    """Return what a date of a set is compared with; of many dates in a row not each by name.

    >>> from rfm_spark.history.comparisons import PublishedSet
    >>> january = PublishedSet("tier", date(2024, 1, 31), "run 1", "f00", "c00")
    >>> february = Comparison("tier", date(2024, 2, 29), january, None)
    >>> against(None, None, False), against(february, date(2024, 1, 31), False)
    ('no longer wanted', 'against 2024-01-31')
    >>> against(february, date(2024, 1, 31), True)
    'against the date before'
    """
    if comparison is None:
        return "no longer wanted"
    if are_many and before is not None and comparison.previous == before:
        return "against the date before"
    return f"against {comparison.previous or 'no earlier date'}"
