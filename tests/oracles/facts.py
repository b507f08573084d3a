"""What is known of every member and day, from the meaning of orders and refunds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from rfm_spark.config.model import TagClass
from tests.oracles.lines import Event, Line

OPEN_END = date(9999, 12, 31)
ZERO = Decimal("0.0000")


@dataclass(frozen=True)
class Fact:
    """One version of a member and order day, known from valid_from until the day before valid_to."""

    member_id: int
    order_day: date
    valid_from: date
    valid_to: date
    order_count: int
    gross_amount: Decimal
    refund_amount: Decimal
    net_amount: Decimal
    promotion_order_count: int


@dataclass(frozen=True)
class TagDay:
    """The sale lines and events of one member, day and tag value."""

    member_id: int
    tag_day: date
    tag_class: str
    tag_value: str
    event_count: int
    order_count: int
    amount: Decimal


class State(NamedTuple):
    """The numbers of one member and order day, as known on one day."""

    order_count: int = 0
    gross_amount: Decimal = ZERO
    refund_amount: Decimal = ZERO
    promotion_order_count: int = 0

    def plus(self, other: "State") -> "State":
        """Return the sum of both."""
        return State(
            self.order_count + other.order_count,
            self.gross_amount + other.gross_amount,
            self.refund_amount + other.refund_amount,
            self.promotion_order_count + other.promotion_order_count,
        )


class OrderKey(NamedTuple):
    """An order: by its number, or by its day where the source gives none."""

    source: str
    member_id: int
    order_id: str | None
    day_without_id: date | None


NOTHING = State()


def order_key(sale: Line) -> OrderKey:
    """Return the order that a sale line belongs to, or that a discount is of."""
    return OrderKey(sale.orders_of, sale.member_id, sale.order_id, sale.day if sale.order_id is None else None)


def member_days(lines: Iterable[Line], refunds: str, unknown_refunds: str = "lower_day") -> list[Fact]:
    """One fact per member, order day and version, sorted by these; `refunds` and the next as in `orders`.

    Every line belongs to one order day for good: a sale to the first day of its order, a refund to the order that it
    names or to its own day. So each order day is a story of its own, told once per day on which a line of it came.
    """
    everything = list(lines)
    first_day = _first_days(everything)
    story: defaultdict[tuple[int, date], defaultdict[OrderKey | None, list[Line]]]
    story = defaultdict(lambda: defaultdict(list))
    for line in everything:
        if line.kind == "refund" and refunds == "ignore":
            continue
        order = _order_of(line, first_day, refunds)
        is_ignored = refunds == "attribute_to_order" and unknown_refunds != "lower_day"
        if is_ignored and is_of_unknown_order(line, first_day):
            continue
        home = line.day if order is None else first_day[order]
        story[line.member_id, home][order].append(line)
    facts = []
    for (member_id, order_day), orders in sorted(story.items(), key=lambda item: item[0]):
        told = [line.day for lines_of_order in orders.values() for line in lines_of_order]
        states = [(day, _state(orders.items(), day)) for day in sorted(set(told))]
        facts.extend(_versions(member_id, order_day, states))
    return facts


def _first_days(lines: Iterable[Line]) -> dict[OrderKey, date]:
    first: dict[OrderKey, date] = {}
    for line in lines:
        if line.kind == "sale":
            key = order_key(line)
            first[key] = min(line.day, first.get(key, line.day))
    return first


def _order_of(line: Line, first_day: dict[OrderKey, date], refunds: str) -> OrderKey | None:
    """Return the order that the line changes, None for a refund or discount that only lowers its own day."""
    if line.kind == "sale":
        return order_key(line)
    if line.kind == "discount":
        named = order_key(line)
        return named if named in first_day and first_day[named] <= line.day else None
    named = OrderKey(line.orders_of, line.member_id, line.refunded_order_id, None)
    known = line.refunded_order_id is not None and named in first_day and first_day[named] <= line.day
    return named if refunds == "attribute_to_order" and known else None


def is_of_unknown_order(line: Line, first_day: dict[OrderKey, date]) -> bool:
    """Return whether the line is a refund that names an order without a sale line until its day."""
    named = OrderKey(line.orders_of, line.member_id, line.refunded_order_id, None)
    is_known = named in first_day and first_day[named] <= line.day
    return line.kind == "refund" and line.refunded_order_id is not None and not is_known


def _state(orders: Iterable[tuple[OrderKey | None, list[Line]]], known_on: date) -> State:
    """Return the sum over the orders of one order day of what was known of them on a day."""
    state = NOTHING
    for order, lines in orders:
        known = [line for line in lines if line.day <= known_on]
        if known:
            state = state.plus(_order_state(known, is_order=order is not None))
    return state


def _order_state(lines: Sequence[Line], is_order: bool) -> State:
    """Return what one order adds to its day; it counts unless refund lines took all of it back.

    | sales | discounts | refunds | orders |
    |-------|-----------|---------|--------|
    | 0     | none      | none    | 1      |
    | 100   | 100       | none    | 1      |
    | 100   | none      | 40      | 1      |
    | 100   | none      | 60 + 40 | 0      |
    | 100   | 60        | 40      | 0      |
    | 0     | none      | 0       | 0      |
    """
    sales = [line for line in lines if line.kind == "sale"]
    taken_back = [line.amount for line in lines if line.kind == "refund"]
    discounts = sum((line.amount for line in lines if line.kind == "discount"), ZERO)
    gross = sum((line.amount for line in sales), ZERO) - discounts
    refunded = sum(taken_back, ZERO)
    counts = is_order and (not taken_back or gross - refunded > 0)
    promoted = counts and any(line.promotion is not None for line in sales)
    return State(int(counts), gross, refunded, int(promoted))


def _versions(member_id: int, order_day: date, states: Sequence[tuple[date, State]]) -> list[Fact]:
    """Return the states as periods; one that equals the state before it (nothing, at the start) is no version."""
    before = NOTHING
    changes: list[tuple[date, State]] = []
    for day, state in states:
        if state != before:
            changes.append((day, state))
        before = state
    periods = pairwise([*changes, (OPEN_END, NOTHING)])
    return [_fact(member_id, order_day, since, until, state) for (since, state), (until, _) in periods]


def _fact(member_id: int, order_day: date, valid_from: date, valid_to: date, state: State) -> Fact:
    return Fact(
        member_id=member_id,
        order_day=order_day,
        valid_from=valid_from,
        valid_to=valid_to,
        order_count=state.order_count,
        gross_amount=state.gross_amount,
        refund_amount=state.refund_amount,
        net_amount=state.gross_amount - state.refund_amount,
        promotion_order_count=state.promotion_order_count,
    )


def valid_facts(facts: Iterable[Fact], as_of: date) -> list[Fact]:
    """Return the facts that are valid on the day."""
    return [fact for fact in facts if fact.valid_from <= as_of < fact.valid_to]


def facts_at(
    lines: Iterable[Line], as_of: date, refunds: str, unknown_refunds: str = "lower_day"
) -> dict[tuple[int, date], State]:
    """Return the numbers per member and order day on `as_of`, all zero ones left out.

    More naive than `member_days`: the lines after the day are thrown away first, and there are no versions.
    """
    known = [line for line in lines if line.day <= as_of]
    sales = [line for line in known if line.kind == "sale"]
    takes_back: defaultdict[int | None, list[Line]] = defaultdict(list)
    orders: defaultdict[OrderKey, list[Line]] = defaultdict(list)
    for sale in sales:
        orders[order_key(sale)].append(sale)
    numbers = {key: number for number, key in enumerate(orders)}
    opened = [min(sale.day for sale in lines_of_order) for lines_of_order in orders.values()]
    for line in known:
        number = None
        if line.kind == "discount":
            number = numbers.get(order_key(line))
        elif line.kind == "refund" and refunds == "attribute_to_order":
            number = numbers.get(OrderKey(line.orders_of, line.member_id, line.refunded_order_id or "", None))
        if number is not None and opened[number] > line.day:
            number = None
        is_unknown = refunds == "attribute_to_order" and line.refunded_order_id is not None and number is None
        is_dropped = refunds == "ignore" or (is_unknown and unknown_refunds != "lower_day")
        if line.kind == "discount" or (line.kind == "refund" and not is_dropped):
            takes_back[number].append(line)
    result: defaultdict[tuple[int, date], State] = defaultdict(State)
    for key, number in numbers.items():
        place = (key.member_id, opened[number])
        result[place] = result[place].plus(_order_state([*orders[key], *takes_back[number]], is_order=True))
    for line in takes_back[None]:
        place = (line.member_id, line.day)
        taken = State(gross_amount=-line.amount) if line.kind == "discount" else State(refund_amount=line.amount)
        result[place] = result[place].plus(taken)
    return {place: state for place, state in result.items() if state != NOTHING}


def tag_days(
    lines: Iterable[Line],
    events: Iterable[Event],
    classes: Sequence[TagClass],
    event_types: Sequence[str] | None = None,
) -> list[TagDay]:
    """One row per member, day, tag class and tag value, sorted by these, from sale lines and events.

    An order counts once per value, on the first day it has a line of that value; refunds change nothing; lines and
    events without a value of the class are of no row. `event_types` None means all of them.
    """
    sales = sorted((line for line in lines if line.kind == "sale"), key=lambda line: line.day)
    counted: set[tuple[str, str, OrderKey]] = set()
    event_count: defaultdict[tuple[int, date, str, str], int] = defaultdict(int)
    order_count: defaultdict[tuple[int, date, str, str], int] = defaultdict(int)
    amount: defaultdict[tuple[int, date, str, str], Decimal] = defaultdict(lambda: ZERO)
    for tag in classes:
        for sale in sales:
            value = getattr(sale, tag.column, None)
            if value is not None:
                place = (sale.member_id, sale.day, tag.name, value)
                amount[place] += sale.amount
                order_count[place] += (tag.name, value, order_key(sale)) not in counted
                counted.add((tag.name, value, order_key(sale)))
        for event in events:
            value = getattr(event, tag.column, None)
            if value is not None and (event_types is None or event.event_type in event_types):
                event_count[event.member_id, event.day, tag.name, value] += 1
    places = sorted(amount.keys() | event_count.keys())
    return [TagDay(*place, event_count[place], order_count[place], amount[place]) for place in places]
