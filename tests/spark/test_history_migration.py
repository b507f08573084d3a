"""Ways between segments, counted between neighbouring dates and between any two."""

import random
from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.history_tables import SEGMENT_MIGRATION
from rfm_spark.contracts.tables import RFM_SCORE
from rfm_spark.history.migration import count_moves, migration_matrix
from tests.oracles.history import Transition
from tests.oracles.history import migration as twin_migration
from tests.spark.history_frames import day, exchanges, member_frame, plan_of, transition_frame

D0, D1, D2 = (day(number) for number in range(3))
Amounts = dict[tuple[str, date, int], str]


def score_frame(spark: SparkSession, amounts: Amounts) -> DataFrame:
    """One row per window, date and member with its net amount."""
    rows = [
        (as_of, window, member, 0, 1, None, Decimal(net), None, None, None, 1, 1, 1, "R1F1M1", Decimal(0), "run-0")
        for (window, as_of, member), net in amounts.items()
    ]
    return spark.createDataFrame(rows, RFM_SCORE.schema_text())


def ways(frame: DataFrame) -> dict[tuple[object, ...], tuple[int, Decimal]]:
    columns = (
        "segment_set", "as_of_date", "previous_as_of_date", "from_segment", "to_segment", "cause", "member_count",
        "net_amount",
    )  # fmt: skip
    rows = [tuple(row) for row in frame.select(*columns).collect()]
    return {row[:6]: (row[6], row[7]) for row in rows}


def test_amounts_are_those_of_the_sets_window_and_nothing_where_there_is_none(spark: SparkSession) -> None:
    moves = [
        Transition("life", D1, 1, D0, "a", "b"),
        Transition("life", D1, 2, D0, "a", "b"),
        Transition("life", D1, 3, D0, "a", None),
        Transition("tier", D1, 1, D0, "x", "y"),
        Transition("gone", D1, 1, D0, "x", None),
    ]
    scores = score_frame(spark, {
        ("year", D1, 1): "10.5", ("year", D1, 2): "-3", ("year", D0, 3): "99", ("month", D1, 1): "2",
        ("quarter", D1, 1): "77",
    })  # fmt: skip
    result = count_moves(transition_frame(spark, moves, "ageing"), scores, {"life": "year", "tier": "month"}, "run-1")
    assert result.columns == list(SEGMENT_MIGRATION.columns)
    assert ways(result) == {
        ("life", D1, D0, "a", "b", "ageing"): (2, Decimal("7.5000")),
        ("life", D1, D0, "a", None, "ageing"): (1, Decimal("0.0000")),
        ("tier", D1, D0, "x", "y", "ageing"): (1, Decimal("2.0000")),
        ("gone", D1, D0, "x", None, "ageing"): (1, Decimal("0.0000")),
    }


def test_random_moves_of_many_dates_are_counted_as_the_twin_counts_them(spark: SparkSession) -> None:
    chance = random.Random(5)
    caused, amounts = [], {}
    for as_of, previous in ((D0, None), (D1, D0), (D2, D1)):
        for name, member in ((name, member) for name in ("life", "tier") for member in range(40)):
            before, after = (chance.choice((None, "a", "b", "c")) for _ in range(2))
            if before != after:
                cause = chance.choice(("boundary", "ageing", "behaviour"))
                caused.append((Transition(name, as_of, member, previous, before, after), cause))
            if chance.random() < 0.8:
                amounts[name, as_of, member] = f"{chance.randint(-50000, 50000) / 10000:.4f}"
    frames = [
        transition_frame(spark, [move for move, one in caused if one == cause], cause)
        for cause in ("boundary", "ageing", "behaviour")
    ]
    moves = frames[0].unionByName(frames[1]).unionByName(frames[2])
    found = ways(count_moves(moves, score_frame(spark, amounts), {"life": "life", "tier": "tier"}, "run-1"))
    assert found == twin_migration(caused, {place: Decimal(amount) for place, amount in amounts.items()})


def matrix(frame: DataFrame) -> dict[tuple[str | None, str | None], int]:
    rows = frame.collect()
    assert len({(row.from_segment, row.to_segment) for row in rows}) == len(rows)
    return {(row.from_segment, row.to_segment): row.member_count for row in rows}


def test_any_two_dates_show_who_stayed_who_went_and_who_is_new(spark: SparkSession) -> None:
    states = {
        ("life", D0): {1: "a", 2: "a", 3: "b", 4: "b"},
        ("life", D1): {1: "c", 2: "c", 3: "c", 4: "c"},
        ("life", D2): {1: "a", 2: "b", 3: "b", 5: "a"},
        ("tier", D2): {1: "x", 2: "x"},
    }
    members = member_frame(spark, states)
    there = {("a", "a"): 1, ("a", "b"): 1, ("b", "b"): 1, ("b", None): 1, (None, "a"): 1}
    assert matrix(migration_matrix(members, "life", D0, D2)) == there
    assert matrix(migration_matrix(members, "life", D2, D0)) == {(two, one): n for (one, two), n in there.items()}
    assert matrix(migration_matrix(members, "life", D0, D0)) == {("a", "a"): 2, ("b", "b"): 2}
    assert matrix(migration_matrix(members, "other", D0, D2)) == {}


def test_counting_shuffles_by_member_and_never_to_one_task(spark: SparkSession) -> None:
    moves = transition_frame(spark, [Transition("life", D1, 1, D0, "a", "b")])
    plan = plan_of(spark, migration_matrix(member_frame(spark, {("life", D0): {1: "a"}}), "life", D0, D1))
    assert exchanges(plan) == 2
    counted = plan_of(spark, count_moves(moves, score_frame(spark, {("year", D1, 1): "1"}), {"life": "year"}, "r"))
    assert "SinglePartition" not in plan + counted
