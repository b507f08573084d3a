"""Look-ups: columns of a second file, found by key and joined to every line."""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.lookup_names import lookup_and_column
from rfm_spark.config.source import Lookup, Source
from rfm_spark.errors import DataCheckError
from rfm_spark.ingest.numbers import id_text
from rfm_spark.ingest.raw_lines import CORRUPT, RAW, raw_types
from rfm_spark.ingest.sources import read_lines
from rfm_spark.rules.source_columns import lookup_columns, lookup_source
from rfm_spark.text import counted

FOUND = "_rfm_found"
MALFORMED = "_rfm_malformed"
KEY = "_rfm_key"


def lookup_field(name: str) -> str:
    """Return the column that holds the look-up's row of a line; NULL where the look-up lacks the key."""
    return f"lookup_{name}"


def read_lookup(spark: SparkSession, source: Source, lookup: Lookup) -> DataFrame:
    """One row per key of a look-up: the key as text and the columns that are taken from it.

    Repeated equal rows are one. Raises DataCheckError naming the count of malformed lines, or of keys that have
    several different rows: it is not known which one is right.
    """
    where = f"source {source.name}: lookups.{lookup.name}"
    columns = lookup_columns(source, lookup.name)
    lines = read_lines(spark, lookup_source(source, lookup)).lines
    types = raw_types(lines)
    fields = [id_text(F.col(RAW).getField(name), types[name]).alias(name) for name in columns]
    key, is_malformed = _key(lines, lookup.key), F.col(CORRUPT).isNotNull()
    rows = lines.select(key.alias(KEY), F.struct(*fields).alias(FOUND), is_malformed.alias(MALFORMED))
    _check_rows(rows, where, lookup.path)
    return rows.where(F.col(KEY).isNotNull()).drop(MALFORMED).distinct()


def _check_rows(rows: DataFrame, where: str, path: str) -> None:
    """Raise DataCheckError for lines that were not read whole, and for keys with several rows; one action for both."""
    different = rows.groupBy(KEY, FOUND).agg(F.count_if(MALFORMED).alias(MALFORMED))
    keys = different.groupBy(KEY).agg(F.count(F.lit(1)).alias("rows"), F.sum(MALFORMED).alias(MALFORMED))
    is_repeated = F.col(KEY).isNotNull() & (F.col("rows") > 1)
    (found,) = keys.agg(F.count_if(is_repeated).alias("repeated"), F.sum(MALFORMED).alias(MALFORMED)).collect()
    if found[MALFORMED]:
        raise DataCheckError(
            where, f"{counted(found[MALFORMED], 'malformed line')} in {path}", "none", "correct the file"
        )
    if found.repeated:
        raise DataCheckError(
            where, f"{counted(found.repeated, 'key')} with different rows", "one row per key", "correct the file"
        )


def join_lookup(lines: DataFrame, rows: DataFrame, lookup: Lookup, source: Source) -> DataFrame:
    """One row per line, as before, with the row of its key beside it.

    A key from another look-up, `orders.customer`, asks that this one was joined before.
    """
    beside = rows.select(F.col(KEY), F.col(FOUND).alias(lookup_field(lookup.name)))
    other = lookup_and_column(lookup.source_key, source.lookups)
    key = _bare(looked_up(source.lookups[other[0]], other[1])) if other else _key(lines, lookup.source_key)
    return lines.join(F.broadcast(beside), key == F.col(KEY), "left").drop(KEY)


def looked_up(lookup: Lookup, column: str) -> Column:
    """Return a column of a look-up beside a line, with `missing` where its key is not in the file."""
    row = F.col(lookup_field(lookup.name))
    return F.when(row.isNull(), F.lit(lookup.missing)).otherwise(row.getField(column))


def _key(lines: DataFrame, column: str) -> Column:
    return _bare(id_text(F.col(RAW).getField(column), raw_types(lines)[column]))


def _bare(text: Column) -> Column:
    return F.nullif(F.trim(text), F.lit(""))
