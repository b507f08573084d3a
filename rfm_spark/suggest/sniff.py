"""What a file is: its format, encoding and dialect, and the first values of its columns.

DuckDB's `sniff_csv` finds the dialect and the lines before the header, charset-normalizer the encoding.
"""

import codecs
import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rfm_spark.config.choices import Format
from rfm_spark.errors import UsageError
from rfm_spark.rules.headers import COMPRESSED, UNREADABLE
from rfm_spark.suggest.dates import Days, days_of

FIRST_BYTES = 1 << 20
MOST_LINES = 1000
NO_TEXT = (b"PK\x03\x04", b"7z\xbc\xaf", b"%PDF-", b"\xd0\xcf\x11\xe0")
SEPARATORS = ",;\t|"
NONE = "(empty)"
"""What DuckDB says for no character."""


@dataclass(frozen=True)
class SniffedColumn:
    """One column: its first values as text, and how they are days; `word`: its place in lines of words, from 0."""

    name: str
    values: tuple[str, ...]
    days: Days | None = None
    word: int | None = None


@dataclass(frozen=True)
class SniffedFile:
    """One file; `options` are what its reader needs, as the configuration writes them.

    `is_beginning`: it goes on after these lines. `uneven`: lines with more or fewer values than there are columns.
    """

    path: Path
    format: Format
    columns: tuple[SniffedColumn, ...]
    options: Mapping[str, str]
    lines: int
    skip_lines: int = 0
    is_beginning: bool = False
    uneven: int = 0


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
    encoding, is_beginning = encoding_of(head), len(head) == FIRST_BYTES
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    whole = text[: text.rfind("\n") + 1] if is_beginning else text
    options = {} if encoding == "UTF-8" else {"encoding": encoding}
    read = _json if whole.lstrip().startswith("{") else _csv
    return replace(read(path, whole, options), is_beginning=is_beginning)


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


def _csv(path: Path, text: str, options: Mapping[str, str]) -> SniffedFile:
    dialect = _dialect(path, text)
    skipped = int(dialect["SkipRows"])
    comment, quote = (dialect[name].replace(NONE, "") for name in ("Comment", "Quote"))
    lines = [line for line in text.splitlines(keepends=True)[skipped:] if not (comment and line.startswith(comment))]
    separator = separator_in(lines[0], dialect["Delimiter"])
    if separator is None:
        return _text(path, lines, skipped, options)
    rows = [row for row in csv.reader(lines, delimiter=separator, quotechar=quote or '"') if row]
    has_header = bool(dialect["HasHeader"]) or separator != dialect["Delimiter"]
    header = rows[0] if has_header else [f"_c{number}" for number in range(len(rows[0]))]
    data = rows[has_header:]
    columns = tuple(
        column_of(name.strip(), [row[number].strip() for row in data[:MOST_LINES] if number < len(row)])
        for number, name in enumerate(header)
    )
    written = {"sep": separator, "quote": quote or '"', "comment": comment, "header": str(has_header).lower()}
    usual = {"sep": ",", "quote": '"', "comment": "", "header": "true"}
    options = {name: value for name, value in written.items() if value != usual[name]} | dict(options)
    uneven = sum(len(row) != len(header) for row in data)
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
            raise UsageError(
                f"suggest {path}", "no dialect of CSV fits its lines", "CSV, JSON lines or Parquet"
            ) from None


def separator_in(header: str, found: str) -> str | None:
    """Return what separates the columns of a header: what was found by lines, unless the header has none of it.

    >>> separator_in("id;day", ";"), separator_in("id,day,amount", "|"), separator_in("id  day", ",")
    (';', ',', None)
    """
    if (found in header and not found.isspace()) or found == "\t":
        return found
    often = max(SEPARATORS, key=header.count)
    return often if often in header else None


def _text(path: Path, lines: list[str], skipped: int, options: Mapping[str, str]) -> SniffedFile:
    """Return lines of words as columns; their names are those of the first line, where that has as many words."""
    rows = [line.split() for line in lines if line.strip()]
    most = max(len(row) for row in rows[1:] or rows)
    has_header = len(rows) > 1 and len(rows[0]) == most and not any(word[0].isdigit() for word in rows[0])
    names = rows[0] if has_header else [f"word {number + 1}" for number in range(most)]
    data = rows[has_header:]
    columns = tuple(
        replace(column_of(name, [row[number] for row in data[:MOST_LINES] if number < len(row)]), word=number)
        for number, name in enumerate(names)
    )
    uneven = sum(len(row) != most for row in data)
    return SniffedFile(path, Format.TEXT, columns, options, len(data), skipped + has_header, uneven=uneven)


def column_of(name: str, values: Sequence[str]) -> SniffedColumn:
    """Return a column with its values, looked at for days."""
    return SniffedColumn(name, tuple(values), days_of(values))


def _json(path: Path, text: str, options: Mapping[str, str]) -> SniffedFile:
    lines = [line for line in text.splitlines() if line.strip()][:MOST_LINES]
    try:
        records = [json.loads(line) for line in lines]
    except ValueError:
        step = "write one object per line"
        raise UsageError(f"suggest {path}", "it is JSON, but not one object per line", "JSON lines", step) from None
    names = dict.fromkeys(name for record in records for name in record)
    columns = tuple(column_of(name, [str(one[name]) for one in records if one.get(name) is not None]) for name in names)
    return SniffedFile(path, Format.JSON, columns, options, len(records))


def _parquet(path: Path) -> SniffedFile:
    import duckdb

    found = duckdb.execute("SELECT * FROM read_parquet(?) LIMIT ?", [str(path), MOST_LINES])
    kinds = {column[0]: str(column[1]) for column in found.description or ()}
    rows = found.fetchall()
    columns = tuple(
        SniffedColumn(
            name,
            tuple(str(row[number]) for row in rows if row[number] is not None),
            Days() if kind.upper().startswith(("DATE", "TIMESTAMP")) else days_of([str(row[number]) for row in rows]),
        )
        for number, (name, kind) in enumerate(kinds.items())
    )
    return SniffedFile(path, Format.PARQUET, columns, {}, len(rows), is_beginning=len(rows) == MOST_LINES)
