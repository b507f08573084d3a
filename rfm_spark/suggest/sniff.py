"""What a file is: its format, encoding and dialect, and the first values of its columns.

DuckDB's `sniff_csv` finds the dialect and the formats of days, charset-normalizer the encoding.
"""

import codecs
import csv
import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rfm_spark.config.choices import Format
from rfm_spark.errors import UsageError
from rfm_spark.rules.headers import COMPRESSED, UNREADABLE

FIRST_BYTES = 1 << 20
MOST_LINES = 1000
NO_TEXT = (b"PK\x03\x04", b"7z\xbc\xaf", b"%PDF-", b"\xd0\xcf\x11\xe0")
FROM_STRFTIME = {"%Y": "yyyy", "%y": "yy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm", "%S": "ss",
                 "%p": "a", "%f": "SSSSSS", "%b": "MMM", "%B": "MMMM"}  # fmt: skip


@dataclass(frozen=True)
class SniffedColumn:
    """One column: its first values as text, and the format of its days where it has one that is not ISO 8601."""

    name: str
    values: tuple[str, ...]
    day_format: str | None = None
    is_day: bool = False


@dataclass(frozen=True)
class SniffedFile:
    """One file; `options` are what its reader needs, as the configuration writes them."""

    path: Path
    format: Format
    columns: tuple[SniffedColumn, ...]
    options: Mapping[str, str]
    lines: int


def sniff(path: Path) -> SniffedFile:
    """Look at the beginning of a file; UsageError where it is not there, or no text and no Parquet."""
    require_libraries()
    try:
        with COMPRESSED.get(path.suffix.lower(), open)(path, "rb") as stream:
            head = stream.read(FIRST_BYTES)
    except UNREADABLE as error:
        raise UsageError(f"suggest {path}", f"{type(error).__name__}: it cannot be read", "a file") from None
    if head.startswith(b"PAR1"):
        return _parquet(path)
    if head.startswith(NO_TEXT) or not head.strip():
        found = "it is empty" if not head.strip() else "it is an archive, a workbook or a document"
        raise UsageError(f"suggest {path}", found, "CSV, JSON lines or Parquet", "unpack it, or save it as CSV")
    encoding = encoding_of(head)
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    whole = text if len(head) < FIRST_BYTES else text[: text.rfind("\n") + 1]
    return _json(path, whole, encoding) if whole.lstrip().startswith("{") else _csv(path, whole, encoding)


def require_libraries() -> None:
    """Fail before any work where the libraries of the extra are missing."""
    try:
        import charset_normalizer  # noqa: F401  # only whether they are there
        import duckdb  # noqa: F401  # as above
    except ImportError as error:
        step = 'run pip install "rfm-spark[suggest]"'
        raise UsageError("suggest", f"{error.name} is not installed", 'the extra "suggest"', step) from None


def encoding_of(head: bytes) -> str:
    """Return the encoding of the bytes: by their mark, UTF-8 where they are, else the likeliest.

    >>> encoding_of("Thé".encode()), encoding_of("Thé".encode("utf-16"))
    ('UTF-8', 'UTF-16')
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < FIRST_BYTES)
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(head).best()
        return "windows-1252" if best is None else best.encoding.replace("_", "-")
    return "UTF-8"


def _csv(path: Path, text: str, encoding: str) -> SniffedFile:
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "head.csv"
        copy.write_text(text, encoding="utf-8", newline="")
        try:
            found = duckdb.execute("FROM sniff_csv(?, sample_size = -1)", [str(copy)])
            names = [column[0] for column in found.description or ()]
            dialect = dict(zip(names, found.fetchone() or (), strict=True))
        except duckdb.Error:
            raise UsageError(
                f"suggest {path}", "no dialect of CSV fits its lines", "CSV, JSON lines or Parquet"
            ) from None
    separator, has_header = dialect["Delimiter"], bool(dialect["HasHeader"])
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    header = rows[0] if has_header else [f"_c{number}" for number in range(len(rows[0]))]
    kinds = [entry["type"] for entry in dialect["Columns"]]
    columns = tuple(
        _column(name.strip(), [row[number].strip() for row in rows[has_header : MOST_LINES + 1] if number < len(row)],
                kinds[number] if number < len(kinds) else "VARCHAR", dialect)
        for number, name in enumerate(header)
    )  # fmt: skip
    options = {"sep": separator} if separator != "," else {}
    options |= {} if encoding == "UTF-8" else {"encoding": encoding}
    options |= {} if has_header else {"header": "false"}
    return SniffedFile(path, Format.CSV, columns, options, len(rows) - has_header)


def _column(name: str, values: list[str], kind: str, dialect: Mapping[str, Any]) -> SniffedColumn:
    format_ = {"DATE": dialect["DateFormat"], "TIMESTAMP": dialect["TimestampFormat"]}.get(kind)
    is_day = kind in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
    return SniffedColumn(name, tuple(values), as_spark(format_), is_day)


def as_spark(format_: str | None) -> str | None:
    """Return a format of days in the letters of Spark; None for ISO 8601, which needs none.

    >>> as_spark("%d.%m.%Y %H:%M"), as_spark("%Y-%m-%d"), as_spark(None)
    ('dd.MM.yyyy HH:mm', None, None)
    """
    if not format_ or format_.startswith("%Y-%m-%d"):
        return None
    for old, new in FROM_STRFTIME.items():
        format_ = format_.replace(old, new)
    return None if "%" in format_ else format_


def _json(path: Path, text: str, encoding: str) -> SniffedFile:
    lines = [line for line in text.splitlines() if line.strip()][:MOST_LINES]
    try:
        records = [json.loads(line) for line in lines]
    except ValueError:
        step = "write one object per line"
        raise UsageError(f"suggest {path}", "it is JSON, but not one object per line", "JSON lines", step) from None
    names = dict.fromkeys(name for record in records for name in record)
    columns = tuple(
        SniffedColumn(name, tuple(str(one[name]) for one in records if one.get(name) is not None)) for name in names
    )
    return SniffedFile(path, Format.JSON, columns, {} if encoding == "UTF-8" else {"encoding": encoding}, len(records))


def _parquet(path: Path) -> SniffedFile:
    import duckdb

    found = duckdb.execute("SELECT * FROM read_parquet(?) LIMIT ?", [str(path), MOST_LINES])
    kinds = {column[0]: str(column[1]) for column in found.description or ()}
    rows = found.fetchall()
    columns = tuple(
        SniffedColumn(name, tuple(str(row[number]) for row in rows if row[number] is not None), None,
                      kind.upper().startswith(("DATE", "TIMESTAMP")))
        for number, (name, kind) in enumerate(kinds.items())
    )  # fmt: skip
    return SniffedFile(path, Format.PARQUET, columns, {}, len(rows))
