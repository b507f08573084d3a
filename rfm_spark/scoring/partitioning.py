"""Partitions rows into disjoint ranges of member_id, by one shuffle and without sampling.

Hashed ids spread evenly over 63 bits, so equal slices of that range hold equal shares of the members. Spark sends a row
to partition `pmod(hash(column), partitions)`. So each slice gets a key: a small integer that Spark sends to the
partition with the number of the slice.
"""

from functools import lru_cache

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.literals import literal_array

SLICE_KEY = "slice_key"
MASK = 0xFFFFFFFF
SEED = 42


def spark_hash(value: int) -> int:
    """Return the value of Spark's `hash` of an INT: Murmur3 (x86, 32 bits) with seed 42, signed.

    >>> [spark_hash(value) for value in (0, 1, 2)]
    [933211791, -559580957, 1765031574]
    """
    block = (value * 0xCC9E2D51) & MASK
    block = (_rotated(block, 15) * 0x1B873593) & MASK
    mixed = (_rotated(SEED ^ block, 13) * 5 + 0xE6546B64) & MASK
    mixed ^= 4
    mixed = ((mixed ^ mixed >> 16) * 0x85EBCA6B) & MASK
    mixed = ((mixed ^ mixed >> 13) * 0xC2B2AE35) & MASK
    mixed ^= mixed >> 16
    return mixed - (1 << 32) if mixed >> 31 else mixed


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & MASK


@lru_cache(maxsize=16)
def slice_keys(partitions: int) -> tuple[int, ...]:
    """Return for each partition number the smallest integer that Spark sends there.

    >>> all(spark_hash(key) % 7 == number for number, key in enumerate(slice_keys(7)))
    True
    """
    found: dict[int, int] = {}
    candidate = 0
    while len(found) < partitions:
        found.setdefault(spark_hash(candidate) % partitions, candidate)
        candidate += 1
    return tuple(found[number] for number in range(partitions))


def slice_key(partitions: int) -> Column:
    """Return the slice key of a hashed member_id; slice = upper 32 of its 63 bits x partitions / 2^32."""
    upper = F.shiftright(F.col(c.MEMBER_ID), 31)
    number = F.shiftright(upper * F.lit(partitions).cast("bigint"), 32).cast("int")
    return F.get(literal_array(slice_keys(partitions), "int"), number)


def partition_by_member(rows: DataFrame, partitions: int, ranged_ids: bool) -> tuple[DataFrame, list[str]]:
    """Return the rows in disjoint ranges of member_id, and the columns to group them by without another shuffle.

    `ranged_ids`: the ids are integers from the source. They may lie close together, so Spark samples them for ranges.
    """
    if ranged_ids:
        return rows.repartitionByRange(partitions, c.MEMBER_ID), [c.MEMBER_ID]
    keyed = rows.withColumn(SLICE_KEY, slice_key(partitions))
    return keyed.repartition(partitions, SLICE_KEY), [SLICE_KEY, c.MEMBER_ID]
