"""Reads the scores of one date, window by window, from score_boundary."""

from collections.abc import Iterable, Sequence
from datetime import date

from pyspark.sql import Row
from pyspark.sql import functions as F

from rfm_spark.config.choices import Frequency, Metric
from rfm_spark.config.fingerprints import MONETARY_WORDS, period_words
from rfm_spark.config.model import Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import SCORE_BOUNDARY
from rfm_spark.report.inputs import Read
from rfm_spark.report.numbers import MetricScores, ScoreStep, WindowScores


def meanings(window: Window, as_of: date) -> dict[str, str]:
    """Return what R, F and M are, in one line each.

    >>> meanings(Window("year", days=365), date(2024, 12, 31))["Frequency"]
    'number of orders in the last 365 days; more is better'
    """
    period = period_words(window)
    orders = "number of orders" if window.frequency is Frequency.ORDERS else "number of days with an order"
    return {
        "Recency": f"days from the last order to {as_of}; fewer is better",
        "Frequency": f"{orders} in the {period}; more is better",
        "Monetary": f"{MONETARY_WORDS[window.monetary]} in the {period}; more is better",
    }


def read_boundaries(read: Read, as_of: date) -> dict[str, list[Row]]:
    """Return the rows of score_boundary of the date, by window."""
    by_window: dict[str, list[Row]] = {}
    for row in read(SCORE_BOUNDARY).where(F.col(c.AS_OF_DATE) == F.lit(as_of)).collect():
        by_window.setdefault(row[c.RFM_WINDOW], []).append(row)
    return by_window


def bins_of(rows: Iterable[Row]) -> dict[Metric, int]:
    """Return the number of scores of each metric that a date was scored with, from score_boundary of one window.

    Today's configuration may have other numbers.
    """
    bins: dict[Metric, int] = {}
    for row in rows:
        metric = Metric(row[c.METRIC])
        bins[metric] = max(row[c.SCORE], bins.get(metric, 0))
    return bins


def window_scores(windows: Sequence[Window], rows: dict[str, list[Row]], currency: str) -> tuple[WindowScores, ...]:
    """Return the scores of each window that the date has; `rows` of score_boundary by window."""
    return tuple(
        WindowScores(window.name, period_words(window), metric_scores(window, rows[window.name], currency))
        for window in windows
        if window.name in rows
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
