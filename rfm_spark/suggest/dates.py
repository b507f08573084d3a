"""How a column writes its days and times: in ISO 8601, which needs no format, or in one that Spark is given."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from rfm_spark.config.date_formats import ISO_INSTANT
from rfm_spark.config.source import MISSING_WORDS

OFFSET = re.compile(r".*\d ?(Z|UTC|[+-]\d\d(:?\d\d)?)")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")
DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y",
        "%m/%d/%y", "%d.%m.%y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%Y\u5e74%m\u6708%d\u65e5",
        "%Y%m%d")  # fmt: skip
FORMATS = (*(day + clock for day in DAYS for clock in CLOCKS), "%Y%m%d%H%M%S")
TOKENS = {
    "%Y": ("yyyy", r"(\d{4})"), "%y": ("yy", r"(\d\d)"), "%m": ("MM", r"(\d{1,2})"), "%d": ("dd", r"(\d{1,2})"),
    "%H": ("HH", r"(\d{1,2})"), "%I": ("hh", r"(\d{1,2})"), "%M": ("mm", r"(\d\d)"), "%S": ("ss", r"(\d\d)"),
    "%p": ("a", r"([AaPp][Mm])"), "%b": ("MMM", r"([A-Za-z]{3})"),
}  # fmt: skip
"""What Spark writes for the letters of strftime, and what they read."""
LETTERS = re.compile("|".join(TOKENS))
OF_ONE_OR_TWO = ("%m", "%d", "%H", "%I")
WITHOUT_SEPARATORS = re.compile(r"(19|20)\d\d[01]\d[0-3]\d.*")
NUMBERS = {
    "epoch_seconds": re.compile(r"[1-9]\d{8,9}"), "epoch_millis": re.compile(r"[1-9]\d{11,12}"),
    "excel": re.compile(r"[2-6]\d{4}(\.\d+)?"),
}  # fmt: skip
"""Numbers that are times where the name of the column says so."""
FITTING = 0.9


@dataclass(frozen=True)
class Days:
    """How the values of a column are days: `format` is None for ISO 8601; `has_offset` says from UTC.

    `misfits`: values that are written otherwise.
    """

    format: str | None = None
    has_offset: bool = False
    misfits: int = 0


def days_of(values: Sequence[str]) -> Days | None:
    """Return how the values are written as days or times; None where they are none.

    >>> days_of(["2024-01-05", "2024-01-06"]), days_of(["8.11.2016", "12.11.2016"])
    (Days(format=None, has_offset=False, misfits=0), Days(format='d.M.yyyy', has_offset=False, misfits=0))
    >>> found = [days_of([text]) for text in ("10/2/2017 9:45", "19970101", "05-Jan-24", "2024-1-5", "12345678")]
    >>> [days and days.format for days in found]
    ['d/M/yyyy H:mm', 'yyyyMMdd', 'dd-MMM-yy', 'yyyy-M-d', None]
    >>> days_of(["2017-01-28T14:06:53-05:00", "NULL"])
    Days(format=None, has_offset=True, misfits=0)
    """
    there = [value for value in values if value and value not in MISSING_WORDS]
    if not there:
        return None
    misfits = _misfits(there, re.compile(ISO_INSTANT).match)
    if misfits is not None:
        return Days(None, any(len(value) > len("2024-01-05") and OFFSET.fullmatch(value) for value in there), misfits)
    for format_ in FORMATS if any(character.isdigit() for character in there[0]) else ():
        misfits = _misfits(there, partial(_reads, format_))
        if misfits is not None:
            return Days(as_spark(format_, there), misfits=misfits)
    return None


def number_days(values: Sequence[str]) -> Days | None:
    """Return how numbers are times, of a column whose name says that it has times; None where they are none.

    >>> number_days(["1704412800"]), number_days(["45296.75"]), number_days(["17"])
    (Days(format='epoch_seconds', has_offset=False, misfits=0), Days(format='excel', has_offset=False, misfits=0), None)
    """
    there = [value for value in values if value]
    fitting = (name for name, pattern in NUMBERS.items() if there and all(map(pattern.fullmatch, there)))
    return next((Days(name) for name in fitting), None)


def _misfits(values: Sequence[str], fits: Callable[[str], object]) -> int | None:
    """Return how many values do not fit, None where they are too many."""
    most, found = int((1 - FITTING) * len(values)), 0
    for value in values:
        found += not fits(value)
        if found > most:
            return None
    return found


def _reads(format_: str, value: str) -> bool:
    try:
        datetime.strptime(value, format_)  # noqa: DTZ007  # only whether it can be read
    except ValueError:
        return False
    return not format_.startswith("%Y%m%d") or WITHOUT_SEPARATORS.fullmatch(value) is not None


def as_spark(format_: str, values: Sequence[str]) -> str:
    """Return a format of strftime in the letters of Spark, with two letters for numbers with zeros before them.

    One letter reads one digit and two, so it is right as long as no zero says otherwise.

    >>> as_spark("%d.%m.%Y %H:%M", ["11.02.2024 8:05", "11.12.2024 18:05"]), as_spark("%Y%m%d", ["20241112"])
    ('d.MM.yyyy H:mm', 'yyyyMMdd')
    """
    letters = LETTERS.findall(format_)
    pattern = re.compile(LETTERS.sub(lambda found: TOKENS[found[0]][1], re.escape(format_)))
    read = [found.groups() for value in values if (found := pattern.fullmatch(value)) is not None]
    is_close = format_.startswith("%Y%m%d")
    for number, letter in enumerate(letters):
        written = TOKENS[letter][0]
        has_zero = any(groups[number].startswith("0") and len(groups[number]) > 1 for groups in read)
        is_short = letter in OF_ONE_OR_TWO and not has_zero and not is_close
        format_ = format_.replace(letter, written[0] if is_short else written, 1)
    return format_
