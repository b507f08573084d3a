"""Failures of Spark while a source is read, in words that name the file and never the data."""

import re

from rfm_spark.errors import DataCheckError, RfmSparkError, UsageError

CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")
FILE_NAME = re.compile(r"(?:reading file|Path does not exist:|file:) ?((?:[a-z0-9]+:/)[^\s,]*?)\.?(?:\s|$)")
CUT_PARQUET = re.compile(r"((?:[a-z0-9]+:/)[^\s,]*) is not a Parquet file")
"""What the footer of a file that was cut says of it."""
UNCLOSED_QUOTE = "unclosed quote in"
UNCLOSED_FILE = re.compile(rf"{UNCLOSED_QUOTE} <([^>]*)>")
MOVED_HEADER = "no header after the skipped lines of"
MOVED_FILE = re.compile(rf"{MOVED_HEADER} <([^>]*)>")
"""How a reading stops itself, with the name of the file."""
READ_CONDITIONS = ("FAILED_READ_FILE", "CANNOT_READ_FILE_FOOTER")


def translate_read_error(error: Exception, where: str) -> RfmSparkError:
    """Return the error for a failed read: file, kind of failure and next step, without Spark's own text.

    Spark's messages quote values (a failed cast shows what it could not cast), so raise the result `from None`.
    """
    if isinstance(error, RfmSparkError):
        return error
    text = str(error)
    condition = next(iter(CONDITION.findall(text)), type(error).__name__)
    named = FILE_NAME.search(text) or CUT_PARQUET.search(text)
    place = f"{where}: {named.group(1)}" if named else where
    unclosed = UNCLOSED_FILE.search(text)
    if unclosed:
        found = "a value holds the lines after it: a quote is not closed"
        step = "nothing was written; close the quote, or write multi_line: false where values hold no line breaks"
        return DataCheckError(f"{where}: {unclosed.group(1)}", found, "quotes that are closed", step)
    moved = MOVED_FILE.search(text)
    if moved:
        found = "the reader does not find the header after the lines to skip"
        step = "nothing was written; take these lines out of the file"
        return DataCheckError(f"{where}: {moved.group(1)}", found, "lines to skip without quotes", step)
    if condition == "PATH_NOT_FOUND":
        return UsageError(place, "the path does not exist", "at least one file", "correct the path")
    if condition.startswith(READ_CONDITIONS) or CUT_PARQUET.search(text):
        step = "have it delivered again and repeat the ingest; nothing of it was taken over"
        return RfmSparkError(place, f"the file cannot be read to its end ({condition})", "a whole file", step)
    step = "values are not shown here; the log of the executor has Spark's own message"
    return RfmSparkError(place, f"reading failed ({condition})", "lines that Spark can read", step)
