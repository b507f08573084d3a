"""Why members moved, one story per cause, and the facts of one date as another date would see them."""

import itertools
import random
from dataclasses import fields
from datetime import date, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Population
from rfm_spark.config.model import Window
from rfm_spark.dates import OPEN_END
from rfm_spark.history.causes import CAUSED_MOVE, assign_causes, changed_members, shift_events, shift_validity
from rfm_spark.history.comparisons import Comparison, PublishedSet
from rfm_spark.history.moves import MOVE
from tests.oracles.facts import Fact, member_days
from tests.oracles.lines import Event, random_lines
from tests.oracles.windows import first_order_day, measure
from tests.spark.fact_frames import event_frame
from tests.spark.history_frames import exchanges, plan_of
from tests.spark.scoring_frames import fact, member_day_frame

JAN, FEB, MAR, APR = (date(2024, month, day) for month, day in ((1, 31), (2, 29), (3, 31), (4, 30)))
EVER = Population.EVER
PAIRS = [(JAN, FEB), (FEB, MAR)]


def side(as_of: date, definition: str = "one", name: str = "life") -> PublishedSet:
    return PublishedSet(name, as_of, f"run-{as_of}", definition, "config", 1)


LIFE = Comparison("life", FEB, side(JAN), side(FEB))


def move_frame(spark: SparkSession, *moves: tuple[object, ...]) -> DataFrame:
    """One row per (member, from, to), all of January to February."""
    rows = [(FEB, "life", member, JAN, before, after) for member, before, after in moves]
    return spark.createDataFrame(rows, MOVE.schema_text())


def placed(spark: SparkSession, segments: dict[int, str], name: str = "life") -> DataFrame:
    rows = [(name, FEB, member, segment) for member, segment in segments.items()]
    return spark.createDataFrame(rows, "segment_set string, as_of_date date, member_id bigint, segment string")


def changed_frame(spark: SparkSession, pair: tuple[date, date], *members: int) -> DataFrame:
    rows = [(*pair, member) for member in members]
    return spark.createDataFrame(rows, "previous_as_of_date date, as_of_date date, member_id bigint")


def causes(frame: DataFrame) -> dict[int, str]:
    assert frame.columns == list(CAUSED_MOVE.columns)
    rows = frame.select("member_id", "cause").collect()
    found = {row.member_id: row.cause for row in rows}
    assert len(found) == len(rows)
    return found


CAUSE_TABLE = """
| member                     | from | to | corrected | by old facts | by new facts | changed | cause      |
| corrected_and_more         | a    | b  | yes       | b            | a            | yes     | correction |
| corrected_and_entered      |      | b  | yes       |              |              |         | correction |
| corrected_and_left         | a    |    | yes       |              |              |         | correction |
| entered                    |      | b  |           |              |              |         | entered    |
| left_with_facts            | a    |    |           | a            | b            | yes     | left       |
| moved_by_boundary          | a    | b  |           | a            | a            | yes     | boundary   |
| boundary_before_ageing     | a    | b  |           | b            | a            | yes     | boundary   |
| aged_with_equal_facts      | a    | b  |           | b            | b            | yes     | ageing     |
| bought_more                | a    | b  |           | a            | b            | yes     | behaviour  |
| lost_by_new_facts          | a    | b  |           | a            |              | yes     | behaviour  |
| found_by_new_facts         | a    | b  |           |              | b            | yes     | behaviour  |
| in_no_segment_by_any_facts | a    | b  |           |              |              | yes     | ageing     |
| aged_without_a_change      | a    | b  |           |              | b            |         | ageing     |
"""


def test_each_cause_and_the_order_in_which_they_are_asked(spark: SparkSession) -> None:
    names, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in CAUSE_TABLE.strip().splitlines()]
    members = {number: dict(zip(names, line, strict=True)) for number, line in enumerate(lines, start=1)}

    def having(column: str) -> dict[int, str]:
        return {number: member[column] for number, member in members.items() if member[column]}

    moves = move_frame(spark, *((n, one["from"] or None, one["to"] or None) for n, one in members.items()))
    corrected = placed(spark, having("corrected")).drop("segment")
    old_facts, new_facts = (placed(spark, having(column)) for column in ("by old facts", "by new facts"))
    changed = changed_frame(spark, (JAN, FEB), *having("changed"))
    found = causes(assign_causes(moves, [LIFE], corrected, changed, old_facts, new_facts))
    assert {members[n]["member"]: cause for n, cause in found.items()} == {
        one["member"]: one["cause"] for one in members.values()
    }


def test_a_first_date_a_changed_definition_and_a_closed_set_need_no_facts(spark: SparkSession) -> None:
    comparisons = [
        Comparison("first", FEB, None, side(FEB, name="first")),
        Comparison("other", FEB, side(JAN, name="other"), side(FEB, "two", name="other")),
        Comparison("closed", FEB, side(JAN, name="closed"), None),
    ]
    rows = [
        (FEB, "first", 1, None, None, "a"),
        (FEB, "other", 2, JAN, "a", "b"),
        (FEB, "other", 3, JAN, None, "b"),
        (FEB, "closed", 4, JAN, "a", None),
    ]
    moves = spark.createDataFrame(rows, MOVE.schema_text())
    assert causes(assign_causes(moves, comparisons)) == {1: "first", 2: "definition", 3: "definition", 4: "definition"}


def test_a_changed_definition_comes_before_a_correction(spark: SparkSession) -> None:
    redefined = Comparison("life", FEB, side(JAN), side(FEB, "two"))
    corrected = placed(spark, {1: ""}).drop("segment")
    assert causes(assign_causes(move_frame(spark, (1, "a", "b")), [redefined], corrected)) == {1: "definition"}


def shifted_rows(spark: SparkSession, facts: list[Fact], pairs: list[tuple[date, date]]) -> list[tuple[object, ...]]:
    rows = shift_validity(member_day_frame(spark, facts), pairs)
    return sorted(
        rows.select("member_id", "order_day", "valid_from", "valid_to", "order_count", "net_amount").collect()
    )


def test_a_refund_between_two_dates_is_seen_by_the_second_only(spark: SparkSession) -> None:
    bought, refunded = date(2024, 1, 10), date(2024, 2, 5)
    facts = [fact(1, bought, valid=(bought, refunded)), fact(1, bought, 0, "0", "10", valid=(refunded, OPEN_END))]
    rows = [tuple(row)[:5] for row in shifted_rows(spark, facts, PAIRS)]
    assert rows == [(1, bought, FEB, date(2024, 3, 1), 1), (1, bought, MAR, APR.replace(day=1), 0)]


def test_an_order_after_the_last_earlier_date_is_not_there(spark: SparkSession) -> None:
    assert shifted_rows(spark, [fact(1, date(2024, 3, 1))], PAIRS) == []


def test_a_version_between_two_dates_stays_known_and_is_valid_on_no_day(spark: SparkSession) -> None:
    short = (date(2024, 2, 2), date(2024, 2, 5))
    [row] = shifted_rows(spark, [fact(1, short[0], valid=short)], PAIRS)
    assert (row.valid_from, row.valid_to) == (MAR, MAR)


def test_one_pair_of_dates_is_enough(spark: SparkSession) -> None:
    rows = shifted_rows(spark, [fact(1, JAN), fact(2, FEB)], [(JAN, FEB)])
    assert [tuple(row)[:4] for row in rows] == [(1, JAN, FEB, date(2024, 3, 1))]


def test_members_whose_versions_begin_or_end_between_two_dates_have_changed(spark: SparkSession) -> None:
    january = date(2024, 1, 10)
    facts = [
        fact(1, january, valid=(january, date(2024, 2, 5))),
        fact(1, january, 0, "0", "10", valid=(date(2024, 2, 5), OPEN_END)),
        fact(2, january),
        fact(3, JAN),
        fact(4, FEB),
        fact(5, date(2024, 3, 1)),
        fact(6, APR),
        fact(7, date(2023, 12, 1), valid=(date(2023, 12, 1), MAR)),
    ]
    rows = changed_members(member_day_frame(spark, facts), PAIRS)
    found = rows.select("previous_as_of_date", "as_of_date", "member_id").collect()
    assert sorted(map(tuple, found)) == [(JAN, FEB, 1), (JAN, FEB, 4), (FEB, MAR, 5), (FEB, MAR, 7)]


def test_a_change_before_the_earlier_date_of_a_set_is_none_of_that_set(spark: SparkSession) -> None:
    """One set missed February: what a member did by then is a change for it and none for the other set."""
    comparisons = [
        Comparison("life", MAR, side(JAN), side(MAR)),
        Comparison("tier", MAR, side(FEB, name="tier"), side(MAR, name="tier")),
    ]
    rows = [(MAR, "life", 1, JAN, "a", "b"), (MAR, "tier", 1, FEB, "a", "b")]
    moves = spark.createDataFrame(rows, MOVE.schema_text())
    segments = "segment_set string, as_of_date date, member_id bigint, segment string"
    new_facts = spark.createDataFrame([("life", MAR, 1, "b"), ("tier", MAR, 1, "b")], segments)
    old_facts = spark.createDataFrame([("life", MAR, 1, "a")], segments)
    caused = assign_causes(moves, comparisons, None, changed_frame(spark, (JAN, MAR), 1), old_facts, new_facts)
    found = caused.select("segment_set", "cause").collect()
    assert sorted(map(tuple, found)) == [("life", "behaviour"), ("tier", "ageing")]


def random_versions(seed: int) -> list[Fact]:
    chance = random.Random(seed)
    facts = []
    for member in range(60):
        start = JAN - timedelta(days=chance.randint(-100, 60))
        changes = sorted(
            {start, *(start + timedelta(days=chance.randint(0, 120)) for _ in range(chance.randint(0, 3)))}
        )
        ends = [*changes[1:], OPEN_END]
        facts += [
            fact(member, start, number, str(number), valid=period)
            for number, period in enumerate(zip(changes, ends, strict=True))
        ]
    return facts


def test_each_later_date_sees_and_knows_exactly_what_its_earlier_date_does(spark: SparkSession) -> None:
    for seed in range(3):
        chance = random.Random(seed)
        days = sorted(JAN + timedelta(days=offset) for offset in chance.sample(range(90), 7))
        pairs = list(itertools.pairwise(days))[:: seed + 1] if seed < 2 else [(JAN, FEB)]
        facts = random_versions(seed)
        rows = shifted_rows(spark, facts, pairs)
        found = changed_members(member_day_frame(spark, facts), pairs).collect()
        changed = {(row.previous_as_of_date, row.as_of_date, row.member_id) for row in found}
        assert len(changed) == len(found)
        for earlier, later in pairs:
            before, after = (
                {(f.member_id, f.order_day, f.order_count) for f in facts if f.valid_from <= day < f.valid_to}
                for day in (earlier, later)
            )
            assert {member for member, *_ in before ^ after} <= {
                row[2] for row in changed if row[:2] == (earlier, later)
            }
            valid = {(f.member_id, f.order_day, f.order_count) for f in facts if f.valid_from <= earlier < f.valid_to}
            known = {(f.member_id, f.order_day, f.order_count) for f in facts if f.valid_from <= earlier}
            assert {(r[0], r[1], r[4]) for r in rows if r.valid_from <= later < r.valid_to} == valid
            assert {(r[0], r[1], r[4]) for r in rows if r.valid_from <= later} == known


def test_an_event_is_known_from_the_first_later_date_whose_earlier_one_knows_it(spark: SparkSession) -> None:
    days = (date(2024, 1, 5), JAN, date(2024, 2, 1), date(2024, 3, 1))
    events = [Event("web", str(number), number, day, "view") for number, day in enumerate(days)]
    rows = shift_events(event_frame(spark, events), PAIRS).select("member_id", "event_day", "event_month")
    assert {tuple(row) for row in rows.collect()} == {
        (0, FEB, date(2024, 2, 1)),
        (1, FEB, date(2024, 2, 1)),
        (2, MAR, date(2024, 3, 1)),
    }


def test_causes_and_shifted_facts_put_no_rows_on_one_task(spark: SparkSession) -> None:
    moves = move_frame(spark, (1, "a", "b"))
    some = moves.where(F.col("member_id") > 1)
    changed = some.select("previous_as_of_date", "as_of_date", "member_id")
    caused = assign_causes(moves, [LIFE], some, changed, placed(spark, {1: "a"}))
    shifted = shift_validity(member_day_frame(spark, [fact(1, JAN)]), PAIRS)
    for frame in (caused, shifted):
        assert "SinglePartition" not in plan_of(spark, frame)
    assert exchanges(plan_of(spark, shifted)) == 0


def test_windows_over_shifted_facts_measure_what_was_known_and_had_happened_by_the_earlier_date(
    spark: SparkSession,
) -> None:
    lines = random_lines(4, days=150)
    versions = member_days(lines, "attribute_to_order")
    days = (date(2024, 2, 10), date(2024, 3, 1), date(2024, 4, 20), date(2024, 5, 31))
    pairs = list(itertools.pairwise(days))
    names = [field.name for field in fields(Fact)]
    rows = shift_validity(member_day_frame(spark, versions), pairs).select(*names).collect()
    shifted = [Fact(*row) for row in rows]
    for earlier, later in pairs:
        known = member_days([line for line in lines if line.day <= earlier], "attribute_to_order")
        for window in (
            Window("month", days=30),
            Window("life", lifetime=True),
            Window("all", days=40, population=EVER),
        ):
            assert measure(shifted, window, later) == measure(known, window, later)
        assert first_order_day(shifted, later) == first_order_day(known, later)
