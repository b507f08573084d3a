"""Everything that a report shows, as plain values: no Spark, no layout, and never the id of a member.

Shares are exact fractions; they are rounded once, where they are shown.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rfm_spark.text import six_decimals

REPORT_SCHEMA_VERSION = 1
NOT_IN_SET = None
"""Where a member was not in the set: the segment of an appearing or a leaving member."""


@dataclass(frozen=True)
class SegmentWords:
    """What people read about a segment; `title` falls back on the name."""

    name: str
    title: str
    title_zh: str = ""
    meaning: str = ""
    advice: str = ""
    channel: str = ""
    frequency: str = ""


@dataclass(frozen=True)
class SegmentSize:
    """One segment at the report's date. Amounts and orders are from the set's window."""

    segment: str
    member_count: int
    net_amount: Decimal
    order_count: int
    member_share: Fraction | None
    amount_share: Fraction | None
    mean_recency_days: Decimal | None
    mean_r_score: Decimal | None = None
    mean_f_score: Decimal | None = None
    mean_m_score: Decimal | None = None


@dataclass(frozen=True)
class TrendPoint:
    """One segment at one date: its share of the set's members and of the set's amount."""

    as_of: date
    member_count: int
    member_share: Fraction | None
    amount_share: Fraction | None


@dataclass(frozen=True)
class SegmentTrend:
    """One segment over the dates of the report, oldest first."""

    segment: str
    points: tuple[TrendPoint, ...]


@dataclass(frozen=True)
class Move:
    """One way from segment to segment between two tracked dates; None = not in the set."""

    from_segment: str | None
    to_segment: str | None
    member_count: int
    net_amount: Decimal
    causes: Mapping[str, int]


@dataclass(frozen=True)
class Migration:
    """What happened between two tracked dates: those who stayed by segment, and the moves, largest first."""

    previous: date
    as_of: date
    stayed: Mapping[str, int]
    moves: tuple[Move, ...]
    causes: Mapping[str, int]


@dataclass(frozen=True)
class Cell:
    """One pair of R and F scores: its members, their mean M, and the segment that most of them are in."""

    r_score: int
    f_score: int
    member_count: int
    mean_m_score: Fraction
    segment: str
    segment_count: int


@dataclass(frozen=True)
class HeatMap:
    """Every occupied pair of R and F scores of a set's window."""

    r_bins: int
    f_bins: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Dwell:
    """One segment: how many stays in it have ended, and how long those lasted in the mean."""

    segment: str
    closed_count: int
    mean_days: Fraction | None
    open_count: int


@dataclass(frozen=True)
class Retention:
    """One segment and number of days: over all cohorts, how many members are in the same segment that many days later.

    A cohort is looked at again at the tracked date nearest to that day: `mean_days` had passed in the mean of members.
    """

    segment: str
    days_later: int
    mean_days: Fraction
    cohort_count: int
    kept_count: int
    kept_share: Fraction | None


@dataclass(frozen=True)
class SetNumbers:
    """One segment set. `no_history` says why there is no migration, and what to run."""

    name: str
    title: str
    title_zh: str
    window: str
    period: str
    segments: tuple[SegmentWords, ...]
    member_count: int
    net_amount: Decimal
    sizes: tuple[SegmentSize, ...]
    trends: tuple[SegmentTrend, ...] = ()
    migration: Migration | None = None
    no_history: str = ""
    heat_map: HeatMap | None = None
    dwell: tuple[Dwell, ...] = ()
    retention: tuple[Retention, ...] = ()

    def title_of(self, segment: str | None) -> str:
        """Return what people call a segment; one that the configuration no longer knows by its name."""
        if segment is NOT_IN_SET:
            return "not in the set"
        return next((words.title for words in self.segments if words.name == segment), segment)


@dataclass(frozen=True)
class ScoreStep:
    """One score of a metric: who has it, from the worst to the best value, and the value at which it begins."""

    score: int
    member_count: int
    worst_value: Decimal | None
    best_value: Decimal | None
    cut_value: Decimal | None


@dataclass(frozen=True)
class MetricScores:
    """The scores of one metric, best first. `meaning` is what the values are, `unit` the word behind them."""

    metric: str
    meaning: str
    unit: str
    method: str
    steps: tuple[ScoreStep, ...]


@dataclass(frozen=True)
class WindowScores:
    """The scores of one window."""

    name: str
    period: str
    metrics: tuple[MetricScores, ...]


@dataclass(frozen=True)
class SourceQuality:
    """What became of the lines of the last ingest that changed a source."""

    source: str
    ingested_at: datetime
    read: int
    accepted: int
    excluded: int
    rejected: int
    outside: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class WindowPair:
    """One metric in two windows: members scored in both, and those who are high in the one and low in the other."""

    window: str
    other_window: str
    metric: str
    member_count: int
    same_count: int
    high_low_count: int
    low_high_count: int


@dataclass(frozen=True)
class ReportNumbers:
    """The whole report. `dates` are those shown, of `published_count` published ones in the range."""

    as_of: date
    dates: tuple[date, ...]
    published_count: int
    currency: str
    config_hash: str
    basis: tuple[str, ...]
    meanings: Mapping[str, str]
    sets: tuple[SetNumbers, ...]
    windows: tuple[WindowScores, ...]
    quality: tuple[SourceQuality, ...]
    comparisons: tuple[WindowPair, ...]


def share_of(part: int | Decimal, whole: int | Decimal) -> Fraction | None:
    """Return the exact share, None of nothing or less: of a whole that refunds made negative no share means anything.

    >>> share_of(1, 3), share_of(Decimal("0.5"), 0), share_of(Decimal(5), Decimal(-10))
    (Fraction(1, 3), None, None)
    """
    return Fraction(part) / Fraction(whole) if whole > 0 else None


def as_json(numbers: ReportNumbers) -> str:
    """Return the numbers as JSON: counts are numbers, amounts and shares are text, so that no reader rounds them."""
    body = {"schema_version": REPORT_SCHEMA_VERSION, **asdict(numbers)}
    return json.dumps(as_plain_json(body), indent=1, ensure_ascii=False) + "\n"


def as_plain_json(value: Any) -> Any:
    """Return a value as JSON knows it; a share has six decimals, half up."""
    if isinstance(value, Mapping):
        return {str(key): as_plain_json(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain_json(entry) for entry in value]
    if isinstance(value, Fraction):
        return six_decimals(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
