"""The naive twin of history, on lives short enough to check by eye."""

from datetime import date
from decimal import Decimal

import pytest

from rfm_spark.config.model import MetricScoring, SegmentRule, SegmentSet, Window
from rfm_spark.config.source import Rule
from tests.oracles.facts import OPEN_END
from tests.oracles.history import (
    Interval,
    Transition,
    cause,
    dwell,
    intervals,
    migration,
    shopper_places,
    transitions,
)
from tests.oracles.lines import Line

JAN, FEB, MAR, APR = (date(2024, month, day) for month, day in ((1, 31), (2, 29), (3, 31), (4, 30)))
MOVE = Transition("life", FEB, 1, JAN, "a", "b")


def test_a_member_appears_changes_leaves_and_returns() -> None:
    states = {("life", JAN): {1: "a"}, ("life", FEB): {1: "b"}, ("life", MAR): {}, ("life", APR): {1: "b"}}
    assert transitions(states, [JAN, FEB, MAR, APR]) == {
        Transition("life", JAN, 1, None, None, "a"),
        Transition("life", FEB, 1, JAN, "a", "b"),
        Transition("life", MAR, 1, FEB, "b", None),
        Transition("life", APR, 1, MAR, None, "b"),
    }
    assert intervals(states, [JAN, FEB, MAR, APR]) == {
        Interval("life", 1, JAN, FEB, "a", None, None),
        Interval("life", 1, FEB, MAR, "b", "a", JAN),
        Interval("life", 1, APR, OPEN_END, "b", "a", JAN),
    }


def test_a_set_that_lacks_a_date_has_an_unbroken_stay_and_one_that_ended_is_closed() -> None:
    states = {("life", JAN): {1: "a"}, ("life", MAR): {1: "a"}, ("tier", JAN): {1: "x"}}
    assert intervals(states, [JAN, FEB, MAR]) == {
        Interval("life", 1, JAN, OPEN_END, "a", None, None),
        Interval("tier", 1, JAN, FEB, "x", None, None),
    }


def test_migration_counts_ways_and_the_amounts_of_the_movers() -> None:
    moves = [(MOVE, "ageing"), (MOVE._replace(member_id=2), "ageing"), (MOVE._replace(member_id=3), "boundary")]
    amounts = {("life", FEB, 1): Decimal("5.5000"), ("life", FEB, 3): Decimal("-1.0000")}
    assert migration(moves, amounts) == {
        ("life", FEB, JAN, "a", "b", "ageing"): (2, Decimal("5.5000")),
        ("life", FEB, JAN, "a", "b", "boundary"): (1, Decimal("-1.0000")),
    }


def test_dwell_adds_up_closed_stays_and_counts_open_ones() -> None:
    stays = [
        Interval("life", 1, JAN, FEB, "a", None, None),
        Interval("life", 2, JAN, MAR, "a", None, None),
        Interval("life", 3, JAN, OPEN_END, "a", None, None),
        Interval("life", 3, JAN, OPEN_END, "b", None, None),
    ]
    assert dwell(stays) == {("life", "a"): (2, 89, 1), ("life", "b"): (0, None, 1)}


@pytest.mark.parametrize(
    ("old_facts", "new_facts", "expected"),
    [
        ("a", "a", "boundary"),
        ("b", "a", "boundary"),
        ("b", "b", "ageing"),
        ("a", "b", "behaviour"),
        ("b", "c", "behaviour"),
    ],
)
def test_who_is_in_both_sets_moved_by_boundaries_by_time_or_by_buying(
    old_facts: str, new_facts: str, expected: str
) -> None:
    places = {(JAN, JAN, JAN): "a", (FEB, FEB, FEB): "b", (JAN, FEB, JAN): old_facts, (FEB, FEB, JAN): new_facts}
    published = {JAN: {1: "a"}, FEB: {1: "b"}}
    found = cause(MOVE, published, {JAN: "d", FEB: "d"}, lambda *place: {1: places[place]})
    assert found == expected


def test_what_holds_for_the_whole_date_comes_before_what_holds_for_the_member() -> None:
    published = {JAN: {1: "a"}, FEB: {1: "b"}}
    wrong = lambda *_: {1: "other"}  # noqa: E731  # one line tells the story
    assert cause(MOVE._replace(previous=None), published, {FEB: "d"}, wrong) == "first"
    assert cause(MOVE, published, {JAN: "d", FEB: "e"}, wrong) == "definition"
    assert cause(MOVE, published, {JAN: "d"}, wrong) == "definition"
    assert cause(MOVE, published, {JAN: "d", FEB: "d"}, wrong) == "correction"


def test_entering_and_leaving_come_after_a_correction() -> None:
    entered, left = MOVE._replace(from_segment=None), MOVE._replace(to_segment=None)
    definitions = {JAN: "d", FEB: "d"}
    as_published = {JAN: {}, FEB: {1: "b"}}
    assert cause(entered, as_published, definitions, lambda known, *_: as_published[known]) == "entered"
    assert cause(entered, as_published, definitions, lambda *_: {1: "b"}) == "correction"
    as_published = {JAN: {1: "a"}, FEB: {}}
    assert cause(left, as_published, definitions, lambda known, *_: as_published[known]) == "left"


def sale(member_id: int, day: date, amount: str = "10.0000") -> Line:
    return Line("shop", member_id, day, "sale", Decimal(amount), order_id=f"{member_id}-{day}")


def test_a_shop_of_five_tells_every_cause() -> None:
    """F of the year in two halves by ntile, together: high at D0 from 2 orders on, at D1 from 3 on."""
    year = Window("year", days=60, frequency_scoring=MetricScoring(bins=2))
    rules = (SegmentRule("often", Rule({"f": 2}, "here")), SegmentRule("seldom", Rule({"f": 1}, "here")))
    often = SegmentSet("often", "year", rules, lapsed="gone")
    earlier, later = date(2024, 3, 31), date(2024, 4, 30)
    lines = [
        *(sale(1, date(2024, 3, day)) for day in (10, 11)),
        *(sale(2, date(2024, 2, day)) for day in (10, 11)),
        sale(3, date(2024, 3, 20)),
        sale(4, date(2024, 3, 21)),
        *(sale(3, date(2024, 4, day)) for day in (5, 6)),
        *(sale(5, date(2024, 4, day)) for day in (7, 8, 9)),
    ]
    place = shopper_places(often, {"year": year}, lines, [])
    published = {day: place(day, day, day) for day in (earlier, later)}
    states = {("often", day): members for day, members in published.items()}
    found = {
        move.member_id: (move.from_segment, move.to_segment, cause(move, published, {earlier: "d", later: "d"}, place))
        for move in transitions(states, [earlier, later])
        if move.as_of == later
    }
    assert found == {
        1: ("often", "seldom", "boundary"),
        2: ("often", "gone", "ageing"),
        3: ("seldom", "often", "behaviour"),
        5: (None, "often", "entered"),
    }
