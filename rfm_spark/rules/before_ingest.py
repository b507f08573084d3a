"""What an ingest would refuse and the configuration alone already shows, and what it would miss today.

An error is what no later delivery can change. A file, a secret or a place that may still come is information: a
scheduler may check before the delivery, and the warehouse and its sources are often named on the command line.
"""

import re
from collections.abc import Iterator

from rfm_spark.config.choices import Format, IdMethod
from rfm_spark.config.locations import is_remote
from rfm_spark.config.model import Config
from rfm_spark.config.source import Source
from rfm_spark.errors import ConfigurationError, RfmSparkError, UsageError
from rfm_spark.rules.local_files import folders_of, has_file
from rfm_spark.rules.source_columns import needed_columns

COLUMN_BY_POSITION = re.compile(r"_c\d+")


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
        wrong = sorted(set(wrong) - folders_of(source)) if not any(map(is_remote, source.paths)) else []
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
