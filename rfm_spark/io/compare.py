"""Whether two frames of equal columns hold the same rows."""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

SIGN, SURPLUS, DIFFERENCE = "sign", "surplus", "difference"


def different_rows(one: DataFrame, other: DataFrame, ignored: Sequence[str] = ()) -> DataFrame:
    """One row per row that one of the frames has more often than the other; `ignored` columns do not count."""
    names = [name for name in one.columns if name not in ignored]
    return _both(one, other, names).groupBy(*names).agg(F.sum(SIGN).alias(SIGN)).where(F.col(SIGN) != 0)


def differing_keys(one: DataFrame, other: DataFrame, keys: Sequence[str], ignored: Sequence[str] = ()) -> list[Any]:
    """Return the keys, in order, whose rows differ in number or content: one pass, by checksums."""
    names = [name for name in one.columns if name not in ignored]
    # xxhash64 skips NULLs, so a value and the column it stands in could change places unseen: wrap each.
    wrapped = [F.coalesce(F.col(name).cast("string"), F.lit("\u0000")) for name in names]
    compared = (
        _both(one, other, names)
        .groupBy(*keys)
        .agg(F.sum(SIGN).alias(SURPLUS), F.bit_xor(F.xxhash64(*wrapped)).alias(DIFFERENCE))
    )
    rows = compared.where((F.col(SURPLUS) != 0) | (F.col(DIFFERENCE) != 0)).select(*keys).collect()
    return sorted(tuple(row) for row in rows)


def _both(one: DataFrame, other: DataFrame, names: Sequence[str]) -> DataFrame:
    return one.select(*names, F.lit(1).alias(SIGN)).unionByName(other.select(*names, F.lit(-1).alias(SIGN)))
