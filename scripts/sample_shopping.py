"""Who the invented retailer's members are, what they buy, send back and look at: the truth behind the sample.

Only `random.Random.random`, whole numbers and the four basic operations decide anything, so that no Python version
or machine makes a difference. Nobody in it exists: references are C-000001 and so on.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

FIRST_DAY = date(2023, 6, 1)
LAST_DAY = date(2025, 6, 30)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
SHANGHAI = timezone(timedelta(hours=8))
TILL = UTC  # stands in for the clock on the wall of a store, whose offset no till writes down

CATEGORIES = {
    "coffee": ("Arvello", "Dunmere", "Kesto"),
    "tea": ("Meilin", "Dunmere", "Tarrow"),
    "snacks": ("Popwell", "Kesto", "Brindle"),
    "skincare": ("Lunara", "Ovive", "Sennet"),
    "homeware": ("Harrowby", "Nordal", "Tarrow"),
    "sportswear": ("Velox Nine", "Ardent", "Nordal"),
    "toys": ("Popwell", "Quillo", "Brindle"),
    "pet care": ("Wagmore", "Pawlet", "Ovive"),
}
BASE_PRICE = {
    "coffee": 9, "tea": 12, "snacks": 5, "skincare": 28, "homeware": 34, "sportswear": 48, "toys": 22, "pet care": 15,
}  # fmt: skip
MONTH_WEIGHT = (0.9, 0.7, 0.9, 0.95, 1.0, 1.2, 0.9, 0.9, 1.0, 1.05, 1.7, 1.4)
HOURS_ONLINE = (3, 1, 0, 0, 0, 0, 1, 2, 4, 6, 7, 8, 9, 7, 6, 6, 6, 7, 8, 10, 12, 12, 9, 6)
HOURS_IN_STORES = (0, 0, 0, 0, 0, 0, 0, 0, 2, 5, 7, 9, 10, 8, 7, 7, 8, 10, 9, 5, 2)
# Gaps between orders: the middle of each twentieth of an exponential distribution with mean 1.
GAPS = (0.03, 0.08, 0.13, 0.19, 0.25, 0.32, 0.39, 0.47, 0.55, 0.65,
        0.74, 0.86, 0.98, 1.12, 1.29, 1.49, 1.74, 2.08, 2.59, 3.69)  # fmt: skip
SOURCES = ("shop", "stores", "partner")


@dataclass(frozen=True)
class Kind:
    """A kind of member: its share, days between orders, and when the first and the last order may lie.

    Days count back from the last day of the data: `joined` (latest, earliest), `left` likewise, None = still here.
    """

    name: str
    share: float
    gap: int
    joined: tuple[int, int]
    left: tuple[int, int] | None = None


KINDS = (
    Kind("loyal", 0.12, 30, (430, DAYS)),
    Kind("regular", 0.23, 64, (200, DAYS)),
    Kind("occasional", 0.20, 170, (150, DAYS)),
    Kind("cooling", 0.09, 26, (420, DAYS), (60, 240)),
    Kind("lapsed", 0.13, 75, (500, DAYS), (250, 500)),
    Kind("once", 0.15, 0, (0, DAYS)),
    Kind("new", 0.08, 35, (0, 60)),
)


@dataclass(frozen=True)
class Member:
    """What decides how one member shops."""

    reference: str
    kind: Kind
    spend: float
    source_weights: tuple[float, float, float]
    favourites: tuple[str, ...]


class Line(NamedTuple):
    """One line of an order, before its source writes it in its own way. `cents` are of all its pieces."""

    source: str
    reference: str
    order_no: str
    at: datetime
    category: str
    brand: str
    cents: int
    quantity: int = 1
    promotion: str = ""
    channel: str = ""
    refund_of: str | None = None
    kind: str = "sale"


def below(random: Random, n: int) -> int:
    """Return a whole number from 0 to n - 1."""
    return int(random.random() * n)


@cache
def running_sums(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Return the sum of the weights up to and with each.

    >>> running_sums((3, 1, 2))
    (3, 4, 6)
    """
    return tuple(accumulate(weights))


def weighted(random: Random, weights: tuple[float, ...]) -> int:
    """Return an index, as often as its weight says."""
    sums = running_sums(weights)
    return min(bisect(sums, random.random() * sums[-1]), len(sums) - 1)


def make_member(random: Random, number: int, kind: Kind) -> Member:
    """Return one member with habits of their own."""
    names = list(CATEGORIES)
    favourites = tuple(names.pop(below(random, len(names))) for _ in range(1 + below(random, 3)))
    spend = 0.5 + random.random() + (2.5 * random.random() if random.random() < 0.15 else 0)
    weights = [(0.6, 0.3, 0.1), (0.15, 0.8, 0.05), (0.4, 0.2, 0.4)][weighted(random, (0.5, 0.35, 0.15))]
    return Member(f"C-{number:06d}", kind, spend, weights, favourites)


def make_members(random: Random, count: int) -> list[Member]:
    """Return the members who buy, kinds in fixed shares and mixed order."""
    kinds = [kind for kind in KINDS for _ in range(int(count * kind.share + 0.5))]
    kinds = (kinds + [KINDS[-1]] * count)[:count]
    order = sorted((random.random(), position) for position in range(count))
    return [make_member(random, number + 1, kinds[position]) for number, (_, position) in enumerate(order)]


def between(random: Random, limits: tuple[int, int]) -> int:
    """Return a whole number between two limits, both included."""
    return limits[0] + below(random, limits[1] - limits[0] + 1)


def order_days(random: Random, member: Member) -> Iterator[date]:
    """Yield the days on which a member orders: gaps around the kind's own, more orders before the holidays."""
    kind = member.kind
    day = DAYS - between(random, (min(kind.joined[0], DAYS - 1), kind.joined[1]))
    last = DAYS - 1 - (between(random, kind.left) if kind.left else 0)
    day = min(max(day, 0), DAYS - 1)
    yield FIRST_DAY + timedelta(days=day)
    pace = kind.gap * (0.6 + 0.8 * random.random())
    while kind.gap:
        month = (FIRST_DAY + timedelta(days=day)).month
        day += 1 + int(pace * GAPS[below(random, len(GAPS))] / MONTH_WEIGHT[month - 1])
        if day > last:
            return
        yield FIRST_DAY + timedelta(days=day)


def moment(random: Random, day: date, zone: timezone = SHANGHAI) -> datetime:
    """Return a moment on a day, in the hours when people shop."""
    hour = weighted(random, HOURS_IN_STORES if zone is TILL else HOURS_ONLINE)
    return datetime(day.year, day.month, day.day, hour, below(random, 60), below(random, 60), tzinfo=zone)


def make_order(random: Random, member: Member, day: date, number: int) -> list[Line]:
    """Return the sale lines of one order."""
    source = SOURCES[weighted(random, member.source_weights)]
    names = {"shop": f"W{number:07d}", "stores": f"{number:07d}-{number % 89:02d}", "partner": f"p{number:08x}"}
    at = moment(random, day, TILL if source == "stores" else SHANGHAI)
    promotion = ("WELCOME", "HOLIDAY", "CLUB10")[below(random, 3)] if random.random() < 0.18 else ""
    channel = ("app", "web", "mini_program")[weighted(random, (5, 3, 2))]
    plain = Line(source, member.reference, names[source], at, "", "", 0, promotion=promotion, channel=channel)
    lines = []
    for _ in range(1 + weighted(random, (40, 32, 18, 10))):
        some = member.favourites if random.random() < 0.8 else tuple(CATEGORIES)
        category = some[below(random, len(some))]
        brand = CATEGORIES[category][weighted(random, (6, 3, 1))]
        quantity = 1 + weighted(random, (75, 18, 7))
        price = int(BASE_PRICE[category] * member.spend * (60 + below(random, 90))) + 1
        lines.append(plain._replace(category=category, brand=brand, cents=price * quantity, quantity=quantity))
    return lines


def make_refunds(random: Random, order: list[Line], number: int) -> list[Line]:
    """Return the refund lines of an order: none for most, one line or all of them, some months later."""
    if random.random() >= 0.045:
        return []
    days = between(random, (35, 120)) if random.random() < 0.15 else between(random, (1, 20))
    back = order if random.random() < 0.5 else order[:1]
    at = order[0].at + timedelta(days=days, minutes=below(random, 200))
    named = None if random.random() < 0.12 else order[0].order_no
    name = f"R{number:07d}"
    return [line._replace(at=at, order_no=name, refund_of=named, kind="refund", promotion="") for line in back]


def make_extras(random: Random, order: list[Line]) -> list[Line]:
    """Return the lines beside the goods that no one should count: postage, top-ups, test orders."""
    first = order[0]
    plain = first._replace(quantity=1, promotion="")
    if first.source == "shop" and random.random() < 0.10:
        return [plain._replace(category="postage", brand="", cents=499)]
    if first.source == "shop" and random.random() < 0.004:
        return [plain._replace(order_no=f"T{first.order_no}", kind="test")]
    if first.source == "partner" and random.random() < 0.08:
        return [plain._replace(category="gift card", brand="", cents=5000, kind="topup")]
    return []


def make_lines(random: Random, members: Iterable[Member]) -> list[Line]:
    """Return every line of the three sources, as clean as it will ever be."""
    lines: list[Line] = []
    number = 0
    for member in members:
        for day in order_days(random, member):
            number += 1
            order = make_order(random, member, day, number)
            lines += order
            lines += make_extras(random, order)
            lines += [line for line in make_refunds(random, order, number) if line.at.date() <= LAST_DAY]
    return lines


def visit(random: Random, member: Member, day: date) -> Iterator[dict[str, object]]:
    """Yield what a member does on one visit to the app: a search, some views, now and then a cart."""
    at = moment(random, day)
    category = member.favourites[below(random, len(member.favourites))]
    steps = ["search"] if random.random() < 0.3 else []
    steps += ["view"] * (1 + below(random, 3)) + (["cart"] if random.random() < 0.25 else [])
    for step in steps:
        at += timedelta(seconds=5 + below(random, 120))
        yield {
            "visitor": member.reference,
            "at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "did": step,
            "category": category,
            "brand": None if step == "search" else CATEGORIES[category][weighted(random, (5, 3, 2))],
            "device": ("app", "web")[below(random, 2)],
            "campaign": "SPRING25" if day.month in (4, 5) and random.random() < 0.2 else None,
        }


def make_events(random: Random, members: Sequence[Member], prospects: int) -> list[dict[str, object]]:
    """Return the browsing of the last 180 days, of some of the members and of people who have not bought yet."""
    browsers = [member for member in members if member.kind.left is None and random.random() < 0.45]
    first = len(members) + 1
    browsers += [make_member(random, number, KINDS[-1]) for number in range(first, first + prospects)]
    events: list[dict[str, object]] = []
    for member in browsers:
        for _ in range(1 + weighted(random, (35, 25, 20, 12, 8))):
            events += visit(random, member, LAST_DAY - timedelta(days=below(random, 180)))
    events.sort(key=lambda event: (str(event["at"]), str(event["visitor"])))
    return [{"event": f"e{number:07d}", **event} for number, event in enumerate(events, start=1)]
