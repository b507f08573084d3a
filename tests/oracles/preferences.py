"""The strongest tag values of each member, first form: shares of amount and of events in a window."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from rfm_spark.config.model import Window
from tests.oracles.facts import ZERO, Fact, TagDay
from tests.oracles.scores import Scored
from tests.oracles.windows import first_order_day, half_up, is_in_window


@dataclass(frozen=True)
class Preference:
    """One of the strongest values of a class for one member; share is None where the class has no amount."""

    member_id: int
    tag_class: str
    tag_value: str
    strength: Decimal
    rank_in_class: int
    share: Decimal | None
    last_day: date
    order_count: int
    event_count: int


@dataclass(frozen=True)
class Total:
    """What one member did with one tag value in the window."""

    tag_value: str
    amount: Decimal
    event_count: int
    order_count: int
    last_day: date


def preferences(
    tag_days: Iterable[TagDay],
    window: Window,
    as_of: date,
    top: int = 3,
    amount_weight: str = "1",
    event_weight: str = "1",
) -> list[Preference]:
    """One row per member, class and value among the `top` of the class, sorted by member, class and rank."""
    days: defaultdict[tuple[int, str], defaultdict[str, list[TagDay]]] = defaultdict(lambda: defaultdict(list))
    for row in tag_days:
        if is_in_window(window, row.tag_day, as_of):
            days[row.member_id, row.tag_class][row.tag_value].append(row)
    weights = (Fraction(amount_weight), Fraction(event_weight))
    result = []
    for (member_id, tag_class), by_value in sorted(days.items(), key=lambda item: item[0]):
        totals = [_total(value, rows) for value, rows in by_value.items()]
        result.extend(_ranked(member_id, tag_class, totals, weights)[:top])
    return result


def _total(tag_value: str, rows: Sequence[TagDay]) -> Total:
    return Total(
        tag_value,
        amount=sum((row.amount for row in rows), ZERO),
        event_count=sum(row.event_count for row in rows),
        order_count=sum(row.order_count for row in rows),
        last_day=max(row.tag_day for row in rows),
    )


def _ranked(
    member_id: int, tag_class: str, totals: Sequence[Total], weights: tuple[Fraction, Fraction]
) -> list[Preference]:
    amount = sum((total.amount for total in totals), ZERO)
    events = sum(total.event_count for total in totals)
    strength = {total.tag_value: _strength(total, amount, events, weights) for total in totals}
    ordered = sorted(totals, key=lambda t: (-strength[t.tag_value], -t.amount, -t.event_count, t.tag_value))
    return [
        Preference(
            member_id=member_id,
            tag_class=tag_class,
            tag_value=total.tag_value,
            strength=strength[total.tag_value],
            rank_in_class=rank,
            share=half_up(Fraction(total.amount) / Fraction(amount), 6) if amount else None,
            last_day=total.last_day,
            order_count=total.order_count,
            event_count=total.event_count,
        )
        for rank, total in enumerate(ordered, start=1)
    ]


def _strength(total: Total, amount: Decimal, events: int, weights: tuple[Fraction, Fraction]) -> Decimal:
    """Return 100 * weighted mean of the shares that exist, half up to 3 decimals; 0 where none has any weight."""
    parts = []
    if amount > 0:
        parts.append((weights[0], Fraction(total.amount) / Fraction(amount)))
    if events > 0:
        parts.append((weights[1], Fraction(total.event_count, events)))
    weight = sum((weight for weight, _ in parts), Fraction(0))
    return half_up(100 * sum((w * share for w, share in parts), Fraction(0)) / weight, 3) if weight else Decimal(0)


@dataclass(frozen=True)
class Profile:
    """All that is known of one member at one date; a member without a rank has no label and no scores."""

    rfm_label: str | None
    scores: tuple[int, int, int] | None
    composite_score: Decimal | None
    first_order_day: date | None
    segments: dict[str, str]
    top_preferences: list[tuple[str, str, int, Decimal]]


def profiles(
    segments: Mapping[str, Mapping[int, str]],
    scored: Iterable[Scored],
    preferred: Iterable[Preference],
    facts: Iterable[Fact],
    main_window: str,
    as_of: date,
) -> dict[int, Profile]:
    """Return the profile of every member with a segment in any set; `segments` by set and member."""
    ranks = {row.member_id: row for row in scored if row.window == main_window and row.as_of == as_of}
    first_days = first_order_day(facts, as_of)
    strongest = sorted(preferred, key=lambda row: (row.tag_class, row.rank_in_class))
    result = {}
    for member in sorted({member for of_set in segments.values() for member in of_set}):
        rank = ranks.get(member)
        result[member] = Profile(
            rfm_label=rank.rfm_label if rank else None,
            scores=(rank.r_score, rank.f_score, rank.m_score) if rank else None,
            composite_score=rank.composite_score if rank else None,
            first_order_day=first_days.get(member),
            segments={name: of_set[member] for name, of_set in segments.items() if member in of_set},
            top_preferences=[
                (row.tag_class, row.tag_value, row.rank_in_class, row.strength)
                for row in strongest
                if row.member_id == member
            ],
        )
    return result
