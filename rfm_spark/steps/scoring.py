"""Scores one as-of date: measures, then the boundaries in a few small passes, then the frame of scores."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.model import Minimum, Window
from rfm_spark.config.words import Method, Metric
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import SCORE_BOUNDARY
from rfm_spark.errors import UsageError
from rfm_spark.scoring import split_cuts
from rfm_spark.scoring.boundaries import Boundary, boundaries, frozen_cuts
from rfm_spark.scoring.cuts import Cut, asked_keys, asked_ranks, cuts
from rfm_spark.scoring.scores import score_members
from rfm_spark.scoring.series import Series, series_of
from rfm_spark.scoring.spread import Spread, Total, read_steps, read_totals, steps, totals
from rfm_spark.scoring.windows import measure_members, valid_at

Stage = Callable[[DataFrame, str], DataFrame]
Scored = dict[tuple[str, Metric], Series]
Cuts = dict[tuple[str, Metric], tuple[Cut, ...]]

UNSPLIT_FILES = {
    "spark.sql.files.maxPartitionBytes": str(1 << 40),
    "spark.sql.files.openCostInBytes": str(1 << 40),
}
ONE_MAP_AGGREGATE = {"spark.sql.codegen.aggregate.map.twolevel.enabled": "false"}


@dataclass(frozen=True)
class ScoredDate:
    """The scores of one date. `scores` is lazy: write it inside `one_task_per_file`, so that its files stay disjoint.

    `measures` are staged, one row per member. `notes` say what is doubtful about the scores, `breaches` which minimum
    is not met.
    """

    measures: DataFrame
    boundaries: tuple[Boundary, ...]
    boundary_frame: DataFrame
    scores: DataFrame
    notes: tuple[str, ...]
    breaches: tuple[str, ...]


@contextmanager
def settings(spark: SparkSession, values: dict[str, str]) -> Iterator[None]:
    """Set session settings for a while and put the old ones back."""
    before = {key: spark.conf.get(key, None) for key in values}
    try:
        for key, value in values.items():
            spark.conf.set(key, value)
        yield
    finally:
        for key, old in before.items():
            if old is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, old)


@contextmanager
def one_task_per_file(spark: SparkSession) -> Iterator[None]:
    """Read staged files whole and apart: what is written from them keeps their order and stays disjoint."""
    with settings(spark, UNSPLIT_FILES):
        yield


def score_date(
    member_day: DataFrame,
    windows: Sequence[Window],
    as_of: date,
    run_id: str,
    partitions: int,
    stage: Stage,
    *,
    ranged_ids: bool = False,
    published: Sequence[Boundary] = (),
    minimum: Minimum | None = None,
) -> ScoredDate:
    """Return the scores of one date in every window.

    `stage` writes a frame away and reads it back. `ranged_ids`: ids are integers that passed through. `published` are
    the boundaries of the dates that `frozen` names (`boundaries.frozen_dates`).
    """
    if not windows:
        raise UsageError("windows.active", "no window to score", "at least one", "name one in windows.active")
    spark = member_day.sparkSession
    frozen = frozen_cuts(windows, as_of, published)
    with settings(spark, ONE_MAP_AGGREGATE):
        measures = stage(measure_members(member_day, windows, as_of, partitions, ranged_ids), "member_measures")
    with one_task_per_file(spark):
        found, rows = _find_boundaries(measures, windows, as_of, run_id, frozen)
    frame = spark.createDataFrame([tuple(row) for row in rows], SCORE_BOUNDARY.schema_text())
    return ScoredDate(
        measures=measures,
        boundaries=tuple(rows),
        boundary_frame=frame,
        scores=score_members(measures, windows, found, as_of, run_id),
        notes=tuple(empty_classes(rows)),
        breaches=tuple(_breaches(member_day, rows, as_of, minimum)) if minimum else (),
    )


def _find_boundaries(
    measures: DataFrame, windows: Sequence[Window], as_of: date, run_id: str, frozen: Cuts
) -> tuple[Cuts, list[Boundary]]:
    """Return the cuts of every window and metric, and the rows that publish them."""
    scored: Scored = {(w.name, metric): series_of(w, metric, as_of) for w in windows for metric in Metric}
    scoring = {(w.name, metric): w.scoring(metric) for w in windows for metric in Metric}
    series = list(dict.fromkeys(scored.values()))
    summed = frozenset(scored[place] for place, one in scoring.items() if one.method is Method.MEAN)
    total = read_totals(totals(measures, series, summed).collect(), series)
    ranks: dict[Series, set[int]] = {one: set() for one in series}
    keys: dict[Series, set[int]] = {one: set() for one in series}
    for place, one in scored.items():
        ranks[one].update(asked_ranks(scoring[place], total[one].members))
        keys[one].update(asked_keys(scoring[place], one, total[one], frozen.get(place, ())))
    spreads = _find_spreads(measures, series, total, ranks, keys)
    found = {
        place: cuts(scoring[place], one, total[one], spreads[one], frozen.get(place, ()))
        for place, one in scored.items()
    }
    found = _close_cuts(measures, series, scored, spreads, total, found)
    counted = _count_frozen_ties(measures, scored, spreads, found)
    rows = [
        row
        for w in windows
        for m in Metric
        for row in boundaries(w, m, scored[w.name, m], counted[w.name, m], spreads[scored[w.name, m]], as_of, run_id)
    ]
    return found, rows


def _find_spreads(
    measures: DataFrame,
    series: Sequence[Series],
    total: dict[Series, Total],
    ranks: dict[Series, set[int]],
    keys: dict[Series, set[int]],
) -> dict[Series, Spread]:
    peopled = [one for one in series if total[one].members]
    if not peopled:
        return {one: Spread(0) for one in series}
    asked = steps(
        measures,
        peopled,
        {one: sorted(ranks[one]) for one in peopled},
        {one: sorted(keys[one]) for one in peopled},
    )
    return {one: Spread(0) for one in series} | read_steps(asked.collect(), peopled, total)


def _close_cuts(
    measures: DataFrame,
    series: Sequence[Series],
    scored: Scored,
    spreads: dict[Series, Spread],
    total: dict[Series, Total],
    found: Cuts,
) -> Cuts:
    """Return the cuts with the member of every tie that is split, by two passes over the tied members."""
    opened = {
        (place, cut): split_cuts.open_cut(scored[place], cut, spreads[scored[place]])
        for place, several in found.items()
        for cut in several
    }
    wanted = list(dict.fromkeys(one for one in opened.values() if one is not None))
    if not wanted:
        return found
    tied = [one for one in series if any(cut.series == one for cut in wanted)]
    shift = split_cuts.slice_shift(total[series[0]])
    counts = split_cuts.count_slices(measures, tied, wanted, shift).collect()
    narrowed = split_cuts.find_slices(counts, tied, wanted)
    rows = split_cuts.find_members(measures, tied, narrowed, shift).collect()
    by_place = split_cuts.read_members(rows, tied, narrowed)
    member_of = {
        before: by_place[after.series, after.key, after.slice or 0, after.position]
        for before, after in zip(wanted, narrowed, strict=True)
    }
    return {
        place: tuple(
            replace(cut, member_id=member_of[one]) if (one := opened[place, cut]) is not None else cut
            for cut in several
        )
        for place, several in found.items()
    }


def _count_frozen_ties(measures: DataFrame, scored: Scored, spreads: dict[Series, Spread], found: Cuts) -> Cuts:
    """Return the cuts with the members below those that another date cut inside a tie."""
    inside = {
        place: [cut for cut in several if cut.member_id is not None and cut.members_below is None]
        for place, several in found.items()
    }
    places = [place for place, several in inside.items() if several and spreads[scored[place]].members]
    if not places:
        return found
    tied = {
        one: list(dict.fromkeys(cut for place in places if scored[place] == one for cut in inside[place]))
        for one in dict.fromkeys(scored[place] for place in places)
    }
    series = list(tied)
    rows = split_cuts.count_ties(measures, series, tied).collect()
    ahead = split_cuts.read_ties(rows, series, tied)
    return found | {
        place: tuple(_with_members_below(cut, scored[place], spreads[scored[place]], ahead) for cut in found[place])
        for place in places
    }


def _with_members_below(cut: Cut, series: Series, spread: Spread, ahead: dict[tuple[Series, Cut], int]) -> Cut:
    step = spread.reaching(cut.key)
    if cut.member_id is None or step is None or step.key != cut.key:
        return cut
    return replace(cut, members_below=step.before + ahead[series, cut])


def empty_classes(rows: Sequence[Boundary]) -> list[str]:
    """Return one sentence per metric with scores that nobody has."""
    empty: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.member_count == 0:
            empty.setdefault((row.rfm_window, row.metric), []).append(row.score)
    return [
        f"window {window}: nobody has {metric} score {', '.join(str(score) for score in scores)}"
        for (window, metric), scores in empty.items()
    ]


def _breaches(member_day: DataFrame, rows: Sequence[Boundary], as_of: date, minimum: Minimum) -> list[str]:
    members: dict[str, int] = {}
    for row in rows:
        if row.metric == Metric.RECENCY.value:
            members[row.rfm_window] = members.get(row.rfm_window, 0) + row.member_count
    found = [
        f"window {window}: {count} members, fewer than scores.minimum.members {minimum.members}"
        for window, count in members.items()
        if count < minimum.members
    ]
    needed = as_of - timedelta(days=max(minimum.days_of_history, 1) - 1)
    if not _has_order_by(member_day, as_of, needed):
        found.append(f"no order by {needed}: less than scores.minimum.days_of_history {minimum.days_of_history}")
    return found


def _has_order_by(member_day: DataFrame, as_of: date, day: date) -> bool:
    ordered = valid_at(as_of) & (F.col(c.ORDER_COUNT) > 0) & (F.col(c.ORDER_DAY) <= F.lit(day))
    return bool(member_day.where(ordered).select(c.MEMBER_ID).take(1))
