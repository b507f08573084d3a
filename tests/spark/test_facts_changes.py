"""What an ingest changes is found row by row and recorded pair by pair."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, MEMBER_TAG_DAY
from rfm_spark.dates import month_of
from rfm_spark.facts.changes import (
    MEMBER_DAY_FACTS,
    MEMBER_TAG_DAY_FACTS,
    changed_pairs,
    fact_changes,
    touched_members,
)
from rfm_spark.facts.compare import SIGN, different_rows

OPEN = date(9999, 12, 31)
JUNE_10, JUNE_20, JULY_2 = date(2024, 6, 10), date(2024, 6, 20), date(2024, 7, 2)
Fact = tuple[int, date, date, date, int, int, int]


def fact_frame(spark: SparkSession, facts: Sequence[Fact]) -> DataFrame:
    """Rows of (member, order_day, valid_from, valid_to, orders, gross, refund)."""
    rows = [
        (*fact[:5], Decimal(fact[5]), Decimal(fact[6]), Decimal(fact[5] - fact[6]), 0, month_of(fact[1]))
        for fact in facts
    ]
    return spark.createDataFrame(rows, MEMBER_DAY.schema_text())


BOUGHT = (1, JUNE_10, JUNE_10, OPEN, 1, 100, 0)
REFUNDED = [(1, JUNE_10, JUNE_10, JULY_2, 1, 100, 0), (1, JUNE_10, JULY_2, OPEN, 0, 100, 100)]
OTHER = (2, JUNE_10, JUNE_10, OPEN, 1, 30, 0)
THIRD = (3, JUNE_20, JUNE_20, OPEN, 1, 7, 0)


def pairs(spark: SparkSession, before: Sequence[Fact], after: Sequence[Fact]) -> list[tuple[date, date, int]]:
    differences = different_rows(fact_frame(spark, after), fact_frame(spark, before))
    return sorted(tuple(row) for row in changed_pairs(differences, MEMBER_DAY_FACTS).collect())


def test_touched_members_are_those_of_every_slice_once(spark: SparkSession) -> None:
    before, after = fact_frame(spark, [BOUGHT, OTHER]), fact_frame(spark, [*REFUNDED, THIRD])
    assert sorted(row.member_id for row in touched_members(before, after).collect()) == [1, 2, 3]


def test_a_difference_holds_rows_of_one_side_alone(spark: SparkSession) -> None:
    found = different_rows(fact_frame(spark, [OTHER, *REFUNDED]), fact_frame(spark, [BOUGHT, OTHER]))
    rows = sorted((row[SIGN], row.valid_from, row.valid_to) for row in found.collect())
    assert rows == [(-1, JUNE_10, OPEN), (1, JUNE_10, JULY_2), (1, JULY_2, OPEN)]


def test_a_refund_changes_the_pair_of_its_own_day_and_not_what_was_known_before(spark: SparkSession) -> None:
    assert pairs(spark, [BOUGHT, OTHER], [*REFUNDED, OTHER]) == [(JUNE_10, JULY_2, 1)]
    assert pairs(spark, [*REFUNDED, OTHER], [BOUGHT, OTHER]) == [(JUNE_10, JULY_2, 1)]


def test_added_removed_and_altered_rows_count_once_each(spark: SparkSession) -> None:
    altered = (2, JUNE_10, JUNE_10, OPEN, 1, 31, 0)
    assert pairs(spark, [OTHER, BOUGHT, THIRD], [altered]) == [(JUNE_10, JUNE_10, 2), (JUNE_20, JUNE_20, 1)]


def test_the_record_describes_all_rows_of_a_pair_and_zeros_where_it_is_gone(spark: SparkSession) -> None:
    before, after = fact_frame(spark, [OTHER, THIRD]), fact_frame(spark, [OTHER, BOUGHT])
    changed = changed_pairs(different_rows(after, before), MEMBER_DAY_FACTS)
    rows = fact_changes(changed, after, MEMBER_DAY_FACTS, 5, 8, "run-5").orderBy(c.FACT_DAY).collect()
    hashes = after.select(
        F.xxhash64("member_id", "order_count", "gross_amount", "refund_amount", "net_amount", "promotion_order_count")
    )
    first, second = (row[0] for row in hashes.collect())
    assert [tuple(row) for row in rows] == [
        (5, "member_day", JUNE_10, JUNE_10, 2, first ^ second, 1, 8, "run-5"),
        (5, "member_day", JUNE_20, JUNE_20, 0, 0, 1, 8, "run-5"),
    ]


def test_a_pair_of_a_tag_table_is_valid_from_its_day(spark: SparkSession) -> None:
    row = (1, JUNE_10, "brand", "acme", 2, 1, Decimal(5), month_of(JUNE_10))
    after = spark.createDataFrame([row], MEMBER_TAG_DAY.schema_text())
    changed = changed_pairs(different_rows(after, after.limit(0)), MEMBER_TAG_DAY_FACTS)
    record = fact_changes(changed, after, MEMBER_TAG_DAY_FACTS, 1, 1, "run-1").collect()
    assert [tuple(row)[1:5] for row in record] == [("member_tag_day", JUNE_10, JUNE_10, 1)]


def test_no_column_that_is_hashed_may_be_null() -> None:
    assert not MEMBER_DAY.nullable | MEMBER_TAG_DAY.nullable
