"""Compares every two windows of one date, member by member, from rfm_score."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import combinations

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from rfm_spark.config.choices import Metric
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import RFM_SCORE
from rfm_spark.literals import literal_array
from rfm_spark.report.inputs import Read
from rfm_spark.report.numbers import WindowPair
from rfm_spark.rules.grammar import score_class

LEVELS = ("absent", "low", "mid", "high")
"""The classes of one window in the order of their codes, which are two bits each; absent = not scored in it."""
ABSENT, LOW, _, HIGH = LEVELS
MOST_PAIRS = 12
MOST_WINDOWS = 31
"""The codes of so many windows fit into one BIGINT."""

Bins = Mapping[str, Mapping[Metric, int]]
"""The number of scores of each window and metric."""


def read_comparisons(read: Read, as_of: date, bins: Bins) -> tuple[WindowPair, ...]:
    """Return the metrics and pairs of windows that differ most at the date; each window with every later one."""
    if len(bins) < 2:
        return ()
    scores = read(RFM_SCORE).where(F.col(c.AS_OF_DATE) == F.lit(as_of))
    by_pair: dict[tuple[str, str, str], list[Row]] = {}
    for row in compare_windows(scores, bins).collect():
        if ABSENT not in (row["level"], row["other_level"]):
            by_pair.setdefault((row[c.RFM_WINDOW], row["other_window"], row[c.METRIC]), []).append(row)
    pairs = [window_pair(key, of_pair) for key, of_pair in sorted(by_pair.items())]
    by_difference = sorted(pairs, key=lambda pair: -(pair.high_low_count + pair.low_high_count))
    return tuple(by_difference[:MOST_PAIRS])


def window_pair(key: tuple[str, str, str], rows: Iterable[Row]) -> WindowPair:
    """Return one metric of two windows in four counts."""
    counts = {(row["level"], row["other_level"]): int(row["members"]) for row in rows}
    return WindowPair(
        *key,
        member_count=sum(counts.values()),
        same_count=sum(count for (level, other), count in counts.items() if level == other),
        high_low_count=counts.get((HIGH, LOW), 0),
        low_high_count=counts.get((LOW, HIGH), 0),
    )


def compare_windows(scores: DataFrame, bins: Bins) -> DataFrame:
    """One row per pair of windows, metric, and class in the one and in the other that somebody has.

    `scores`: rows of rfm_score of one date. Columns: rfm_window, other_window, metric, level, other_level, members.

    Member 1 is scored in both windows, member 2 in the year alone:

    >>> scores = rows("member_id rfm_window r_score f_score m_score", "1 month 5 1 1", "1 year 3 1 1", "2 year 1 1 1")
    >>> five = dict.fromkeys(Metric, 5)
    >>> compared = compare_windows(scores, {"month": five, "year": five})
    >>> show(compared.where(F.col("metric") == "recency"), "rfm_window", "level", "other_level", "members")
    | rfm_window | level  | other_level | members |
    |------------|--------|-------------|---------|
    | month      | absent | low         | 1       |
    | month      | high   | mid         | 1       |
    """
    names = list(bins)[:MOST_WINDOWS]
    codes = [F.sum(level_code(metric, names, bins)).alias(metric.value) for metric in Metric]
    members = scores.where(F.col(c.RFM_WINDOW).isin(names)).groupBy(c.MEMBER_ID).agg(*codes)
    entries = [F.struct(F.lit(one.value).alias(c.METRIC), F.col(one.value).alias("code")) for one in Metric]
    coded = members.select(F.explode(F.array(*entries)).alias("entry")).select("entry.*")
    counted = coded.groupBy(c.METRIC, "code").agg(F.count(F.lit(1)).alias("members"))
    pairs = [
        F.struct(
            F.lit(one).alias(c.RFM_WINDOW),
            F.lit(other).alias("other_window"),
            level_at(F.col("code"), place).alias("level"),
            level_at(F.col("code"), other_place).alias("other_level"),
        )
        for (place, one), (other_place, other) in combinations(enumerate(names), 2)
    ]
    compared = counted.select(c.METRIC, "members", F.explode(F.array(*pairs)).alias("pair"))
    is_in_either = (F.col("level") != F.lit(ABSENT)) | (F.col("other_level") != F.lit(ABSENT))
    return (
        compared.select("pair.*", c.METRIC, "members")
        .where(is_in_either)
        .groupBy(c.RFM_WINDOW, "other_window", c.METRIC, "level", "other_level")
        .agg(F.sum("members").alias("members"))
    )


def level_code(metric: Metric, names: Iterable[str], bins: Bins) -> Column:
    """Return the code of a score's class at the place of its window: two bits, so that windows add up to one number.

    High in the first window is 11, low in the second 01 00:

    >>> five = dict.fromkeys(Metric, 5)
    >>> code = level_code(Metric.RECENCY, ["month", "year"], {"month": five, "year": five})
    >>> show(rows("rfm_window r_score", "month 5", "year 1").select("*", F.bin(code).alias("bits")))
    | rfm_window | r_score | bits |
    |------------|---------|------|
    | month      | 5       | 11   |
    | year       | 1       | 100  |
    """
    code = F.lit(0).cast("bigint")
    for place, name in enumerate(names):
        # The array begins at 0, scores at 1.
        scores = range(1, bins[name][metric] + 1)
        codes = [0, *(level_of(score, len(scores)) << 2 * place for score in scores)]
        of_score = F.get(literal_array(codes, "bigint"), F.col(c.SCORE_OF[metric]))
        code = F.when(F.col(c.RFM_WINDOW) == F.lit(name), of_score).otherwise(code)
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
