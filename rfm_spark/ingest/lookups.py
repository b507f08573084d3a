"""Look-ups: columns of a second file, found by key and joined to every line."""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.build_sources import TIME_FIELDS
from rfm_spark.config.lookup_names import in_order, lookup_and_column
from rfm_spark.config.source import Lookup, Source
from rfm_spark.errors import DataCheckError
from rfm_spark.ingest.file_states import Watch
from rfm_spark.ingest.numbers import id_text
from rfm_spark.ingest.raw_lines import CORRUPT, RAW, raw_types
from rfm_spark.ingest.schema import NUMBER_TYPES, VARIANT, family, is_json_number
from rfm_spark.ingest.sources import read_lines
from rfm_spark.ingest.times import TIME_TYPES
from rfm_spark.rules.source_columns import columns_behind, lookup_columns, lookup_source
from rfm_spark.text import counted

FOUND = "_rfm_found"
NO_ROW = "no_row_of_"
"""Begins the name of the mark of lines whose key a look-up does not have."""
IS_NUMBER = "#is_number"
"""Ends the name of a field beside a column: whether a row has a number there, which is not written as texts are."""
MALFORMED = "_rfm_malformed"
WANTED = "_rfm_wanted_key"
KEY = "_rfm_key"


def lookup_field(name: str) -> str:
    """Return the column that holds the look-up's row of a line; NULL where the look-up lacks the key."""
    return f"lookup_{name}"


def with_lookups(spark: SparkSession, lines: DataFrame, source: Source) -> tuple[DataFrame, tuple[Watch, ...]]:
    """One row per line, as before, with the rows of all look-ups that the source uses beside it, and their files."""
    watches = []
    for lookup in in_order(source.lookups):
        if lookup_columns(source, lookup.name):
            rows, watch = read_lookup(spark, source, lookup)
            lines = join_lookup(lines, rows, lookup, source)
            watches += [] if watch is None else [watch]
    return lines, tuple(watches)


def read_lookup(spark: SparkSession, source: Source, lookup: Lookup) -> tuple[DataFrame, Watch | None]:
    """One row per key of a look-up: the key as text and the columns that are taken from it. Beside it, its files.

    Times of a time field keep their type, all other columns are text. Repeated equal rows are one. Raises
    DataCheckError naming the count of malformed lines, or of keys that have several different rows: it is not known
    which one is right.
    """
    where = f"source {source.name}: lookups.{lookup.name}"
    columns = lookup_columns(source, lookup.name)
    lines, watch = read_lines(spark, lookup_source(source, lookup))
    types = raw_types(lines)
    times = {name for name in columns if f"{lookup.name}.{name}" in columns_behind(source, TIME_FIELDS)}
    fields = [
        field for name in columns for field in _found(F.col(RAW).getField(name), name, types[name], name in times)
    ]
    key, is_malformed = _key(lines, lookup.key), F.col(CORRUPT).isNotNull()
    rows = lines.select(key.alias(KEY), F.struct(*fields).alias(FOUND), is_malformed.alias(MALFORMED))
    _check_rows(rows, where, lookup.path)
    return rows.where(F.col(KEY).isNotNull()).drop(MALFORMED).distinct(), watch


def _check_rows(rows: DataFrame, where: str, path: str) -> None:
    """Raise DataCheckError for lines that were not read whole, and for keys with several rows; one action for both."""
    different = rows.groupBy(KEY, FOUND).agg(F.count_if(MALFORMED).alias(MALFORMED))
    keys = different.groupBy(KEY).agg(F.count(F.lit(1)).alias("rows"), F.sum(MALFORMED).alias(MALFORMED))
    is_repeated = F.col(KEY).isNotNull() & (F.col("rows") > 1)
    (found,) = keys.agg(F.count_if(is_repeated).alias("repeated"), F.sum(MALFORMED).alias(MALFORMED)).collect()
    if found[MALFORMED]:
        raise DataCheckError(
            where,
            f"{counted(found[MALFORMED], 'malformed line')} in {path}",
            "lines with as many values as the header has names",
            "correct the file",
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
    if other is None:
        key = _key(lines, lookup.source_key)
    else:
        type_ = lookup_types(lines, source)[lookup.source_key]
        key = _bare(id_text(looked_up(source.lookups[other[0]], other[1], type_), type_))
    joined = lines.withColumn(WANTED, key).join(F.broadcast(beside), F.col(WANTED) == F.col(KEY), "left")
    lacks = is_missing(lookup) & F.col(WANTED).isNotNull()
    return joined.withColumn(NO_ROW + lookup.name, lacks).drop(KEY, WANTED)


def looked_up(lookup: Lookup, column: str, type_: str) -> Column:
    """Return a column of a look-up beside a line; text is `missing` where its key is not in the file."""
    found = F.col(lookup_field(lookup.name)).getField(column)
    return F.when(is_missing(lookup), F.lit(lookup.missing)).otherwise(found) if type_ == "string" else found


def is_missing(lookup: Lookup) -> Column:
    """Return whether a look-up does not have the key of the line."""
    return F.col(lookup_field(lookup.name)).isNull()


def is_looked_up_number(lookup: Lookup, column: str) -> Column:
    """Return whether a look-up has a number for the line, and not the text of one; `missing` is written as such."""
    is_number = F.col(lookup_field(lookup.name)).getField(column + IS_NUMBER)
    return F.when(is_missing(lookup), lookup.missing is not None).otherwise(F.coalesce(is_number, F.lit(False)))


def lookup_types(lines: DataFrame, source: Source) -> dict[str, str]:
    """Return the types of the columns of all look-ups beside the lines, as `orders.created_at`."""
    types: dict[str, str] = {}
    for name in source.lookups:
        if lookup_field(name) in lines.columns:
            of_row = lines.select(f"{lookup_field(name)}.*").dtypes
            types |= {f"{name}.{column}": type_ for column, type_ in of_row if not column.endswith(IS_NUMBER)}
    return types


def _found(value: Column, name: str, type_: str, is_time: bool) -> tuple[Column, Column]:
    """Return a column of a look-up as lines have it, and whether it is a number."""
    if type_ == VARIANT:
        return value.cast("string").alias(name), is_json_number(value).alias(name + IS_NUMBER)
    kept = value if is_time and type_ in TIME_TYPES else id_text(value, type_)
    return kept.alias(name), F.lit(family(type_) in NUMBER_TYPES).alias(name + IS_NUMBER)


def _key(lines: DataFrame, column: str) -> Column:
    return _bare(id_text(F.col(RAW).getField(column), raw_types(lines)[column]))


def _bare(text: Column) -> Column:
    return F.nullif(F.trim(text), F.lit(""))
