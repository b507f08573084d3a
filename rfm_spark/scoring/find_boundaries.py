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
    """One metric of one window at one date: how it is scored and on which series."""

    scoring: MetricScoring
    place: DatedSeries
    frozen: tuple[Cut, ...]


def find_boundaries(
    measures: DataFrame,
    windows: Sequence[Window],
    dates: Sequence[date],
    run_id: str,
    frozen: Mapping[tuple[str, Metric], tuple[Cut, ...]],
) -> tuple[Cuts, dict[date, tuple[Boundary, ...]]]:
    """Return the cuts of every date, window and metric, and by date the rows that publish them."""
    asked = {
        (day, window.name, metric): Question(
            window.scoring(metric), DatedSeries(day, series_of(window, metric)), frozen.get((window.name, metric), ())
        )
        for day in dates
        for window in windows
        for metric in Metric
    }
    index = SeriesIndex(tuple(dates), tuple(dict.fromkeys(one.place.series for one in asked.values())))
    has_means = any(one.scoring.method is Method.MEAN for one in asked.values())
    buckets = read_buckets(count_buckets(measures, index, has_means).collect(), index)
    total = {place: total_of(several) for place, several in buckets.items()}
    distributions = _find_distributions(measures, index, asked, total, buckets)
    found = {
        place: cuts(one.scoring, one.place.series, total[one.place], distributions[one.place], one.frozen)
        for place, one in asked.items()
    }
    found = _close_cuts(measures, index, asked, distributions, found)
    counted = _count_frozen_ties(measures, asked, distributions, found)
    by_name = {window.name: window for window in windows}
    rows: dict[date, tuple[Boundary, ...]] = dict.fromkeys(dates, ())
    for (day, name, metric), one in asked.items():
        series, distribution = one.place.series, distributions[one.place]
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
    """Return the steps that the methods ask for: of most buckets known, else counted in the few that hold them."""
    ranks: dict[DatedSeries, set[int]] = {place: set() for place in index.places}
    keys: dict[DatedSeries, set[int]] = {place: set() for place in index.places}
    for one in asked.values():
        if total[one.place].members:
            ranks[one.place].update(asked_ranks(one.scoring, total[one.place].members))
            keys[one.place].update(asked_keys(one.scoring, one.place.series, total[one.place], one.frozen))
    found: dict[DatedSeries, list[ValueStep]] = {}
    unknown: list[KeyRange] = []
    for place in index.places:
        found[place], ranges = ranges_to_count(place, buckets[place], ranks[place], keys[place])
        unknown += ranges
    if unknown:
        looked_at = SeriesIndex(index.dates, tuple(dict.fromkeys(one.place.series for one in unknown)))
        for place, several in read_steps(find_steps(measures, looked_at, unknown).collect(), unknown).items():
            found[place] += several
    return {place: distribution_of(buckets[place], found[place]) for place in index.places}


def _close_cuts(
    measures: DataFrame,
    index: SeriesIndex,
    asked: Mapping[Scored, Question],
    distributions: Mapping[DatedSeries, Distribution],
    found: Cuts,
) -> Cuts:
    """Return the cuts with the member of every tie that is split, by two passes over the tied members."""
    opened = {
        (scored, cut): split_cuts.open_cut(asked[scored].place, cut, distributions[asked[scored].place])
        for scored, several in found.items()
        for cut in several
    }
    wanted = list(dict.fromkeys(one for one in opened.values() if one is not None))
    if not wanted:
        return found
    tied = SeriesIndex(index.dates, tuple(dict.fromkeys(cut.place.series for cut in wanted)))
    ids = split_cuts.id_ranges(measures).collect()
    shift = split_cuts.slice_shift(min(row[FIRST_ID] for row in ids), max(row[LAST_ID] for row in ids))
    counts = split_cuts.count_slices(measures, tied, wanted, shift).collect()
    in_slices = split_cuts.find_slices(counts, tied, wanted)
    rows = split_cuts.find_members(measures, tied, in_slices, shift).collect()
    members = split_cuts.read_members(rows, tied, in_slices)
    member_of = {
        before: members[after.place, after.key, after.slice or 0, after.position]
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
    """Return the cuts with the members below those that another date cut inside a tie."""
    tied: dict[DatedSeries, list[Cut]] = {}
    for scored, several in found.items():
        place = asked[scored].place
        inside = [cut for cut in several if cut.member_id is not None and cut.members_below is None]
        if inside and distributions[place].members:
            tied[place] = list(dict.fromkeys([*tied.get(place, []), *inside]))
    if not tied:
        return found
    series = tuple(dict.fromkeys(place.series for place in tied))
    index = SeriesIndex(tuple(dict.fromkeys(day for day, _, _ in asked)), series)
    rows = split_cuts.count_ties(measures, index, tied).collect()
    ahead = split_cuts.read_ties(rows, index, tied)
    return {
        scored: tuple(
            _with_members_below(cut, asked[scored].place, distributions[asked[scored].place], ahead) for cut in cuts_
        )
        for scored, cuts_ in found.items()
    }


def _with_members_below(
    cut: Cut, place: DatedSeries, distribution: Distribution, ahead: Mapping[tuple[DatedSeries, Cut], int]
) -> Cut:
    step = distribution.reaching(cut.key)
    if (place, cut) not in ahead or step is None or step.key != cut.key:
        return cut
    return replace(cut, members_below=step.before + ahead[place, cut])
