"""The keys of JSON lines, as they are written: Spark takes those that differ in capitals for one."""

from collections.abc import Sequence

from pyspark.sql import DataFrameReader, SparkSession
from pyspark.sql.types import StructType

from rfm_spark.errors import UsageError

UNREADABLE = "_rfm_unreadable"
"""The column in which a reader puts a line that it could not split."""
CASE_SENSITIVE = "spark.sql.caseSensitive"


def json_keys(spark: SparkSession, reader: DataFrameReader, paths: Sequence[str]) -> StructType:
    """Return the keys of all lines, and those inside them. Keys that differ in capitals are two keys, which Spark
    refuses by default.
    """
    before = spark.conf.get(CASE_SENSITIVE)
    spark.conf.set(CASE_SENSITIVE, "true")
    try:
        return StructType([field for field in reader.json(list(paths)).schema if field.name != UNREADABLE])
    finally:
        spark.conf.set(CASE_SENSITIVE, str(before))


def without_twins(names: Sequence[str], needed: Sequence[str], where: str) -> list[str]:
    """Return the names without those that differ in capitals alone from another, but for needed ones.

    >>> without_twins(["utm", "UTM", "total", "Total"], ["total"], "source web")
    ['total']
    >>> without_twins(["utm", "UTM"], ["utm", "UTM"], "source web")
    Traceback (most recent call last):
    rfm_spark.errors.UsageError: source web: keys UTM and utm; expected one of them; rename one of them
    """
    folded = [name.lower() for name in names]
    kept = [name for name in names if folded.count(name.lower()) == 1 or name in needed]
    twins = sorted(name for name in kept if [other.lower() for other in kept].count(name.lower()) > 1)
    if twins:
        raise UsageError(where, f"keys {' and '.join(twins)}", "one of them", "rename one of them")
    return kept
