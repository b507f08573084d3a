"""Counts members by ranges of keys in one pass, which shows the few ranges that need an exact count.

Every key falls in a bucket, and a higher key never falls in a lower bucket. A key up to 4096 (days, orders) has its own
bucket. Above that (amounts), each doubling has 64 buckets: some thousands for millions of distinct amounts, so that the
counts fit the processor's cache. A bucket with a single key is exact. Of the others, only those that hold a wanted rank
or key are counted key by key (`distribution.find_steps`).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from rfm_spark.scoring.distribution import KEY, MEMBERS, SERIES, Distribution, KeyRange, Total, ValueStep, stack_keys
from rfm_spark.scoring.series import DatedSeries, SeriesIndex

BUCKET, LOWEST, HIGHEST, KEY_SUM = "bucket", "lowest", "highest", "key_sum"
OWN_BUCKET_BITS = 12
BUCKETS_PER_DOUBLING = 64


@dataclass(frozen=True)
class Bucket:
    """The keys of one series at one date from `lowest` to `highest`: members before it, and up to and with it."""

    lowest: int
    highest: int
    before: int
    through: int
    key_sum: int = 0

    @property
    def is_exact(self) -> bool:
        """Return whether the bucket holds a single key."""
        return self.lowest == self.highest


def bucket_of(key: Column) -> Column:
    """Return the bucket number of a key: a higher key never has a lower number, and -key has the negated number.

    Spark's logarithm is StrictMath's, equal on every machine; an inexact one would only move the edge of a bucket.
    """
    distance = F.abs(key)
    doublings = F.log2(distance.cast("double")) - F.lit(float(OWN_BUCKET_BITS))
    far = F.floor(doublings * F.lit(float(BUCKETS_PER_DOUBLING))).cast("int") + F.lit(1 << OWN_BUCKET_BITS)
    has_own = distance <= F.lit(1 << OWN_BUCKET_BITS)
    return F.when(has_own, key.cast("int")).when(key > F.lit(0), far).otherwise(-far)


def count_buckets(measures: DataFrame, index: SeriesIndex, with_sums: bool) -> DataFrame:
    """One row per date, series and bucket: members, lowest and highest key; the sum of keys only `with_sums`."""
    parts = [F.count(F.lit(1)).alias(MEMBERS), F.min(KEY).alias(LOWEST), F.max(KEY).alias(HIGHEST)]
    if with_sums:
        parts.append(F.sum(F.col(KEY).cast("decimal(38,0)")).alias(KEY_SUM))
    keys = stack_keys(measures, index)
    return keys.groupBy(SERIES, bucket_of(F.col(KEY)).alias(BUCKET)).agg(*parts)


def read_buckets(rows: Iterable[Row], index: SeriesIndex) -> dict[DatedSeries, tuple[Bucket, ...]]:
    """Return the buckets of every series at every date, worst first; a series without members has none."""
    found: dict[DatedSeries, list[dict[str, int]]] = {dated: [] for dated in index.dated_series}
    for row in rows:
        found[index.dated_series[row[SERIES]]].append(row.asDict())
    return {dated: tuple(_cumulated(several)) for dated, several in found.items()}


def _cumulated(rows: Iterable[Mapping[str, int]]) -> Iterable[Bucket]:
    before = 0
    for row in sorted(rows, key=lambda row: row[LOWEST]):
        through = before + row[MEMBERS]
        yield Bucket(row[LOWEST], row[HIGHEST], before, through, int(row.get(KEY_SUM, 0)))
        before = through


def total_of(buckets: Sequence[Bucket]) -> Total:
    """Return the members of a series and the sum of their keys."""
    return Total(buckets[-1].through if buckets else 0, sum(bucket.key_sum for bucket in buckets))


def ranges_to_count(
    dated: DatedSeries, buckets: Sequence[Bucket], ranks: Iterable[int], keys: Iterable[int]
) -> tuple[list[ValueStep], list[KeyRange]]:
    """Return the wanted steps that exact buckets hold, and the key ranges to count for the other ones.

    Wanted are the step of each rank, and the first step at or above each key.
    """
    asked: dict[int, tuple[set[int], set[int]]] = {}
    for rank in ranks:
        at = bisect_left(buckets, rank, key=lambda bucket: bucket.through)
        asked.setdefault(at, (set(), set()))[0].add(rank - buckets[at].before)
    for key in keys:
        at = bisect_left(buckets, key, key=lambda bucket: bucket.highest)
        if at < len(buckets):
            asked.setdefault(at, (set(), set()))[1].add(key)
    known, unknown = [], []
    for at, (ranks_inside, keys_inside) in sorted(asked.items()):
        bucket = buckets[at]
        previous = buckets[at - 1].highest if at else None
        following = buckets[at + 1].lowest if at + 1 < len(buckets) else None
        if bucket.is_exact:
            known.append(ValueStep(bucket.lowest, bucket.before, bucket.through, previous, following))
        else:
            edges = (bucket.lowest, bucket.highest, bucket.before, previous, following)
            unknown.append(KeyRange(dated, *edges, tuple(sorted(ranks_inside)), tuple(sorted(keys_inside))))
    return known, unknown


def distribution_of(buckets: Sequence[Bucket], found: Iterable[ValueStep]) -> Distribution:
    """Return the distribution of a series from its buckets and all wanted steps."""
    return Distribution(total_of(buckets).members, tuple(sorted(found, key=lambda step: step.key)))
