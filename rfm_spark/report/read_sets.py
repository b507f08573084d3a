"""Reads the segment sets of the report: sizes, trends, moves, the map of scores, and how long members stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pyspark.sql import Row
from pyspark.sql import functions as F

from rfm_spark.config.choices import Metric
from rfm_spark.config.fingerprints import period_words
from rfm_spark.config.model import SegmentName, SegmentSet, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_SEGMENT, RFM_SCORE, SEGMENT_SUMMARY
from rfm_spark.dates import Every
from rfm_spark.report.inputs import Read, TrackedDates
from rfm_spark.report.numbers import (
    Cell,
    HeatMap,
    SegmentSize,
    SegmentTrend,
    SegmentWords,
    SetNumbers,
    TrendPoint,
    share_of,
)
from rfm_spark.report.read_moves import Moves, read_moves
from rfm_spark.report.read_stays import read_dwell, read_retention

Summaries = Mapping[tuple[str, date], Mapping[str, Row]]
"""Rows of segment_summary by set and date, then by segment."""
BinsOf = Mapping[str, Mapping[Metric, int]]
"""The number of scores of each window and metric that the date was scored with."""


@dataclass(frozen=True)
class History:
    """The calendar of history, and the tracked dates of each set."""

    every: Every
    tracked: TrackedDates


def read_sets(
    read: Read,
    sets: Sequence[SegmentSet],
    windows: Mapping[str, Window],
    dates: Sequence[date],
    history: History,
    bins: BinsOf,
) -> tuple[SetNumbers, ...]:
    """Return the sets: the first in full, the others without scores and stays. The last of `dates` is the report's."""
    as_of = dates[-1]
    moves = read_moves(read, [one.name for one in sets], history.tracked, as_of)
    summaries = read_summaries(read, sets, {*dates, *(of_set.as_of for of_set in moves.values() if of_set.as_of)})
    numbers = [set_numbers(one, windows[one.window], dates, summaries, moves[one.name]) for one in sets]
    return (*(with_members(read, one, numbers[0], history, bins, as_of) for one in sets[:1]), *numbers[1:])


def read_summaries(read: Read, sets: Sequence[SegmentSet], dates: set[date]) -> Summaries:
    """Return the rows of segment_summary of the sets and dates."""
    names = [one.name for one in sets]
    rows = (
        read(SEGMENT_SUMMARY)
        .where(F.col(c.AS_OF_DATE).isin(sorted(dates)) & F.col(c.SEGMENT_SET).isin(names))
        .collect()
    )
    summaries: dict[tuple[str, date], dict[str, Row]] = {}
    for row in rows:
        summaries.setdefault((row[c.SEGMENT_SET], row[c.AS_OF_DATE]), {})[row[c.SEGMENT]] = row
    return summaries


def set_numbers(
    segment_set: SegmentSet, window: Window, dates: Sequence[date], summaries: Summaries, moves: Moves
) -> SetNumbers:
    """Return what the summaries and moves say about one set."""
    as_of = dates[-1]
    rows = summaries.get((segment_set.name, as_of), {})
    migration, no_history = moves.against(summaries.get((segment_set.name, moves.as_of or as_of), {}))
    return SetNumbers(
        name=segment_set.name,
        title=title_in(segment_set.title, segment_set.name),
        title_zh=segment_set.title.get("zh", ""),
        window=segment_set.window,
        period=period_words(window),
        segments=tuple(words_of(segment_set, segment) for segment in segment_set.segments),
        member_count=sum(row[c.MEMBER_COUNT] for row in rows.values()),
        net_amount=sum((row[c.NET_AMOUNT] for row in rows.values()), Decimal(0)),
        sizes=sizes_of(segment_set, rows),
        trends=tuple(trend_of(segment_set, segment, dates, summaries) for segment in segment_set.segments),
        migration=migration,
        no_history=no_history,
    )


def with_members(
    read: Read, segment_set: SegmentSet, numbers: SetNumbers, history: History, bins: BinsOf, as_of: date
) -> SetNumbers:
    """Return the numbers of a set with those that are counted member by member: the map of scores, and the stays."""
    tracked = history.tracked.get(segment_set.name, ())
    return replace(
        numbers,
        heat_map=read_heat_map(read, segment_set, bins.get(segment_set.window, {}), as_of),
        dwell=read_dwell(read, segment_set.name, segment_set.segments, as_of),
        retention=read_retention(read, segment_set.name, tracked, history.every, as_of),
    )


def title_in(title: Mapping[str, str], name: str) -> str:
    """Return the English title, or the name as words.

    >>> title_in({}, "need_attention"), title_in({"en": "Loyal"}, "loyal")
    ('need attention', 'Loyal')
    """
    return title.get("en") or name.replace("_", " ")


def words_of(segment_set: SegmentSet, segment: str) -> SegmentWords:
    """Return what the configuration says of a segment."""
    name = segment_set.names.get(segment, SegmentName())
    return SegmentWords(
        name=segment,
        title=title_in(name.title, segment),
        title_zh=name.title.get("zh", ""),
        meaning=name.meaning,
        advice=name.advice,
        channel=name.channel,
        frequency=name.frequency,
    )


def sizes_of(segment_set: SegmentSet, rows: Mapping[str, Row]) -> tuple[SegmentSize, ...]:
    """Return the segments at one date, in the order of the set; their shares are exact."""
    members = sum(row[c.MEMBER_COUNT] for row in rows.values())
    net = sum((row[c.NET_AMOUNT] for row in rows.values()), Decimal(0))
    return tuple(
        SegmentSize(
            segment=segment,
            member_count=row[c.MEMBER_COUNT],
            net_amount=row[c.NET_AMOUNT],
            order_count=row[c.ORDER_COUNT],
            member_share=share_of(row[c.MEMBER_COUNT], members),
            amount_share=share_of(row[c.NET_AMOUNT], net),
            mean_recency_days=row[c.MEAN_RECENCY_DAYS],
            mean_r_score=row[c.MEAN_R_SCORE],
            mean_f_score=row[c.MEAN_F_SCORE],
            mean_m_score=row[c.MEAN_M_SCORE],
        )
        for segment in segment_set.segments
        if (row := rows.get(segment)) is not None
    )


def trend_of(segment_set: SegmentSet, segment: str, dates: Sequence[date], summaries: Summaries) -> SegmentTrend:
    """Return one segment over the dates; at a date whose set did not know it, its shares are unknown."""
    points = []
    for day in dates:
        rows = summaries.get((segment_set.name, day), {})
        size = next((size for size in sizes_of(segment_set, rows) if size.segment == segment), None)
        points.append(
            TrendPoint(day, 0, None, None)
            if size is None
            else TrendPoint(day, size.member_count, size.member_share, size.amount_share)
        )
    return SegmentTrend(segment, tuple(points))


def read_heat_map(read: Read, segment_set: SegmentSet, bins: Mapping[Metric, int], as_of: date) -> HeatMap:
    """Return the pairs of R and F scores of the set's window; of two equal segments the first by name is shown."""
    of_date = F.col(c.AS_OF_DATE) == F.lit(as_of)
    scores = read(RFM_SCORE).where(of_date & (F.col(c.RFM_WINDOW) == F.lit(segment_set.window)))
    members = read(MEMBER_SEGMENT).where(of_date & (F.col(c.SEGMENT_SET) == F.lit(segment_set.name)))
    rows = (
        scores.select(c.MEMBER_ID, c.R_SCORE, c.F_SCORE, c.M_SCORE)
        .join(members.select(c.MEMBER_ID, c.SEGMENT), str(c.MEMBER_ID))
        .groupBy(c.R_SCORE, c.F_SCORE, c.SEGMENT)
        .agg(F.count(F.lit(1)).alias("members"), F.sum(c.M_SCORE).alias("scores"))
        .collect()
    )
    by_cell: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        by_cell.setdefault((row[c.R_SCORE], row[c.F_SCORE]), []).append(row)
    return HeatMap(
        bins.get(Metric.RECENCY, 0),
        bins.get(Metric.FREQUENCY, 0),
        tuple(heat_cell(r, f, of_cell) for (r, f), of_cell in sorted(by_cell.items())),
    )


def heat_cell(r_score: int, f_score: int, rows: Sequence[Row]) -> Cell:
    """Return one cell of the map."""
    members = sum(row["members"] for row in rows)
    most = min(rows, key=lambda row: (-row["members"], row[c.SEGMENT]))
    mean = Fraction(sum(row["scores"] for row in rows), members)
    return Cell(r_score, f_score, members, mean, most[c.SEGMENT], most["members"])
