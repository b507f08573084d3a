"""Whether two frames of equal columns hold the same rows, and which ones differ."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

NUMBER, ROWS, CHECKSUM = "frame_number", "rows", "rows_checksum"
SIGN = "sign"
"""1 in rows that the first frame has, -1 in rows that the second one has."""


def different_rows(one: DataFrame, other: DataFrame, ignored: Sequence[str] = ()) -> DataFrame:
    """One row per row that one of the frames has more often than the other; `ignored` columns do not count.

    >>> one, other = rows("order_day orders", "2024-06-10 1"), rows("order_day orders", "2024-06-10 2")
    >>> show(different_rows(one, other))
    | order_day  | orders | sign |
    |------------|--------|------|
    | 2024-06-10 | 1      | 1    |
    | 2024-06-10 | 2      | -1   |
    """
    names = [name for name in one.columns if name not in ignored]
    balance = _both(one, other, names).groupBy(*names).agg(F.sum(SIGN).cast("int").alias(SIGN))
    return balance.where(F.col(SIGN) != 0)


def differing_keys(one: DataFrame, other: DataFrame, keys: Sequence[str], ignored: Sequence[str] = ()) -> list[Any]:
    """Return the keys, in order, whose rows differ in number or content: one pass, by checksums."""
    names = [name for name in one.columns if name not in ignored]
    compared = _both(one, other, names).groupBy(*keys).agg(F.sum(SIGN).alias(ROWS), checksum(names).alias(CHECKSUM))
    found = compared.where((F.col(ROWS) != 0) | (F.col(CHECKSUM) != 0)).select(*keys).collect()
    return sorted(tuple(row) for row in found)


def fingerprints(frames: Sequence[DataFrame]) -> list[tuple[int, int | None]]:
    """Return for each frame its number of rows and their checksum; one action for all."""
    if not frames:
        return []
    counted = [
        frame.agg(F.count(F.lit(1)).alias(ROWS), checksum(frame.columns).alias(CHECKSUM)).select(
            F.lit(number).alias(NUMBER), ROWS, CHECKSUM
        )
        for number, frame in enumerate(frames)
    ]
    found = reduce(DataFrame.unionAll, counted).collect()
    return [(int(row[ROWS]), row[CHECKSUM]) for row in sorted(found, key=lambda row: int(row[NUMBER]))]


def checksum(names: Sequence[str]) -> Column:
    """Return an aggregate over rows that does not depend on their order; NULL without rows."""
    # xxhash64 skips NULLs, so a value and the column it stands in could change places unseen: wrap each.
    wrapped = [F.coalesce(F.col(name).cast("string"), F.lit("\u0000")) for name in names]
    return F.bit_xor(F.xxhash64(*wrapped))


def _both(one: DataFrame, other: DataFrame, names: Sequence[str]) -> DataFrame:
    return one.select(*names, F.lit(1).alias(SIGN)).unionByName(other.select(*names, F.lit(-1).alias(SIGN)))
