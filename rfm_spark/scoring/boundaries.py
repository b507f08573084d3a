"""The rows of score_boundary: where every score begins, who has it, and how they become cuts again when frozen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.config.words import Method, Metric
from rfm_spark.contracts import columns as c
from rfm_spark.errors import UsageError
from rfm_spark.scoring.cuts import Cut, bins_of
from rfm_spark.scoring.series import Series, series_of
from rfm_spark.scoring.spread import Spread


class Boundary(NamedTuple):
    """One row of score_boundary, in the order of its columns."""

    as_of_date: date
    rfm_window: str
    metric: str
    score: int
    worst_value: Decimal | None
    best_value: Decimal | None
    cut_value: Decimal | None
    cut_member_id: int | None
    member_count: int
    score_method: str
    ties: str | None
    run_id: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Boundary":
        """Return a row as it was read from the table."""
        return cls(*[row[name] for name in cls._fields])


@dataclass(frozen=True)
class Place:
    """Where a cut falls among the members: how many are below, the key of the last below and of the first above."""

    below: int
    last_below: int | None
    first_above: int | None


def place_of(cut: Cut, spread: Spread) -> Place:
    """Return where the cut falls; one inside a tie says itself how many members are below."""
    above = spread.reaching(cut.key)
    if above is not None and above.key == cut.key and cut.members_below is not None:
        tied_below = cut.members_below - above.before
        return Place(
            below=cut.members_below,
            last_below=cut.key if tied_below else above.previous,
            first_above=cut.key if cut.members_below < above.through else above.following,
        )
    if above is not None:
        return Place(above.before, above.previous, above.key)
    last = spread.ends_below(cut.key)
    return Place(last.through, last.key, last.following) if last is not None else Place(0, None, None)


def boundaries(
    window: Window, metric: Metric, series: Series, cuts: Sequence[Cut], spread: Spread, as_of: date, run_id: str
) -> list[Boundary]:
    """One row per score of one metric: members, worst and best value (NULL when nobody has it) and where it begins."""
    scoring = window.scoring(metric)
    first = spread.at_rank(1).key if spread.members else None
    last = spread.at_rank(spread.members).key if spread.members else None
    places = [Place(0, None, first), *[place_of(cut, spread) for cut in cuts]]
    places += [Place(spread.members, last, None)] * (bins_of(scoring) + 1 - len(places))
    rows = []
    for score, (begin, end) in enumerate(pairwise(places), start=1):
        cut = cuts[score - 2] if score > 1 and cuts else None
        count = end.below - begin.below
        rows.append(
            Boundary(
                as_of_date=as_of,
                rfm_window=window.name,
                metric=metric.value,
                score=score,
                worst_value=_value(series, begin.first_above if count else None),
                best_value=_value(series, end.last_below if count else None),
                cut_value=_value(series, cut.key if cut else None),
                cut_member_id=cut.member_id if cut else None,
                member_count=count,
                score_method=scoring.method.value,
                ties=scoring.ties.value if scoring.method is Method.NTILE else None,
                run_id=run_id,
            )
        )
    return rows


def _value(series: Series, key: int | None) -> Decimal | None:
    return None if key is None else series.value(key)


def frozen_dates(windows: Iterable[Window]) -> frozenset[date]:
    """Return the dates whose boundaries the windows are scored with."""
    metrics = [window.scoring(metric) for window in windows for metric in Metric]
    return frozenset(one.frozen_from for one in metrics if one.frozen_from is not None and _is_frozen(one))


def _is_frozen(scoring: MetricScoring) -> bool:
    return scoring.method is Method.FROZEN


def frozen_cuts(
    windows: Iterable[Window], as_of: date, published: Sequence[Boundary]
) -> dict[tuple[str, Metric], tuple[Cut, ...]]:
    """Return the cuts of every frozen metric from the published rows of its date; UsageError where they are missing."""
    result = {}
    for window in windows:
        for metric in Metric:
            if _is_frozen(window.scoring(metric)):
                series = series_of(window, metric, as_of)
                result[window.name, metric] = _cuts_of(window, metric, series, published)
    return result


def _cuts_of(window: Window, metric: Metric, series: Series, published: Sequence[Boundary]) -> tuple[Cut, ...]:
    scoring = window.scoring(metric)
    asked = (scoring.frozen_from, window.name, metric.value)
    rows = sorted((row for row in published if row[:3] == asked), key=lambda row: row.score)
    cuts = tuple(
        Cut(series.key(row.cut_value), row.cut_member_id) for row in rows if row.score > 1 and row.cut_value is not None
    )
    if len(cuts) != scoring.bins - 1:
        raise UsageError(
            window.where or window.name,
            f"{len(cuts)} {c.SCORE_METHOD} boundaries of {metric.value} at {scoring.frozen_from}",
            f"{scoring.bins - 1} published ones of window {window.name}",
            "score that date first, or name another date in frozen.from",
        )
    return cuts
