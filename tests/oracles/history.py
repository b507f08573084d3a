"""History by walking through every member's life, date by date."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from rfm_spark.config.model import SegmentSet, Window
from tests.oracles.facts import OPEN_END, ZERO, member_days
from tests.oracles.lines import Event, Line
from tests.oracles.scores import frozen_from, score_windows
from tests.oracles.segments import assign

Members = Mapping[int, str]
States = Mapping[tuple[str, date], Members]
"""The segments of every member, by set and published date."""


class Transition(NamedTuple):
    """A member whose segment differs from the set's previous date."""

    segment_set: str
    as_of: date
    member_id: int
    previous: date | None
    from_segment: str | None
    to_segment: str | None


class Interval(NamedTuple):
    """An unbroken stay of a member in one segment."""

    segment_set: str
    member_id: int
    valid_from: date
    valid_to: date
    segment: str
    previous_segment: str | None
    previous_valid_from: date | None


def life_of_set(states: States, segment_set: str, tracked: Iterable[date]) -> list[tuple[date, Members]]:
    """Return the dates of a set with its members, and nobody at the first tracked date after its last."""
    life = [(day, members) for (name, day), members in states.items() if name == segment_set]
    life.sort(key=lambda entry: entry[0])
    later = [day for day in tracked if day > life[-1][0]]
    return [*life, (min(later), {})] if later else life


def transitions(states: States, tracked: Iterable[date]) -> set[Transition]:
    """Return every move; `tracked` are all published dates on the history calendar."""
    days = list(tracked)
    moves = set()
    for segment_set in {name for name, _ in states}:
        previous, before = None, {}
        for day, members in life_of_set(states, segment_set, days):
            for member in before.keys() | members.keys():
                old, new = before.get(member), members.get(member)
                if old != new:
                    moves.add(Transition(segment_set, day, member, previous, old, new))
            previous, before = day, members
    return moves


def intervals(states: States, tracked: Iterable[date]) -> set[Interval]:
    """Return every stay, from the states themselves and not from the moves between them."""
    days = list(tracked)
    stays = set()
    for segment_set in {name for name, _ in states}:
        life = life_of_set(states, segment_set, days)
        for member in {member for _, members in life for member in members}:
            stays |= set(_stays(segment_set, member, [(day, members.get(member)) for day, members in life]))
    return stays


def _stays(segment_set: str, member: int, story: list[tuple[date, str | None]]) -> Iterable[Interval]:
    """Return the stays of one member, whose segment at each date of the set the story tells."""
    runs: list[tuple[date, date, str | None]] = []
    for position, (day, segment) in enumerate(story):
        until = story[position + 1][0] if position + 1 < len(story) else OPEN_END
        if runs and runs[-1][2] == segment:
            runs[-1] = (runs[-1][0], until, segment)
        else:
            runs.append((day, until, segment))
    present = [(start, end, segment) for start, end, segment in runs if segment is not None]
    for position, (start, end, segment) in enumerate(present):
        others = [run for run in present[:position] if run[2] != segment]
        before = others[-1] if others else (None, None, None)
        yield Interval(segment_set, member, start, end, segment, before[2], before[0])


def migration(
    moves: Iterable[tuple[Transition, str]], amounts: Mapping[tuple[str, date, int], Decimal]
) -> dict[tuple[str, date, date | None, str | None, str | None, str], tuple[int, Decimal]]:
    """Return members and net amount of every way between two segments; `moves` with their cause."""
    counted: defaultdict[tuple[str, date, date | None, str | None, str | None, str], list[Decimal]] = defaultdict(list)
    for move, of_cause in moves:
        way = (move.segment_set, move.as_of, move.previous, move.from_segment, move.to_segment, of_cause)
        counted[way].append(amounts.get((move.segment_set, move.as_of, move.member_id), ZERO))
    return {way: (len(found), sum(found, ZERO)) for way, found in counted.items()}


def dwell(stays: Iterable[Interval]) -> dict[tuple[str, str], tuple[int, int | None, int]]:
    """Return closed stays, their days together and members still there, by set and segment."""
    grouped: defaultdict[tuple[str, str], list[Interval]] = defaultdict(list)
    for stay in stays:
        grouped[stay.segment_set, stay.segment].append(stay)
    result = {}
    for place, found in grouped.items():
        days = [(stay.valid_to - stay.valid_from).days for stay in found if stay.valid_to != OPEN_END]
        result[place] = (len(days), sum(days) if days else None, len(found) - len(days))
    return result


Place = Callable[[date, date, date], Members]
"""The segments of all members, from the facts valid at the first date, with every window ending at the second, under
the boundaries that today's facts give at the third."""


def cause(
    move: Transition, published: Mapping[date, Members], definitions: Mapping[date, str | None], place: Place
) -> str:
    """Return the first cause that holds of one move.

    `published` and `definitions`: what was published of the set, by date; no definition means that the set was closed.
    """
    if move.previous is None:
        return "first"
    if definitions.get(move.as_of) is None or definitions[move.previous] != definitions[move.as_of]:
        return "definition"
    earlier, later, member = move.previous, move.as_of, move.member_id
    for day in (earlier, later):
        if place(day, day, day).get(member) != published[day].get(member):
            return "correction"
    if move.from_segment is None:
        return "entered"
    if move.to_segment is None:
        return "left"
    old_facts = place(earlier, later, earlier).get(member)
    new_facts = place(later, later, earlier).get(member)
    if new_facts == move.from_segment:
        return "boundary"
    return "ageing" if new_facts == old_facts else "behaviour"


def shopper_places(
    segment_set: SegmentSet,
    windows: Mapping[str, Window],
    lines: Sequence[Line],
    events: Sequence[Event],
    refunds: str = "attribute_to_order",
) -> Place:
    """Return where a set puts members, told by the lines alone: those after the first date are thrown away."""

    def by(known: date) -> list[Line]:
        return [line for line in lines if line.day <= known]

    @cache
    def place(known: date, ends: date, boundaries_of: date) -> Members:
        facts = member_days(by(known), refunds)
        found = frozen_from(member_days(by(boundaries_of), refunds), windows.values(), boundaries_of)
        scored = score_windows(facts, windows.values(), ends, found)
        seen = [event for event in events if event.day <= known]
        return assign(segment_set, windows, scored, facts, by(known), seen, ends)

    return place
