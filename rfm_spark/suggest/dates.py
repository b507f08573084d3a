"""How a column writes its days and times: in ISO 8601, which needs no format, or in one that Python can read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rfm_spark.config.date_formats import ISO_INSTANT

OFFSET = re.compile(r".*\d ?(Z|UTC|[+-]\d\d(:?\d\d)?)")
MONTHS_AND_NUMBERS = re.compile(r"(?=.*\d)[\d/.:, +\-AaPpMm]*([A-Za-z]{3,9})?[\d/.:, +\-AaPpMm]*")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y", "%m/%d/%y",
        "%d.%m.%y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%Y%m%d")  # fmt: skip
FORMATS = tuple(day + clock for day in DAYS for clock in CLOCKS)
TOKENS = {
    "%Y": ("yyyy", r"(\d{4})"), "%y": ("yy", r"(\d\d)"), "%m": ("MM", r"(\d{1,2})"), "%d": ("dd", r"(\d{1,2})"),
    "%H": ("HH", r"(\d{1,2})"), "%I": ("hh", r"(\d{1,2})"), "%M": ("mm", r"(\d\d)"), "%S": ("ss", r"(\d\d)"),
    "%p": ("a", r"([AaPp][Mm])"), "%b": ("MMM", r"([A-Za-z]{3})"),
}  # fmt: skip
"""What Spark writes for the letters of strftime, and what they read."""
LETTERS = re.compile("|".join(TOKENS))
WITHOUT_SEPARATORS = re.compile(r"(19|20)\d\d[01]\d[0-3]\d.*")


@dataclass(frozen=True)
class Days:
    """How the values of a column are days: `format` is None for ISO 8601; `has_offset` says from UTC."""

    format: str | None = None
    has_offset: bool = False


def days_of(values: Sequence[str]) -> Days | None:
    """Return how the values are written as days or times; None where they are none, or no format fits all of them.

    >>> days_of(["2024-01-05", "2024-01-06"]), days_of(["8.11.2016", "12.11.2016"])
    (Days(format=None, has_offset=False), Days(format='d.MM.yyyy', has_offset=False))
    >>> days_of(["10/2/2017 9:45", "9/19/2017 10:56"]), days_of(["19970101"]), days_of(["2017-01-28T14:06:53-05:00"])
    (Days(format='M/d/yyyy H:mm', has_offset=False), Days(format='yyyyMMdd', has_offset=False), \
Days(format=None, has_offset=True))
    >>> days_of(["12345678"]) is None, days_of(["05-Jan-24"])
    (True, Days(format='dd-MMM-yy', has_offset=False))
    """
    there = [value for value in values if value]
    if not there:
        return None
    if all(re.match(ISO_INSTANT, value) for value in there):
        return Days(None, any(OFFSET.fullmatch(value) for value in there if len(value) > len("2024-01-05")))
    if not all(MONTHS_AND_NUMBERS.fullmatch(value) for value in there):
        return None
    found = next((format_ for format_ in FORMATS if _reads_all(format_, there)), None)
    if found is None or (found.startswith("%Y%m%d") and not all(map(WITHOUT_SEPARATORS.fullmatch, there))):
        return None
    return Days(as_spark(found, there))


def _reads_all(format_: str, values: Sequence[str]) -> bool:
    try:
        for value in values:
            datetime.strptime(value, format_)  # noqa: DTZ007  # only whether it can be read
    except ValueError:
        return False
    return True


def as_spark(format_: str, values: Sequence[str]) -> str:
    """Return a format of strftime in the letters of Spark, with one letter for numbers without zeros before them.

    >>> as_spark("%d.%m.%Y %H:%M", ["01.02.2024 8:05", "11.12.2024 18:05"])
    'dd.MM.yyyy H:mm'
    """
    letters = LETTERS.findall(format_)
    pattern = re.compile(LETTERS.sub(lambda found: TOKENS[found[0]][1], re.escape(format_)))
    read = [found.groups() for value in values if (found := pattern.fullmatch(value)) is not None]
    for number, letter in enumerate(letters):
        written = TOKENS[letter][0]
        is_short = any(len(groups[number]) == 1 for groups in read) and len(written) > 1
        format_ = format_.replace(letter, written[0] if is_short else written, 1)
    return format_
