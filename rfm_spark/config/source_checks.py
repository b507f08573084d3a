"""Whether a source says once where it is, and asks of its format only what that can do."""

import re

from rfm_spark.config.choices import Delivery, Format
from rfm_spark.config.composite_types import Values
from rfm_spark.config.problems import Problems
from rfm_spark.config.source import Source

FILE_FORMATS = (Format.CSV, Format.JSON, Format.PARQUET, Format.DELTA, Format.TEXT)
NESTED_FORMATS = (Format.JSON, Format.PARQUET, Format.DELTA)


def check_place(path: str, values: Values, source: Source, problems: Problems) -> None:
    """Check that the source says once where it is, in the way of its format."""
    places = [key for key in ("path", "table", "jdbc") if key in values.places]
    if len(places) != 1:
        written = " and ".join(places) or "no place"
        problems.add(values.where, f"{path} has {written}", "exactly one of path, table and jdbc")
    elif places == ["jdbc"] and source.format is not Format.JDBC:
        problems.add(values.place("jdbc"), f"{path} has jdbc and format: {source.format}", "format: jdbc")
    elif places == ["table"] and source.format is not Format.DELTA:
        problems.add(values.place("table"), f"{path} has a table and format: {source.format}", "format: delta")
    elif places == ["path"] and source.format not in FILE_FORMATS:
        problems.add(values.place("path"), f"{path} has a path and format: {source.format}", "a jdbc section")


def check_reading(path: str, values: Values, source: Source, problems: Problems) -> None:
    """Check that the format can do what the source asks of it."""
    if source.skip_lines and source.format not in (Format.CSV, Format.TEXT):
        problems.add(values.place("skip_lines"), f"{path} skips lines of {source.format}", "format: csv or text")
    if source.skip_lines and "lineSep" in source.options:
        problems.add(values.place("skip_lines"), f"{path} has a lineSep and skips lines", "lines that end as usual")
    if source.explode is not None and source.format not in NESTED_FORMATS:
        expected = f"format: {' or '.join(NESTED_FORMATS)}"
        problems.add(values.place("explode"), f"{path} has explode and format: {source.format}", expected)
    for key in ("multi_line", "header"):
        if key in values and source.format is not Format.CSV:
            problems.add(values.place(key), f"{path} has {key} and format: {source.format}", "format: csv")
    _check_delivery(path, values, source, problems)
    if source.format is Format.DELTA and len(source.paths) > 1:
        found = f"{path} has {len(source.paths)} paths and format: delta"
        problems.add(values.place("path"), found, "the folder of one table", "write one source per table")
    if source.format is Format.DELTA and any(re.search(r"[*?\[{]", part) for part in source.paths):
        problems.add(values.place("path"), f"{path} has wildcards and format: delta", "the folder of one table")


def _check_delivery(path: str, values: Values, source: Source, problems: Problems) -> None:
    if source.delivery is Delivery.BATCHES and source.format in (Format.JDBC, Format.DELTA):
        found = f"{path} delivers batches by {source.format}"
        problems.add(values.place("delivery"), found, "delivery: days: only files are batches")
    for key in ("batch", "duplicates", "empty_batches"):
        if key in values and source.delivery is not Delivery.BATCHES:
            problems.add(values.place(key), f"{path} has {key} and delivery: {source.delivery}", "delivery: batches")
