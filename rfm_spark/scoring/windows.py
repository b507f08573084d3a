"""Measures of every member in every period that a window reads, from one pass over the daily facts.

Windows with the same period share their sums, and only what a window needs is summed. The number of days in a period of
months depends on the date, so measures are named by the period. Amounts are BIGINT units of 1/10000, decayed order
counts BIGINT millionths.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.amounts import to_units
from rfm_spark.as_of import at_dates, last_valid_day, per_date
from rfm_spark.config.choices import Frequency, Monetary, Population
from rfm_spark.config.model import Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.dates import month_of, months_before
from rfm_spark.scoring.decay import decayed_units, million_parts, weight
from rfm_spark.scoring.partitioning import partition_by_member

Period = tuple[str, int]
LIFETIME: Period = ("lifetime", 0)
AGE = "age"
UNITS = {c.NET_AMOUNT: "net_units", c.GROSS_AMOUNT: "gross_units"}
RESTS = "rests"


def span_of(period: Period, as_of: date) -> int:
    """Return the number of days of the period, as_of included; a lifetime begins with the year 1.

    >>> span_of(("months", 12), date(2024, 2, 29)), span_of(("days", 30), date(2024, 2, 29))
    (366, 30)
    """
    kind, length = period
    whole_life = as_of.toordinal()
    if kind == "days":
        return min(length, whole_life)
    if kind == "lifetime" or length >= 12 * (as_of.year - 1):
        return whole_life
    return (as_of - months_before(as_of, length)).days


@dataclass(frozen=True)
class Spans:
    """The number of days of every period at every date."""

    dates: Sequence[date]
    by_period: Mapping[Period, tuple[int, ...]]

    @classmethod
    def of(cls, periods: Iterable[Period], dates: Sequence[date]) -> "Spans":
        """Return the spans of the periods."""
        return cls(dates, {period: tuple(span_of(period, day) for day in dates) for period in dict.fromkeys(periods)})

    @property
    def limit(self) -> int | None:
        """Return the number of days of facts that a date may need; None for the whole life."""
        return None if LIFETIME in self.by_period else max(max(spans) for spans in self.by_period.values())

    @property
    def longest(self) -> list[Period]:
        """Return the longest period at each date. Usually one; leap years can make it two."""
        every = list(self.by_period)
        return list(
            dict.fromkeys(
                max(every, key=lambda period: self.by_period[period][number]) for number in range(len(self.dates))
            )
        )

    def inside(self, period: Period) -> Column | None:
        """Return whether a row is in the period of its date; None when every row is."""
        spans = self.by_period[period]
        if period == LIFETIME or set(spans) == {self.limit}:
            return None
        return F.col(AGE) < (F.lit(spans[0]) if len(set(spans)) == 1 else per_date(spans, self.dates, "int"))


@dataclass(frozen=True)
class Measure:
    """One sum over one period, or the minimum for recency; only decayed measures have a `half_life`."""

    of: c.Column
    period: Period
    half_life: int | None = None

    @property
    def name(self) -> str:
        """Return the name of the column.

        >>> Measure(c.NET_AMOUNT, ("days", 365)).name, Measure(c.DECAYED_AMOUNT, LIFETIME, 30).name
        ('net_amount_365d', 'decayed_amount_life_half_30d')
        """
        kind, length = self.period
        period = {"days": f"{length}d", "months": f"{length}m", "lifetime": "life"}[kind]
        return f"{self.of}_{period}" + (f"_half_{self.half_life}d" if self.half_life else "")

    @property
    def type(self) -> str:
        """Return the type of the column: INT for days, BIGINT for counts and units."""
        return "int" if self.of in (c.RECENCY_DAYS, c.PURCHASE_DAYS) else "bigint"


def window_measures(window: Window) -> list[Measure]:
    """Return the measures that the window needs for its scores and its rows in rfm_score."""
    period = window.period
    needed = [Measure(c.RECENCY_DAYS, period), Measure(c.ORDER_COUNT, period), Measure(c.NET_AMOUNT, period)]
    if window.population is Population.EVER:
        needed.append(Measure(c.RECENCY_DAYS, LIFETIME))
    if window.half_life_days is not None:
        decayed = (c.DECAYED_ORDER_COUNT, c.DECAYED_AMOUNT)
        return needed + [Measure(of, period, window.half_life_days) for of in decayed]
    if window.frequency is Frequency.DAYS:
        needed.append(Measure(c.PURCHASE_DAYS, period))
    if window.monetary is Monetary.GROSS:
        needed.append(Measure(c.GROSS_AMOUNT, period))
    return needed


def all_measures(windows: Iterable[Window]) -> list[Measure]:
    """Return the measures that the windows need, each once."""
    return list(dict.fromkeys(measure for window in windows for measure in window_measures(window)))


def measure_contract(windows: Iterable[Window]) -> Frame:
    """Return the columns of the measures: as_of_date, member_id and one column per measure."""
    columns = [c.AS_OF_DATE, c.MEMBER_ID]
    for measure in all_measures(windows):
        column = str.__new__(c.Column, measure.name)
        column.type, column.comment = measure.type, measure.of.comment
        columns.append(column)
    return Frame(
        "member measures", "One row per as-of date and member", tuple(columns), key=(c.AS_OF_DATE, c.MEMBER_ID)
    )


def measure_members(
    member_day: DataFrame, windows: Sequence[Window], dates: Sequence[date], partitions: int, ranged_ids: bool = False
) -> DataFrame:
    """One row per as-of date and member with an order in the longest period: every measure that a window needs.

    Partitions are disjoint ranges of member_id, sorted by date and member. A period is `(as_of - span, as_of]`; rows
    count when `valid_from <= as_of < valid_to`, and recency comes from days with an order. A member without an order
    in a period has NULL recency there. Rows are shuffled once, however many dates there are, and only then copied to
    each date that reads them.
    """
    measures = all_measures(windows)
    spans = Spans.of([measure.period for measure in measures], dates)
    placed, keys = partition_by_member(_rows_in_time(member_day, spans, measures), partitions, ranged_ids)
    # Member after member, the few groups that a row of many dates adds to stay in the processor's cache.
    ordered = placed if len(dates) == 1 else placed.sortWithinPartitions(c.MEMBER_ID)
    seen = at_dates(ordered, dates, F.col(c.VALID_FROM), _last_seen(spans))
    aged = seen.withColumn(AGE, F.date_diff(F.col(c.AS_OF_DATE), F.col(c.ORDER_DAY)))
    parts = [part for measure in measures for part in _sums(measure, spans.inside(measure.period))]
    sums = aged.groupBy(*keys, c.AS_OF_DATE).agg(*parts)
    bought = reduce(or_, [F.col(Measure(c.RECENCY_DAYS, period).name).isNotNull() for period in spans.longest])
    members = sums.where(bought).select(c.AS_OF_DATE, c.MEMBER_ID, *[_result(measure) for measure in measures])
    return conform(members, measure_contract(windows)).sortWithinPartitions(c.AS_OF_DATE, c.MEMBER_ID)


def _rows_in_time(member_day: DataFrame, spans: Spans, measures: Sequence[Measure]) -> DataFrame:
    """One row per row of member_day that some date may read; the filter on months skips the other partitions."""
    first_date, last_date = spans.dates[0], spans.dates[-1]
    in_time = (F.col(c.ORDER_DAY) <= F.lit(last_date)) & (F.col(c.ORDER_MONTH) <= F.lit(month_of(last_date)))
    in_time &= (F.col(c.VALID_FROM) <= F.lit(last_date)) & (F.col(c.VALID_TO) > F.lit(first_date))
    if spans.limit is not None and spans.limit < first_date.toordinal():
        first = first_date - timedelta(days=spans.limit - 1)
        in_time &= (F.col(c.ORDER_DAY) >= F.lit(first)) & (F.col(c.ORDER_MONTH) >= F.lit(month_of(first)))
    summed = [c.NET_AMOUNT] + ([c.GROSS_AMOUNT] if any(m.of is c.GROSS_AMOUNT for m in measures) else [])
    units = [to_units(F.col(amount)).alias(UNITS[amount]) for amount in summed]
    kept = (c.MEMBER_ID, c.ORDER_DAY, c.VALID_FROM, c.VALID_TO, c.ORDER_COUNT)
    return member_day.where(in_time).select(*kept, *units)


def _last_seen(spans: Spans) -> Column:
    """Return the last as-of date on which a row is valid and in the longest period."""
    if spans.limit is None:
        return last_valid_day()
    return F.least(last_valid_day(), F.date_add(F.col(c.ORDER_DAY), spans.limit - 1))


def _sums(measure: Measure, inside: Column | None) -> list[Column]:
    has_order = F.col(c.ORDER_COUNT) > 0
    if measure.of is c.RECENCY_DAYS:
        counts = has_order if inside is None else inside & has_order
        return [F.min(F.when(counts, F.col(AGE))).alias(measure.name)]
    if measure.of is c.PURCHASE_DAYS:
        return [_sum_inside(inside, F.when(has_order, 1).otherwise(0)).alias(measure.name)]
    if measure.half_life is None:
        value = F.col(c.ORDER_COUNT if measure.of is c.ORDER_COUNT else UNITS[measure.of])
        return [_sum_inside(inside, value).alias(measure.name)]
    weighing = weight(F.col(AGE), measure.half_life)
    if measure.of is c.DECAYED_ORDER_COUNT:
        return [_sum_inside(inside, F.col(c.ORDER_COUNT) * weighing).alias(measure.name)]
    millions, rests = million_parts(F.col(UNITS[c.NET_AMOUNT]))
    return [
        _sum_inside(inside, millions * weighing).alias(measure.name),
        _sum_inside(inside, rests * weighing).alias(f"{measure.name}_{RESTS}"),
    ]


def _sum_inside(inside: Column | None, value: Column) -> Column:
    return F.sum(value if inside is None else F.when(inside, value).otherwise(F.lit(0).cast("bigint")))


def _result(measure: Measure) -> Column:
    column = F.col(measure.name)
    if measure.of is c.DECAYED_AMOUNT:
        column = decayed_units(column, F.col(f"{measure.name}_{RESTS}"))
    return column.cast(measure.type).alias(measure.name)
