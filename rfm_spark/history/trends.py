"""How scores and windows develop: shares per date, one window beside another."""

from collections.abc import Sequence
from itertools import combinations

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Partition
from pyspark.sql import functions as F

from rfm_spark.amounts import divide_half_up, to_units
from rfm_spark.config.model import Window
from rfm_spark.config.words import Metric
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.history_tables import SCORE_SUMMARY, WINDOW_COMPARISON
from rfm_spark.literals import literal_array
from rfm_spark.rules.grammar import score_class

LEVELS = ("absent", "low", "mid", "high")
"""The classes of one window in the order of their codes, which are two bits each."""

WIDE = "decimal(38,0)"


def summarise_scores(scores: DataFrame, run_id: str) -> DataFrame:
    """One row per as-of date, window, metric and score that somebody has: how many have it, and their mean values.

    `scores`: rows of rfm_score, of any dates and windows. Shares are of the window's scored members at the date, half
    up to 6 decimals. Means are over all who have the score, also those without an order in the period, whom a window
    with `population: ever` scores by their last order before it.
    """
    triples = scores.groupBy(c.AS_OF_DATE, c.RFM_WINDOW, *c.SCORE_OF.values()).agg(
        F.count(F.lit(1)).alias("members"),
        F.sum(F.col(c.RECENCY_DAYS).cast("bigint")).alias("days"),
        F.sum(c.ORDER_COUNT).alias("orders"),
        F.sum(to_units(F.col(c.NET_AMOUNT)).cast(WIDE)).alias("units"),
    )
    sums = [F.sum(F.col(name).cast(WIDE)).alias(name) for name in ("members", "days", "orders", "units")]
    counted = by_metric(triples, {metric: F.col(column) for metric, column in c.SCORE_OF.items()}, c.SCORE)
    counted = counted.groupBy(c.AS_OF_DATE, c.RFM_WINDOW, c.METRIC, c.SCORE).agg(*sums)
    members = F.col("members")
    rows = counted.select(
        c.AS_OF_DATE,
        c.RFM_WINDOW,
        c.METRIC,
        c.SCORE,
        *member_count_and_share(members, c.AS_OF_DATE, c.RFM_WINDOW, c.METRIC),
        rounded_mean(F.col("days"), members, 3, c.MEAN_RECENCY_DAYS),
        rounded_mean(F.col("orders"), members, 3, c.MEAN_ORDER_COUNT),
        rounded_mean(F.col("units"), members * c.UNITS_PER_ONE, 4, c.MEAN_NET_AMOUNT),
        F.lit(run_id).alias(c.RUN_ID),
    )
    return conform(rows, SCORE_SUMMARY)


def compare_windows(scores: DataFrame, windows: Sequence[Window], run_id: str) -> DataFrame:
    """One row per as-of date, pair of windows, metric, and class in the one and in the other that somebody has.

    `scores`: rows of rfm_score, of any dates; each window is paired with every later one of `windows`. Shares are of
    the members scored in at least one of the two, half up to 6 decimals.

    | member | r in month | r in year | row of month, year, recency |
    |--------|------------|-----------|-----------------------------|
    | 1      | 5          | 3         | high, mid                   |
    | 2      | not scored | 1         | absent, low                 |
    """
    names = [window.name for window in windows]
    scored = scores.where(F.col(c.RFM_WINDOW).isin(names))
    codes = {metric: F.sum(level_code(metric, windows)).alias(metric.value) for metric in Metric}
    members = scored.groupBy(c.MEMBER_ID, c.AS_OF_DATE).agg(*codes.values())
    coded = by_metric(members, {metric: F.col(metric.value) for metric in Metric}, "code")
    counted = coded.groupBy(c.AS_OF_DATE, c.METRIC, "code").agg(F.count(F.lit(1)).alias("members"))
    levels = F.array(*[level_at(F.col("code"), place) for place in range(len(windows))])
    pairs = scores.sparkSession.createDataFrame(
        [(*first, *second) for first, second in combinations(enumerate(names), 2)],
        f"place int, {c.RFM_WINDOW} string, other_place int, {c.OTHER_WINDOW} string",
    )
    key = (c.AS_OF_DATE, c.RFM_WINDOW, c.OTHER_WINDOW, c.METRIC)
    compared = counted.withColumn("levels", levels).crossJoin(F.broadcast(pairs))
    level, other = (F.get("levels", F.col(place)) for place in ("place", "other_place"))
    is_in_either = (F.col(c.LEVEL) != F.lit(LEVELS[0])) | (F.col(c.OTHER_LEVEL) != F.lit(LEVELS[0]))
    summed = (
        compared.select(*key, level.alias(c.LEVEL), other.alias(c.OTHER_LEVEL), "members")
        .where(is_in_either)
        .groupBy(*key, c.LEVEL, c.OTHER_LEVEL)
        .agg(F.sum("members").alias("members"))
    )
    rows = summed.select(
        *key, c.LEVEL, c.OTHER_LEVEL, *member_count_and_share(F.col("members"), *key), F.lit(run_id).alias(c.RUN_ID)
    )
    return conform(rows, WINDOW_COMPARISON)


def by_metric(rows: DataFrame, values: dict[Metric, Column], name: str) -> DataFrame:
    """One row per row and metric, with the metric's value as `name`."""
    entries = [F.struct(F.lit(metric.value).alias(c.METRIC), value.alias(name)) for metric, value in values.items()]
    return rows.withColumn("entry", F.explode(F.array(*entries))).select(*rows.columns, "entry.*")


def level_code(metric: Metric, windows: Sequence[Window]) -> Column:
    """Return the code of a score's class at the place of its window: two bits, so that windows add up to one number.

    | window (place) | score | bins | class | bits            |
    |----------------|-------|------|-------|-----------------|
    | month (0)      | 5     | 5    | high  | 11              |
    | year (1)       | 1     | 5    | low   | 01 00           |
    | both           |       |      |       | 01 11           |
    """
    code = F.lit(0).cast("bigint")
    for place, window in enumerate(windows):
        bins = window.scoring(metric).bins
        # The array begins at 0, scores at 1.
        codes = [0, *(level_of(score, bins) << 2 * place for score in range(1, bins + 1))]
        of_score = F.get(literal_array(codes, "bigint"), F.col(c.SCORE_OF[metric]))
        code = F.when(F.col(c.RFM_WINDOW) == F.lit(window.name), of_score).otherwise(code)
    return code


def level_of(score: int, bins: int) -> int:
    """Return the code of a score's class.

    >>> [LEVELS[level_of(score, 5)] for score in range(1, 6)]
    ['low', 'low', 'mid', 'high', 'high']
    """
    return next(code for code, word in enumerate(LEVELS) if code and score in score_class(word, bins))


def level_at(code: Column, place: int) -> Column:
    """Return the class of the window at the place."""
    return F.get(literal_array(LEVELS, "string"), F.shiftright(code, 2 * place).bitwiseAND(F.lit(3)).cast("int"))


def member_count_and_share(members: Column, *whole: str) -> tuple[Column, Column]:
    """Return the number of members, and its share of all rows with equal `whole` columns."""
    of_all = F.sum(members).over(Partition.partitionBy(*whole))
    share = divide_half_up(members, of_all, 6).cast(c.MEMBER_SHARE.type)
    return members.cast(c.MEMBER_COUNT.type).alias(c.MEMBER_COUNT), share.alias(c.MEMBER_SHARE)


def rounded_mean(total: Column, number: Column, decimals: int, column: c.Column) -> Column:
    """Return the mean as the column, half up."""
    return divide_half_up(total, number, decimals).cast(column.type).alias(column)
