"""Who moved between the dates of a set, in one pass over all of them."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime

from pyspark.sql import SparkSession

from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.history.causes import assign_causes
from rfm_spark.history.comparisons import Comparison, Key, wanted_comparisons
from rfm_spark.history.moves import find_moves, transitions
from rfm_spark.runs.history_due import is_due
from rfm_spark.runs.log_book import LogRow, RowStatus
from rfm_spark.steps.history.write import row_with_stamp
from tests.oracles.history import States, Transition
from tests.oracles.history import transitions as twin_transitions
from tests.spark.history_frames import (
    day,
    exchanges,
    member_frame,
    plan_of,
    published_sets,
    random_states,
)

D0, D1, D2, D3 = (day(number) for number in range(4))
BLANK = LogRow("run", "track", "segment_transition/x", RowStatus.PUBLISHED, "c00", datetime(2024, 5, 1, tzinfo=UTC))


def comparisons_of(states: States) -> list[Comparison]:
    return wanted_comparisons(published_sets(states), {as_of for _, as_of in states})


def moves_of(spark: SparkSession, states: States, comparisons: list[Comparison]) -> set[Transition]:
    columns = ("segment_set", "as_of_date", "member_id", "previous_as_of_date", "from_segment", "to_segment")
    rows = find_moves(member_frame(spark, states), comparisons).select(*columns).collect()
    moves = {Transition(*row) for row in rows}
    assert len(moves) == len(rows)
    return moves


def test_members_appear_stay_change_leave_and_return(spark: SparkSession) -> None:
    states = {
        ("life", D0): {1: "new", 2: "new"},
        ("life", D1): {1: "new", 2: "loyal", 3: "new"},
        ("life", D2): {1: "new", 3: "new"},
        ("life", D3): {1: "new", 2: "loyal", 3: "new"},
    }
    assert moves_of(spark, states, comparisons_of(states)) == {
        Transition("life", D0, 1, None, None, "new"),
        Transition("life", D0, 2, None, None, "new"),
        Transition("life", D1, 2, D0, "new", "loyal"),
        Transition("life", D1, 3, D0, None, "new"),
        Transition("life", D2, 2, D1, "loyal", None),
        Transition("life", D3, 2, D2, None, "loyal"),
    }


def test_only_what_is_asked_for_is_compared(spark: SparkSession) -> None:
    states = {("life", D0): {1: "new"}, ("life", D1): {1: "old"}, ("life", D2): {1: "new"}, ("life", D3): {2: "new"}}
    asked = [one for one in comparisons_of(states) if one.as_of in (D1, D3)]
    assert moves_of(spark, states, asked) == {
        Transition("life", D1, 1, D0, "new", "old"),
        Transition("life", D3, 1, D2, "new", None),
        Transition("life", D3, 2, D2, None, "new"),
    }


def test_a_date_on_which_nobody_is_left_and_a_set_that_is_closed_look_alike(spark: SparkSession) -> None:
    states = {("life", D0): {1: "new"}, ("life", D1): {}, ("tier", D0): {1: "gold"}}
    assert {move for move in moves_of(spark, states, comparisons_of(states)) if move.as_of == D1} == {
        Transition("life", D1, 1, D0, "new", None),
        Transition("tier", D1, 1, D0, "gold", None),
    }


def test_random_histories_equal_the_twin(spark: SparkSession) -> None:
    for seed in range(6):
        states = random_states(seed)
        days = {as_of for _, as_of in states}
        assert moves_of(spark, states, comparisons_of(states)) == twin_transitions(states, days)


def test_any_order_of_dates_gives_the_rows_of_one_ordered_run(spark: SparkSession) -> None:
    for seed in range(2):
        chance = random.Random(seed)
        final = random_states(seed + 50, members=6, dates=6)
        days = sorted({as_of for _, as_of in final})
        found = replay_work(spark, chance, final, days)
        assert found == twin_transitions(final, days)


def replay_work(spark: SparkSession, chance: random.Random, final: States, days: list[date]) -> set[Transition]:
    """Compute all dates wrongly and then rightly, in random order, track now and then; one date goes again."""
    wrong = {key: dict.fromkeys(members, "wrong") for key, members in final.items()} | {("life", day(77)): {1: "a"}}
    work = [(as_of, source) for source in (wrong, final) for as_of in chance.sample(days, len(days))]
    work.insert(chance.randrange(len(days)), (day(77), wrong))
    work.append((day(77), {}))
    states: States = {}
    table: set[Transition] = set()
    recorded: Mapping[Key, LogRow] = {}
    for place, (as_of, source) in enumerate(work, start=1):
        kept = {key: members for key, members in states.items() if key[1] != as_of}
        states = kept | {key: members for key, members in source.items() if key[1] == as_of}
        if chance.random() < 0.3 or place == len(work):
            wanted = comparisons_of(states)
            due = [one for one in wanted if is_due(one, recorded.get(one.key))]
            gone = {*(one.key for one in due), *recorded} - {one.key for one in wanted if one not in due}
            table = {move for move in table if (move.segment_set, move.as_of) not in gone}
            table |= moves_of(spark, states, due)
            recorded = {key: row for key, row in recorded.items() if key not in gone}
            recorded |= {one.key: row_with_stamp(BLANK, one, 0) for one in due}
    return table


def test_rows_say_who_recorded_them_and_when(spark: SparkSession) -> None:
    states = {("life", D0): {1: "new"}}
    comparisons = comparisons_of(states)
    moves = assign_causes(find_moves(member_frame(spark, states), comparisons), comparisons)
    now = datetime(2024, 5, 1, 12, 30, 0, 123456, UTC)
    rows = transitions(moves, "run-9", now)
    assert rows.columns == list(SEGMENT_TRANSITION.columns)
    [row] = rows.collect()
    assert (row.cause, row.run_id, row.computed_at.astimezone(UTC)) == ("first", "run-9", now)


def test_all_comparisons_together_take_one_shuffle(spark: SparkSession) -> None:
    states = random_states(3)
    comparisons = comparisons_of(states)
    plan = plan_of(spark, find_moves(member_frame(spark, states), comparisons))
    assert len(comparisons) > 10
    assert exchanges(plan) == 1
    assert "SinglePartition" not in plan
