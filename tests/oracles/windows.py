"""What a member did in the period of a window, from the facts valid at one as-of date."""

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import cache

from rfm_spark.config.model import Window
from tests.oracles.facts import ZERO, Fact, valid_facts

WEIGHT_SCALE = 1_000_000
Number = int | Decimal | Fraction
Values = Mapping[int, Number]


@dataclass(frozen=True)
class Measure:
    """The values of one member in one window; the decayed ones are None in a window without decay."""

    recency_days: int
    order_count: int
    purchase_days: int
    net_amount: Decimal
    gross_amount: Decimal
    refund_amount: Decimal
    promotion_order_count: int
    decayed_order_count: Decimal | None = None
    decayed_amount: Decimal | None = None

    @property
    def average_order_amount(self) -> Decimal | None:
        """Return net amount per order, half up to 4 decimals; None without an order."""
        return half_up(Fraction(self.net_amount) / self.order_count, 4) if self.order_count else None


def half_up(value: Fraction, decimals: int) -> Decimal:
    """Return the value rounded to so many decimals, halves away from zero.

    >>> half_up(Fraction(5, 2), 0), half_up(Fraction(-5, 2), 0), half_up(Fraction(1, 3), 4)
    (Decimal('3'), Decimal('-3'), Decimal('0.3333'))
    """
    units = (abs(value) * 10**decimals * 2 + 1) // 2
    return (Decimal(-units if value < 0 else units)).scaleb(-decimals)


def is_in_window(window: Window, day: date, as_of: date) -> bool:
    """Return whether the day is in the window's period, which ends on as_of and includes it."""
    if day > as_of:
        return False
    if window.days is not None:
        return (as_of - day).days < window.days
    return window.months is None or day > same_day_months_before(as_of, window.months)


@cache
def same_day_months_before(day: date, months: int) -> date:
    """Return the day so many months earlier, walking month by month; the end of a month stays the end.

    >>> same_day_months_before(date(2025, 2, 28), 12), same_day_months_before(date(2024, 5, 30), 3)
    (datetime.date(2024, 2, 29), datetime.date(2024, 2, 29))
    """
    first = day.replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    last_number = calendar.monthrange(first.year, first.month)[1]
    ends_month = (day + timedelta(days=1)).month != day.month
    return first.replace(day=last_number if ends_month else min(day.day, last_number))


@cache
def weight(age: int, half_life_days: int) -> int:
    """Return 0.5 ** (age / half_life) in millionths, half up: 7 half lives are 7812.5, so 7813.

    >>> weight(0, 30), weight(30, 30), weight(45, 30), weight(210, 30)
    (1000000, 500000, 353553, 7813)
    """
    with localcontext() as context:
        context.prec = 60
        exact = WEIGHT_SCALE * Decimal(2) ** (-Decimal(age) / half_life_days)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def measure(facts: Iterable[Fact], window: Window, as_of: date) -> dict[int, Measure]:
    """Return the values of every member that the window scores.

    These are the members with an order in the window; with `population: ever` also those with an earlier order,
    whose recency then counts from that order.
    """
    by_member: defaultdict[int, list[Fact]] = defaultdict(list)
    for fact in valid_facts(facts, as_of):
        by_member[fact.member_id].append(fact)
    measures = {}
    for member_id, known in sorted(by_member.items()):
        inside = [fact for fact in known if is_in_window(window, fact.order_day, as_of)]
        scored_on = known if window.population == "ever" else inside
        order_days = [fact.order_day for fact in scored_on if fact.order_count > 0]
        if order_days:
            measures[member_id] = _measure(inside, max(order_days), window, as_of)
    return measures


def _measure(inside: list[Fact], last_order_day: date, window: Window, as_of: date) -> Measure:
    decayed_orders, decayed_amount = _decayed(inside, window.half_life_days, as_of)
    return Measure(
        recency_days=(as_of - last_order_day).days,
        order_count=sum(fact.order_count for fact in inside),
        purchase_days=sum(fact.order_count > 0 for fact in inside),
        net_amount=sum((fact.net_amount for fact in inside), ZERO),
        gross_amount=sum((fact.gross_amount for fact in inside), ZERO),
        refund_amount=sum((fact.refund_amount for fact in inside), ZERO),
        promotion_order_count=sum(fact.promotion_order_count for fact in inside),
        decayed_order_count=decayed_orders,
        decayed_amount=decayed_amount,
    )


def _decayed(inside: list[Fact], half_life: int | None, as_of: date) -> tuple[Decimal | None, Decimal | None]:
    """Return orders and net amount weighted by age; the amount half up to 4 decimals, the orders are exact."""
    if half_life is None:
        return None, None
    orders, amount = 0, Fraction(0)
    for fact in inside:
        millionths = weight((as_of - fact.order_day).days, half_life)
        orders += fact.order_count * millionths
        amount += Fraction(fact.net_amount) * millionths
    return half_up(Fraction(orders, WEIGHT_SCALE), 6), half_up(amount / WEIGHT_SCALE, 4)


def first_order_day(facts: Iterable[Fact], as_of: date) -> dict[int, date]:
    """Return the day of the first order valid at as_of over the whole life, for every member that has one."""
    first: dict[int, date] = {}
    for fact in valid_facts(facts, as_of):
        if fact.order_count > 0:
            first[fact.member_id] = min(fact.order_day, first.get(fact.member_id, fact.order_day))
    return first


def metric_values(measures: Mapping[int, Measure], window: Window) -> tuple[Values, Values, Values]:
    """Return what R, F and M of the window are; without an order in the period F and M are 0.

    A half life makes F and M the decayed orders and the decayed net amount, whatever else the window says.
    """
    recency = {member_id: values.recency_days for member_id, values in measures.items()}
    frequency = {member_id: _frequency(values, window) for member_id, values in measures.items()}
    monetary = {member_id: _monetary(values, window) for member_id, values in measures.items()}
    return recency, frequency, monetary


def _frequency(values: Measure, window: Window) -> Number:
    if values.order_count == 0:
        return 0
    if values.decayed_order_count is not None:
        return values.decayed_order_count
    return values.purchase_days if window.frequency == "days" else values.order_count


def _monetary(values: Measure, window: Window) -> Number:
    if values.order_count == 0:
        return 0
    if values.decayed_amount is not None:
        return values.decayed_amount
    if window.monetary == "average_order":
        assert values.average_order_amount is not None
        return values.average_order_amount
    return values.gross_amount if window.monetary == "gross" else values.net_amount
