"""A file as it was looked at: its columns with their first values, and how it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rfm_spark.config.choices import Format
from rfm_spark.suggest.dates import Days, days_of

MOST_LINES = 1000


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
    `lists`: columns that hold a list in each line. `is_guessed`: the encoding is the likeliest one alone.
    """

    path: Path
    format: Format
    columns: tuple[SniffedColumn, ...]
    options: Mapping[str, str]
    lines: int
    skip_lines: int = 0
    is_beginning: bool = False
    uneven: int = 0
    lists: tuple[str, ...] = ()
    is_guessed: bool = False


def column_of(name: str, values: Sequence[str]) -> SniffedColumn:
    """Return a column with its values, looked at for days."""
    return SniffedColumn(name, tuple(values), days_of(values))
