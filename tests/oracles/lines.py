"""Accepted lines and events as plain values, and seeded random ones that look for trouble."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

CATEGORIES = ("books", "games", "garden", None)
BRANDS = ("acme", "birch", None)
CHANNELS = ("web", "shop")
PRICES = tuple(Decimal(text) for text in ("0.0000", "0.0001", "5.0000", "5.0000", "5.0000", "9.9900", "20.0000"))
EVENT_TYPES = ("view", "cart", "search")


@dataclass(frozen=True, slots=True)
class Line:
    """One accepted line of a source; the amount of a refund or discount is positive too.

    `order_source`: whose order numbers its own are; None means those of its source.
    """

    source: str
    member_id: int
    day: date
    kind: Literal["sale", "refund", "discount"]
    amount: Decimal
    order_id: str | None = None
    refunded_order_id: str | None = None
    category: str | None = None
    brand: str | None = None
    channel: str | None = None
    promotion: str | None = None
    batch_id: str = ""
    order_source: str | None = None

    @property
    def orders_of(self) -> str:
        """Return the source whose orders the line is about."""
        return self.order_source or self.source


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted behaviour event of a source."""

    source: str
    event_id: str
    member_id: int
    day: date
    event_type: str
    category: str | None = None
    brand: str | None = None
    channel: str | None = None


def random_lines(
    seed: int,
    members: int = 40,
    days: int = 60,
    start: date = date(2024, 1, 1),
    sources: tuple[str, ...] = ("shop", "web"),
    lines_per_member: int = 8,
    refund_share: float = 0.25,
    batches: int = 4,
    discount_share: float = 0.0,
) -> list[Line]:
    """Return shuffled lines of `members` members (ids from 1) over `days` days from `start`, the same for one seed.

    They bring together: prices from a short list (heavy ties, zero among them), orders with lines on several days,
    the same order number in two sources and for two members, lines without an order number, every sixth day empty,
    members with refunds alone, and refunds that name a known order, an unknown one, one of another source or member,
    one dated before its order, or none; some refunds are larger than all that was bought. `batch_id` goes round
    `batches` names whatever the day, so later batches bring late lines. With a `discount_share` there are discounts
    too, and some lines of the second source are about orders of the first.
    """
    chance = random.Random(seed)
    open_days = [start + timedelta(days=n) for n in range(days) if n % 6 != 5]
    lines: list[Line] = []
    for member_id in range(1, members + 1):
        only_refunds = chance.random() < 0.05
        for _ in range(chance.randint(1, 2 * lines_per_member - 1)):
            if only_refunds or chance.random() < refund_share:
                lines.append(_refund(chance, member_id, open_days, sources, batches))
            else:
                lines.append(_sale(chance, member_id, open_days, sources, batches))
    chance.shuffle(lines)
    return _with_discounts(chance, lines, sources, discount_share) if discount_share else lines


def _with_discounts(chance: random.Random, lines: list[Line], sources: tuple[str, ...], share: float) -> list[Line]:
    """Return the lines with some sales made discounts, and some lines of the last source about the first's orders."""
    changed = []
    for line in lines:
        if line.kind == "sale" and chance.random() < share:
            line = replace(line, kind="discount", amount=chance.choice((*PRICES, Decimal("60.0000"))))
        if line.source == sources[-1] and chance.random() < 0.4:
            line = replace(line, order_source=sources[0])
        changed.append(line)
    return changed


def _sale(chance: random.Random, member_id: int, open_days: list[date], sources: tuple[str, ...], batches: int) -> Line:
    return Line(
        source=chance.choice(sources),
        member_id=member_id,
        day=chance.choice(open_days),
        kind="sale",
        amount=chance.choice(PRICES),
        order_id=_order_id(chance, member_id),
        category=chance.choice(CATEGORIES),
        brand=chance.choice(BRANDS),
        channel=chance.choice(CHANNELS),
        promotion="coupon" if chance.random() < 0.2 else None,
        batch_id=f"batch-{chance.randrange(batches)}",
    )


def _refund(
    chance: random.Random, member_id: int, open_days: list[date], sources: tuple[str, ...], batches: int
) -> Line:
    named = chance.choice(("own", "own", "own", "other", "unknown", None))
    refunded = {"own": _order_id(chance, member_id), "other": f"order-{chance.randint(1, 9)}-x", "unknown": "nowhere"}
    return Line(
        source=chance.choice(sources),
        member_id=member_id,
        day=chance.choice(open_days),
        kind="refund",
        amount=chance.choice((*PRICES, Decimal("250.0000"))),
        order_id=chance.choice((None, f"refund-{chance.randint(1, 5)}")),
        refunded_order_id=refunded[named] if named else None,
        category=chance.choice(CATEGORIES),
        batch_id=f"batch-{chance.randrange(batches)}",
    )


def _order_id(chance: random.Random, member_id: int) -> str | None:
    """One of few order numbers: three of the member's own, one shared by its neighbours, or none."""
    return chance.choice(
        (*(f"order-{member_id}-{n}" for n in "abc"), f"order-{member_id % 9 + 1}-x", "order-of-all", None)
    )


def random_events(
    seed: int,
    members: int = 50,
    days: int = 60,
    start: date = date(2024, 1, 1),
    sources: tuple[str, ...] = ("site", "app"),
    events_per_member: int = 5,
) -> list[Event]:
    """Return shuffled events, the same for one seed; take more members than lines have, and there are prospects."""
    chance = random.Random(f"events {seed}")
    events = []
    for member_id in range(1, members + 1):
        for number in range(chance.randint(0, 2 * events_per_member)):
            events.append(
                Event(
                    source=chance.choice(sources),
                    event_id=f"event-{member_id}-{number}",
                    member_id=member_id,
                    day=start + timedelta(days=chance.randrange(days)),
                    event_type=chance.choice(EVENT_TYPES),
                    category=chance.choice(CATEGORIES),
                    brand=chance.choice(BRANDS),
                    channel=chance.choice(CHANNELS),
                )
            )
    chance.shuffle(events)
    return events
