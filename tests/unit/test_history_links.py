"""Which dates are compared, and which comparisons are made again."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from rfm_spark.config.model import SegmentName, SegmentSet
from rfm_spark.history.links import Cause, Link, PublishedSet, Renames, plan_links, renames_of, wanted_links

JAN, FEB, MAR, APR = (date(2024, month, day) for month, day in ((1, 31), (2, 29), (3, 31), (4, 30)))
NO_RENAMES = Renames()


def published(name: str, *days: date, run: str = "run", definition: str = "one") -> list[PublishedSet]:
    return [PublishedSet(name, day, f"{run}-{day}", definition, "config", 1) for day in days]


def shape(links: Iterable[Link]) -> list[tuple[str, date | None, date, bool]]:
    return [(link.segment_set, link.previous, link.as_of, link.after is not None) for link in links]


def recorded(links: Iterable[Link]) -> Mapping[tuple[str, date], object]:
    return {link.key: link.record for link in links}


def test_each_date_is_compared_with_the_previous_one_of_its_set() -> None:
    sets = published("life", JAN, MAR, APR)
    assert shape(wanted_links(sets, [JAN, FEB, MAR, APR], NO_RENAMES)) == [
        ("life", None, JAN, True),
        ("life", JAN, MAR, True),
        ("life", MAR, APR, True),
    ]


def test_a_set_that_left_is_closed_at_the_first_tracked_date_after_its_last() -> None:
    sets = published("life", JAN, FEB, MAR, APR) + published("tier", JAN, FEB)
    links = [link for link in wanted_links(sets, [JAN, FEB, MAR, APR], NO_RENAMES) if link.segment_set == "tier"]
    assert shape(links) == [("tier", None, JAN, True), ("tier", JAN, FEB, True), ("tier", FEB, MAR, False)]
    assert [link.known_cause for link in links] == [Cause.FIRST, None, Cause.DEFINITION]


def test_a_set_that_returns_is_open_again_and_its_closing_goes() -> None:
    tracked = [JAN, FEB, MAR]
    away = wanted_links(published("tier", JAN), tracked, NO_RENAMES)
    back = wanted_links(published("tier", JAN, MAR), tracked, NO_RENAMES)
    plan = plan_links(back, recorded(away))
    assert shape(plan.dirty) == [("tier", JAN, MAR, True)]
    assert plan.unwanted == (("tier", FEB),)
    assert plan.keys == (("tier", FEB), ("tier", MAR))


def test_segments_of_a_date_off_the_calendar_are_no_history() -> None:
    assert shape(wanted_links(published("life", JAN, date(2024, 2, 11)), [JAN], NO_RENAMES)) == [
        ("life", None, JAN, True)
    ]


def test_a_changed_definition_is_known_to_be_the_cause() -> None:
    sets = published("life", JAN) + published("life", FEB, definition="two")
    assert [link.known_cause for link in wanted_links(sets, [JAN, FEB], NO_RENAMES)] == [
        Cause.FIRST,
        Cause.DEFINITION,
    ]


def test_a_renamed_set_is_one_chain_under_the_name_of_today() -> None:
    links = wanted_links(
        published("stage", JAN, FEB) + published("life", MAR), [JAN, FEB, MAR], Renames({"stage": "life"})
    )
    assert shape(links) == [("life", None, JAN, True), ("life", JAN, FEB, True), ("life", FEB, MAR, True)]
    assert links[2].before is not None
    assert links[2].before.segment_set == "stage"


def test_where_a_date_has_both_names_the_name_of_today_counts() -> None:
    both = published("life", JAN) + published("stage", JAN)
    for sets in (both, both[::-1]):
        [link] = wanted_links(sets, [JAN], Renames({"stage": "life"}))
        assert link.after is not None
        assert link.after.segment_set == "life"


def test_a_recomputed_date_makes_itself_and_the_next_date_dirty() -> None:
    before = wanted_links(published("life", JAN, FEB, MAR, APR), [JAN, FEB, MAR, APR], NO_RENAMES)
    sets = published("life", JAN, MAR, APR) + published("life", FEB, run="again")
    plan = plan_links(wanted_links(sets, [JAN, FEB, MAR, APR], NO_RENAMES), recorded(before))
    assert shape(plan.dirty) == [("life", JAN, FEB, True), ("life", FEB, MAR, True)]
    assert plan.unwanted == ()


def test_a_removed_date_goes_and_the_next_date_looks_further_back() -> None:
    before = wanted_links(published("life", JAN, FEB, MAR), [JAN, FEB, MAR], NO_RENAMES)
    plan = plan_links(wanted_links(published("life", JAN, MAR), [JAN, MAR], NO_RENAMES), recorded(before))
    assert shape(plan.dirty) == [("life", JAN, MAR, True)]
    assert plan.unwanted == (("life", FEB),)


def test_a_date_filled_in_later_makes_the_next_date_dirty() -> None:
    before = wanted_links(published("life", JAN, MAR), [JAN, MAR], NO_RENAMES)
    plan = plan_links(wanted_links(published("life", JAN, FEB, MAR), [JAN, FEB, MAR], NO_RENAMES), recorded(before))
    assert shape(plan.dirty) == [("life", JAN, FEB, True), ("life", FEB, MAR, True)]


def test_what_is_recorded_as_wanted_is_not_made_again() -> None:
    links = wanted_links(published("life", JAN, FEB), [JAN, FEB, MAR], NO_RENAMES)
    assert plan_links(links, recorded(links)).keys == ()


def test_a_renamed_segment_makes_every_date_of_its_set_dirty_and_no_other_set() -> None:
    sets = published("life", JAN, FEB) + published("tier", JAN, FEB)
    before = wanted_links(sets, [JAN, FEB], NO_RENAMES)
    renames = Renames(segments={"life": {"new": "fresh"}})
    plan = plan_links(wanted_links(sets, [JAN, FEB], renames), recorded(before))
    assert shape(plan.dirty) == [("life", None, JAN, True), ("life", JAN, FEB, True)]


def test_a_run_id_used_twice_does_not_hide_another_ingest() -> None:
    [old] = published("life", JAN)
    before = wanted_links([old], [JAN], NO_RENAMES)
    [link] = plan_links(wanted_links([replace(old, ingest_no=2)], [JAN], NO_RENAMES), recorded(before)).dirty
    assert link.as_of == JAN


def test_renames_are_read_from_the_declared_sets() -> None:
    names = {"fresh": SegmentName(formerly="new"), "old": SegmentName()}
    sets = {
        "life": SegmentSet("life", "year", (), names=names, formerly="stage"),
        "tier": SegmentSet("tier", "year", ()),
    }
    renames = renames_of(sets)
    assert renames == Renames({"stage": "life"}, {"life": {"new": "fresh"}})
    assert [renames.set_today(name) for name in ("stage", "life", "tier", "gone")] == ["life", "life", "tier", "gone"]


def test_links_do_not_depend_on_the_order_of_what_is_published() -> None:
    chance = random.Random(11)
    days = [JAN, FEB, MAR, APR]
    for _ in range(200):
        sets = [
            one for name in ("a", "b", "c") for day in days if chance.random() < 0.6 for one in published(name, day)
        ]
        tracked = sorted({one.as_of for one in sets})
        expected = wanted_links(sets, tracked, Renames({"a": "b"}))
        chance.shuffle(sets)
        chance.shuffle(tracked)
        assert wanted_links(sets, tracked, Renames({"a": "b"})) == expected
        assert len({link.key for link in expected}) == len(expected)
