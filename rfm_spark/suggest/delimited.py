"""Text in lines: CSV by its dialect, which DuckDB's `sniff_csv` finds, else words between blanks."""

import csv
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rfm_spark.config.choices import Format
from rfm_spark.errors import UsageError
from rfm_spark.suggest.dates import days_of
from rfm_spark.suggest.file import MOST_LINES, SniffedFile, column_of

SEPARATORS = ",;\t|"
NONE = "(empty)"
"""What DuckDB says for no character."""
NUMBER = re.compile(r"[-+(]?[^\w\s]?\d[\d.,' ]*\)?")


def sniff_text(path: Path, text: str, options: Mapping[str, str]) -> SniffedFile:
    """Return a file of lines; UsageError where no dialect fits them, or none follows the first one."""
    dialect = _dialect(path, text)
    skipped = int(dialect["SkipRows"])
    comment, quote, escape = (str(dialect[name]).replace(NONE, "") for name in ("Comment", "Quote", "Escape"))
    lines = [line for line in text.splitlines(keepends=True)[skipped:] if not (comment and line.startswith(comment))]
    separator = separator_in(next((line for line in lines if line.strip()), ""), dialect["Delimiter"])
    if separator is None:
        return _words(path, lines, skipped, options)
    escape = escape if escape not in ("", quote) else ""
    marks = {"doublequote": not escape, "escapechar": escape or None}
    try:
        read = csv.reader(lines, delimiter=separator, quotechar=quote or '"', **marks)  # type: ignore[arg-type]  # mixed
        rows = [row for row in read if row]
    except csv.Error:
        raise UsageError(f"suggest {path}", "a value is longer than 131,072 characters", "CSV") from None
    names, data = _header(path, rows)
    wide = [[*row, *[""] * (len(names) - len(row))] for row in data[:MOST_LINES]]
    columns = tuple(column_of(name, [row[number].strip() for row in wide]) for number, name in enumerate(names))
    has_header = len(data) < len(rows)
    written = {"sep": separator, "quote": quote or '"', "escape": escape, "comment": comment,
               "header": str(has_header).lower()}  # fmt: skip
    usual = {"sep": ",", "quote": '"', "escape": "", "comment": "", "header": "true"}
    options = {name: value for name, value in written.items() if value != usual[name]} | dict(options)
    uneven = sum(len(row) != len(names) for row in data)
    return SniffedFile(path, Format.CSV, columns, options, len(data), skipped, uneven=uneven)


def _dialect(path: Path, text: str) -> dict[str, Any]:
    """Return what DuckDB finds in the text."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "head.csv"
        copy.write_text(text, encoding="utf-8", newline="")
        try:
            found = duckdb.execute("FROM sniff_csv(?, sample_size = -1)", [str(copy)])
            names = [column[0] for column in found.description or ()]
            return dict(zip(names, found.fetchone() or (), strict=True))
        except duckdb.Error:
            expected = "CSV, JSON lines or Parquet"
            raise UsageError(f"suggest {path}", "no dialect of CSV fits its lines", expected) from None


def separator_in(header: str, found: str) -> str | None:
    """Return what separates the columns of a header: what was found by lines, unless the header has none of it.

    >>> separator_in("id;day", ";"), separator_in("id,day,amount", "|"), separator_in("id  day", ",")
    (';', ',', None)
    """
    if found in header and (not found.isspace() or found == "\t"):
        return found
    often = max(SEPARATORS, key=header.count)
    return often if often in header else None


def _header(path: Path, rows: Sequence[Sequence[str]]) -> tuple[list[str], Sequence[Sequence[str]]]:
    """Return the names of the columns, `_c0` and so on where there is no header, and the rows of data."""
    if len(rows) < 2:
        raise UsageError(f"suggest {path}", "it has one line", "a header and lines of data, or several of these")
    first = [name.strip() for name in rows[0]]
    if not is_header(first, rows[1:]):
        return [f"_c{number}" for number in range(len(first))], rows
    return [name or f"_c{number}" for number, name in enumerate(first)], rows[1:]


def is_header(first: Sequence[str], data: Sequence[Sequence[str]]) -> bool:
    """Return whether the first line has names: nothing in it looks like a value, or comes again in its column.

    >>> is_header(["customer", "day"], [["A", "2024-01-05"]]), is_header(["a@shop.example", "x"], [["b", "y"]])
    (True, False)
    >>> is_header(["Berlin", "x"], [["Bonn", "y"], ["Berlin", "z"]]), is_header(["1,50", "x"], [["2", "y"]])
    (False, False)
    """
    for number, name in enumerate(first):
        below = {row[number].strip() for row in data[:MOST_LINES] if number < len(row)}
        if name and ("@" in name or name in below or NUMBER.fullmatch(name) or days_of([name]) is not None):
            return False
    return any(first)


def _words(path: Path, lines: Sequence[str], skipped: int, options: Mapping[str, str]) -> SniffedFile:
    """Return lines of words as columns; their names are those of the first line, where that has as many words."""
    rows = [line.split() for line in lines if line.strip()]
    if len(rows) < 2:
        raise UsageError(f"suggest {path}", "it has one line", "a header and lines of data, or several of these")
    most = max(len(row) for row in rows[1:])
    has_header = len(rows[0]) == most and is_header(rows[0], rows[1:])
    names = rows[0] if has_header else [f"word {number + 1}" for number in range(most)]
    data = rows[has_header:]
    wide = [[*row, *[""] * (most - len(row))] for row in data[:MOST_LINES]]
    columns = tuple(
        replace(column_of(name, [row[number] for row in wide]), word=number) for number, name in enumerate(names)
    )
    uneven = sum(len(row) != most for row in data)
    return SniffedFile(path, Format.TEXT, columns, options, len(data), skipped + has_header, uneven=uneven)
