"""The measures that `rfm_score` publishes for each window, in the units of its columns."""

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.amounts import from_units
from rfm_spark.config.choices import Metric, Population
from rfm_spark.config.model import Window
from rfm_spark.contracts import columns as c
from rfm_spark.scoring.decay import WEIGHT_SCALE
from rfm_spark.scoring.series import scored_column
from rfm_spark.scoring.windows import LIFETIME, Measure

VALUES = (
    c.RECENCY_DAYS, c.ORDER_COUNT, c.PURCHASE_DAYS, c.NET_AMOUNT, c.GROSS_AMOUNT, c.DECAYED_ORDER_COUNT,
    c.DECAYED_AMOUNT,
)  # fmt: skip
AMOUNTS = (c.NET_AMOUNT, c.GROSS_AMOUNT, c.DECAYED_AMOUNT)


def published_measures(window: Window) -> dict[c.Column, Measure]:
    """Return the measure behind each column of rfm_score, without the columns that no score of the window needs."""
    period, half_life = window.period, window.half_life_days
    recency_period = LIFETIME if window.population is Population.EVER else period
    found = {
        c.RECENCY_DAYS: Measure(c.RECENCY_DAYS, recency_period),
        c.ORDER_COUNT: Measure(c.ORDER_COUNT, period),
        c.NET_AMOUNT: Measure(c.NET_AMOUNT, period),
    }
    for scored in (scored_column(window, metric) for metric in Metric):
        if scored in (c.PURCHASE_DAYS, c.GROSS_AMOUNT):
            found[scored] = Measure(scored, period)
    if half_life is not None:
        found |= {of: Measure(of, period, half_life) for of in (c.DECAYED_ORDER_COUNT, c.DECAYED_AMOUNT)}
    return found


def published_values(window: Window) -> dict[c.Column, Column]:
    """Return the value columns of rfm_score, computed from the measures; NULL when no score of the window needs one."""
    measures = published_measures(window)
    return {of: _value(of, measures[of]) if of in measures else F.lit(None).cast(of.type) for of in VALUES}


def _value(of: c.Column, measure: Measure) -> Column:
    if of in AMOUNTS:
        return from_units(F.col(measure.name))
    if of is c.DECAYED_ORDER_COUNT:
        return (F.col(measure.name) * F.lit(Decimal(1) / WEIGHT_SCALE)).cast(of.type)
    return F.col(measure.name)
