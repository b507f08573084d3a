"""The formats of dates and times that a source may name: letters as Spark reads them, or a number since a day."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from rfm_spark.config.problems import Problems

EPOCHS: Mapping[str, int] = {"epoch_seconds": 1, "epoch_millis": 10**3, "epoch_micros": 10**6, "epoch_nanos": 10**9}
"""Numbers since 1970, by how many make a second."""
EXCEL: Mapping[str, date] = {"excel": date(1899, 12, 30), "excel_1904": date(1904, 1, 1)}
"""Serial numbers of a sheet, by the day that is 0; `excel` from March 1900 on, because it has a 29 February 1900."""
NUMBERS = (*EPOCHS, *EXCEL)
ISO_INSTANT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?)?$"
"""A day, or a time with or without an offset, as ISO 8601 has it and as databases and programs print it."""


class Letter(NamedTuple):
    """What a letter of a format means, and how often it may follow itself."""

    meaning: str
    counts: Collection[int]


LETTERS: Mapping[str, Letter] = {
    "y": Letter("year; `yy` is 2000 to 2099", range(1, 11)),
    "M": Letter("month: `M` 1, `MM` 01, `MMM` Jan, `MMMM` January", range(1, 5)),
    "L": Letter("month, as `M`", range(1, 5)),
    "d": Letter("day of the month: `d` 1, `dd` 01", (1, 2)),
    "D": Letter("day of the year: `D` 1, `DDD` 001", (1, 2, 3)),
    "H": Letter("hour, 0 to 23", (1, 2)),
    "k": Letter("hour, 1 to 24", (1, 2)),
    "h": Letter("hour of the half day, 1 to 12, with `a`", (1, 2)),
    "K": Letter("hour of the half day, 0 to 11, with `a`", (1, 2)),
    "a": Letter("AM or PM", (1,)),
    "m": Letter("minute", (1, 2)),
    "s": Letter("second", (1, 2)),
    "S": Letter("fraction of a second, one letter per digit", range(1, 10)),
    "X": Letter("offset, or Z for none: `XXX` +02:00", range(1, 6)),
    "x": Letter("offset: `xxx` +02:00", range(1, 6)),
    "Z": Letter("offset: `Z` +0200", range(1, 6)),
    "O": Letter("offset: `O` GMT+2", (1, 4)),
    "V": Letter("zone: `VV` Europe/Berlin", (2,)),
    "z": Letter("name of the zone: `z` CET", range(1, 5)),
    "G": Letter("era: AD", range(1, 5)),
}
"""What Spark reads: it prints weekdays (E, F, u), weeks and quarters (Q, q), but stops where it should read them."""
FORMAT_LETTERS = frozenset(LETTERS)
RUN = re.compile(r"([A-Za-z])\1*")
DIGITS_ALONE = re.compile(r"[yMLdDHhKkmsS]+(\.[yMLdDHhKkmsS]+)?")
RESERVED = re.compile(r"['{}#]|^[^\[]*\]")


def check_formats(patterns: Sequence[str], where: str, path: str, problems: Problems) -> None:
    """Check every format, and that none comes too late: an epoch reads every number, 20240105 too."""
    for pattern in patterns:
        if pattern not in NUMBERS:
            _check_format(pattern, where, path, problems)
    numbers = [number for number, pattern in enumerate(patterns) if pattern in NUMBERS]
    late = [pattern for pattern in patterns[numbers[0] + 1 :] if _reads_digits(pattern)] if numbers else []
    if late:
        found = f"{path}.format has {patterns[numbers[0]]} before {late[0]}, and reads the values that are meant for it"
        problems.add(where, found, f"{late[0]} first" if late[0] not in NUMBERS else "one of the two")


def _check_format(pattern: str, where: str, path: str, problems: Problems) -> None:
    """Check a pattern by its letters, so that `YYYY-MM-DD` fails here and not in a run."""
    plain = re.sub(r"'[^']*'", "", pattern)
    runs = [run[0] for run in RUN.finditer(plain)]
    letters = {run[0] for run in runs}
    unknown = "".join(sorted(letters - FORMAT_LETTERS))
    wrong = next((run for run in runs if not unknown and len(run) not in LETTERS[run[0]].counts), "")
    reserved = RESERVED.search(plain)
    full = f"{path}.format {pattern!r}"
    if unknown:
        expected = f"a pattern like yyyy-MM-dd HH:mm:ss, or one of {', '.join(NUMBERS)}"
        problems.add(where, f"{full} has the letters {unknown}", expected)
    elif wrong:
        counts = " or ".join(wrong[0] * count for count in LETTERS[wrong[0]].counts)
        problems.add(where, f"{full} has {wrong}", counts)
    elif reserved:
        problems.add(where, f"{full} has {reserved[0][-1]} alone", "text between quotes, optional parts in [ ]")
    elif not ("y" in letters and letters & set("dD") and letters & set("MLD")):
        problems.add(where, f"{full} lacks a year, month or day", "a pattern like yyyy-MM-dd")


def _reads_digits(pattern: str) -> bool:
    letters = pattern.translate({ord("["): None, ord("]"): None})
    is_text = "MMM" in pattern or "LLL" in pattern
    return pattern in NUMBERS or (not is_text and DIGITS_ALONE.fullmatch(letters) is not None)
