"""The tables of the report, as cells of text."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from rfm_spark.report.numbers import (
    Migration,
    Move,
    Retention,
    SetNumbers,
    SourceQuality,
    WindowPair,
    WindowScores,
)
from rfm_spark.report.sentences import CAUSE_WORDS
from rfm_spark.text import NOTHING, amount, decimal_text, percent, plain_number

SHADES = 5


class CellText(NamedTuple):
    """One cell; `style` shades it."""

    text: str
    style: str = ""


class Grid(NamedTuple):
    """A table; `words` are the places of the columns that hold words, the others hold numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[CellText, ...], ...]
    words: tuple[int, ...] = (0,)


def grid(headings: Sequence[str], rows: Sequence[Sequence[str | CellText]], words: tuple[int, ...] = (0,)) -> Grid:
    """Return a table of texts and cells."""
    cells = (tuple(cell if isinstance(cell, CellText) else CellText(cell) for cell in row) for row in rows)
    return Grid(tuple(headings), tuple(cells), words)


def sizes_grid(numbers: SetNumbers) -> Grid:
    """One row per segment: size, value and recency."""
    rows = [
        (
            numbers.title_of(size.segment),
            f"{size.member_count:,}",
            percent(size.member_share),
            amount(size.net_amount),
            percent(size.amount_share),
            f"{size.order_count:,}",
            decimal_text(size.mean_recency_days),
            *(decimal_text(score) for score in (size.mean_r_score, size.mean_f_score, size.mean_m_score)),
        )
        for size in numbers.sizes
    ]
    means = ("Mean recency, days", "Mean R", "Mean F", "Mean M")
    return grid(("Segment", "Members", "Share", "Amount", "Share", "Orders", *means), rows)


def causes_grid(migration: Migration) -> Grid:
    """One row per cause of the moves, in plain words."""
    total = sum(migration.causes.values())
    rows = [
        (words, f"{migration.causes[cause]:,}", percent(Fraction(migration.causes[cause], total)))
        for cause, words in CAUSE_WORDS.items()
        if migration.causes.get(cause)
    ]
    return grid(("Cause", "Members", "Share"), rows)


def movers_grid(numbers: SetNumbers, moves: Sequence[Move]) -> Grid:
    """One row per way between two segments, the largest first."""
    rows = [
        (
            numbers.title_of(move.from_segment),
            numbers.title_of(move.to_segment),
            f"{move.member_count:,}",
            amount(move.net_amount),
            causes_text(move),
        )
        for move in moves
    ]
    return grid(("From", "To", "Members", "Amount", "Causes"), rows, words=(0, 1, 4))


def causes_text(move: Move) -> str:
    """Return the causes of a move, the most frequent first."""
    return ", ".join(f"{cause} {count:,}" for cause, count in sorted(move.causes.items(), key=lambda one: -one[1]))


def dwell_grid(numbers: SetNumbers) -> Grid:
    """One row per segment: stays that ended, their mean length, and those that go on."""
    rows = [
        (numbers.title_of(one.segment), decimal_text(one.mean_days), f"{one.closed_count:,}", f"{one.open_count:,}")
        for one in numbers.dwell
    ]
    return grid(("Segment", "Mean days", "Ended stays", "Going on"), rows)


def retention_grid(numbers: SetNumbers) -> Grid:
    """One row per segment, one column per number of days; the darker, the more are in it again or still.

    A heading also says how many days had passed on average between the two tracked dates.
    """
    days = sorted({one.days_later for one in numbers.retention})
    found = {(one.segment, one.days_later): one for one in numbers.retention}
    segments = [words.name for words in numbers.segments if any((words.name, later) in found for later in days)]
    rows: list[tuple[str | CellText, ...]] = [
        (numbers.title_of(segment), *(kept_cell(found.get((segment, later))) for later in days)) for segment in segments
    ]
    return grid(("Segment", *(f"{later} days, on average {days_passed(numbers, later)}" for later in days)), rows)


def days_passed(numbers: SetNumbers, days_later: int) -> str:
    """Return how many days later the members of all cohorts were looked at, in the mean."""
    asked = [one for one in numbers.retention if one.days_later == days_later]
    total = sum(one.mean_days * one.cohort_count for one in asked)
    return decimal_text(Fraction(total) / sum(one.cohort_count for one in asked), 0)


def kept_cell(one: Retention | None) -> CellText:
    """Return the share that is in the segment again or still, shaded by fifths."""
    if one is None or one.kept_share is None:
        return CellText(NOTHING)
    return CellText(percent(one.kept_share), f"shade{min(int(one.kept_share * SHADES), SHADES - 1)}")


def quality_grid(quality: Sequence[SourceQuality]) -> Grid:
    """One row per source: what became of its lines, and why some were rejected."""
    rows = [
        (
            one.source,
            f"{one.ingested_at:%Y-%m-%d %H:%M} UTC",
            ", ".join(f"{reason} {count:,}" for reason, count in one.reasons.items()) or "none",
            f"{one.read:,}",
            f"{one.accepted:,}",
            f"{one.excluded:,}",
            f"{one.rejected:,}",
            f"{one.outside:,}",
        )
        for one in quality
    ]
    headings = ("Source", "Last ingest", "Why rejected", "Read", "Accepted", "Excluded", "Rejected", "Outside")
    return grid(headings, rows, words=(0, 1, 2))


def comparison_grid(pairs: Sequence[WindowPair]) -> Grid:
    """One row per metric of two windows."""
    rows = [
        (
            pair.window,
            pair.other_window,
            pair.metric,
            f"{pair.member_count:,}",
            f"{pair.same_count:,}",
            f"{pair.high_low_count:,}",
            f"{pair.low_high_count:,}",
        )
        for pair in pairs
    ]
    headings = ("Window", "Other", "Metric", "In both", "Same class", "High, then low", "Low, then high")
    return grid(headings, rows, words=(0, 1, 2))


def boundaries_grid(window: WindowScores) -> Grid:
    """One row per score of each metric, with the value at which it begins."""
    rows = [
        (
            metric.metric,
            f"{step.score}",
            f"{step.member_count:,}",
            value_or_nothing(step.worst_value),
            value_or_nothing(step.best_value),
            value_or_nothing(step.cut_value),
        )
        for metric in window.metrics
        for step in metric.steps
    ]
    return grid(("Metric", "Score", "Members", "Worst", "Best", "Begins at"), rows)


def value_or_nothing(value: Decimal | None) -> str:
    """Return a value of a boundary, a dash for none."""
    return NOTHING if value is None else plain_number(value)
