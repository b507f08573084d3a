"""Scores of one metric by direct counting over all members, and what comes of three of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache

from rfm_spark.config.model import MetricScoring, Window
from tests.oracles.facts import Fact
from tests.oracles.windows import Measure, Number, Values, half_up, measure, metric_values


@dataclass(frozen=True)
class Cut:
    """Where one score ends and the next begins, in the unit of the metric.

    `reaches_next` says whether a member who has just this value has the higher score; with `member_id` only from that
    member on. `value` None: nobody reached the score on that date, so only a value better than all of them does.
    """

    value: Number | None
    reaches_next: bool
    member_id: int | None = None
    best_seen: Number | None = None


@dataclass(frozen=True)
class Scored:
    """One member in one window: the measure, the scores and what comes of them."""

    as_of: date
    window: str
    member_id: int
    measure: Measure
    r_score: int
    f_score: int
    m_score: int
    rfm_label: str
    composite_score: Decimal


def bins_of(scoring: MetricScoring) -> int:
    """Return the number of scores: given, 2 around a mean or median, one more than there are thresholds."""
    if scoring.method in ("mean", "median"):
        return 2
    return len(scoring.thresholds) + 1 if scoring.method == "thresholds" else scoring.bins


def scorings_of(window: Window) -> tuple[MetricScoring, MetricScoring, MetricScoring]:
    """Return how R, F and M are scored."""
    return window.recency_scoring, window.frequency_scoring, window.monetary_scoring


def score(
    values: Values, scoring: MetricScoring, low_is_best: bool, frozen_cuts: Sequence[Cut] | None = None
) -> dict[int, int]:
    """Return the score of every member, 1 = worst; `low_is_best` for recency alone.

    `frozen_cuts` are the cuts of another date, from `cuts`; the method `frozen` cannot be scored without them.
    """
    if frozen_cuts is not None:
        return {
            member_id: apply_cuts(member_id, value, frozen_cuts, low_is_best) for member_id, value in values.items()
        }
    if scoring.method == "ntile":
        return ntile(values, scoring.bins, scoring.ties, low_is_best)
    if scoring.method == "quantile":
        return quantile(values, scoring.bins, low_is_best)
    if scoring.method == "thresholds":
        return thresholds(values, [Decimal(text) for text in scoring.thresholds], low_is_best)
    if scoring.method in ("mean", "median"):
        if not values:
            return {}
        middle = middle_of(values, scoring)
        return {member_id: 1 + _better(value, middle, low_is_best) for member_id, value in values.items()}
    raise ValueError(f"{scoring.method} needs the cuts of another date")


def tile_of(rank: int, members: int, tiles: int) -> int:
    """Return the tile of a rank from 1: the first one that ends there or later, as SQL NTILE has it.

    >>> [tile_of(rank, 7, 3) for rank in range(1, 8)], [tile_of(rank, 3, 5) for rank in (1, 2, 3)]
    ([1, 1, 1, 2, 2, 3, 3], [1, 2, 3])
    """
    return next(tile for tile in range(1, tiles + 1) if tile_end(tile, members, tiles) >= rank)


def tile_end(tile: int, members: int, tiles: int) -> int:
    """Return the last rank of a tile."""
    return tile * (members // tiles) + min(tile, members % tiles)


def worst_to_best(values: Values, low_is_best: bool) -> list[int]:
    """Return the members from worst to best, equal ones by member_id ascending."""
    return sorted(values, key=lambda member_id: (-values[member_id] if low_is_best else values[member_id], member_id))


def ntile(values: Values, tiles: int, ties: str, low_is_best: bool) -> dict[int, int]:
    """Return tiles by rank; ties share the tile of their lowest rank, of their highest, or are split by member_id.

    | F                | 1 | 1 | 1 | 2 | 9 |
    |------------------|---|---|---|---|---|
    | together, n=5    | 1 | 1 | 1 | 4 | 5 |
    | together_high    | 3 | 3 | 3 | 4 | 5 |
    | split            | 1 | 2 | 3 | 4 | 5 |
    """
    order = worst_to_best(values, low_is_best)
    ranks = {member_id: rank for rank, member_id in enumerate(order, start=1)}
    lowest: dict[Number, int] = {}
    highest: dict[Number, int] = {}
    for member_id, rank in ranks.items():
        lowest.setdefault(values[member_id], rank)
        highest[values[member_id]] = rank
    rank_that_counts: dict[str, Callable[[int], int]] = {
        "together": lambda member_id: lowest[values[member_id]],
        "together_high": lambda member_id: highest[values[member_id]],
        "split": lambda member_id: ranks[member_id],
    }
    return {member_id: tile_of(rank_that_counts[ties](member_id), len(values), tiles) for member_id in order}


def edge_of(ascending: Sequence[Number], share: Fraction) -> Fraction:
    """Return the quantile between the two values around it (type 7 of Hyndman and Fan, the default of numpy).

    >>> edge_of([1, 2, 4, 8], Fraction(1, 2)), edge_of([1, 2, 4, 8], Fraction(1, 5))
    (Fraction(3, 1), Fraction(8, 5))
    """
    place = (len(ascending) - 1) * share
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    low, high = Fraction(ascending[below]), Fraction(ascending[above])
    return low + (place - below) * (high - low)


def quantile(values: Values, bins: int, low_is_best: bool) -> dict[int, int]:
    """Return the classes of pandas.qcut on the metric's own axis, turned round where a low value is best.

    A class is closed on the right: a value on an edge belongs to the class below, which for recency is the better one.
    """
    ascending = sorted(values.values())
    edges = [edge_of(ascending, Fraction(number, bins)) for number in range(1, bins)] if ascending else []
    classes = {member_id: 1 + sum(edge < value for edge in edges) for member_id, value in values.items()}
    return {member_id: bins + 1 - klass if low_is_best else klass for member_id, klass in classes.items()}


def thresholds(values: Values, limits: Sequence[Decimal], low_is_best: bool) -> dict[int, int]:
    """Return scores as people speak: recency up to 30 days is the best, frequency of at least 2 is 2."""
    if low_is_best:
        return {member_id: 1 + sum(value <= limit for limit in limits) for member_id, value in values.items()}
    return {member_id: 1 + sum(value >= limit for limit in limits) for member_id, value in values.items()}


def middle_of(values: Values, scoring: MetricScoring) -> Fraction:
    """Return the exact mean or median."""
    if scoring.method == "mean":
        return sum((Fraction(value) for value in values.values()), Fraction(0)) / len(values)
    return edge_of(sorted(values.values()), Fraction(1, 2))


def _better(value: Number, than: Number, low_is_best: bool) -> bool:
    return value < than if low_is_best else value > than


def cuts(values: Values, scoring: MetricScoring, low_is_best: bool) -> list[Cut]:
    """Return where the scores 2, 3, ... begin, so that another date can be scored with them.

    Fewer members than scores leave upper scores that nobody reached: their cut has no value, but a best value seen.
    """
    if scoring.method == "frozen":
        raise ValueError("cuts are taken from a date that was scored by another method")
    if scoring.method == "thresholds":
        limits = sorted((Decimal(text) for text in scoring.thresholds), reverse=low_is_best)
        return [Cut(limit, reaches_next=True) for limit in limits]
    if not values:
        return []
    if scoring.method == "ntile":
        return _ntile_cuts(values, scoring, low_is_best)
    ascending = sorted(values.values())
    if scoring.method == "quantile":
        edges = [edge_of(ascending, Fraction(number, scoring.bins)) for number in range(1, scoring.bins)]
        return [Cut(edge, reaches_next=low_is_best) for edge in (reversed(edges) if low_is_best else edges)]
    return [Cut(middle_of(values, scoring), reaches_next=False)]


def _ntile_cuts(values: Values, scoring: MetricScoring, low_is_best: bool) -> list[Cut]:
    order = worst_to_best(values, low_is_best)
    best = values[order[-1]]
    result = []
    for tile in range(1, scoring.bins):
        end = tile_end(tile, len(order), scoring.bins)
        last, following = order[end - 1], order[end] if end < len(order) else None
        if scoring.ties == "together":
            result.append(Cut(values[last], reaches_next=False, best_seen=best))
        elif following is None:
            result.append(Cut(None, reaches_next=False, best_seen=best))
        else:
            member_id = following if scoring.ties == "split" else None
            result.append(Cut(values[following], reaches_next=True, member_id=member_id, best_seen=best))
    return result


def apply_cuts(member_id: int, value: Number, frozen_cuts: Sequence[Cut], low_is_best: bool) -> int:
    """Return the score under cuts of another date; values outside of it get the end scores."""
    return 1 + sum(_passes(member_id, value, cut, low_is_best) for cut in frozen_cuts)


def _passes(member_id: int, value: Number, cut: Cut, low_is_best: bool) -> bool:
    limit = cut.value if cut.value is not None else cut.best_seen
    assert limit is not None
    if value == limit and cut.value is not None and cut.reaches_next:
        return cut.member_id is None or member_id >= cut.member_id
    return _better(value, limit, low_is_best)


@cache
def composite(scores: tuple[int, ...], weights: tuple[str, ...], bins: tuple[int, ...]) -> Decimal:
    """Return sum(w * (score - 1) / (bins - 1)) / sum(w) * 100, half up to 3 decimals.

    >>> composite((5, 4, 3), ("1", "1", "1"), (5, 5, 5)), composite((2, 1, 1), ("1", "1", "1"), (2, 2, 2))
    (Decimal('75.000'), Decimal('33.333'))
    """
    parts = [
        Fraction(weight) * Fraction(score_ - 1, bins_ - 1)
        for score_, weight, bins_ in zip(scores, weights, bins, strict=True)
    ]
    return half_up(sum(parts, Fraction(0)) / sum(Fraction(weight) for weight in weights) * 100, 3)


def score_windows(
    facts: Iterable[Fact],
    windows: Iterable[Window],
    as_of: date,
    frozen_cuts: Mapping[tuple[str, str], Sequence[Cut]] | None = None,
) -> list[Scored]:
    """One row per window and member of its population, sorted by them.

    `frozen_cuts` by window name and r, f or m, for the metrics that are scored with the cuts of another date.
    """
    known = list(facts)
    rows = []
    for window in windows:
        measures = measure(known, window, as_of)
        scorings = scorings_of(window)
        columns = [
            score(values, scoring, letter == "r", (frozen_cuts or {}).get((window.name, letter)))
            for letter, scoring, values in zip("rfm", scorings, metric_values(measures, window), strict=True)
        ]
        weights, bins = tuple(s.weight for s in scorings), tuple(bins_of(s) for s in scorings)
        for member_id, values in measures.items():
            r, f, m = (column[member_id] for column in columns)
            label = f"R{r}F{f}M{m}"
            weighed = composite((r, f, m), weights, bins)
            rows.append(Scored(as_of, window.name, member_id, values, r, f, m, label, weighed))
    return rows


def frozen_from(
    facts: Iterable[Fact], windows: Iterable[Window], date_of_cuts: date
) -> dict[tuple[str, str], list[Cut]]:
    """Return the cuts of every metric of the windows on a date, by window name and r, f or m.

    The windows are those that the date was scored with, before `frozen` took their place.
    """
    known = list(facts)
    result = {}
    for window in windows:
        values_of = metric_values(measure(known, window, date_of_cuts), window)
        for letter, scoring, values in zip("rfm", scorings_of(window), values_of, strict=True):
            result[window.name, letter] = cuts(values, scoring, letter == "r")
    return result
