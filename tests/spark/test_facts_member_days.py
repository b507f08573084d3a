"""Lines become facts per member and day, as known from each day on."""

import re
from collections.abc import Sequence
from dataclasses import astuple, replace
from datetime import date
from decimal import Decimal

import pytest
from pyspark.errors import ArithmeticException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Refunds, UnknownRefunds
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY
from rfm_spark.facts.member_days import member_days
from tests.oracles import facts as twin
from tests.oracles.lines import Line, random_lines
from tests.spark.fact_frames import line_frame

OPEN = date(9999, 12, 31)
JUNE_10, JUNE_20, JULY_2, JULY_5 = date(2024, 6, 10), date(2024, 6, 20), date(2024, 7, 2), date(2024, 7, 5)

Version = tuple[date, date, date, int, str, str, int]


def sale(day: date, amount: str, order_id: str | None = "A1", **more: str) -> Line:
    return Line("shop", 1, day, "sale", Decimal(amount), order_id=order_id, **more)


def refund(day: date, amount: str, refunded_order_id: str | None = "A1", source: str = "shop") -> Line:
    return Line(source, 1, day, "refund", Decimal(amount), refunded_order_id=refunded_order_id)


def discount(day: date, amount: str, order_id: str | None = "A1") -> Line:
    return Line("shop", 1, day, "discount", Decimal(amount), order_id=order_id)


def versions(
    spark: SparkSession,
    lines: Sequence[Line],
    refunds: Refunds = Refunds.ATTRIBUTE_TO_ORDER,
    unknown: UnknownRefunds = UnknownRefunds.LOWER_DAY,
) -> list[Version]:
    """Return (order_day, valid_from, valid_to, orders, gross, refund, promotion orders) of the one member."""
    rows = member_days(line_frame(spark, lines), refunds, unknown).orderBy(c.ORDER_DAY, c.VALID_FROM).collect()
    assert all(row.net_amount == row.gross_amount - row.refund_amount for row in rows)
    return [
        (
            row.order_day, row.valid_from, row.valid_to, row.order_count, f"{row.gross_amount:f}",
            f"{row.refund_amount:f}", row.promotion_order_count,
        )
        for row in rows
    ]  # fmt: skip


def test_a_full_refund_takes_the_order_away_from_the_day_of_the_refund_on(spark: SparkSession) -> None:
    assert versions(spark, [sale(JUNE_10, "100"), refund(JULY_2, "100")]) == [
        (JUNE_10, JUNE_10, JULY_2, 1, "100.0000", "0.0000", 0),
        (JUNE_10, JULY_2, OPEN, 0, "100.0000", "100.0000", 0),
    ]


def test_a_partial_refund_lowers_the_order_and_leaves_it_an_order(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "100", promotion="spring"), refund(JUNE_20, "40"), refund(JULY_2, "60")]
    assert versions(spark, lines) == [
        (JUNE_10, JUNE_10, JUNE_20, 1, "100.0000", "0.0000", 1),
        (JUNE_10, JUNE_20, JULY_2, 1, "100.0000", "40.0000", 1),
        (JUNE_10, JULY_2, OPEN, 0, "100.0000", "100.0000", 0),
    ]


def test_a_refund_without_a_known_order_lowers_its_own_day(spark: SparkSession) -> None:
    lines = [
        sale(JUNE_20, "100"),
        refund(JUNE_10, "1"),
        refund(JULY_2, "2", "unknown"),
        refund(JULY_2, "3", None),
        refund(JULY_5, "4", source="web"),
    ]
    assert versions(spark, lines) == [
        (JUNE_10, JUNE_10, OPEN, 0, "0.0000", "1.0000", 0),
        (JUNE_20, JUNE_20, OPEN, 1, "100.0000", "0.0000", 0),
        (JULY_2, JULY_2, OPEN, 0, "0.0000", "5.0000", 0),
        (JULY_5, JULY_5, OPEN, 0, "0.0000", "4.0000", 0),
    ]


def test_a_later_sale_line_of_an_order_makes_a_version_of_the_first_day(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "10"), sale(JULY_2, "5", promotion="summer")]
    assert versions(spark, lines) == [
        (JUNE_10, JUNE_10, JULY_2, 1, "10.0000", "0.0000", 0),
        (JUNE_10, JULY_2, OPEN, 1, "15.0000", "0.0000", 1),
    ]


def test_lines_without_an_order_number_are_one_order_a_day(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "1", None), sale(JUNE_10, "2", None), sale(JUNE_20, "4", None), refund(JUNE_10, "3", None)]
    assert versions(spark, lines) == [
        (JUNE_10, JUNE_10, OPEN, 1, "3.0000", "3.0000", 0),
        (JUNE_20, JUNE_20, OPEN, 1, "4.0000", "0.0000", 0),
    ]


def test_a_free_order_counts_until_a_refund_line_names_it(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "0"), refund(JULY_2, "0"), sale(JUNE_20, "0", "A2")]
    assert versions(spark, lines) == [
        (JUNE_10, JUNE_10, JULY_2, 1, "0.0000", "0.0000", 0),
        (JUNE_10, JULY_2, OPEN, 0, "0.0000", "0.0000", 0),
        (JUNE_20, JUNE_20, OPEN, 1, "0.0000", "0.0000", 0),
    ]


def test_what_changes_nothing_is_no_version(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "7"), sale(JUNE_20, "0"), refund(JULY_2, "0"), refund(JULY_5, "0", None)]
    assert versions(spark, lines) == [(JUNE_10, JUNE_10, OPEN, 1, "7.0000", "0.0000", 0)]


def test_on_refund_day_every_refund_lowers_its_own_day_and_no_order(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "100"), sale(JULY_2, "5"), refund(JULY_2, "100")]
    assert versions(spark, lines, Refunds.ON_REFUND_DAY) == [
        (JUNE_10, JUNE_10, JULY_2, 1, "100.0000", "0.0000", 0),
        (JUNE_10, JULY_2, OPEN, 1, "105.0000", "0.0000", 0),
        (JULY_2, JULY_2, OPEN, 0, "0.0000", "100.0000", 0),
    ]


def test_ignored_refunds_change_no_fact(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "100"), refund(JULY_2, "100"), refund(JULY_5, "1", None)]
    assert versions(spark, lines, Refunds.IGNORE) == [(JUNE_10, JUNE_10, OPEN, 1, "100.0000", "0.0000", 0)]


def test_an_order_paid_by_voucher_is_an_order_until_it_is_refunded(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "50"), discount(JUNE_10, "50"), sale(JUNE_20, "30", "A2"), discount(JULY_2, "5", "A2")]
    lines += [refund(JULY_5, "0"), discount(JULY_5, "3", "unknown")]
    assert versions(spark, lines) == [
        (JUNE_10, JUNE_10, JULY_5, 1, "0.0000", "0.0000", 0),
        (JUNE_10, JULY_5, OPEN, 0, "0.0000", "0.0000", 0),
        (JUNE_20, JUNE_20, JULY_2, 1, "30.0000", "0.0000", 0),
        (JUNE_20, JULY_2, OPEN, 1, "25.0000", "0.0000", 0),
        (JULY_5, JULY_5, OPEN, 0, "-3.0000", "0.0000", 0),
    ]


def test_a_refund_of_an_unknown_order_may_change_nothing(spark: SparkSession) -> None:
    lines = [sale(JUNE_20, "9"), refund(JUNE_10, "1"), refund(JUNE_20, "2", "unknown"), refund(JUNE_20, "4", None)]
    found = versions(spark, lines, unknown=UnknownRefunds.IGNORE)
    assert found == [(JUNE_20, JUNE_20, OPEN, 1, "9.0000", "4.0000", 0)]


CASES = [(refunds, UnknownRefunds.LOWER_DAY) for refunds in Refunds]


@pytest.mark.parametrize(("refunds", "unknown"), [*CASES, (Refunds.ATTRIBUTE_TO_ORDER, UnknownRefunds.REJECT)])
def test_facts_of_random_lines_equal_the_naive_twin(
    spark: SparkSession, refunds: Refunds, unknown: UnknownRefunds
) -> None:
    lines = [line for seed in range(3) for line in shifted(of_seed(seed), seed)]
    expected = [astuple(fact) for fact in twin.member_days(lines, refunds.value, unknown.value)]
    built = member_days(line_frame(spark, lines).repartition(3), refunds, unknown)
    found = sorted(tuple(row)[:-1] for row in built.collect())
    assert len(expected) > 1000
    assert found == expected


def of_seed(seed: int) -> list[Line]:
    return random_lines(seed, members=120, refund_share=0.3, discount_share=0.15)


def shifted(lines: list[Line], seed: int) -> list[Line]:
    """Give the members of each seed ids of their own."""
    return [replace(line, member_id=line.member_id + 1000 * seed) for line in lines]


def test_the_facts_of_a_member_need_that_members_lines_alone(spark: SparkSession) -> None:
    lines = line_frame(spark, random_lines(7))
    whole = member_days(lines, Refunds.ATTRIBUTE_TO_ORDER).where(F.col(c.MEMBER_ID) % 3 == 0)
    alone = member_days(lines.where(F.col(c.MEMBER_ID) % 3 == 0), Refunds.ATTRIBUTE_TO_ORDER)
    assert sorted(whole.collect()) == sorted(alone.collect()) != []


def test_amounts_that_do_not_fit_fail_and_never_wrap(spark: SparkSession) -> None:
    lines = [sale(JUNE_10, "99999999999999.9999", f"A{number}") for number in range(12)]
    with pytest.raises(ArithmeticException):
        member_days(line_frame(spark, lines[:2]), Refunds.ATTRIBUTE_TO_ORDER).collect()
    with pytest.raises(ArithmeticException):
        member_days(line_frame(spark, lines), Refunds.ATTRIBUTE_TO_ORDER).collect()


def test_the_plan_shuffles_once_and_never_to_one_partition(spark: SparkSession) -> None:
    for refunds in Refunds:
        plan = executed_plan(member_days(line_frame(spark, [sale(JUNE_10, "1")]), refunds))
        assert len(re.findall(r"\bExchange\b", plan)) == 1
        assert "SinglePartition" not in plan


def executed_plan(frame: DataFrame) -> str:
    return str(frame._jdf.queryExecution().executedPlan().toString())


def test_the_frame_is_the_table(spark: SparkSession) -> None:
    frame = member_days(line_frame(spark, []), Refunds.ATTRIBUTE_TO_ORDER)
    assert [name for name, _ in frame.dtypes] == list(MEMBER_DAY.columns)
    assert frame.count() == 0
