"""Look-ups: columns of a second file, found by key and joined to every line."""

from dataclasses import replace

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.source import ColumnMapping, Lookup, Source
from rfm_spark.errors import DataCheckError
from rfm_spark.ingest.schema import lookup_columns
from rfm_spark.ingest.sources import RAW, read_lines

FOUND = "_rfm_found"
KEY = "_rfm_key"


def lookup_field(name: str) -> str:
    """Return the column that holds the row of a look-up beside a line; NULL where the key is not in it."""
    return f"lookup_{name}"


def read_lookup(spark: SparkSession, source: Source, lookup: Lookup) -> DataFrame:
    """One row per key of a look-up: the key as text and the columns that the mapping takes from it.

    Repeated equal rows are one. Raises DataCheckError naming the count of keys that have several different rows:
    which of them holds cannot be told.
    """
    where = f"source {source.name}: lookups.{lookup.name}"
    columns = lookup_columns(source, lookup.name)
    plain = {name: ColumnMapping(column=name) for name in (lookup.key, *columns)}
    as_source = replace(
        source, name=f"{source.name}: lookups.{lookup.name}", format=lookup.format, paths=(lookup.path,), table=None,
        jdbc=None, options=lookup.options, skip_lines=0, columns=plain, rules=type(source.rules)(), lookups={},
    )  # fmt: skip
    lines = read_lines(spark, as_source)
    fields = [F.col(RAW).getField(name).alias(name) for name in columns]
    rows = lines.select(_key(F.col(RAW).getField(lookup.key)).alias(KEY), F.struct(*fields).alias(FOUND))
    rows = rows.where(F.col(KEY).isNotNull()).distinct()
    repeated = rows.groupBy(KEY).count().where(F.col("count") > 1).count()
    if repeated:
        raise DataCheckError(where, f"{repeated} keys with different rows", "one row per key", "mend the file")
    return rows


def join_lookup(lines: DataFrame, rows: DataFrame, lookup: Lookup) -> DataFrame:
    """One row per line, as before, with the row of its key beside it."""
    beside = rows.select(F.col(KEY), F.col(FOUND).alias(lookup_field(lookup.name)))
    key = _key(F.col(RAW).getField(lookup.source_key))
    return lines.join(F.broadcast(beside), key == F.col(KEY), "left").drop(KEY)


def looked_up(lookup: Lookup, column: str) -> Column:
    """Return a column of a look-up beside a line, with `missing` where its key is not in the file."""
    row = F.col(lookup_field(lookup.name))
    return F.when(row.isNull(), F.lit(lookup.missing)).otherwise(row.getField(column).cast("string"))


def _key(value: Column) -> Column:
    return F.nullif(F.trim(value.cast("string")), F.lit(""))
