"""Stays in segments: what they are, what came before them, how long they last, what they replay."""

import itertools
from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.dates import OPEN_END
from rfm_spark.history.archive import states_at
from rfm_spark.history.intervals import intervals, intervals_since
from rfm_spark.report.read_stays import CLOSED_DAYS, CLOSED_STAYS, OPEN_STAYS, dwell_times
from tests.oracles.history import Interval
from tests.oracles.history import dwell as twin_dwell
from tests.oracles.history import intervals as twin_intervals
from tests.oracles.history import transitions as twin_transitions
from tests.spark.history_frames import day, exchanges, plan_of, random_states, transition_frame

D0, D1, D2, D3, D4 = (day(number) for number in range(5))


def story(spark: SparkSession, *segments: str | None) -> DataFrame:
    """The transitions of member 1, whose segment at each date is given."""
    states = {("life", day(number)): {1: name} if name else {} for number, name in enumerate(segments)}
    return transition_frame(spark, twin_transitions(states, [as_of for _, as_of in states]))


def rows_of(frame: DataFrame) -> list[Interval]:
    columns = (
        "segment_set", "member_id", "valid_from", "valid_to", "segment", "previous_segment", "previous_valid_from",
    )  # fmt: skip
    rows = frame.collect()
    assert all(row.is_current == (row.valid_to == OPEN_END) for row in rows)
    assert {row.run_id for row in rows} <= {"run-1"}
    return sorted(Interval(*(row[column] for column in columns)) for row in rows)


def test_a_stay_ends_where_the_next_begins_and_the_last_is_open(spark: SparkSession) -> None:
    assert rows_of(intervals(story(spark, "a", "a", "b"), "run-1")) == [
        Interval("life", 1, D0, D2, "a", None, None),
        Interval("life", 1, D2, OPEN_END, "b", "a", D0),
    ]


def test_who_comes_back_to_the_same_segment_keeps_the_one_before_the_absence(spark: SparkSession) -> None:
    assert rows_of(intervals(story(spark, "a", "b", None, "b", "a"), "run-1")) == [
        Interval("life", 1, D0, D1, "a", None, None),
        Interval("life", 1, D1, D2, "b", "a", D0),
        Interval("life", 1, D3, D4, "b", "a", D0),
        Interval("life", 1, D4, OPEN_END, "a", "b", D3),
    ]


def test_who_was_only_ever_in_one_segment_has_no_previous_one(spark: SparkSession) -> None:
    assert rows_of(intervals(story(spark, "a", None, "a", None), "run-1")) == [
        Interval("life", 1, D0, D1, "a", None, None),
        Interval("life", 1, D2, D3, "a", None, None),
    ]


def test_random_stays_dwell_times_and_replayed_dates_equal_the_twin(spark: SparkSession) -> None:
    for seed in range(4):
        states = random_states(seed)
        tracked = {as_of for _, as_of in states}
        frame = transition_frame(spark, twin_transitions(states, tracked))
        expected = twin_intervals(states, tracked)
        stays = intervals(frame, "run-1")
        assert rows_of(stays) == sorted(expected)
        lengths = dwell_times(stays, max(tracked)).collect()
        columns = (CLOSED_STAYS, CLOSED_DAYS, OPEN_STAYS)
        assert {(r.segment_set, r.segment): tuple(r[name] for name in columns) for r in lengths} == twin_dwell(expected)
        check_replay(frame, states)


def test_stays_continued_from_any_date_are_those_made_from_the_beginning(spark: SparkSession) -> None:
    """Whatever the dates from there on were before: the stays that ended earlier are kept, all others made again."""
    tracked = [day(number) for number in range(9)]
    histories = [random_history(name, seed) for name in ("life", "tier") for seed in range(12)]
    for first in (D0, D1, D3, day(5), day(8), day(9)):
        now, before = {}, {}
        for number, (states, others) in enumerate(itertools.pairwise(histories)):
            kept = {as_of: members for as_of, members in states.items() if as_of < first}
            kept |= {as_of: members for as_of, members in others.items() if as_of >= first}
            now |= {(str(number), as_of): members for as_of, members in states.items()}
            before |= {(str(number), as_of): members for as_of, members in kept.items()}
        past, moves = (twin_transitions(states, tracked) for states in (before, now))
        differ = {move.segment_set for move in set(past) ^ set(moves) if move.as_of < first}
        alike = {number for number, _ in now if number not in differ}
        assert len(alike) > 10
        stays = intervals(transition_frame(spark, [one for one in past if one.segment_set in alike]), "run-1")
        since = [move for move in moves if move.segment_set in alike and move.as_of >= first]
        again = rows_of(intervals_since(stays, transition_frame(spark, since), first, "run-1"))
        kept_rows = rows_of(stays.where(F.col("valid_to") < F.lit(first)))
        expected = [one for one in twin_intervals(now, tracked) if one.segment_set in alike]
        assert sorted(kept_rows + again) == sorted(expected)


def random_history(name: str, seed: int) -> dict[date, Mapping[int, str]]:
    return {as_of: members for (of_set, as_of), members in random_states(seed).items() if of_set == name}


def check_replay(frame: DataFrame, today: Mapping[tuple[str, date], Mapping[int, str]]) -> None:
    dates: dict[str, list[date]] = {}
    for name, as_of in today:
        dates.setdefault(name, []).append(as_of)
    rows = states_at(frame, dates).collect()
    assert sorted((r.segment_set, r.as_of_date, r.member_id, r.segment) for r in rows) == sorted(
        (name, as_of, member, segment)
        for (name, as_of), members in today.items()
        for member, segment in members.items()
    )


def test_a_stay_that_ends_later_is_still_open_at_the_date(spark: SparkSession) -> None:
    stays = intervals(story(spark, "a", "a", "b"), "run-1")
    [row] = dwell_times(stays, D1).collect()
    assert (row.segment, row[CLOSED_STAYS], row[CLOSED_DAYS], row[OPEN_STAYS]) == ("a", 0, None, 1)


def test_stays_take_one_shuffle_and_no_single_task(spark: SparkSession) -> None:
    frame = story(spark, "a", "b")
    for result in (intervals(frame, "run-1"), states_at(frame, {"life": [D0]})):
        plan = plan_of(spark, result)
        assert exchanges(plan) == 1
        assert "SinglePartition" not in plan
