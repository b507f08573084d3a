"""How many members of a segment are in it again or still some days later: by the stays, and by the twin."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.history_tables import SEGMENT_INTERVAL
from rfm_spark.dates import OPEN_END, DayRange, Every
from rfm_spark.report.numbers import Retention
from rfm_spark.report.read_stays import cohorts_of, read_retention
from tests.oracles.history import intervals
from tests.oracles.trends import segment_retention
from tests.spark.history_frames import exchanges, plan_of
from tests.spark.segment_frames import differences

MONTHS = DayRange(date(2023, 1, 31), date(2024, 12, 31)).steps(Every.MONTH)
TENTH_DAYS = [date(2024, 1, 1) + timedelta(days=10 * number) for number in range(40)]
States = Mapping[date, Mapping[int, str]]


def stays_of(spark: SparkSession, states: States) -> DataFrame:
    """Return segment_interval as these states give it."""
    stays = intervals({("tier", day): members for day, members in states.items()}, states)
    rows = [
        (one.segment_set, one.member_id, one.valid_from, one.valid_to, one.segment, one.valid_to == OPEN_END,
         one.previous_segment, one.previous_valid_from, "run-0")
        for one in stays
    ]  # fmt: skip
    return spark.createDataFrame(rows, SEGMENT_INTERVAL.schema_text())


def retention(spark: SparkSession, states: States, every: Every, as_of: date) -> Sequence[Retention]:
    stays = stays_of(spark, states)
    return read_retention(lambda _: stays, "tier", sorted(states), every, as_of)


def twin(states: States, every: Every, as_of: date) -> dict[tuple[str, int], tuple[int, int, int]]:
    """Return members, days passed and members kept by segment and days later, by looking at every member."""
    members, days, kept = Counter(), Counter(), Counter()
    placed = {(day, "tier"): of_day for day, of_day in states.items()}
    for one in cohorts_of([day for day in sorted(states) if day <= as_of], every):
        pairs = [("tier", day, one.days_later, later) for day, later in zip(one.dates, one.later_dates, strict=True)]
        for (_, day, later, later_day, segment, later_segment), (count, _) in segment_retention(placed, pairs).items():
            members[segment, later] += count
            days[segment, later] += count * (later_day - day).days
            kept[segment, later] += count if later_segment == segment else 0
    return {key: (members[key], days[key], kept[key]) for key in members}


def random_members(seed: int, dates: Sequence[date], members: int = 15) -> States:
    chance = random.Random(seed)
    return {
        day: {member: segment for member in range(members) if (segment := chance.choice(("a", "a", "b", "c", None)))}
        for day in dates
    }


@pytest.mark.parametrize(("every", "dates"), [(Every.MONTH, MONTHS), (Every.DAY, TENTH_DAYS)], ids=["month", "day"])
def test_random_stays_give_what_a_look_at_every_member_gives(spark: SparkSession, every: Every, dates: list[date]):
    for seed, as_of in enumerate((dates[-1], dates[15])):
        states = random_members(seed, dates)
        found = {
            (one.segment, one.days_later): (one.cohort_count, int(one.mean_days * one.cohort_count), one.kept_count)
            for one in retention(spark, states, every, as_of)
        }
        assert len(found) >= 6
        assert differences(found, twin(states, every, as_of)) == {}


def test_who_left_the_segment_and_came_back_is_kept_and_who_left_for_good_is_not(spark: SparkSession):
    january, february, march, april = MONTHS[:4]
    states = {
        january: {1: "gold", 2: "gold", 3: "gold"},
        february: {1: "iron", 2: "iron", 3: "gold"},
        march: {1: "iron", 2: "iron"},
        april: {1: "gold", 2: "iron"},
    }
    found = {(one.segment, one.days_later): one for one in retention(spark, states, Every.MONTH, april)}
    after_90_days = found["gold", 90]
    assert (after_90_days.cohort_count, after_90_days.kept_count, after_90_days.mean_days) == (3, 1, 89)
    assert (found["gold", 30].cohort_count, found["gold", 30].kept_count) == (4, 1)
    assert ("gold", 180) not in found


def test_nothing_after_the_date_of_the_report_counts(spark: SparkSession):
    january, february, march = MONTHS[:3]
    states = {january: {1: "gold"}, february: {1: "iron"}, march: {1: "gold"}}
    [one] = retention(spark, states, Every.MONTH, february)
    assert (one.segment, one.days_later, one.cohort_count, one.kept_count) == ("gold", 30, 1, 0)
    assert retention(spark, states, Every.MONTH, january) == ()


def test_stays_are_paired_by_member_with_no_single_task(spark: SparkSession):
    from rfm_spark.report.read_stays import count_kept

    stays = stays_of(spark, random_members(1, MONTHS))
    plan = plan_of(spark, count_kept(stays, cohorts_of(MONTHS, Every.MONTH)))
    assert exchanges(plan) <= 3
    assert "SinglePartition" not in plan
