"""The lines by which `plan` tells of many dates: one per date and result, but dates alike in a row in one."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from rfm_spark.history.links import Link, LinkPlan

ALIKE = 12
"""So many dates in a row, a year of month ends, are told one by one, also where the same is said of all."""


def date_lines(told: Mapping[date, Sequence[str]]) -> list[str]:
    """Return what is told of each date, behind the date; of many alike in a row it is told once.

    >>> days = [date(2024, 1, day) for day in range(1, 15)]
    >>> date_lines({day: ["rfm_score/year  missing"] for day in days})
    ['2024-01-01 to 2024-01-14 (14 dates)  rfm_score/year  missing']
    >>> date_lines({days[0]: ["rfm_score/year  missing"]})
    ['2024-01-01  rfm_score/year  missing']
    """
    lines = []
    for same, alike in groupby(told, lambda day: tuple(told[day])):
        days = list(alike)
        heads = [f"{days[0]} to {days[-1]} ({len(days)} dates)"] if len(days) > ALIKE else [str(day) for day in days]
        lines += [f"{head}  {line}" for head in heads for line in same]
    return lines


def history_lines(plan: LinkPlan) -> list[str]:
    """Return what history needs: per set and date the transitions to make or take away."""
    links: Mapping[tuple[str, date], Link] = {link.key: link for link in plan.dirty}
    by_set: dict[str, list[date]] = {}
    for name, day in plan.keys:
        by_set.setdefault(name, []).append(day)
    lines = []
    for name, days in by_set.items():
        earlier = dict(zip(days[1:], days, strict=False))
        what = {day: against(links.get((name, day)), earlier.get(day), len(days) > ALIKE) for day in days}
        lines += date_lines({day: [f"segment_transition/{name}  to track: {what[day]}"] for day in days})
    return lines


def against(link: Link | None, before: date | None, are_many: bool) -> str:
    """Return what a date of a set is compared with; of many dates in a row not each by name.

    >>> from rfm_spark.history.links import PublishedSet
    >>> january = PublishedSet("tier", date(2024, 1, 31), "run 1", "f00", "c00")
    >>> february = Link("tier", date(2024, 2, 29), january, None)
    >>> against(None, None, False), against(february, date(2024, 1, 31), False)
    ('no longer wanted', 'against 2024-01-31')
    >>> against(february, date(2024, 1, 31), True)
    'against the date before'
    """
    if link is None:
        return "no longer wanted"
    if are_many and before is not None and link.previous == before:
        return "against the date before"
    return f"against {link.previous or 'no earlier date'}"
