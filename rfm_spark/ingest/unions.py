"""Lines of files whose columns differ: whole numbers here and doubles there, empty columns, columns that are absent.

A column gets one type for all files, into which every value goes without loss:

| its types                         | where it is used          | becomes                                          |
|-----------------------------------|---------------------------|--------------------------------------------------|
| whole numbers, doubles, decimals  | in an amount              | decimal(38,18)                                   |
| numbers, text, true or false, day | in a reference, tag, rule | text, as `numbers.id_text` writes it             |
| numbers                           | in a time                 | text                                             |
| any                               | nowhere                   | text, so that lines differ where their files do  |
"""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.build_sources import AMOUNT_FIELDS, TIME_FIELDS
from rfm_spark.config.source import Source
from rfm_spark.errors import UsageError
from rfm_spark.ingest.numbers import WIDE_NUMBER, id_text
from rfm_spark.ingest.raw_lines import raw_types
from rfm_spark.ingest.schema import NUMBER_TYPES, TEXT_TYPES, family
from rfm_spark.rules.source_columns import columns_behind, needed_columns

NOTHING = "(UNKNOWN)"
"""How a footer marks a column that holds nothing, as pandas writes a column of None; Spark reads it as numbers."""
VOID = "void"
Types = Mapping[str, str]


def with_empty_columns(frame: DataFrame, footer: Mapping[str, str]) -> DataFrame:
    """Return the frame with columns that hold nothing as columns without a type, whatever the file gives them."""
    nothing = {name for name, field in footer.items() if NOTHING in field and "{" not in field}
    empty = {name: F.lit(None) for name in frame.columns if name in nothing}
    return frame.withColumns(empty) if empty else frame


def union_lines(read: Mapping[str, DataFrame], source: Source) -> DataFrame:
    """Return the lines of files with different columns as one frame; a column that a file does not have is NULL there.

    `read` are lines by the place that errors name. Raises UsageError where the types of a needed column exclude each
    other, like text and numbers in an amount.
    """
    types = {place: raw_types(lines) for place, lines in read.items()}
    names = dict.fromkeys(name for own in types.values() for name in own)
    common = {name: _common_type(name, types, source) for name in names}
    aligned = []
    for place, lines in read.items():
        raw, *beside = lines.columns
        own = types[place]
        fields = [_as(F.col(raw).getField(name), own.get(name, VOID), common[name]).alias(name) for name in names]
        is_aligned = list(own.items()) == list(common.items())
        aligned.append(lines if is_aligned else lines.select(F.struct(*fields).alias(raw), *beside))
    return reduce(DataFrame.unionByName, aligned)


def _common_type(name: str, types: Mapping[str, Types], source: Source) -> str:
    """Return the type that a column gets in all files."""
    known = {place: own[name] for place, own in types.items() if own.get(name, VOID) != VOID}
    if len(set(known.values())) <= 1:
        return next(iter(known.values()), "string")
    families = {family(type_) for type_ in known.values()}
    is_alike = families <= set(NUMBER_TYPES) or families <= set(TEXT_TYPES)
    if name in columns_behind(source, AMOUNT_FIELDS):
        fits, common = is_alike, WIDE_NUMBER if families <= set(NUMBER_TYPES) else "string"
    elif name in columns_behind(source, TIME_FIELDS):
        fits, common = is_alike, "string"
    else:
        is_alike = families <= {*NUMBER_TYPES, *TEXT_TYPES, "boolean", "date"}
        # Of an opened list its parts are compared, each by itself.
        fits = is_alike or name == source.explode or name not in needed_columns(source)
        common = "string"
    if not fits:
        (first, expected), *others = known.items()
        place, found = next((place, type_) for place, type_ in others if type_ != expected)
        step = "deliver all files with one schema"
        raise UsageError(place, f"column {name} is {found}", f"{expected} as in {first.rpartition(': ')[2]}", step)
    return common


def _as(value: Column, type_: str, common: str) -> Column:
    if type_ == VOID:
        return F.lit(None).cast(common)
    if type_ == common:
        return value
    return value.try_cast(common) if common == WIDE_NUMBER else id_text(value, type_)
