"""What an ingest would refuse and the configuration alone already shows, and what it would miss today.

An error is what no later delivery can change. A file, a secret or a place that may still come is information: a
scheduler may check before the delivery, and the warehouse and its sources are often named on the command line.
"""

import re
from collections.abc import Iterator
from glob import iglob
from pathlib import Path

from rfm_spark.config.choices import Format, IdMethod
from rfm_spark.config.locations import is_remote
from rfm_spark.config.model import Config
from rfm_spark.config.source import Source
from rfm_spark.errors import ConfigurationError, RfmSparkError, UsageError
from rfm_spark.rules.source_columns import needed_columns

COLUMN_BY_POSITION = re.compile(r"_c\d+")
BRACES = re.compile(r"\{([^{}]*)\}")
HIDDEN = ("_", ".")


def refusals(config: Config) -> list[RfmSparkError]:
    """Return the errors of a configuration with which every ingest would end."""
    found: list[RfmSparkError] = []
    if config.sources and config.identity.method is IdMethod.HASH and config.identity.key is None:
        step = "name its file or variable, or set identity.method: integer"
        found.append(UsageError("identity.key", "no key", "a key for identity.method: hash", step))
    return found + [error for source in config.sources.values() for error in unnamed_columns(source)]


def unnamed_columns(source: Source) -> Iterator[RfmSparkError]:
    """Yield the error of columns that files without a header line cannot have."""
    has_header = source.options.get("header", "true").lower() == "true"
    if source.format is Format.TEXT:
        pattern, expected = re.compile("value"), "value, the whole line, with a pattern"
    elif source.format is Format.CSV and not has_header:
        pattern, expected = COLUMN_BY_POSITION, "_c0 for the first column, _c1 for the second"
    else:
        return
    try:
        wrong = [name for name in needed_columns(source) if not pattern.fullmatch(name)]
    except ConfigurationError:  # of a rule, which has an error of its own
        return
    if wrong:
        kind = "format: text" if source.format is Format.TEXT else "header: false"
        yield UsageError(source.where, f"sources.{source.name} has {kind} and names {', '.join(wrong)}", expected)


def missing_so_far(config: Config) -> list[str]:
    """Return one line for each thing that an ingest needs and that is not there yet."""
    lines = []
    if config.warehouse.path is None and config.warehouse.schema is None:
        lines.append("warehouse: no place for tables yet: set warehouse.path, or catalog and schema")
    if not config.sources:
        lines.append("sources: none is declared yet: ingest has nothing to read")
    for source in config.sources.values():
        named = [(f"sources.{source.name}", path) for path in source.paths]
        named += [(f"sources.{source.name}.lookups.{name}", lookup.path) for name, lookup in source.lookups.items()]
        lines += [
            f"{source.where}: {name}: no file matches {path} yet"
            for name, path in named
            if not is_remote(path) and not has_file(path.removeprefix("file:"))
        ]
    return lines


def has_file(pattern: str) -> bool:
    """Return whether a local path names a file, or a folder that holds one; hidden names count as nothing."""
    return any(map(_holds_file, local_paths(pattern)))


def local_paths(pattern: str) -> Iterator[Path]:
    """Yield the files and folders of this machine that a path or pattern names."""
    return (Path(path) for plain in without_braces(pattern) for path in iglob(plain))


def local_files(pattern: str, below_folders: bool = False) -> Iterator[Path]:
    """Yield the files that an ingest would read: those that a path or pattern names, and those inside its folders.

    Of folders in folders it reads those named like `day=2024-01-05`, or all where `below_folders`; hidden ones never.
    """
    for found in local_paths(pattern):
        yield from _files_in(found, below_folders) if found.is_dir() else (found,)


def _files_in(folder: Path, below_folders: bool) -> Iterator[Path]:
    for inner in folder.iterdir():
        if inner.name.startswith(HIDDEN):
            continue
        if inner.is_file():
            yield inner
        elif inner.is_dir() and (below_folders or "=" in inner.name):
            yield from _files_in(inner, below_folders)


def without_braces(pattern: str) -> list[str]:
    """Return the patterns that the choices of a pattern make, as Python writes them: `!` for `^` in brackets.

    >>> without_braces("/in/{jan,feb}/[^x]*.{csv,txt}")
    ['/in/jan/[!x]*.csv', '/in/jan/[!x]*.txt', '/in/feb/[!x]*.csv', '/in/feb/[!x]*.txt']
    """
    found = BRACES.search(pattern)
    if found is None:
        return [pattern.replace("[^", "[!")]
    chosen = (pattern[: found.start()] + word + pattern[found.end() :] for word in found[1].split(","))
    return [plain for one in chosen for plain in without_braces(one)]


def _holds_file(path: Path) -> bool:
    if not path.is_dir():
        return path.is_file()
    return any(not inner.name.startswith(HIDDEN) or inner.name == "_delta_log" for inner in path.iterdir())
