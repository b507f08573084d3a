"""The measures of every member in every period that a window looks at, from one pass over the daily facts.

A period is named by its span, the number of days that end with the as-of date; None is the whole life. Windows with
one span share their sums, and only what a window needs is summed. Amounts are BIGINT units of 1/10000, decayed order
counts BIGINT millionths.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.amounts import to_units
from rfm_spark.config.model import Window
from rfm_spark.config.words import Frequency, Monetary, Population
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.dates import month_of, months_before
from rfm_spark.scoring.decay import decayed_units, million_parts, weight
from rfm_spark.scoring.placement import place_by_member

AGE = "age"
UNITS = {c.NET_AMOUNT: "net_units", c.GROSS_AMOUNT: "gross_units"}
RESTS = "rests"


def span_of(window: Window, as_of: date) -> int | None:
    """Return the days of the window's period, as_of included; None for the whole life.

    >>> span_of(Window("year", months=12), date(2024, 2, 29)), span_of(Window("ever", lifetime=True), date(2024, 2, 29))
    (366, None)
    """
    if window.days is not None:
        return window.days if window.days < as_of.toordinal() else None
    if window.months is None or window.months >= 12 * (as_of.year - 1):
        return None
    return (as_of - months_before(as_of, window.months)).days


@dataclass(frozen=True)
class Measure:
    """One sum (or for recency, minimum) over one period; `half_life` for the decayed ones alone."""

    of: c.Column
    span: int | None
    half_life: int | None = None

    @property
    def name(self) -> str:
        """Return the name of its column.

        >>> Measure(c.NET_AMOUNT, 365).name, Measure(c.DECAYED_AMOUNT, None, 30).name
        ('net_amount_365d', 'decayed_amount_life_half_30d')
        """
        period = "life" if self.span is None else f"{self.span}d"
        return f"{self.of}_{period}" + (f"_half_{self.half_life}d" if self.half_life else "")

    @property
    def type(self) -> str:
        """Return its type: INT for days, BIGINT for counts and units."""
        return "int" if self.of in (c.RECENCY_DAYS, c.PURCHASE_DAYS) else "bigint"


def window_measures(window: Window, as_of: date) -> list[Measure]:
    """Return what the window needs: for its scores and for its rows in rfm_score."""
    span = span_of(window, as_of)
    needed = [Measure(c.RECENCY_DAYS, span), Measure(c.ORDER_COUNT, span), Measure(c.NET_AMOUNT, span)]
    if window.population is Population.EVER:
        needed.append(Measure(c.RECENCY_DAYS, None))
    if window.half_life_days is not None:
        decayed = (c.DECAYED_ORDER_COUNT, c.DECAYED_AMOUNT)
        return needed + [Measure(of, span, window.half_life_days) for of in decayed]
    if window.frequency is Frequency.DAYS:
        needed.append(Measure(c.PURCHASE_DAYS, span))
    if window.monetary is Monetary.GROSS:
        needed.append(Measure(c.GROSS_AMOUNT, span))
    return needed


def all_measures(windows: Iterable[Window], as_of: date) -> list[Measure]:
    """Return what all windows need, once each."""
    return list(dict.fromkeys(measure for window in windows for measure in window_measures(window, as_of)))


def measure_contract(windows: Iterable[Window], as_of: date) -> Frame:
    """Return the columns of the measures: member_id and one column per measure."""
    columns = [c.MEMBER_ID]
    for measure in all_measures(windows, as_of):
        column = str.__new__(c.Column, measure.name)
        column.type, column.comment = measure.type, measure.of.comment
        columns.append(column)
    return Frame("member measures", "One row per member", tuple(columns), key=(c.MEMBER_ID,))


def measure_members(
    member_day: DataFrame, windows: Sequence[Window], as_of: date, partitions: int, ranged_ids: bool = False
) -> DataFrame:
    """One row per member with an order in the longest period: every measure that a window needs.

    Partitions are disjoint ranges of member_id, sorted by it. A period is `(as_of - span, as_of]`; rows count when
    `valid_from <= as_of < valid_to`, and recency comes from days with an order. A member without an order in a
    period has NULL recency there.
    """
    measures = all_measures(windows, as_of)
    spans = [measure.span for measure in measures]
    longest = None if None in spans else max(span for span in spans if span is not None)
    rows = _valid_rows(member_day, as_of, longest, measures)
    placed, keys = place_by_member(rows, partitions, ranged_ids)
    sums = placed.groupBy(*keys).agg(*[part for measure in measures for part in _sums(measure, longest)])
    bought = F.col(Measure(c.RECENCY_DAYS, longest).name).isNotNull()
    members = sums.where(bought).select(c.MEMBER_ID, *[_result(measure) for measure in measures])
    return conform(members, measure_contract(windows, as_of)).sortWithinPartitions(c.MEMBER_ID)


def valid_at(as_of: date) -> Column:
    """Return whether a version of a day is what was known at the end of as_of."""
    day = F.lit(as_of)
    return (F.col(c.VALID_FROM) <= day) & (F.col(c.VALID_TO) > day)


def _valid_rows(member_day: DataFrame, as_of: date, longest: int | None, measures: Sequence[Measure]) -> DataFrame:
    in_time = valid_at(as_of) & (F.col(c.ORDER_DAY) <= F.lit(as_of)) & (F.col(c.ORDER_MONTH) <= F.lit(month_of(as_of)))
    if longest is not None:
        first = as_of - timedelta(days=longest - 1)
        in_time &= (F.col(c.ORDER_DAY) >= F.lit(first)) & (F.col(c.ORDER_MONTH) >= F.lit(month_of(first)))
    summed = [c.NET_AMOUNT] + ([c.GROSS_AMOUNT] if any(m.of is c.GROSS_AMOUNT for m in measures) else [])
    age = F.date_diff(F.lit(as_of), F.col(c.ORDER_DAY)).alias(AGE)
    units = [to_units(F.col(amount)).alias(UNITS[amount]) for amount in summed]
    return member_day.where(in_time).select(c.MEMBER_ID, age, c.ORDER_COUNT, *units)


def _sums(measure: Measure, longest: int | None) -> list[Column]:
    inside = None if measure.span == longest else F.col(AGE) < F.lit(measure.span)
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
