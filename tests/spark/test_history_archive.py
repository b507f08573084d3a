"""What history said before it was written again."""

from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION_ARCHIVE
from rfm_spark.history.archive import as_published, superseded
from tests.oracles.history import Transition
from tests.spark.history_frames import day, exchanges, plan_of, transition_frame

D0, D1, D2 = (day(number) for number in range(3))
MONDAY = datetime(2024, 5, 6, 8, tzinfo=UTC)
TUESDAY, FRIDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)
FIRST = Transition("life", D0, 1, None, None, "a")
OTHER = Transition("life", D0, 2, None, None, "a")
MOVED = Transition("life", D1, 1, D0, "a", "b")
MENDED = Transition("life", D1, 1, D0, "a", "c")


def known(frame: DataFrame) -> set[tuple[object, ...]]:
    rows = frame.select("segment_set", "member_id", "segment", "valid_from").collect()
    found = {tuple(row) for row in rows}
    assert len(found) == len(rows)
    return found


def history(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    """Both dates recorded on Monday, the second one written again on Friday."""
    monday = transition_frame(spark, [FIRST, OTHER, MOVED], computed_at=MONDAY)
    archive = superseded(monday, [("life", D1)], FRIDAY)
    today = transition_frame(spark, [FIRST, OTHER], computed_at=MONDAY).unionByName(
        transition_frame(spark, [MENDED], computed_at=FRIDAY)
    )
    return today, archive


def test_rows_of_a_date_written_again_say_how_long_they_held(spark: SparkSession) -> None:
    _, archive = history(spark)
    assert archive.columns == list(SEGMENT_TRANSITION_ARCHIVE.columns)
    [row] = archive.collect()
    assert (row.as_of_date, row.member_id, row.from_segment, row.to_segment) == (D1, 1, "a", "b")
    assert [instant.astimezone(UTC) for instant in (row.recorded_from, row.recorded_to)] == [MONDAY, FRIDAY]


def test_a_set_is_archived_without_the_other_sets_of_its_date(spark: SparkSession) -> None:
    rows = transition_frame(spark, [MOVED, MOVED._replace(segment_set="tier")])
    [row] = superseded(rows, [("tier", D1), ("tier", D2)], FRIDAY).collect()
    assert row.segment_set == "tier"


def test_the_answer_of_then_and_the_answer_of_today(spark: SparkSession) -> None:
    today, archive = history(spark)

    def answer(instant: datetime, as_of: date) -> set[tuple[object, ...]]:
        return known(as_published(today, archive, instant, as_of))

    assert answer(MONDAY - timedelta(seconds=1), D2) == set()
    assert answer(TUESDAY, D2) == {("life", 1, "b", D1), ("life", 2, "a", D0)}
    assert answer(FRIDAY - timedelta(microseconds=1), D1) == {("life", 1, "b", D1), ("life", 2, "a", D0)}
    assert answer(FRIDAY, D1) == {("life", 1, "c", D1), ("life", 2, "a", D0)}
    assert answer(FRIDAY, D0) == {("life", 1, "a", D0), ("life", 2, "a", D0)}
    assert answer(FRIDAY, D0 - timedelta(days=1)) == set()


def test_who_had_left_by_the_date_has_no_segment(spark: SparkSession) -> None:
    moves = [FIRST, Transition("life", D1, 1, D0, "a", None)]
    rows = transition_frame(spark, moves, computed_at=MONDAY)
    nothing = superseded(rows, [], FRIDAY)
    assert known(as_published(rows, nothing, FRIDAY, D0)) == {("life", 1, "a", D0)}
    assert known(as_published(rows, nothing, FRIDAY, D2)) == set()


def test_asking_takes_one_shuffle_and_archiving_none(spark: SparkSession) -> None:
    today, archive = history(spark)
    plans = [plan_of(spark, frame) for frame in (as_published(today, archive, FRIDAY, D1), archive)]
    assert [exchanges(plan) for plan in plans] == [1, 0]
    assert not any("SinglePartition" in plan for plan in plans)
