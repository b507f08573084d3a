"""Which two dates of a segment set history compares.

No Spark: everything here is known from run_log and published_date. The result depends only on which sets are published
at which dates, never on the order in which they were computed.
"""

import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rfm_spark.contracts.tables import MEMBER_SEGMENT


class Cause(StrEnum):
    """Why a member moved; the first that holds, in this order."""

    FIRST = "first"
    DEFINITION = "definition"
    CORRECTION = "correction"
    ENTERED = "entered"
    LEFT = "left"
    BOUNDARY = "boundary"
    AGEING = "ageing"
    BEHAVIOUR = "behaviour"


@dataclass(frozen=True)
class PublishedSet:
    """The segments of one set at one as-of date, as run_log knows them."""

    segment_set: str
    as_of: date
    run_id: str
    definition_hash: str
    config_hash: str
    ingest_no: int | None = None

    @property
    def basis(self) -> list[object]:
        """Return everything about the segments that decides who moved and why, beside the run that made them."""
        return [self.segment_set, self.definition_hash, self.config_hash, self.ingest_no]


Key = tuple[str, date]
"""A segment set and a tracked date: the rows of history that are written together."""


@dataclass(frozen=True)
class Comparison:
    """One tracked date of one set against the previous tracked date of that set.

    | before | after | the date                                                 |
    |--------|-------|----------------------------------------------------------|
    | None   | given | the first of the set: everybody appears                  |
    | given  | given | who changed between the two                              |
    | given  | None  | the first tracked date without the set: everybody leaves |
    """

    segment_set: str
    as_of: date
    before: PublishedSet | None
    after: PublishedSet | None

    @property
    def key(self) -> Key:
        """Return what names the comparison: the set and the later date."""
        return self.segment_set, self.as_of

    @property
    def previous(self) -> date | None:
        """Return the earlier date, None at the first of the set."""
        return self.before.as_of if self.before else None

    @property
    def sides(self) -> list[PublishedSet]:
        """Return the segments that are compared."""
        return [side for side in (self.before, self.after) if side is not None]

    @property
    def known_cause(self) -> Cause | None:
        """Return the cause that all moves of the comparison have, None where each has its own."""
        if self.before is None:
            return Cause.FIRST
        if self.after is None or self.after.definition_hash != self.before.definition_hash:
            return Cause.DEFINITION
        return None

    @property
    def definition_hash(self) -> str:
        """Return the hash of what decides the moves and their causes, beside the runs that made the segments.

        It is the first 32 hex digits of SHA-256 over JSON.
        """
        text = json.dumps([side and side.basis for side in (self.before, self.after)], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def inputs(self) -> dict[str, str]:
        """Return the runs that made the segments of the two dates."""
        return {f"{MEMBER_SEGMENT.name}/{side.segment_set} at {side.as_of}": side.run_id for side in self.sides}


@dataclass(frozen=True)
class HistoryPlan:
    """What history lacks: comparisons whose rows are written again, and keys whose rows go."""

    to_write: tuple[Comparison, ...] = ()
    to_delete: tuple[Key, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return set and date of every partition of segment_transition that changes, in order."""
        return tuple(sorted({*(one.key for one in self.to_write), *self.to_delete}))

    @property
    def dates(self) -> tuple[date, ...]:
        """Return the tracked dates whose transitions change."""
        return tuple(sorted({day for _, day in self.keys}))

    def of_sets(self, sets: Sequence[str]) -> "HistoryPlan":
        """Return the part of the plan that is about these sets; all of it for none."""
        if not sets:
            return self
        to_write = tuple(one for one in self.to_write if one.segment_set in sets)
        return HistoryPlan(to_write, tuple(key for key in self.to_delete if key[0] in sets))


def wanted_comparisons(published: Iterable[PublishedSet], tracked: Iterable[date]) -> list[Comparison]:
    """Return every comparison that history has, by set and date.

    `tracked`: all published as-of dates on the history calendar, whatever sets they have; segments published at other
    dates are left out. A set that lacks a date in the middle of its life has no comparison there; one that lacks the
    last dates is closed at the first of them.

    | set  | Jan | Feb | Mar | Apr | comparisons                 |
    |------|-----|-----|-----|-----|-----------------------------|
    | life | yes |     | yes | yes | -> Jan, Jan->Mar, Mar->Apr  |
    | tier | yes | yes |     |     | -> Jan, Jan->Feb, Feb-> Mar |

    >>> days = [date(2024, month, 28) for month in (1, 2, 3, 4)]
    >>> there = [PublishedSet("life", days[n], "run", "f00", "c00") for n in (0, 2, 3)]
    >>> there += [PublishedSet("tier", days[n], "run", "f00", "c00") for n in (0, 1)]
    >>> for one in wanted_comparisons(there, days):
    ...     print(one.segment_set, one.previous and one.previous.month, one.as_of.month, one.after is None)
    life None 1 False
    life 1 3 False
    life 3 4 False
    tier None 1 False
    tier 1 2 False
    tier 2 3 True
    """
    days = sorted(set(tracked))
    is_tracked = set(days)
    chains: defaultdict[str, dict[date, PublishedSet]] = defaultdict(dict)
    for one in published:
        if one.as_of in is_tracked:
            chains[one.segment_set][one.as_of] = one
    return [one for name in sorted(chains) for one in _chain(name, chains[name], days)]


def _chain(name: str, chain: Mapping[date, PublishedSet], days: Sequence[date]) -> list[Comparison]:
    before: PublishedSet | None = None
    found = []
    for day in sorted(chain):
        found.append(Comparison(name, day, before, chain[day]))
        before = chain[day]
    after_last = bisect_right(days, max(chain))
    if after_last < len(days):
        found.append(Comparison(name, days[after_last], before, None))
    return found
