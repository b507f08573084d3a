"""Whether two frames of equal columns hold the same rows, and which ones differ."""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

NUMBER, GROUP, ROWS, CHECKSUM, CONTENT = "frame_number", "row_group", "rows", "rows_checksum", "content"
CONTENT_LIMIT = 2**63
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


class Slice(NamedTuple):
    """Rows to be told apart from others: all in one, or by the values of a column.

    `content`: the columns that make two groups alike, whatever else is in their rows; none asks for no such sum.
    """

    frame: DataFrame
    by: str | None = None
    content: Sequence[str] = ()


class Fingerprint(NamedTuple):
    """The number of rows, the checksum over all columns, and the sum over those of the content."""

    rows: int
    checksum: int | None
    content: int | None


def fingerprints(slices: Sequence[Slice]) -> list[dict[str, Fingerprint]]:
    """Return for each slice the fingerprints of its groups; of one in one group that of ''. One action for all."""
    if not slices:
        return []
    counted = []
    for number, (frame, by, content) in enumerate(slices):
        rows = frame.groupBy(F.col(by).alias(GROUP)) if by else frame.groupBy()
        sums = F.count(F.lit(1)).alias(ROWS), checksum(frame.columns).alias(CHECKSUM), content_sum(content)
        group = F.col(GROUP) if by else F.lit("")
        counted.append(rows.agg(*sums).select(F.lit(number).alias(NUMBER), group.alias(GROUP), ROWS, CHECKSUM, CONTENT))
    found: list[dict[str, Fingerprint]] = [{} for _ in slices]
    for row in reduce(DataFrame.unionAll, counted).collect():
        found[row[NUMBER]][row[GROUP]] = Fingerprint(int(row[ROWS]), row[CHECKSUM], row[CONTENT])
    return found


def content_sum(names: Sequence[str]) -> Column:
    """Return the sum of the hashes of rows, as column `content`: equal rows do not cancel out, as in a checksum."""
    total = F.sum(F.xxhash64(*_wrapped(names)).cast("decimal(20,0)")) if names else F.lit(0)
    return F.pmod(total, F.lit(Decimal(CONTENT_LIMIT))).cast("bigint").alias(CONTENT)


def checksum(names: Sequence[str]) -> Column:
    """Return an aggregate over rows that does not depend on their order; NULL without rows."""
    return F.bit_xor(F.xxhash64(*_wrapped(names)))


def _wrapped(names: Sequence[str]) -> list[Column]:
    # xxhash64 skips NULLs, so a value and the column it stands in could change places unseen: wrap each.
    return [F.coalesce(F.col(name).cast("string"), F.lit("\u0000")) for name in names]


def _both(one: DataFrame, other: DataFrame, names: Sequence[str]) -> DataFrame:
    return one.select(*names, F.lit(1).alias(SIGN)).unionByName(other.select(*names, F.lit(-1).alias(SIGN)))
