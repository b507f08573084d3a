"""Files of records: JSON lines and Parquet, their parts under dotted names."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rfm_spark.config.choices import Format
from rfm_spark.errors import UsageError
from rfm_spark.suggest.dates import Days
from rfm_spark.suggest.file import MOST_LINES, SniffedColumn, SniffedFile, column_of


def sniff_json(path: Path, text: str, options: Mapping[str, str]) -> SniffedFile:
    """Return a file of JSON lines; UsageError where a line is no object."""
    lines = [line for line in text.splitlines() if line.strip()][:MOST_LINES]
    try:
        records = [json.loads(line) for line in lines]
    except ValueError:
        records = [None]
    if not all(isinstance(record, dict) for record in records):
        step = "write one object per line"
        raise UsageError(f"suggest {path}", "it is JSON, but not one object per line", "JSON lines", step)
    return _of_records(path, Format.JSON, records, options)


def sniff_parquet(path: Path) -> SniffedFile:
    """Return a Parquet file; UsageError where it is cut."""
    import duckdb

    try:
        # As a list, because a path alone would be a pattern.
        found = duckdb.execute("SELECT * FROM read_parquet(?) LIMIT ?", [[str(path)], MOST_LINES])
        names = [column[0] for column in found.description or ()]
        records = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except duckdb.Error:
        raise UsageError(f"suggest {path}", "it cannot be read to its end", "a whole Parquet file") from None
    return _of_records(path, Format.PARQUET, records, {})


def _of_records(
    path: Path, format_: Format, records: Sequence[Mapping[str, Any]], options: Mapping[str, str]
) -> SniffedFile:
    flat = [dict(_parts(record, "")) for record in records]
    names = dict.fromkeys(name for record in flat for name in record)
    lists = tuple(name for name in names if any(isinstance(record.get(name), list) for record in flat))
    columns = tuple(_column(name, [record.get(name) for record in flat]) for name in names if name not in lists)
    is_beginning = len(records) == MOST_LINES
    return SniffedFile(path, format_, columns, options, len(records), is_beginning=is_beginning, lists=lists)


def _parts(record: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    """Yield the values of a record, those of records in it as `customer.id`."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _parts(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _column(name: str, values: Sequence[Any]) -> SniffedColumn:
    texts = tuple("" if value is None else str(value) for value in values)
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, date) for value in there):
        return SniffedColumn(name, texts, Days())
    return column_of(name, texts)
