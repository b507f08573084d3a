"""The twin of the windows, checked by hand-written days."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from rfm_spark.config.choices import Population
from rfm_spark.config.model import Window
from tests.oracles.facts import member_days
from tests.oracles.lines import Line
from tests.oracles.windows import first_order_day, half_up, is_in_window, measure, same_day_months_before, weight

AS_OF = date(2024, 6, 30)


def bought(member_id: int, day: date, amount: str, order_id: str | None = None) -> Line:
    return Line("shop", member_id, day, "sale", Decimal(amount), order_id)


def gave_back(member_id: int, day: date, amount: str, order_id: str | None = None) -> Line:
    return Line("shop", member_id, day, "refund", Decimal(amount), refunded_order_id=order_id)


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2024, 5, 15), 12, date(2023, 5, 15)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2023, 2, 28), 12, date(2022, 2, 28)),
        (date(2025, 2, 28), 12, date(2024, 2, 29)),
        (date(2024, 5, 30), 3, date(2024, 2, 29)),
        (date(2024, 6, 30), 1, date(2024, 5, 31)),
        (date(2024, 3, 29), 1, date(2024, 2, 29)),
    ],
)
def test_month_end_goes_to_month_end(day: date, months: int, before: date) -> None:
    assert same_day_months_before(day, months) == before


def test_a_window_of_days_ends_on_as_of_and_leaves_out_its_first_day() -> None:
    window = Window("month", days=30)
    assert is_in_window(window, AS_OF, AS_OF)
    assert is_in_window(window, AS_OF - timedelta(days=29), AS_OF)
    assert not is_in_window(window, AS_OF - timedelta(days=30), AS_OF)
    assert not is_in_window(window, AS_OF + timedelta(days=1), AS_OF)


def test_a_window_of_months_begins_after_the_same_day_months_before() -> None:
    window = Window("months", months=1)
    assert not is_in_window(window, date(2024, 5, 31), AS_OF)
    assert is_in_window(window, date(2024, 6, 1), AS_OF)


def test_the_measures_of_a_member_by_hand() -> None:
    lines = [
        bought(1, date(2024, 6, 1), "10", "A"),
        bought(1, date(2024, 6, 1), "5", "B"),
        bought(1, date(2024, 6, 20), "4", "C"),
        gave_back(1, date(2024, 6, 25), "1"),
        gave_back(1, date(2024, 6, 26), "4", "C"),
        bought(1, date(2024, 5, 1), "100", "D"),
        bought(1, date(2024, 7, 1), "1000", "E"),
    ]
    values = measure(member_days(lines, "attribute_to_order"), Window("month", days=30), AS_OF)[1]
    assert (values.recency_days, values.order_count, values.purchase_days) == (29, 2, 1)
    assert (values.gross_amount, values.refund_amount, values.net_amount) == (Decimal(19), Decimal(5), Decimal(14))
    assert values.average_order_amount == 7


def test_nothing_after_as_of_counts_not_even_a_refund_of_an_old_order() -> None:
    lines = [bought(1, date(2024, 6, 1), "10", "A"), gave_back(1, AS_OF + timedelta(days=1), "10", "A")]
    values = measure(member_days(lines, "attribute_to_order"), Window("all", lifetime=True), AS_OF)[1]
    assert (values.order_count, values.net_amount) == (1, Decimal(10))


def test_members_with_refunds_alone_are_not_scored() -> None:
    facts = member_days([gave_back(1, AS_OF, "10")], "on_refund_day")
    assert facts
    assert measure(facts, Window("all", lifetime=True), AS_OF) == {}


def test_population_ever_scores_earlier_buyers_with_the_days_since_their_last_order() -> None:
    lines = [bought(1, date(2024, 1, 1), "10", "A"), gave_back(1, date(2024, 6, 29), "3")]
    facts = member_days(lines, "attribute_to_order")
    assert measure(facts, Window("month", days=30), AS_OF) == {}
    values = measure(facts, Window("month", days=30, population=Population.EVER), AS_OF)[1]
    assert (values.recency_days, values.order_count, values.net_amount) == (181, 0, Decimal(-3))


def test_the_first_order_day_follows_the_facts_valid_on_the_day() -> None:
    lines = [
        bought(1, date(2024, 1, 1), "10", "A"),
        bought(1, date(2024, 3, 1), "10", "B"),
        gave_back(1, date(2024, 6, 1), "10", "A"),
    ]
    facts = member_days(lines, "attribute_to_order")
    assert first_order_day(facts, date(2024, 5, 31)) == {1: date(2024, 1, 1)}
    assert first_order_day(facts, date(2024, 6, 1)) == {1: date(2024, 3, 1)}
    assert first_order_day(facts, date(2023, 12, 31)) == {}


def test_decay_halves_an_order_per_half_life() -> None:
    lines = [bought(1, AS_OF, "10", "A"), bought(1, AS_OF - timedelta(days=20), "0.0003", "B")]
    values = measure(member_days(lines, "ignore"), Window("all", lifetime=True, half_life_days=10), AS_OF)[1]
    assert (values.decayed_order_count, values.decayed_amount) == (Decimal("1.250000"), Decimal("10.0001"))


def test_weights_are_millionths_half_up() -> None:
    assert [weight(age, 1) for age in (0, 1, 6, 7, 20, 21)] == [1_000_000, 500_000, 15_625, 7_813, 1, 0]


def test_every_weight_is_the_nearest_millionth_in_whole_numbers() -> None:
    for age in range(0, 400, 7):
        doubled = 2 * weight(age, 30)
        scale = (2 * 10**6) ** 30
        assert max(doubled - 1, 0) ** 30 * 2**age <= scale < (doubled + 1) ** 30 * 2**age


def test_halves_are_rounded_away_from_zero() -> None:
    assert [half_up(Fraction(n, 20000), 4) for n in (1, 3, -1, -3)] == [
        Decimal("0.0001"), Decimal("0.0002"), Decimal("-0.0001"), Decimal("-0.0002"),
    ]  # fmt: skip
