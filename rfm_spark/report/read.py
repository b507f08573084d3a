"""Reads everything that the report shows, from the tables and from the few facts that only the run log knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import functions as F

from rfm_spark.config.fingerprints import basis
from rfm_spark.config.model import Config, SegmentSet
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import RUN_CONFIG
from rfm_spark.report.inputs import LastIngest, Read, TrackedDates
from rfm_spark.report.numbers import ReportNumbers
from rfm_spark.report.read_quality import read_quality
from rfm_spark.report.read_scores import bins_of, meanings, read_boundaries, window_scores
from rfm_spark.report.read_sets import History, read_sets
from rfm_spark.report.read_windows import read_comparisons

MOST_DATES = 60
"""More dates than a small picture can show apart."""


@dataclass(frozen=True)
class Question:
    """What a report is about: its published dates (the last is its own), its sets, and what the run log knows.

    `notes` are sentences about what changed since the date was computed.
    """

    dates: Sequence[date]
    sets: Sequence[SegmentSet]
    config_hash: str
    tracked: TrackedDates
    ingests: Sequence[LastIngest]
    notes: Sequence[str] = ()


def read_report(read: Read, config: Config, asked: Question) -> ReportNumbers:
    """Return everything that the report shows."""
    as_of, shown = asked.dates[-1], thinned(asked.dates)
    first = config.windows[asked.sets[0].window if asked.sets else config.scores.main_window]
    windows = sorted(config.computed_windows(), key=lambda window: window.name != first.name)
    boundaries = read_boundaries(read, as_of)
    bins = {name: bins_of(rows) for name, rows in boundaries.items()}
    active = {name: bins[name] for name in config.active_windows if name in bins}
    currency = config.orders.currency or ""
    return ReportNumbers(
        as_of=as_of,
        dates=tuple(shown),
        published_count=len(asked.dates),
        currency=currency,
        config_hash=asked.config_hash,
        basis=(*read_basis(read, config, asked.config_hash), *asked.notes),
        meanings=meanings(first, as_of),
        sets=read_sets(read, asked.sets, config.windows, shown, History(config.history.every, asked.tracked), bins),
        windows=window_scores(windows, boundaries, currency),
        quality=read_quality(read, asked.ingests),
        comparisons=read_comparisons(read, as_of, active),
    )


def thinned(dates: Sequence[date]) -> list[date]:
    """Return at most `MOST_DATES` of the dates, evenly, the last among them.

    >>> [day.day for day in thinned([date(2024, 1, 1), date(2024, 1, 2)])]
    [1, 2]
    """
    step = -(-len(dates) // MOST_DATES)
    return list(dates[::-1][:: max(step, 1)][::-1])


def read_basis(read: Read, config: Config, config_hash: str) -> tuple[str, ...]:
    """Return what the numbers mean, as run_config recorded it for the date: a sentence for each window."""
    rows = read(RUN_CONFIG).where(F.col(c.CONFIG_HASH) == F.lit(config_hash)).select(c.BASIS).take(1)
    text = str(rows[0][0]) if rows else basis(config)
    return tuple(text.rstrip(".").split(". "))
