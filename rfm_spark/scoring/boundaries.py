"""The rows of score_boundary: where every score begins and how many members have it. Frozen windows read them back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from rfm_spark.config.choices import Method, Metric
from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.errors import UsageError
from rfm_spark.scoring.cuts import Cut, bins_of
from rfm_spark.scoring.distribution import Distribution
from rfm_spark.scoring.series import Series, series_of
from rfm_spark.text import counted


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


@dataclass(frozen=True)
class CutPosition:
    """How many members are below a cut, the key of the last one below and of the first one above."""

    below: int
    last_below: int | None
    first_above: int | None


def position_of(cut: Cut, distribution: Distribution) -> CutPosition:
    """Return the position of a cut; a cut inside a tie brings the number of members below it."""
    above = distribution.reaching(cut.key)
    if above is not None and above.key == cut.key and cut.members_below is not None:
        tied_below = cut.members_below - above.before
        return CutPosition(
            below=cut.members_below,
            last_below=cut.key if tied_below else above.previous,
            first_above=cut.key if cut.members_below < above.through else above.following,
        )
    if above is not None:
        return CutPosition(above.before, above.previous, above.key)
    last = distribution.ends_below(cut.key)
    return CutPosition(last.through, last.key, last.following) if last is not None else CutPosition(0, None, None)


def boundaries(
    window: Window,
    metric: Metric,
    series: Series,
    cuts: Sequence[Cut],
    distribution: Distribution,
    as_of: date,
    run_id: str,
) -> list[Boundary]:
    """One row per score of one metric: members, worst and best value (NULL when nobody has the score), and its cut."""
    scoring = window.scoring(metric)
    first = distribution.at_rank(1).key if distribution.members else None
    last = distribution.at_rank(distribution.members).key if distribution.members else None
    positions = [CutPosition(0, None, first), *[position_of(cut, distribution) for cut in cuts]]
    positions += [CutPosition(distribution.members, last, None)] * (bins_of(scoring) + 1 - len(positions))
    rows = []
    for score, (begin, end) in enumerate(pairwise(positions), start=1):
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
    """Return the dates whose boundaries the frozen metrics of the windows use."""
    metrics = [window.scoring(metric) for window in windows for metric in Metric]
    return frozenset(one.frozen_from for one in metrics if one.frozen_from is not None and _is_frozen(one))


def _is_frozen(scoring: MetricScoring) -> bool:
    return scoring.method is Method.FROZEN


def frozen_cuts(windows: Iterable[Window], published: Sequence[Boundary]) -> dict[tuple[str, Metric], tuple[Cut, ...]]:
    """Return the cuts of every frozen metric from the published rows of its date; UsageError when some are missing."""
    rows_of = _by_metric(published)
    result = {}
    for window in windows:
        for metric in Metric:
            scoring = window.scoring(metric)
            if _is_frozen(scoring):
                cuts = _cuts_of(window, metric, rows_of.get((scoring.frozen_from, window.name, metric.value), ()))
                _require_all(window, metric, cuts)
                result[window.name, metric] = cuts
    return result


def published_cuts(
    windows: Iterable[Window], dates: Mapping[date, date], published: Sequence[Boundary]
) -> dict[tuple[date, str, Metric], tuple[Cut, ...]]:
    """Return for each as-of date the cuts that another date, named by `dates`, published, whatever its method.

    A window without rows in score_boundary at the other date has no cuts, and everybody scores 1; so does a window
    without members whose method needs some.
    """
    rows_of = _by_metric(published)
    return {
        (as_of, window.name, metric): _cuts_of(window, metric, rows_of.get((other, window.name, metric.value), ()))
        for as_of, other in dates.items()
        for window in windows
        for metric in Metric
    }


def _by_metric(published: Iterable[Boundary]) -> dict[tuple[date | None, str, str], list[Boundary]]:
    rows_of: dict[tuple[date | None, str, str], list[Boundary]] = {}
    for row in published:
        rows_of.setdefault((row.as_of_date, row.rfm_window, row.metric), []).append(row)
    return rows_of


def _cuts_of(window: Window, metric: Metric, rows: Sequence[Boundary]) -> tuple[Cut, ...]:
    series = series_of(window, metric)
    by_score = sorted(rows, key=lambda row: row.score)
    return tuple(
        Cut(series.key(row.cut_value), row.cut_member_id)
        for row in by_score
        if row.score > 1 and row.cut_value is not None
    )


def _require_all(window: Window, metric: Metric, cuts: Sequence[Cut]) -> None:
    scoring = window.scoring(metric)
    if len(cuts) != scoring.bins - 1:
        raise UsageError(
            window.where or window.name,
            f"{counted(len(cuts), 'boundary', 'boundaries')} of {metric.value} at {scoring.frozen_from}",
            f"{counted(scoring.bins - 1, 'boundary', 'boundaries')} of window {window.name}, published",
            "publish that date without frozen in this window, then set it again; or name another date in frozen.from",
        )
