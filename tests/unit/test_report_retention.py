"""Which later date tells what became of the members of a tracked date, calendar by calendar."""

import itertools
from datetime import date, timedelta

import pytest

from rfm_spark.dates import DayRange, Every
from rfm_spark.report.read_stays import DAYS_LATER, cohorts_of, later_date

YEARS = {every: DayRange(date(2022, 12, 1), date(2026, 3, 31)).steps(every) for every in Every}


@pytest.mark.parametrize(
    ("every", "passed"),
    [
        (Every.DAY, {30: {30}, 90: {90}, 180: {180}, 365: {365}}),
        (Every.WEEK, {30: {28}, 90: {91}, 180: {182}, 365: {364}}),
        (Every.MONTH, {30: {28, 29, 30, 31}, 90: {89, 90, 91, 92}, 180: {181, 182, 183, 184}, 365: {365, 366}}),
        (Every.QUARTER, {90: {90, 91, 92}, 180: {181, 182, 183, 184}, 365: {365, 366}}),
    ],
    ids=str,
)
def test_every_calendar_has_its_own_step_nearest_to_the_days_asked(every: Every, passed: dict[int, set[int]]):
    found = {
        one.days_later: {(later - day).days for day, later in zip(one.dates, one.later_dates, strict=True)}
        for one in cohorts_of(YEARS[every], every)
    }
    assert found == passed


@pytest.mark.parametrize("every", [Every.MONTH, Every.QUARTER], ids=str)
def test_no_year_end_is_lost_to_a_leap_day(every: Every):
    year_ends = [date(year, 12, 31) for year in (2022, 2023, 2024, 2025)]
    for day, year_later in itertools.pairwise(year_ends):
        assert later_date(day, 365, YEARS[every], every) == year_later


def test_a_date_is_not_told_of_while_a_nearer_one_may_come():
    december, november = date(2024, 12, 31), date(2024, 11, 30)
    until_november = [day for day in YEARS[Every.MONTH] if day <= november]
    assert later_date(date(2023, 12, 31), 365, until_november, Every.MONTH) is None
    assert later_date(date(2023, 12, 31), 365, [*until_november, december], Every.MONTH) == december


def test_a_date_that_was_never_published_is_replaced_by_a_neighbour_at_most_a_tenth_off():
    day = date(2024, 1, 31)
    daily = YEARS[Every.DAY]
    without = [one for one in daily if one != day + timedelta(days=30)]
    assert later_date(day, 30, without, Every.DAY) == day + timedelta(days=29)
    sparse = [one for one in daily if not 26 < (one - day).days < 34]
    assert later_date(day, 30, sparse, Every.DAY) is None


def test_later_cohorts_never_look_at_earlier_dates_than_the_ones_before_them():
    for every, dates in YEARS.items():
        with_holes = [day for number, day in enumerate(dates) if number % 7 != 3]
        for one in cohorts_of(with_holes, every):
            assert list(one.later_dates) == sorted(one.later_dates)
            assert all(day < later for day, later in zip(one.dates, one.later_dates, strict=True))


def test_dates_that_tell_of_nothing_yet_have_no_cohort():
    assert cohorts_of([date(2024, 1, 31)], Every.MONTH) == []
    assert {one.days_later for one in cohorts_of(YEARS[Every.MONTH][:3], Every.MONTH)} < set(DAYS_LATER)
