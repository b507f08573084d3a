"""What the report says of segment sets: sizes, trends, moves, the map of scores, and how long members stay."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pyspark.sql import Row
from pyspark.sql import functions as F

from rfm_spark.config.model import SegmentName, SegmentSet, Window
from rfm_spark.config.words import Metric
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_INTERVAL, SEGMENT_RETENTION
from rfm_spark.contracts.tables import MEMBER_SEGMENT, RFM_SCORE, SCORE_BOUNDARY, SEGMENT_SUMMARY
from rfm_spark.history.dwell import CLOSED_DAYS, CLOSED_STAYS, OPEN_STAYS, dwell_times
from rfm_spark.report.numbers import (
    Cell,
    Dwell,
    HeatMap,
    Retention,
    SegmentSize,
    SegmentTrend,
    SegmentWords,
    SetNumbers,
    TrendPoint,
    share_of,
)
from rfm_spark.steps.job import Job
from rfm_spark.steps.reporting.moves import Moves, read_moves
from rfm_spark.steps.reporting.scores import period_words
from rfm_spark.steps.tracking.names import named_today

Summaries = Mapping[tuple[str, date], Mapping[str, Row]]
"""Rows of segment_summary by set and date, then by segment, all under the names of today."""


def read_sets(job: Job, sets: Sequence[SegmentSet], dates: Sequence[date]) -> tuple[SetNumbers, ...]:
    """Return the sets: the first in full, the others without scores and stays."""
    moves = read_moves(job, sets, dates[-1])
    summaries = read_summaries(job, sets, {*dates, *(of_set.as_of for of_set in moves.values() if of_set.as_of)})
    return tuple(
        set_numbers(job, segment_set, dates, summaries, moves[segment_set.name], is_first=place == 0)
        for place, segment_set in enumerate(sets)
    )


def read_summaries(job: Job, sets: Sequence[SegmentSet], dates: set[date]) -> Summaries:
    """Return the rows of segment_summary; dates computed before a renaming count under the new name."""
    by_name = {name: one for one in sets for name in (one.name, one.formerly) if name is not None}
    rows = (
        job.store.read(SEGMENT_SUMMARY)
        .where(F.col(c.AS_OF_DATE).isin(sorted(dates)) & F.col(c.SEGMENT_SET).isin(sorted(by_name)))
        .collect()
    )
    found: dict[tuple[str, date], dict[str, Row]] = {}
    for row in rows:
        segment_set = by_name[row[c.SEGMENT_SET]]
        segment = segment_set.renamed_segments().get(row[c.SEGMENT], row[c.SEGMENT])
        found.setdefault((segment_set.name, row[c.AS_OF_DATE]), {})[segment] = row
    return found


def set_numbers(
    job: Job, segment_set: SegmentSet, dates: Sequence[date], summaries: Summaries, moves: Moves, is_first: bool
) -> SetNumbers:
    """Return everything about one set."""
    as_of = dates[-1]
    rows = summaries.get((segment_set.name, as_of), {})
    migration, no_history = moves.against(summaries.get((segment_set.name, moves.as_of or as_of), {}))
    return SetNumbers(
        name=segment_set.name,
        title=title_in(segment_set.title, segment_set.name),
        title_zh=segment_set.title.get("zh", ""),
        window=segment_set.window,
        period=period_words(job.config.windows[segment_set.window]),
        segments=tuple(words_of(segment_set, segment) for segment in segment_set.segments),
        member_count=sum(row[c.MEMBER_COUNT] for row in rows.values()),
        net_amount=sum((row[c.NET_AMOUNT] for row in rows.values()), Decimal(0)),
        sizes=sizes_of(segment_set, rows),
        trends=tuple(trend_of(segment_set, segment, dates, summaries) for segment in segment_set.segments),
        migration=migration,
        no_history=no_history,
        heat_map=read_heat_map(job, segment_set, as_of) if is_first else None,
        dwell=read_dwell(job, segment_set, as_of) if is_first else (),
        retention=read_retention(job, segment_set, as_of) if is_first else (),
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


def read_heat_map(job: Job, segment_set: SegmentSet, as_of: date) -> HeatMap:
    """Return the pairs of R and F scores of the set's window; ties of segments go to the earlier name."""
    of_date = F.col(c.AS_OF_DATE) == F.lit(as_of)
    scores = job.store.read(RFM_SCORE).where(of_date & (F.col(c.RFM_WINDOW) == F.lit(segment_set.window)))
    named = named_today(job.store.read(MEMBER_SEGMENT).where(of_date), job.config)
    members = named.where(F.col(c.SEGMENT_SET) == F.lit(segment_set.name))
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
    bins = bins_at(job, job.config.windows[segment_set.window], as_of)
    return HeatMap(
        bins[Metric.RECENCY],
        bins[Metric.FREQUENCY],
        tuple(heat_cell(r, f, of_cell) for (r, f), of_cell in sorted(by_cell.items())),
    )


def bins_at(job: Job, window: Window, as_of: date) -> dict[Metric, int]:
    """Return the number of scores of each metric as the date was scored, whatever the configuration has today."""
    of_date = (F.col(c.AS_OF_DATE) == F.lit(as_of)) & (F.col(c.RFM_WINDOW) == F.lit(window.name))
    rows = job.store.read(SCORE_BOUNDARY).where(of_date).groupBy(c.METRIC).agg(F.max(c.SCORE)).collect()
    known = {row[0]: row[1] for row in rows}
    return {metric: known.get(metric.value, window.scoring(metric).bins) for metric in Metric}


def heat_cell(r_score: int, f_score: int, rows: Sequence[Row]) -> Cell:
    """Return one cell of the map."""
    members = sum(row["members"] for row in rows)
    most = min(rows, key=lambda row: (-row["members"], row[c.SEGMENT]))
    mean = Fraction(sum(row["scores"] for row in rows), members)
    return Cell(r_score, f_score, members, mean, most[c.SEGMENT], most["members"])


def read_dwell(job: Job, segment_set: SegmentSet, as_of: date) -> tuple[Dwell, ...]:
    """Return how long stays lasted that had ended by the date, and how many went on."""
    stays = job.store.read(SEGMENT_INTERVAL).where(F.col(c.SEGMENT_SET) == F.lit(segment_set.name))
    found = {row[c.SEGMENT]: row for row in dwell_times(stays, as_of).collect()}
    return tuple(
        Dwell(segment, row[CLOSED_STAYS], mean_days(row), row[OPEN_STAYS])
        for segment in segment_set.segments
        if (row := found.get(segment)) is not None
    )


def mean_days(row: Row) -> Fraction | None:
    """Return the mean of the stays that have ended, None without any."""
    return Fraction(row[CLOSED_DAYS], row[CLOSED_STAYS]) if row[CLOSED_STAYS] else None


def read_retention(job: Job, segment_set: SegmentSet, as_of: date) -> tuple[Retention, ...]:
    """Return for each segment and number of days how many of all cohorts are in it again or still.

    A cohort counts when a later tracked date tells about it: one without any would have kept everybody.
    """
    is_told = (F.col(c.LATER_AS_OF_DATE) <= F.lit(as_of)) & (F.col(c.LATER_AS_OF_DATE) > F.col(c.AS_OF_DATE))
    is_kept = F.col(c.LATER_SEGMENT) == F.col(c.SEGMENT)
    rows = (
        job.store.read(SEGMENT_RETENTION)
        .where((F.col(c.SEGMENT_SET) == F.lit(segment_set.name)) & is_told)
        .groupBy(c.SEGMENT, c.DAYS_LATER)
        .agg(
            F.sum(c.MEMBER_COUNT).alias("cohort"),
            F.sum(F.col(c.MEMBER_COUNT) * F.date_diff(c.LATER_AS_OF_DATE, c.AS_OF_DATE)).alias("days"),
            F.coalesce(F.sum(F.when(is_kept, F.col(c.MEMBER_COUNT))), F.lit(0)).alias("kept"),
        )
        .collect()
    )
    found = (
        Retention(
            segment=row[c.SEGMENT],
            days_later=row[c.DAYS_LATER],
            mean_days=Fraction(row["days"], row["cohort"]),
            cohort_count=row["cohort"],
            kept_count=row["kept"],
            kept_share=share_of(row["kept"], row["cohort"]),
        )
        for row in rows
    )
    return tuple(sorted(found, key=lambda one: (one.segment, one.days_later)))
