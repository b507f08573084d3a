"""The integers that are scored: one series of keys per window and metric, in which a higher key is always better.

A key is the value in its smallest unit (a day, an order, 1/10000 of the currency, a millionth of a decayed order).
Fewer days are better, so the key of recency is `-recency_days`. Windows that score the same values share a series.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.choices import Frequency, Metric, Monetary, Population
from rfm_spark.config.model import Window
from rfm_spark.contracts import columns as c
from rfm_spark.scoring.exact import half_up_quotient
from rfm_spark.scoring.windows import LIFETIME, Measure, Period

DECIMALS = {
    c.NET_AMOUNT: 4,
    c.GROSS_AMOUNT: 4,
    c.AVERAGE_ORDER_AMOUNT: 4,
    c.DECAYED_AMOUNT: 4,
    c.DECAYED_ORDER_COUNT: 6,
}


@dataclass(frozen=True)
class Series:
    """The keys of one value over one period and population; equal series are computed once."""

    of: c.Column
    period: Period
    half_life: int | None
    ever: bool

    @property
    def is_recency(self) -> bool:
        """Return whether a lower value is better, so that the key is negative."""
        return self.of is c.RECENCY_DAYS

    @property
    def units(self) -> int:
        """Return the number of units in 1 of the metric."""
        return int(10 ** DECIMALS.get(self.of, 0))

    def value(self, key: int) -> Decimal:
        """Return the key in the unit of the metric.

        >>> days = ("days", 30)
        >>> Series(c.NET_AMOUNT, days, None, False).value(12345), Series(c.RECENCY_DAYS, days, None, False).value(-7)
        (Decimal('1.2345'), Decimal('7'))
        """
        return Decimal(-key if self.is_recency else key).scaleb(-DECIMALS.get(self.of, 0))

    def key(self, value: Decimal) -> int:
        """Return the key of a value that is a whole number of units."""
        units = int(value * self.units)
        return -units if self.is_recency else units


class DatedSeries(NamedTuple):
    """A series at one as-of date."""

    as_of: date
    series: Series


@dataclass(frozen=True)
class SeriesIndex:
    """Every series at every date, numbered date by date: passes over the data group by this one integer."""

    dates: tuple[date, ...]
    series: tuple[Series, ...]

    @cached_property
    def dated_series(self) -> tuple[DatedSeries, ...]:
        """Return every series at every date in the order of the numbers."""
        return tuple(DatedSeries(day, one) for day in self.dates for one in self.series)

    @cached_property
    def numbers(self) -> dict[DatedSeries, int]:
        """Return the number of every series at every date."""
        return {dated: number for number, dated in enumerate(self.dated_series)}

    @property
    def offsets(self) -> Sequence[int]:
        """Return the number of the first series of each date."""
        return range(0, len(self.dated_series), len(self.series))


def series_of(window: Window, metric: Metric) -> Series:
    """Return the series on which the metric of the window is scored."""
    of = scored_column(window, metric)
    decayed = of in (c.DECAYED_ORDER_COUNT, c.DECAYED_AMOUNT)
    ever = window.population is Population.EVER
    return Series(of, window.period, window.half_life_days if decayed else None, ever)


def scored_column(window: Window, metric: Metric) -> c.Column:
    """Return the value that the metric scores; with a half life, F and M score decayed values."""
    if metric is Metric.RECENCY:
        return c.RECENCY_DAYS
    decayed = window.half_life_days is not None
    if metric is Metric.FREQUENCY:
        plain = c.PURCHASE_DAYS if window.frequency is Frequency.DAYS else c.ORDER_COUNT
        return c.DECAYED_ORDER_COUNT if decayed else plain
    if decayed:
        return c.DECAYED_AMOUNT
    return {
        Monetary.NET: c.NET_AMOUNT,
        Monetary.GROSS: c.GROSS_AMOUNT,
        Monetary.AVERAGE_ORDER: c.AVERAGE_ORDER_AMOUNT,
    }[window.monetary]


def is_scored(period: Period, ever: bool) -> Column:
    """Return whether a row of the measures belongs to the population."""
    return F.lit(True) if ever else F.col(Measure(c.RECENCY_DAYS, period).name).isNotNull()


def key_column(series: Series) -> Column:
    """Return the key as BIGINT; earlier buyers without an order in the period have F = M = 0."""
    if series.is_recency:
        return -F.col(Measure(c.RECENCY_DAYS, LIFETIME if series.ever else series.period).name).cast("bigint")
    orders = F.col(Measure(c.ORDER_COUNT, series.period).name)
    if series.of is c.AVERAGE_ORDER_AMOUNT:
        net = F.col(Measure(c.NET_AMOUNT, series.period).name)
        return F.when(orders > 0, half_up_quotient(net, orders)).otherwise(F.lit(0).cast("bigint"))
    value = F.col(Measure(series.of, series.period, series.half_life).name).cast("bigint")
    return F.when(orders > 0, value).otherwise(F.lit(0).cast("bigint")) if series.ever else value
