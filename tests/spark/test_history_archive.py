"""What history said before it was written again."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION_ARCHIVE
from rfm_spark.history.archive import superseded
from tests.oracles.history import Transition
from tests.spark.history_frames import day, exchanges, plan_of, transition_frame

D0, D1, D2 = (day(number) for number in range(3))
MONDAY = datetime(2024, 5, 6, 8, tzinfo=UTC)
TUESDAY, FRIDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)
FIRST = Transition("life", D0, 1, None, None, "a")
OTHER = Transition("life", D0, 2, None, None, "a")
MOVED = Transition("life", D1, 1, D0, "a", "b")
MENDED = Transition("life", D1, 1, D0, "a", "c")


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


def test_archiving_takes_no_shuffle(spark: SparkSession) -> None:
    _, archive = history(spark)
    plan = plan_of(spark, archive)
    assert exchanges(plan) == 0
    assert "SinglePartition" not in plan
