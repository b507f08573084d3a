"""What `plan` says of many dates: all that differs, and what is alike once."""

from datetime import date, timedelta

from rfm_spark.history.links import Link, LinkPlan, PublishedSet
from rfm_spark.steps.dates.lines import date_lines, history_lines

DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(10_000)]


def published(day: date) -> PublishedSet:
    return PublishedSet("tier", day, "run", "f00", "c00", 1)


def link(day: date, before: date | None) -> Link:
    return Link("tier", day, published(before) if before else None, published(day))


def test_of_ten_thousand_dates_alike_each_result_is_one_line():
    lines = date_lines({day: ["rfm_score/year  missing", "member_profile  missing"] for day in DAYS})
    assert lines == [
        "2024-01-01 to 2051-05-18 (10000 dates)  rfm_score/year  missing",
        "2024-01-01 to 2051-05-18 (10000 dates)  member_profile  missing",
    ]


def test_a_date_of_its_own_kind_parts_those_around_it():
    told = {day: ["rfm_score/year  missing"] for day in DAYS[:29]}
    told[DAYS[14]] = ["rfm_score/year  stale"]
    assert date_lines(told) == [
        "2024-01-01 to 2024-01-14 (14 dates)  rfm_score/year  missing",
        "2024-01-15  rfm_score/year  stale",
        "2024-01-16 to 2024-01-29 (14 dates)  rfm_score/year  missing",
    ]


def test_a_year_of_month_ends_is_told_date_by_date():
    assert len(date_lines({day: ["rfm_score/year  missing"] for day in DAYS[:12]})) == 12


def test_of_a_long_history_the_first_date_and_the_others_are_told():
    first, *others = DAYS[:20]
    links = [link(first, None), *(link(day, before) for day, before in zip(others, DAYS, strict=False))]
    assert history_lines(LinkPlan(tuple(links), ())) == [
        "2024-01-01  segment_transition/tier  to track: against no earlier date",
        "2024-01-02 to 2024-01-20 (19 dates)  segment_transition/tier  to track: against the date before",
    ]


def test_a_short_history_names_what_each_date_is_compared_with():
    plan = LinkPlan((link(DAYS[2], DAYS[0]),), (("tier", DAYS[1]),))
    assert history_lines(plan) == [
        "2024-01-02  segment_transition/tier  to track: no longer wanted",
        "2024-01-03  segment_transition/tier  to track: against 2024-01-01",
    ]
