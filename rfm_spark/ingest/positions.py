"""The line of a file that holds its n-th row: what a person needs to look at it in an editor."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pyspark.sql import SparkSession

from rfm_spark.config.choices import Format
from rfm_spark.config.source import Source
from rfm_spark.ingest.file_content import head_of
from rfm_spark.ingest.files import InputFile
from rfm_spark.rules.headers import option_of, separator_of

MOST_LINES = 20_000
"""A row that begins later has no line number; the rows of a trial are far before."""


def lines_of_rows(spark: SparkSession, source: Source, file: InputFile) -> list[int]:
    """Return the line on which each of the first rows of a text file begins; empty where rows are not lines."""
    is_whole = option_of(source.options, "multiLine", "false").lower() == "true"
    if source.format not in (Format.CSV, Format.JSON, Format.TEXT) or (source.format is Format.JSON and is_whole):
        return []
    if "lineSep" in source.options:
        return []
    lines = head_of(spark, file, option_of(source.options, "encoding", "UTF-8"), MOST_LINES)
    try:
        return list(row_lines(lines, source))
    except csv.Error:
        return []


def row_lines(lines: Iterable[str], source: Source) -> Iterator[int]:
    """Yield the line on which each row begins, in the way in which the format is read.

    >>> text = ["id,note", "", "1,plain", '2,"two', 'lines"', "3,last"]
    >>> from rfm_spark.config.choices import Dataset
    >>> list(row_lines(text, Source("shop", Dataset.TRANSACTIONS, Format.CSV, {})))
    [3, 4, 6]
    >>> text = ["of May", *text[:2], "#none", *text[2:]]
    >>> options = {"comment": "#"}
    >>> list(row_lines(text, Source("shop", Dataset.TRANSACTIONS, Format.CSV, {}, skip_lines=1, options=options)))
    [5, 6, 8]
    """
    if source.format is Format.CSV:
        rows = (source.skip_lines + number for number in _csv_rows(islice(lines, source.skip_lines, None), source))
        headers = 1 if option_of(source.options, "header", "true").lower() == "true" else 0
        return islice(rows, headers, None)
    kept = islice(enumerate(lines, 1), source.skip_lines, None)
    return (number for number, line in kept if line.strip("\ufeff \t\r"))


def _csv_rows(lines: Iterable[str], source: Source) -> Iterator[int]:
    """Yield the line on which each row of CSV begins, its header among them; comments are no rows."""
    separator = separator_of(source.options)
    quote, comment = option_of(source.options, "quote", '"'), option_of(source.options, "comment", "")
    if not source.multi_line or len(separator) != 1 or not quote:
        for number, line in enumerate(lines, 1):
            if line.strip("\ufeff \t\r") and not (comment and line.startswith(comment)):
                yield number
        return
    begun = 0

    def read_on() -> Iterator[str]:
        nonlocal begun
        for number, line in enumerate(lines, 1):
            if begun or not (comment and line.startswith(comment)):
                begun = begun or number
                yield f"{line}\n"

    for row in csv.reader(read_on(), delimiter=separator, quotechar=quote, **_escaping(source, quote)):
        if row:
            yield begun
        begun = 0


def _escaping(source: Source, quote: str) -> dict[str, Any]:
    escape = option_of(source.options, "escape", "")
    is_doubled = escape in ("", quote)
    return {"doublequote": is_doubled, "escapechar": None if is_doubled else escape}
