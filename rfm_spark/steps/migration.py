"""The verb `migration`: how many members went from which segment to which between any two published dates."""

from collections.abc import Mapping, Sequence

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.history.migration import migration_matrix
from rfm_spark.steps.dates.published import require_published, require_set
from rfm_spark.steps.dates.segments import require_active_sets
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import AS_OF, FROM, SEGMENT_SET, TO, Verb
from rfm_spark.text import aligned

VERB = Verb(
    help="count who went from which segment to which between two dates",
    flags=(
        AS_OF.meaning("not needed here: name --from and --to"),
        FROM.meaning("the earlier of the two dates"),
        TO.meaning("the later of the two dates"),
        SEGMENT_SET,
    ),
    never="changes a table",
    has_lines=True,
)
NOWHERE = "(not in the set)"
Moves = Mapping[tuple[str | None, str | None], int]


def perform(job: Job) -> Outcome:
    """Count the moves of every active set, or of those that `--segment-set` names."""
    require_active_sets(job.config, job.request.segment_sets)
    days = job.request.as_of_range()
    ends = (days.first, days.last)
    require_published(job.ledger, ends)
    members = job.store.read(MEMBER_SEGMENT)
    lines: list[str] = []
    for name in job.request.segment_sets or job.config.active_segment_sets:
        require_set(job.ledger.book, name, ends)
        rows = migration_matrix(members, name, days.first, days.last).collect()
        moves = {(row[c.FROM_SEGMENT], row[c.TO_SEGMENT]): row[c.MEMBER_COUNT] for row in rows}
        lines += [name, *table(moves, job.config.segment_sets[name].segments)]
    return Outcome(Status.DONE, f"moves from {days.first} to {days.last}", lines=tuple(lines))


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
