"""Finds where every score begins at every date, in a few small passes over the staged measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame

from rfm_spark.config.choices import Method, Metric
from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.scoring import split_cuts
from rfm_spark.scoring.boundaries import Boundary, boundaries
from rfm_spark.scoring.buckets import Bucket, count_buckets, distribution_of, ranges_to_count, read_buckets, total_of
from rfm_spark.scoring.cuts import Cut, asked_keys, asked_ranks, cuts
from rfm_spark.scoring.distribution import Distribution, KeyRange, Total, ValueStep, find_steps, read_steps
from rfm_spark.scoring.series import DatedSeries, SeriesIndex, series_of
from rfm_spark.scoring.split_cuts import FIRST_ID, LAST_ID

Scored = tuple[date, str, Metric]
Cuts = dict[Scored, tuple[Cut, ...]]


@dataclass(frozen=True)
class Question:
    """One metric of one window at one date: how it is scored, on which series, and its cuts when they are frozen."""

    scoring: MetricScoring
    dated_series: DatedSeries
    frozen: tuple[Cut, ...]


def find_boundaries(
    measures: DataFrame,
    windows: Sequence[Window],
    dates: Sequence[date],
    run_id: str,
    frozen: Mapping[tuple[str, Metric], tuple[Cut, ...]],
) -> tuple[Cuts, dict[date, tuple[Boundary, ...]]]:
    """Return the cuts of every date, window and metric, and the boundaries of each date."""
    asked = {
        (day, window.name, metric): Question(
            window.scoring(metric), DatedSeries(day, series_of(window, metric)), frozen.get((window.name, metric), ())
        )
        for day in dates
        for window in windows
        for metric in Metric
    }
    index = SeriesIndex(tuple(dates), tuple(dict.fromkeys(one.dated_series.series for one in asked.values())))
    has_means = any(one.scoring.method is Method.MEAN for one in asked.values())
    buckets = read_buckets(count_buckets(measures, index, has_means).collect(), index)
    total = {dated: total_of(several) for dated, several in buckets.items()}
    distributions = _find_distributions(measures, index, asked, total, buckets)
    found = {
        scored: cuts(
            one.scoring, one.dated_series.series, total[one.dated_series], distributions[one.dated_series], one.frozen
        )
        for scored, one in asked.items()
    }
    found = _close_cuts(measures, index, asked, distributions, found)
    counted = _count_frozen_ties(measures, asked, distributions, found)
    by_name = {window.name: window for window in windows}
    rows: dict[date, tuple[Boundary, ...]] = dict.fromkeys(dates, ())
    for (day, name, metric), one in asked.items():
        series, distribution = one.dated_series.series, distributions[one.dated_series]
        several = boundaries(by_name[name], metric, series, counted[day, name, metric], distribution, day, run_id)
        rows[day] += tuple(several)
    return found, rows


def _find_distributions(
    measures: DataFrame,
    index: SeriesIndex,
    asked: Mapping[Scored, Question],
    total: Mapping[DatedSeries, Total],
    buckets: Mapping[DatedSeries, Sequence[Bucket]],
) -> dict[DatedSeries, Distribution]:
    """Return the steps that the methods need: known from exact buckets, or counted in the few other ones."""
    ranks: dict[DatedSeries, set[int]] = {dated: set() for dated in index.dated_series}
    keys: dict[DatedSeries, set[int]] = {dated: set() for dated in index.dated_series}
    for one in asked.values():
        if total[one.dated_series].members:
            ranks[one.dated_series].update(asked_ranks(one.scoring, total[one.dated_series].members))
            keys[one.dated_series].update(
                asked_keys(one.scoring, one.dated_series.series, total[one.dated_series], one.frozen)
            )
    found: dict[DatedSeries, list[ValueStep]] = {}
    unknown: list[KeyRange] = []
    for dated in index.dated_series:
        found[dated], ranges = ranges_to_count(dated, buckets[dated], ranks[dated], keys[dated])
        unknown += ranges
    if unknown:
        looked_at = SeriesIndex(index.dates, tuple(dict.fromkeys(one.dated_series.series for one in unknown)))
        for dated, several in read_steps(find_steps(measures, looked_at, unknown).collect(), unknown).items():
            found[dated] += several
    return {dated: distribution_of(buckets[dated], found[dated]) for dated in index.dated_series}


def _close_cuts(
    measures: DataFrame,
    index: SeriesIndex,
    asked: Mapping[Scored, Question],
    distributions: Mapping[DatedSeries, Distribution],
    found: Cuts,
) -> Cuts:
    """Return the cuts, with the member at which each split tie is cut: two passes over the tied members."""
    opened = {
        (scored, cut): split_cuts.open_cut(asked[scored].dated_series, cut, distributions[asked[scored].dated_series])
        for scored, several in found.items()
        for cut in several
    }
    wanted = list(dict.fromkeys(one for one in opened.values() if one is not None))
    if not wanted:
        return found
    tied = SeriesIndex(index.dates, tuple(dict.fromkeys(cut.dated_series.series for cut in wanted)))
    ids = split_cuts.id_ranges(measures).collect()
    shift = split_cuts.slice_shift(min(row[FIRST_ID] for row in ids), max(row[LAST_ID] for row in ids))
    counts = split_cuts.count_slices(measures, tied, wanted, shift).collect()
    in_slices = split_cuts.find_slices(counts, tied, wanted)
    rows = split_cuts.find_members(measures, tied, in_slices, shift).collect()
    members = split_cuts.read_members(rows, tied, in_slices)
    member_of = {
        before: members[after.dated_series, after.key, after.slice or 0, after.position]
        for before, after in zip(wanted, in_slices, strict=True)
    }
    return {
        scored: tuple(
            replace(cut, member_id=member_of[one]) if (one := opened[scored, cut]) is not None else cut
            for cut in several
        )
        for scored, several in found.items()
    }


def _count_frozen_ties(
    measures: DataFrame,
    asked: Mapping[Scored, Question],
    distributions: Mapping[DatedSeries, Distribution],
    found: Cuts,
) -> Cuts:
    """Return the cuts, with the number of members below each frozen cut that lies inside a tie."""
    tied: dict[DatedSeries, list[Cut]] = {}
    for scored, several in found.items():
        dated = asked[scored].dated_series
        inside = [cut for cut in several if cut.member_id is not None and cut.members_below is None]
        if inside and distributions[dated].members:
            tied[dated] = list(dict.fromkeys([*tied.get(dated, []), *inside]))
    if not tied:
        return found
    series = tuple(dict.fromkeys(dated.series for dated in tied))
    index = SeriesIndex(tuple(dict.fromkeys(day for day, _, _ in asked)), series)
    rows = split_cuts.count_ties(measures, index, tied).collect()
    ahead = split_cuts.read_ties(rows, index, tied)
    return {
        scored: tuple(
            _with_members_below(cut, asked[scored].dated_series, distributions[asked[scored].dated_series], ahead)
            for cut in cuts_
        )
        for scored, cuts_ in found.items()
    }


def _with_members_below(
    cut: Cut, dated: DatedSeries, distribution: Distribution, ahead: Mapping[tuple[DatedSeries, Cut], int]
) -> Cut:
    step = distribution.reaching(cut.key)
    if (dated, cut) not in ahead or step is None or step.key != cut.key:
        return cut
    return replace(cut, members_below=step.before + ahead[dated, cut])
