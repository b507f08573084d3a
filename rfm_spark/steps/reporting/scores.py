"""What the report says of scores, windows and the lines that were read: small rows out of large tables."""

from collections.abc import Iterable
from datetime import date

from pyspark.sql import Row
from pyspark.sql import functions as F

from rfm_spark.config.definition import MONETARY_WORDS, PERIOD_WORDS
from rfm_spark.config.model import Window
from rfm_spark.config.words import Frequency, Metric
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import WINDOW_COMPARISON
from rfm_spark.contracts.tables import REJECTED_ROW, SCORE_BOUNDARY
from rfm_spark.report.numbers import MetricScores, ScoreStep, SourceQuality, WindowPair, WindowScores
from rfm_spark.runs.log_book import FACTS, LogRow
from rfm_spark.steps.job import Job

HIGH, LOW, ABSENT = "high", "low", "absent"
MOST_PAIRS = 12


def period_words(window: Window) -> str:
    """Return the period of a window in words.

    >>> period_words(Window("year", days=365)), period_words(Window("ever", lifetime=True))
    ('last 365 days', 'whole life')
    """
    kind, length = window.period
    return PERIOD_WORDS[kind].format(length)


def read_scores(job: Job, as_of: date, first: str) -> tuple[WindowScores, ...]:
    """Return the scores of every window of the date, that of the first set before the others."""
    rows = job.store.read(SCORE_BOUNDARY).where(F.col(c.AS_OF_DATE) == F.lit(as_of)).collect()
    by_window: dict[str, list[Row]] = {}
    for row in rows:
        by_window.setdefault(row[c.RFM_WINDOW], []).append(row)
    windows = sorted(job.config.computed_windows(), key=lambda window: window.name != first)
    currency = job.config.orders.currency or ""
    return tuple(
        WindowScores(window.name, period_words(window), metric_scores(window, by_window[window.name], currency))
        for window in windows
        if window.name in by_window
    )


def metric_scores(window: Window, rows: Iterable[Row], currency: str) -> tuple[MetricScores, ...]:
    """Return the scores of the three metrics, the best score first."""
    by_metric: dict[str, list[Row]] = {metric.value: [] for metric in Metric}
    for row in sorted(rows, key=lambda row: -int(row[c.SCORE])):
        by_metric[row[c.METRIC]].append(row)
    counts_orders = window.frequency is Frequency.ORDERS
    weighted = ", weighted by age" if window.half_life_days else ""
    words = {
        Metric.RECENCY: ("days since the last order", "days"),
        Metric.FREQUENCY: ("orders" if counts_orders else "days with an order", "orders" if counts_orders else "days"),
        Metric.MONETARY: (MONETARY_WORDS[window.monetary], currency),
    }
    return tuple(
        MetricScores(
            metric.value,
            words[metric][0] + (weighted if metric is not Metric.RECENCY else ""),
            words[metric][1],
            method_words(by_metric[metric.value][0]),
            tuple(score_step(row) for row in by_metric[metric.value]),
        )
        for metric in Metric
        if by_metric[metric.value]
    )


def method_words(row: Row) -> str:
    """Return how the boundaries were found."""
    return f"{row[c.SCORE_METHOD]}, ties {row[c.TIES]}" if row[c.TIES] else str(row[c.SCORE_METHOD])


def score_step(row: Row) -> ScoreStep:
    """Return one score."""
    return ScoreStep(row[c.SCORE], row[c.MEMBER_COUNT], row[c.WORST_VALUE], row[c.BEST_VALUE], row[c.CUT_VALUE])


def read_quality(job: Job) -> tuple[SourceQuality, ...]:
    """Return what became of the lines of the last ingest of each source, and why lines were rejected."""
    last = {result.partition("/")[2]: row for result, row in job.ledger.book.ingested().items() if result != FACTS}
    reasons = read_reasons(job, [row.run_id for row in last.values()]) if last else {}
    return tuple(source_quality(name, row, reasons.get((row.run_id, name), {})) for name, row in sorted(last.items()))


def source_quality(name: str, row: LogRow, reasons: dict[str, int]) -> SourceQuality:
    """Return the counts of one source."""
    return SourceQuality(
        source=name,
        ingested_at=row.computed_at,
        read=row.read_count or 0,
        accepted=row.accepted_count or 0,
        excluded=row.excluded_count or 0,
        rejected=row.rejected_count or 0,
        outside=row.outside_count or 0,
        reasons=reasons,
    )


def read_reasons(job: Job, run_ids: list[str]) -> dict[tuple[str, str], dict[str, int]]:
    """Return by run and source how many lines were rejected for each reason, the most frequent first."""
    rows = (
        job.store.read(REJECTED_ROW)
        .where(F.col(c.RUN_ID).isin(run_ids))
        .select(c.RUN_ID, c.SOURCE, F.explode(c.REASONS).alias("reason"), c.LINE_COUNT)
        .groupBy(c.RUN_ID, c.SOURCE, "reason")
        .agg(F.sum(c.LINE_COUNT).alias("lines"))
        .collect()
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in sorted(rows, key=lambda row: (-row["lines"], row["reason"])):
        found.setdefault((row[c.RUN_ID], row[c.SOURCE]), {})[row["reason"]] = row["lines"]
    return found


def read_comparisons(job: Job, as_of: date) -> tuple[WindowPair, ...]:
    """Return the metrics and pairs of windows that differ most at the date."""
    rows = job.store.read(WINDOW_COMPARISON).where(F.col(c.AS_OF_DATE) == F.lit(as_of)).collect()
    by_pair: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if ABSENT not in (row[c.LEVEL], row[c.OTHER_LEVEL]):
            by_pair.setdefault((row[c.RFM_WINDOW], row[c.OTHER_WINDOW], row[c.METRIC]), []).append(row)
    pairs = [window_pair(key, of_pair) for key, of_pair in sorted(by_pair.items())]
    by_difference = sorted(pairs, key=lambda pair: -(pair.high_low_count + pair.low_high_count))
    return tuple(by_difference[:MOST_PAIRS])


def window_pair(key: tuple[str, str, str], rows: Iterable[Row]) -> WindowPair:
    """Return one metric of two windows in four counts."""
    counts = {(row[c.LEVEL], row[c.OTHER_LEVEL]): int(row[c.MEMBER_COUNT]) for row in rows}
    return WindowPair(
        *key,
        member_count=sum(counts.values()),
        same_count=sum(count for (level, other), count in counts.items() if level == other),
        high_low_count=counts.get((HIGH, LOW), 0),
        low_high_count=counts.get((LOW, HIGH), 0),
    )
