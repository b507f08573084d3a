"""Which dates are compared with which."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from rfm_spark.history.comparisons import Cause, Comparison, HistoryPlan, PublishedSet, wanted_comparisons

JAN, FEB, MAR, APR = (date(2024, month, day) for month, day in ((1, 31), (2, 29), (3, 31), (4, 30)))


def published(name: str, *days: date, run: str = "run", definition: str = "one") -> list[PublishedSet]:
    return [PublishedSet(name, day, f"{run}-{day}", definition, "config", 1) for day in days]


def shape(comparisons: Iterable[Comparison]) -> list[tuple[str, date | None, date, bool]]:
    return [(one.segment_set, one.previous, one.as_of, one.after is not None) for one in comparisons]


def test_each_date_is_compared_with_the_previous_one_of_its_set() -> None:
    sets = published("life", JAN, MAR, APR)
    assert shape(wanted_comparisons(sets, [JAN, FEB, MAR, APR])) == [
        ("life", None, JAN, True),
        ("life", JAN, MAR, True),
        ("life", MAR, APR, True),
    ]


def test_a_set_that_left_is_closed_at_the_first_tracked_date_after_its_last() -> None:
    sets = published("life", JAN, FEB, MAR, APR) + published("tier", JAN, FEB)
    of_tier = [one for one in wanted_comparisons(sets, [JAN, FEB, MAR, APR]) if one.segment_set == "tier"]
    assert shape(of_tier) == [("tier", None, JAN, True), ("tier", JAN, FEB, True), ("tier", FEB, MAR, False)]
    assert [one.known_cause for one in of_tier] == [Cause.FIRST, None, Cause.DEFINITION]


def test_a_set_that_returns_is_open_again() -> None:
    assert shape(wanted_comparisons(published("tier", JAN, MAR), [JAN, FEB, MAR])) == [
        ("tier", None, JAN, True),
        ("tier", JAN, MAR, True),
    ]


def test_segments_of_a_date_off_the_calendar_are_no_history() -> None:
    assert shape(wanted_comparisons(published("life", JAN, date(2024, 2, 11)), [JAN])) == [("life", None, JAN, True)]


def test_a_changed_definition_is_known_to_be_the_cause() -> None:
    sets = published("life", JAN) + published("life", FEB, definition="two")
    assert [one.known_cause for one in wanted_comparisons(sets, [JAN, FEB])] == [Cause.FIRST, Cause.DEFINITION]


def test_another_name_is_another_set() -> None:
    sets = published("stage", JAN, FEB) + published("life", MAR)
    assert shape(wanted_comparisons(sets, [JAN, FEB, MAR])) == [
        ("life", None, MAR, True),
        ("stage", None, JAN, True),
        ("stage", JAN, FEB, True),
        ("stage", FEB, MAR, False),
    ]


def test_another_ingest_under_the_same_run_id_is_another_comparison() -> None:
    [old] = published("life", JAN)
    [before], [after] = (wanted_comparisons([one], [JAN]) for one in (old, replace(old, ingest_no=2)))
    assert before.inputs == after.inputs
    assert before.definition_hash != after.definition_hash


def test_a_plan_for_one_set_leaves_the_others() -> None:
    plan = HistoryPlan(
        tuple(wanted_comparisons(published("life", JAN) + published("tier", JAN), [JAN])), (("life", FEB),)
    )
    assert plan.of_sets(["life"]).keys == (("life", JAN), ("life", FEB))
    assert plan.of_sets([]) == plan


def test_comparisons_do_not_depend_on_the_order_of_what_is_published() -> None:
    chance = random.Random(11)
    days = [JAN, FEB, MAR, APR]
    for _ in range(200):
        sets = [
            one for name in ("a", "b", "c") for day in days if chance.random() < 0.6 for one in published(name, day)
        ]
        tracked = sorted({one.as_of for one in sets})
        expected = wanted_comparisons(sets, tracked)
        chance.shuffle(sets)
        chance.shuffle(tracked)
        assert wanted_comparisons(sets, tracked) == expected
        assert len({one.key for one in expected}) == len(expected)
