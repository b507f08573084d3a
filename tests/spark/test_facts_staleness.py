"""A result is stale when the facts that it was computed from, valid at its date, are no longer the same."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.tables import FACT_CHANGE
from rfm_spark.facts.staleness import COMPUTED_RESULT, committed_changes, stale_days

JUNE_1, JUNE_10, JUNE_20 = date(2024, 6, 1), date(2024, 6, 10), date(2024, 6, 20)
JUNE_30, JULY_2, JULY_31 = date(2024, 6, 30), date(2024, 7, 2), date(2024, 7, 31)

Change = tuple[int, str, date, date, int, int, int, int]
Computed = tuple[date, str, str, date | None, int]
FIRST = (1, "member_day", JUNE_10, JUNE_10, 1, 111, 1, 1)
REFUND = (2, "member_day", JUNE_10, JULY_2, 1, 222, 1, 2)


def change_frame(spark: SparkSession, changes: Sequence[Change]) -> DataFrame:
    """Rows of (ingest_no, table, day, valid_from, rows, checksum, changed rows, announced version)."""
    return spark.createDataFrame([(*change, "run") for change in changes], FACT_CHANGE.schema_text())


def stale(
    spark: SparkSession, changes: Sequence[Change], computed: Sequence[Computed]
) -> list[tuple[date, str, date, int]]:
    """Return (as_of, result, day, changed rows) of what is stale."""
    results = spark.createDataFrame(list(computed), COMPUTED_RESULT.schema_text())
    rows = stale_days(results, change_frame(spark, changes)).collect()
    return sorted((row.as_of_date, row.result, row.fact_day, row.changed_rows) for row in rows)


def computed(as_of: date, ingest_no: int, first_day: date | None = None, result: str = "score") -> Computed:
    return (as_of, result, "member_day", first_day, ingest_no)


def test_a_refund_after_the_date_makes_nothing_stale(spark: SparkSession) -> None:
    dates = [computed(JUNE_30, 1), computed(JULY_31, 1)]
    assert stale(spark, [FIRST, REFUND], dates) == [(JULY_31, "score", JUNE_10, 1)]


def test_a_result_computed_from_the_newest_facts_is_fresh(spark: SparkSession) -> None:
    assert stale(spark, [FIRST, REFUND], [computed(JULY_31, 2), computed(JULY_31, 7)]) == []


def test_late_lines_make_dates_stale_that_look_at_their_day(spark: SparkSession) -> None:
    late = (3, "member_day", JUNE_20, JUNE_20, 4, 999, 4, 3)
    dates = [
        computed(JUNE_10, 2),
        computed(JUNE_30, 2, JUNE_20, "from that day on"),
        computed(JUNE_30, 2, date(2024, 6, 21), "after that day"),
        computed(JUNE_30, 2, None, "whole life"),
    ]
    assert stale(spark, [FIRST, REFUND, late], dates) == [
        (JUNE_30, "from that day on", JUNE_20, 4),
        (JUNE_30, "whole life", JUNE_20, 4),
    ]


def test_changes_of_the_other_table_make_nothing_stale(spark: SparkSession) -> None:
    tags = (3, "member_tag_day", JUNE_20, JUNE_20, 4, 999, 4, 1)
    preference = (JUNE_30, "preference", "member_tag_day", JUNE_1, 2)
    assert stale(spark, [FIRST, tags], [computed(JUNE_30, 1), preference]) == [(JUNE_30, "preference", JUNE_20, 4)]


def test_a_change_that_was_undone_makes_nothing_stale(spark: SparkSession) -> None:
    wrong = (2, "member_day", JUNE_10, JUNE_10, 1, 555, 1, 2)
    undone = (3, "member_day", JUNE_10, JUNE_10, 1, 111, 1, 3)
    dates = [computed(JUNE_30, 1, result="before"), computed(JUNE_30, 2, result="between")]
    assert stale(spark, [FIRST, wrong, undone], dates) == [(JUNE_30, "between", JUNE_10, 1)]


def test_days_that_came_and_went_again_make_nothing_stale(spark: SparkSession) -> None:
    came = (2, "member_day", JUNE_20, JUNE_20, 3, 555, 3, 2)
    went = (3, "member_day", JUNE_20, JUNE_20, 0, 0, 3, 3)
    dates = [computed(JUNE_30, 1, result="before"), computed(JUNE_30, 2, result="between")]
    assert stale(spark, [FIRST, came, went], dates) == [(JUNE_30, "between", JUNE_20, 3)]


def test_changed_rows_are_added_over_ingests_and_versions_of_a_day(spark: SparkSession) -> None:
    more = [
        (2, "member_day", JUNE_10, JUNE_10, 3, 333, 2, 2),
        (3, "member_day", JUNE_10, JUNE_10, 4, 444, 1, 3),
        (3, "member_day", JUNE_10, JUNE_20, 1, 555, 1, 3),
    ]
    assert stale(spark, [FIRST, *more], [computed(JUNE_30, 1)]) == [(JUNE_30, "score", JUNE_10, 4)]


def test_a_version_that_was_announced_and_never_committed_is_ignored(spark: SparkSession) -> None:
    changes = [
        (4, "member_day", JUNE_10, JUNE_10, 1, 1, 1, 7),
        (5, "member_day", JUNE_10, JUNE_10, 1, 2, 1, 8),
        (6, "member_day", JUNE_10, JUNE_10, 1, 3, 1, 8),
        (6, "member_day", JUNE_20, JUNE_20, 1, 3, 1, 8),
        (6, "member_tag_day", JUNE_10, JUNE_10, 1, 3, 1, 5),
        (7, "member_day", JUNE_10, JUNE_10, 1, 4, 1, 9),
    ]
    kept = committed_changes(change_frame(spark, changes), {"member_day": 8, "member_tag_day": 4})
    assert sorted((row.ingest_no, row.fact_day) for row in kept.collect()) == [
        (4, JUNE_10),
        (6, JUNE_10),
        (6, JUNE_20),
    ]
    assert committed_changes(change_frame(spark, changes), {}).count() == 0
