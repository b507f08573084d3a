"""One row per member and window: the values, the three scores, the label and the composite score.

Scores are comparisons with a few literals, and labels are looked up by the scores, so scoring needs no join and no
shuffle. Each window is a projection of its own: one for all windows would be too large for the JVM to compile.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import product
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import per_date, with_one_date
from rfm_spark.config.choices import Metric, Population
from rfm_spark.config.model import Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import RFM_SCORE
from rfm_spark.literals import literal_array
from rfm_spark.rules.composite import composite
from rfm_spark.scoring.cuts import Cut, bins_of
from rfm_spark.scoring.published import published_values
from rfm_spark.scoring.series import is_scored, key_column, series_of

KEY_OF = {metric: f"{metric.value}_key" for metric in Metric}
COMBINATION = "score_combination"
DATE_NUMBER = "date_number"

CutsByMetric = Mapping[Metric, Sequence[Sequence[Cut]]]
"""The cuts of every metric of one window, in the order of the dates."""
CutsByDate = Mapping[tuple[date, str, Metric], Sequence[Cut]]
LOWEST, HIGHEST = -(2**63), 2**63 - 1


def score_members(
    measures: DataFrame, windows: Sequence[Window], cuts: CutsByDate, dates: Sequence[date], run_id: str
) -> DataFrame:
    """One row per member, window and as-of date: the values and scores of the window's population.

    `cuts` are by date, window name and metric; without cuts everybody scores 1. Every partition is of one window and
    keeps the order and the member range of a partition of the measures: a file has the scores of one window.
    """
    frames = [_score_window(with_one_date(measures, dates), window, cuts, dates, run_id) for window in windows]
    return conform(reduce(DataFrame.unionAll, frames), RFM_SCORE)


def _score_window(
    measures: DataFrame, window: Window, cuts: CutsByDate, dates: Sequence[date], run_id: str
) -> DataFrame:
    keys = [_never_null(key_column(series_of(window, metric))).alias(KEY_OF[metric]) for metric in Metric]
    values = published_values(window)
    names = list(values)
    rows = measures.where(is_scored(window.period, window.population is Population.EVER)).select(
        c.AS_OF_DATE, c.MEMBER_ID, *[value.alias(name) for name, value in values.items()], *keys
    )
    by_metric = {metric: [cuts.get((day, window.name, metric), ()) for day in dates] for metric in Metric}
    scored = (
        _score_one_date(rows, window, by_metric) if len(dates) == 1 else _score_dates(rows, window, by_metric, dates)
    )
    return scored.select(
        c.AS_OF_DATE,
        F.lit(window.name).alias(c.RFM_WINDOW),
        c.MEMBER_ID,
        *names,
        *c.SCORE_OF.values(),
        F.get(literal_array(labels(window), "string"), F.col(COMBINATION)).alias(c.RFM_LABEL),
        F.get(literal_array(composites(window), "decimal(6,3)"), F.col(COMBINATION)).alias(c.COMPOSITE_SCORE),
        F.lit(run_id).alias(c.RUN_ID),
    )


def _score_one_date(rows: DataFrame, window: Window, cuts: CutsByMetric) -> DataFrame:
    """Return the rows with their scores and the number of their combination; each cut is a literal."""
    scores: dict[str, Column] = {
        c.SCORE_OF[metric]: score_column(F.col(KEY_OF[metric]), cuts[metric][0]) for metric in Metric
    }
    r, f, m = c.SCORE_OF.values()
    _, frequency_bins, monetary_bins = _bins(window)
    combination = ((F.col(r) - 1) * frequency_bins + F.col(f) - 1) * monetary_bins + F.col(m) - 1
    return rows.withColumns(scores).drop(*KEY_OF.values()).withColumn(COMBINATION, combination)


def _score_dates(rows: DataFrame, window: Window, cuts: CutsByMetric, dates: Sequence[date]) -> DataFrame:
    """Return the rows with their scores and the number of their combination; each cut is looked up by date.

    The number grows metric by metric: using each score twice keeps Spark from compiling all three into one method.
    """
    dated = rows.withColumn(DATE_NUMBER, per_date(range(len(dates)), dates, "int")).withColumn(COMBINATION, F.lit(0))
    for metric, bins in zip(Metric, _bins(window), strict=True):
        score = c.SCORE_OF[metric]
        dated = dated.withColumn(score, dated_score_column(F.col(KEY_OF[metric]), cuts[metric]))
        dated = dated.withColumn(COMBINATION, F.col(COMBINATION) * bins + F.col(score) - 1)
    return dated


def _never_null(key: Column) -> Column:
    """Return a key or cut that Spark knows is never NULL, which halves the generated code of a comparison."""
    return F.coalesce(key, F.lit(0).cast("bigint"))


def score_column(key: Column, cuts: Sequence[Cut]) -> Column:
    """Return the score: 1, plus 1 for every cut that the member reaches."""
    reached = [F.when(_reaches(key, cut), 1).otherwise(0) for cut in cuts]
    return reduce(add, reached, F.lit(1))


def _reaches(key: Column, cut: Cut) -> Column:
    limit = F.lit(cut.key).cast("bigint")
    if cut.member_id is None:
        return key >= limit
    return (key > limit) | ((key == limit) & (F.col(c.MEMBER_ID) >= F.lit(cut.member_id).cast("bigint")))


def dated_score_column(key: Column, cuts: Sequence[Sequence[Cut]]) -> Column:
    """Return the score under the cuts of the row's date: 1, plus 1 for every cut that the member reaches.

    Dates with fewer cuts than others are filled up with cuts that no key reaches. A cut without a member_id is reached
    by every member with its key.
    """
    reached = []
    for number in range(max(len(of_date) for of_date in cuts)):
        here = [of_date[number] if number < len(of_date) else Cut(HIGHEST, HIGHEST) for of_date in cuts]
        limit = _of_date([cut.key for cut in here])
        if all(cut.member_id is None or cut.key == HIGHEST for cut in here):
            is_reached = key >= limit
        else:
            member_id = _of_date([LOWEST if cut.member_id is None else cut.member_id for cut in here])
            is_reached = (key > limit) | ((key == limit) & (F.col(c.MEMBER_ID) >= member_id))
        reached.append(F.when(is_reached, 1).otherwise(0))
    return reduce(add, reached, F.lit(1))


def _of_date(values: Sequence[int]) -> Column:
    """Return the value for the row's date."""
    return _never_null(F.get(literal_array(values, "bigint"), F.col(DATE_NUMBER)))


def _bins(window: Window) -> tuple[int, int, int]:
    r, f, m = (bins_of(window.scoring(metric)) for metric in Metric)
    return r, f, m


def _score_triples(window: Window) -> list[tuple[int, ...]]:
    return list(product(*[range(1, bins + 1) for bins in _bins(window)]))


def labels(window: Window) -> tuple[str, ...]:
    """Return the label of every combination of scores, R slowest and M fastest.

    >>> labels(Window("year"))[0], labels(Window("year"))[-3]
    ('R1F1M1', 'R5F5M3')
    """
    return tuple(f"R{r}F{f}M{m}" for r, f, m in _score_triples(window))


def composites(window: Window) -> tuple[Decimal, ...]:
    """Return the composite score of every combination, in the order of `labels`.

    >>> composites(Window("year"))[0], composites(Window("year"))[1], composites(Window("year"))[-1]
    (Decimal('0.000'), Decimal('8.333'), Decimal('100.000'))
    """
    weights = [window.scoring(metric).weight for metric in Metric]
    return tuple(composite(triple, _bins(window), weights) for triple in _score_triples(window))
