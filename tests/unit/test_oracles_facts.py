"""The twin of the facts, checked by hand-written stories and against an even more naive one."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from rfm_spark.config.model import TagClass
from tests.oracles.facts import Fact, State, TagDay, facts_at, member_days, tag_days, valid_facts
from tests.oracles.lines import Event, Line, random_events, random_lines

JUNE_10, JUNE_30, JULY_2, JULY_31, OPEN = (
    date(2024, 6, 10), date(2024, 6, 30), date(2024, 7, 2), date(2024, 7, 31), date(9999, 12, 31),
)  # fmt: skip


def sale(day: date, amount: str, order_id: str | None = "A", **rest: Any) -> Line:
    return Line(
        **{"source": "shop", "member_id": 1, **rest}, day=day, kind="sale", amount=Decimal(amount), order_id=order_id
    )


def refund(day: date, amount: str, refunded: str | None = "A", **rest: Any) -> Line:
    return Line(
        **{"source": "shop", "member_id": 1, **rest},
        day=day, kind="refund", amount=Decimal(amount), refunded_order_id=refunded,
    )  # fmt: skip


def discount(day: date, amount: str, order_id: str | None = "A", **rest: Any) -> Line:
    return Line(
        **{"source": "shop", "member_id": 1, **rest},
        day=day,
        kind="discount",
        amount=Decimal(amount),
        order_id=order_id,
    )


def fact(day: date, since: date, until: date, orders: int, gross: str, refunded: str, promoted: int = 0) -> Fact:
    net = Decimal(gross) - Decimal(refunded)
    return Fact(1, day, since, until, orders, Decimal(gross), Decimal(refunded), net, promoted)


def test_a_refund_of_everything_makes_the_order_none_from_its_own_day_on() -> None:
    facts = member_days([sale(JUNE_10, "100"), refund(JULY_2, "100")], "attribute_to_order")
    assert facts == [
        fact(JUNE_10, JUNE_10, JULY_2, 1, "100", "0"),
        fact(JUNE_10, JULY_2, OPEN, 0, "100", "100"),
    ]
    assert [f.order_count for f in valid_facts(facts, JUNE_30)] == [1]
    assert [f.order_count for f in valid_facts(facts, JULY_31)] == [0]


def test_a_partial_refund_keeps_the_order() -> None:
    facts = member_days([sale(JUNE_10, "100"), refund(JULY_2, "30")], "attribute_to_order")
    assert facts[-1] == fact(JUNE_10, JULY_2, OPEN, 1, "100", "30")


def test_on_refund_day_lowers_the_amount_of_the_refund_day_and_no_order() -> None:
    assert member_days([sale(JUNE_10, "100"), refund(JULY_2, "100")], "on_refund_day") == [
        fact(JUNE_10, JUNE_10, OPEN, 1, "100", "0"),
        fact(JULY_2, JULY_2, OPEN, 0, "0", "100"),
    ]


def test_ignored_refunds_change_nothing() -> None:
    assert member_days([sale(JUNE_10, "100"), refund(JULY_2, "100")], "ignore") == [
        fact(JUNE_10, JUNE_10, OPEN, 1, "100", "0")
    ]


@pytest.mark.parametrize(
    "stray",
    [
        refund(JULY_2, "5", "B"),
        refund(JULY_2, "5", None),
        refund(JULY_2, "5", source="web"),
        refund(JULY_2, "5", "of another member"),
    ],
)
def test_a_refund_of_no_known_order_lowers_its_own_day(stray: Line) -> None:
    others = [sale(JUNE_10, "7", "of another member", member_id=2)]
    facts = member_days([sale(JUNE_10, "100"), stray, *others], "attribute_to_order")
    assert [f for f in facts if f.member_id == 1] == [
        fact(JUNE_10, JUNE_10, OPEN, 1, "100", "0"),
        fact(JULY_2, JULY_2, OPEN, 0, "0", "5"),
    ]


def test_a_refund_dated_before_the_first_sale_line_stays_on_its_own_day() -> None:
    assert member_days([refund(JUNE_10, "5"), sale(JULY_2, "100")], "attribute_to_order") == [
        fact(JUNE_10, JUNE_10, OPEN, 0, "0", "5"),
        fact(JULY_2, JULY_2, OPEN, 1, "100", "0"),
    ]


def test_a_refund_of_the_same_day_belongs_to_the_order_whatever_the_time() -> None:
    assert member_days([refund(JUNE_10, "100"), sale(JUNE_10, "100")], "attribute_to_order") == [
        fact(JUNE_10, JUNE_10, OPEN, 0, "100", "100")
    ]


def test_a_later_sale_line_makes_a_version_on_the_first_day_and_may_bring_the_promotion() -> None:
    assert member_days([sale(JULY_2, "20", promotion="coupon"), sale(JUNE_10, "10")], "attribute_to_order") == [
        fact(JUNE_10, JUNE_10, JULY_2, 1, "10", "0"),
        fact(JUNE_10, JULY_2, OPEN, 1, "30", "0", promoted=1),
    ]


def test_a_later_sale_line_of_a_refunded_order_makes_it_an_order_again() -> None:
    lines = [sale(JUNE_10, "10"), refund(JUNE_30, "10"), sale(JULY_2, "4")]
    assert [f.order_count for f in member_days(lines, "attribute_to_order")] == [1, 0, 1]


def test_an_order_at_price_zero_counts_until_a_refund_of_zero() -> None:
    assert member_days([sale(JUNE_10, "0"), refund(JULY_2, "0")], "attribute_to_order") == [
        fact(JUNE_10, JUNE_10, JULY_2, 1, "0", "0"),
        fact(JUNE_10, JULY_2, OPEN, 0, "0", "0"),
    ]


def test_a_first_version_of_zeros_is_not_written() -> None:
    assert member_days([refund(JUNE_10, "0", None)], "attribute_to_order") == []


def test_a_line_that_changes_no_number_makes_no_version() -> None:
    assert member_days([sale(JUNE_10, "10"), sale(JULY_2, "0")], "ignore") == [
        fact(JUNE_10, JUNE_10, OPEN, 1, "10", "0")
    ]


def test_lines_without_order_id_are_one_order_per_source_and_day() -> None:
    lines = [sale(JUNE_10, "1", None), sale(JUNE_10, "2", None), sale(JUNE_10, "4", None, source="web")]
    assert member_days(lines, "ignore") == [fact(JUNE_10, JUNE_10, OPEN, 2, "7", "0")]


def test_an_order_paid_by_voucher_is_an_order_at_nothing() -> None:
    assert member_days([sale(JUNE_10, "50"), discount(JUNE_10, "50")], "attribute_to_order") == [
        fact(JUNE_10, JUNE_10, OPEN, 1, "0", "0")
    ]


def test_a_discount_lowers_the_day_of_its_order_from_its_own_day_on() -> None:
    assert member_days([sale(JUNE_10, "50"), discount(JULY_2, "20")], "ignore") == [
        fact(JUNE_10, JUNE_10, JULY_2, 1, "50", "0"),
        fact(JUNE_10, JULY_2, OPEN, 1, "30", "0"),
    ]


def test_a_discount_of_no_known_order_lowers_its_own_day() -> None:
    assert member_days([discount(JUNE_10, "5"), discount(JULY_2, "3", "B")], "ignore") == [
        fact(JUNE_10, JUNE_10, OPEN, 0, "-5", "0"),
        fact(JULY_2, JULY_2, OPEN, 0, "-3", "0"),
    ]


def test_a_refund_in_a_file_of_its_own_reaches_the_order_of_the_other_source() -> None:
    there = refund(JULY_2, "100", source="refunds", order_source="shop")
    assert member_days([sale(JUNE_10, "100"), there], "attribute_to_order") == [
        fact(JUNE_10, JUNE_10, JULY_2, 1, "100", "0"),
        fact(JUNE_10, JULY_2, OPEN, 0, "100", "100"),
    ]


def test_refunds_of_unknown_orders_may_change_nothing() -> None:
    lines = [sale(JULY_2, "9"), refund(JUNE_10, "1"), refund(JULY_2, "2", "B"), refund(JULY_2, "4", None)]
    assert member_days(lines, "attribute_to_order", "ignore") == [fact(JULY_2, JULY_2, OPEN, 1, "9", "4")]


@pytest.mark.parametrize("unknown", ["lower_day", "ignore"])
@pytest.mark.parametrize("refunds", ["attribute_to_order", "on_refund_day", "ignore"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_versions_agree_with_the_facts_of_every_single_day(seed: int, refunds: str, unknown: str) -> None:
    lines = random_lines(seed, members=25, discount_share=0.2)
    facts = member_days(lines, refunds, unknown)
    for n in range(-1, 62):
        as_of = date(2024, 1, 1) + timedelta(days=n)
        versions = {
            (f.member_id, f.order_day): State(f.order_count, f.gross_amount, f.refund_amount, f.promotion_order_count)
            for f in valid_facts(facts, as_of)
        }
        assert {key: state for key, state in versions.items() if state != State()} == facts_at(
            lines, as_of, refunds, unknown
        )


def test_the_versions_of_a_day_follow_each_other_without_a_gap_and_differ() -> None:
    facts = member_days(random_lines(4, members=60), "attribute_to_order")
    for before, after in pairwise(facts):
        if (before.member_id, before.order_day) == (after.member_id, after.order_day):
            assert before.valid_to == after.valid_from
            assert (before.order_count, before.gross_amount, before.refund_amount, before.promotion_order_count) != (
                after.order_count, after.gross_amount, after.refund_amount, after.promotion_order_count
            )  # fmt: skip
        else:
            assert before.valid_to == OPEN


def test_random_lines_bring_every_kind_of_trouble() -> None:
    lines = random_lines(1, members=200)
    facts = member_days(lines, "attribute_to_order")
    sales = [line for line in lines if line.kind == "sale"]
    assert any(line.order_id is None for line in sales)
    assert any(line.amount == 0 for line in sales)
    assert {line.member_id for line in lines} > {line.member_id for line in sales}
    assert any(f.net_amount < 0 for f in facts)
    assert any(f.valid_to != OPEN and f.order_count for f in facts)
    assert any(f.refund_amount and f.order_count == 0 and not f.gross_amount for f in facts)
    assert len({line.day for line in lines}) == 50
    assert lines == random_lines(1, members=200)


def test_tag_days_count_an_order_on_the_first_day_it_has_the_value() -> None:
    lines = [
        sale(JUNE_10, "10", category="books"),
        sale(JUNE_10, "5", category="games"),
        sale(JULY_2, "20", category="books"),
        sale(JULY_2, "1", "B", category="books"),
        refund(JULY_2, "20", category="books"),
    ]
    events = [
        Event("site", "1", 1, JULY_2, "view", category="books"),
        Event("site", "2", 1, JULY_2, "search", category="books"),
        Event("site", "3", 2, JULY_2, "view", category="books"),
        Event("site", "4", 2, JULY_2, "view"),
    ]
    assert tag_days(lines, events, [TagClass("kind_of_goods", "category")], ["view"]) == [
        TagDay(1, JUNE_10, "kind_of_goods", "books", 0, 1, Decimal(10)),
        TagDay(1, JUNE_10, "kind_of_goods", "games", 0, 1, Decimal(5)),
        TagDay(1, JULY_2, "kind_of_goods", "books", 1, 1, Decimal(21)),
        TagDay(2, JULY_2, "kind_of_goods", "books", 1, 0, Decimal(0)),
    ]


def test_tag_days_keep_every_event_and_every_sale_amount() -> None:
    lines, events = random_lines(5), random_events(5)
    rows = tag_days(lines, events, [TagClass("channel", "channel")])
    assert sum(row.event_count for row in rows) == len(events)
    assert sum(row.amount for row in rows) == sum(line.amount for line in lines if line.kind == "sale")
