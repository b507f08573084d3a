"""The verb `migration`: how many members went from which segment to which between any two published dates."""

from collections.abc import Mapping, Sequence
from datetime import date

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.errors import UsageError
from rfm_spark.history.links import renames_of
from rfm_spark.history.migration import migration_matrix
from rfm_spark.steps.dates.results import segment_result
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.track import demand_known_sets
from rfm_spark.text import aligned

NOWHERE = "(not in the set)"
Moves = Mapping[tuple[str | None, str | None], int]


def perform(job: Job) -> Outcome:
    """Tell the moves of every active set, or of those that `--segment-set` names."""
    demand_known_sets(job)
    days = job.request.as_of_range()
    demand_published(job, (days.first, days.last))
    members, renames = job.store.read(MEMBER_SEGMENT), renames_of(job.config.segment_sets)
    lines: list[str] = []
    for name in job.request.segment_sets or job.config.active_segment_sets:
        demand_set(job, name, (days.first, days.last))
        rows = migration_matrix(members, name, days.first, days.last, renames).collect()
        moves = {(row[c.FROM_SEGMENT], row[c.TO_SEGMENT]): row[c.MEMBER_COUNT] for row in rows}
        lines += [name, *table(moves, job.config.segment_sets[name].segments)]
    return Outcome(Status.DONE, f"moves from {days.first} to {days.last}", lines=tuple(lines))


def demand_published(job: Job, days: Sequence[date]) -> None:
    """Fail where a date does not exist for readers."""
    published = job.log.book.published_dates()
    for day in days:
        if day not in published:
            raise UsageError(f"{day}", "the date is not published", "a published date", f"rfm-spark run --as-of {day}")


def demand_set(job: Job, name: str, days: Sequence[date]) -> None:
    """Fail where a date was published without the set."""
    for day in days:
        if not has_set(job, name, day):
            step = f"rfm-spark run --as-of {day}, or leave the set out"
            raise UsageError(f"{day}", f"published without segment set {name}", "a date that has it", step)


def has_set(job: Job, name: str, day: date) -> bool:
    """Return whether a date was published with the set, under its name of today or its former one."""
    former, held = job.config.segment_sets[name].formerly, job.log.book.state(day)
    return segment_result(name) in held or segment_result(former or name) in held


def table(moves: Moves, segments: Sequence[str]) -> list[str]:
    """Return one line per way that somebody took, from the segment to the segment, in the order of the set.

    >>> print("\\n".join(table({("new", "vip"): 3, ("vip", "vip"): 7, (None, "new"): 2}, ("vip", "new"))))
      from              to   members
      vip               vip        7
      new               vip        3
      (not in the set)  new        2
    """
    order = {name: place for place, name in enumerate(segments)}

    def place(segment: str | None) -> tuple[int, str]:
        return (order.get(segment or "", len(order)) if segment else len(order) + 1, segment or "")

    ways = sorted(moves, key=lambda way: (place(way[0]), place(way[1])))
    rows = [(before or NOWHERE, after or NOWHERE, f"{moves[before, after]:,}") for before, after in ways]
    return aligned([("from", "to", "members"), *rows], words=2)
