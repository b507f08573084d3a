"""Which two dates of a segment set history compares, and which of these comparisons have to be made again.

No Spark: everything here is known from run_log and the configuration. The result depends only on which sets are
published at which dates, never on the order in which they were computed.
"""

import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from rfm_spark.config.model import SegmentSet


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
class Renames:
    """Today's names by the former ones: of sets, and of the segments of each set (by the set's name today)."""

    sets: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def set_today(self, name: str) -> str:
        """Return today's name of a set."""
        return self.sets.get(name, name)

    def segments_of(self, today: str) -> Mapping[str, str]:
        """Return today's names of the renamed segments of a set."""
        return self.segments.get(today, {})


def renames_of(segment_sets: Mapping[str, SegmentSet]) -> Renames:
    """Return every renaming that the declared sets, active or not, tell of."""
    return Renames(
        {one.formerly: name for name, one in segment_sets.items() if one.formerly is not None},
        {name: dict(one.renamed_segments()) for name, one in segment_sets.items() if one.renamed_segments()},
    )


@dataclass(frozen=True)
class PublishedSet:
    """The segments of one set at one published as-of date, as run_log knows them, under the name of then."""

    segment_set: str
    as_of: date
    run_id: str
    definition_hash: str
    config_hash: str
    ingest_no: int | None = None


@dataclass(frozen=True)
class LinkRecord:
    """What a link was made from, as `track` keeps it in run_log: another record means another result."""

    previous_as_of_date: date | None
    previous_run_id: str | None
    segment_run_id: str | None
    definition_hash: str


@dataclass(frozen=True)
class Link:
    """One tracked date of one set (today's name) and the previous tracked date of that set.

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
    renamed: tuple[tuple[str, str], ...] = ()
    """Former and today's names of the set's segments, in order."""

    @property
    def key(self) -> tuple[str, date]:
        """Return what names the link: the set and the later date."""
        return self.segment_set, self.as_of

    @property
    def previous(self) -> date | None:
        """Return the earlier date, None at the first of the set."""
        return self.before.as_of if self.before else None

    @property
    def known_cause(self) -> Cause | None:
        """Return the cause that all moves of the link have, None where each has its own."""
        if self.before is None:
            return Cause.FIRST
        if self.after is None or self.after.definition_hash != self.before.definition_hash:
            return Cause.DEFINITION
        return None

    @property
    def record(self) -> LinkRecord:
        """Return everything that decides the link's rows; the hash has what run ids do not say, renamings too."""
        return LinkRecord(
            self.previous,
            self.before.run_id if self.before else None,
            self.after.run_id if self.after else None,
            _hash([_basis(self.before), _basis(self.after), self.renamed]),
        )


@dataclass(frozen=True)
class LinkPlan:
    """What `track` has to do: links whose rows are written again, and keys whose rows go."""

    dirty: tuple[Link, ...]
    unwanted: tuple[tuple[str, date], ...]

    @property
    def keys(self) -> tuple[tuple[str, date], ...]:
        """Return set and date of every partition of segment_transition that changes, in order."""
        return tuple(sorted({*(link.key for link in self.dirty), *self.unwanted}))


def wanted_links(published: Iterable[PublishedSet], tracked: Iterable[date], renames: Renames) -> list[Link]:
    """Return every link that history has, by set and date.

    `tracked`: all published as-of dates on the history calendar, whatever sets they have; segments published at
    other dates are left out. A set that lacks a date in the middle of its life has no link there; one that lacks the
    last dates is closed at the first of them. Former names of a set are one chain with today's; where a date has
    both, today's name counts.

    | set  | Jan | Feb | Mar | Apr | links                       |
    |------|-----|-----|-----|-----|-----------------------------|
    | life | yes |     | yes | yes | -> Jan, Jan->Mar, Mar->Apr  |
    | tier | yes | yes |     |     | -> Jan, Jan->Feb, Feb-> Mar |
    """
    days = sorted(set(tracked))
    is_tracked = set(days)
    chains: defaultdict[str, dict[date, PublishedSet]] = defaultdict(dict)
    for one in sorted(published, key=lambda one: one.segment_set not in renames.sets):
        if one.as_of in is_tracked:
            chains[renames.set_today(one.segment_set)][one.as_of] = one
    return [link for name in sorted(chains) for link in _chain_links(name, chains[name], days, renames)]


def _chain_links(name: str, chain: Mapping[date, PublishedSet], days: Sequence[date], renames: Renames) -> list[Link]:
    renamed = tuple(sorted(renames.segments_of(name).items()))
    before: PublishedSet | None = None
    links = []
    for day in sorted(chain):
        links.append(Link(name, day, before, chain[day], renamed))
        before = chain[day]
    after_last = bisect_right(days, max(chain))
    if after_last < len(days):
        links.append(Link(name, days[after_last], before, None, renamed))
    return links


def plan_links(wanted: Iterable[Link], recorded: Mapping[tuple[str, date], LinkRecord]) -> LinkPlan:
    """Return the links that are not recorded as they are wanted, and the recorded keys that are wanted no more.

    `recorded`: by set and date, from the deciding rows of `track` in run_log.
    """
    links = list(wanted)
    keys = {link.key for link in links}
    dirty = tuple(link for link in links if recorded.get(link.key) != link.record)
    return LinkPlan(dirty, tuple(sorted(key for key in recorded if key not in keys)))


def _basis(side: PublishedSet | None) -> list[object] | None:
    return None if side is None else [side.segment_set, side.definition_hash, side.config_hash, side.ingest_no]


def _hash(data: object) -> str:
    """Return the first 32 hex digits of SHA-256 over JSON, as definition_hash has."""
    return hashlib.sha256(json.dumps(data, ensure_ascii=False).encode()).hexdigest()[:32]
