"""The header lines of CSV files: the names in them, compared with the columns that a source needs."""

import bz2
import csv
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from rfm_spark.config.choices import Format, Header
from rfm_spark.config.locations import is_remote
from rfm_spark.config.model import Config
from rfm_spark.config.problems import nearest
from rfm_spark.config.source import Source
from rfm_spark.errors import UsageError
from rfm_spark.rules.file_kinds import refuse_content, refuse_names
from rfm_spark.rules.local_files import HIDDEN, folders_of, local_files
from rfm_spark.rules.source_columns import lookup_columns, lookup_source, needed_columns, require_one_meaning

SHOWN_COLUMNS = 60
MOST_HEADERS = 1000
"""So many files of a source are opened; the ingest looks into all."""
TEXT_FORMATS = (Format.CSV, Format.JSON, Format.TEXT)
LONGEST_HEADER = 1 << 16
COMPRESSED: Mapping[str, Callable[..., IO[Any]]] = {".gz": gzip.open, ".bz2": bz2.open}
"""How a file is opened by the end of its name."""
PLAIN = (".csv", ".txt", "")
"""Ends of names that say nothing of compression; files of others are left to the ingest."""
UNREADABLE = (OSError, EOFError, zlib.error)
"""What a file raises that is not there, may not be read, or has not arrived whole."""


def wrong_files(config: Config) -> Iterator[UsageError]:
    """Yield an error per source and look-up for the first of its files on this machine that an ingest would refuse.

    Names tell archives and workbooks, and header lines of CSV lack columns; JSON and Parquet are left to the ingest.
    """
    for source in config.sources.values():
        reads = [(source, f"{source.where}: sources.{source.name}")]
        for name, lookup in source.lookups.items():
            where = f"{lookup.where}: sources.{source.name}.lookups.{name}"
            reads += [(lookup_source(source, lookup), where)] if lookup_columns(source, name) else []
        for one, where in reads:
            try:
                require_files(one, where)
            except UsageError as error:
                yield error


def require_files(source: Source, where: str) -> None:
    """Raise UsageError for a file on this machine that is none of text, or whose header lacks a needed column."""
    if source.format not in TEXT_FORMATS:
        return
    paths = [path.removeprefix("file:") for path in source.paths if not is_remote(path)]
    is_deep = option_of(source.options, "recursiveFileLookup", "false").lower() == "true"
    found = sorted(file for path in paths for file in local_files(path, is_deep) if not file.name.startswith(HIDDEN))
    refuse_names((file.name for file in found), where)
    folders = folders_of(source)
    for file in found[:MOST_HEADERS] if source.format is Format.CSV else ():
        require_header(file, source, where, folders)


def require_header(file: Path, source: Source, where: str, folders: Iterable[str]) -> None:
    """Raise UsageError where a needed column is not in the header of the file, and no folder has its name."""
    suffix, encoding = file.suffix.lower(), option_of(source.options, "encoding", "UTF-8")
    if suffix not in (*COMPRESSED, *PLAIN):
        return
    try:
        with COMPRESSED.get(suffix, open)(file, "rt", encoding=encoding, newline="", errors="replace") as stream:
            line = _header_line(stream, source)
    except (*UNREADABLE, LookupError):
        return
    refuse_content(line, f"{where}: {file.name}")
    quote = option_of(source.options, "quote", '"')
    goes_on = source.multi_line and quote and is_open(line, quote)
    if line.strip() and not goes_on:
        names, needed = header_names(line, source.options), needed_columns(source)
        if source.header is Header.IGNORE_CASE:
            names = header_as_needed(names, needed)
        require_columns(names, needed, f"{where}: {file.name}", folders)
        require_single_names(names, f"{where}: {file.name}")
        require_one_meaning(names, source, f"{where}: {file.name}")


def _header_line(stream: IO[str], source: Source) -> str:
    """Return the first line after those to skip that is neither blank nor a comment, empty where there is none."""
    comment = option_of(source.options, "comment", "")
    read = iter(partial(stream.readline, LONGEST_HEADER), "")
    lines = (line.lstrip("\ufeff") for line in islice(read, source.skip_lines, None))
    counting = (line for line in lines if line.strip() and not (comment and line.startswith(comment)))
    return next(counting, "").rstrip("\r\n")


def is_open(line: str, quote: str) -> bool:
    """Return whether a quote in the line is not closed, so that the line may go on; not for ever.

    >>> is_open('card,|Amount', '|'), is_open('card,|say ||hi|||', '|'), is_open('|' + 'x' * 70_000, '|')
    (True, False, False)
    """
    return line.count(quote) % 2 == 1 and len(line) < LONGEST_HEADER


def header_names(line: str, options: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names in a header line; `_c0`, `_c1`, ... where the files have none.

    >>> header_names('id;"day; of order";', {"sep": ";"}), header_names("1,2", {"header": "false"})
    (('id', 'day; of order', '_c2'), ('_c0', '_c1'))
    """
    separator = separator_of(options)
    quote = option_of(options, "quote", '"')
    if len(separator) != 1 or not quote:
        names = [name.strip(quote) for name in line.split(separator)]
    else:
        names = next(csv.reader([line], delimiter=separator, quotechar=quote, skipinitialspace=True))
    if option_of(options, "header", "true").lower() != "true":
        return tuple(f"_c{n}" for n in range(len(names)))
    return tuple(name.strip() or f"_c{n}" for n, name in enumerate(names))


def separator_of(options: Mapping[str, str]) -> str:
    """Return what stands between two values of CSV; a tab may be written as a backslash and a t."""
    return written_separator(options).replace("\\t", "\t")


def written_separator(options: Mapping[str, str]) -> str:
    """Return the same as the configuration writes it."""
    return option_of(options, "sep", option_of(options, "delimiter", ","))


def option_of(options: Mapping[str, str], name: str, default: str) -> str:
    """Return a reader option; like readers, it ignores the case of the name."""
    return next((value for key, value in options.items() if key.lower() == name.lower()), default)


def require_columns(found: Iterable[str], needed: Iterable[str], where: str, folders: Iterable[str] = ()) -> None:
    """Raise UsageError with found and expected side by side when a needed column is missing.

    `folders` are columns that the path names. Where none of the needed columns is in the header, its names are not
    shown: they may be the values of a file without a header.

    >>> require_columns(["id", "day"], ["day", "amount"], "shop: a.csv")
    Traceback (most recent call last):
    rfm_spark.errors.UsageError: shop: a.csv: columns found: id, day; expected amount, day; missing: amount
    """
    names, wanted = list(found), set(needed) - set(folders)
    missing = sorted(wanted - set(names))
    if not missing:
        return
    alike = [(name, same) for name in missing if (same := same_but_for_case(name, names)) is not None]
    hint = nearest(missing[0], names)
    if alike:
        shown = ", ".join(f"{same!r} for {name!r}" for name, same in alike)
        shown, hint = f"columns that differ in capitals or blanks alone: {shown}", "write them as the file does"
        hint += ", or header: ignore_case with CSV"
    elif not wanted & set(names):
        shown, hint = f"none of the needed columns among {len(names)}", "is there a header line?"
    else:
        shown = "columns found: " + ", ".join(names[:SHOWN_COLUMNS]) + (" ..." if len(names) > SHOWN_COLUMNS else "")
    said = (f"missing: {', '.join(missing)}", hint)
    raise UsageError(where, shown, ", ".join(sorted(wanted)), ": ".join(filter(None, said)))


def require_single_names(header: Sequence[str], where: str) -> None:
    """Raise UsageError for a repeated name; only after the needed columns were found, else it may be a value."""
    folded = [name.lower() for name in header]
    twice = sorted({name for name in header if folded.count(name.lower()) > 1})
    if twice:
        raise UsageError(where, f"column {twice[0]} twice", "one name per column")


def same_but_for_case(name: str, names: Iterable[str]) -> str | None:
    """Return the one name that differs from this one in capitals and blanks alone; None without or with several.

    >>> same_but_for_case("order_id", ["Order_ID ", "day"])
    'Order_ID '
    """
    alike = [other for other in names if other.strip().casefold() == name.strip().casefold()]
    return alike[0] if len(alike) == 1 else None


def header_as_needed(header: tuple[str, ...], needed: Iterable[str]) -> tuple[str, ...]:
    """Return the header with the spelling of the needed columns, where exactly one name is the same but for case.

    >>> header_as_needed(("Cust", " DAY", "Amount"), ["cust", "day"])
    ('cust', 'day', 'Amount')
    """
    wanted = [name for name in needed if name not in header]
    spelt = {same: name for name in wanted if (same := same_but_for_case(name, header)) is not None}
    return tuple(spelt.get(name, name) for name in header)
