"""Retention of segments and comparison of windows, by counting members one by one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from rfm_spark.config.model import Window
from tests.oracles.scores import Scored, bins_of, scorings_of
from tests.oracles.segments import classes_of
from tests.oracles.windows import half_up

METRICS = ("recency", "frequency", "monetary")
Counts = dict[tuple[object, ...], tuple[int, Decimal]]


def window_comparison(
    scored: Iterable[Scored], windows: Sequence[Window], dates: Iterable[date]
) -> Counter[tuple[object, ...]]:
    """Return the members by date, window, other window, metric, class and other class."""
    rows = {(row.as_of, row.window, row.member_id): row for row in scored}
    members = {member for _, _, member in rows}
    found: Counter[tuple[object, ...]] = Counter()
    for day in dates:
        for first, second in combinations(windows, 2):
            for member in members:
                one, other = rows.get((day, first.name, member)), rows.get((day, second.name, member))
                if one is not None or other is not None:
                    for number, metric in enumerate(METRICS):
                        levels = (_level(one, first, number), _level(other, second, number))
                        found[day, first.name, second.name, metric, *levels] += 1
    return found


def _level(row: Scored | None, window: Window, number: int) -> str:
    if row is None:
        return "absent"
    score = (row.r_score, row.f_score, row.m_score)[number]
    classes = classes_of(bins_of(scorings_of(window)[number]))
    return next(name for name, scores in classes.items() if score in scores)


def segment_retention(
    segments: Mapping[tuple[date, str], Mapping[int, str]], pairs: Iterable[tuple[str, date, int, date]]
) -> Counts:
    """Return count and share by set, date, days later, later date, segment and later segment (None = not in the set).

    `segments` by date and set, then by member.
    """
    found: Counter[tuple[object, ...]] = Counter()
    for name, day, days_later, later_day in pairs:
        later = segments.get((later_day, name), {})
        for member, segment in segments.get((day, name), {}).items():
            found[name, day, days_later, later_day, segment, later.get(member)] += 1
    return _with_shares(found, whole=5)


def _with_shares(found: Counter[tuple[object, ...]], whole: int) -> Counts:
    """Return each count with its share of all counts whose first `whole` fields are the same."""
    totals: Counter[tuple[object, ...]] = Counter()
    for key, count in found.items():
        totals[key[:whole]] += count
    return {key: (count, half_up(Fraction(count, totals[key[:whole]]), 6)) for key, count in found.items()}
