"""What the columns of a file likely mean: by their names, and by what their values look like."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rfm_spark.suggest.sniff import SniffedColumn, SniffedFile
from rfm_spark.text import counted

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
NUMBER = re.compile(r"[^\d]{0,4}[-+(]?\d[\d.,' \u00a0]*\)?-?[^\d]{0,4}")
COMMA = re.compile(r".*(,\d{1,2}|\.\d{3}(\.\d{3})*,\d+)\D*|\D*\d{4,},\d+\D*")
"""A comma before decimals: one or two digits come after it, or groups with points or four digits before it."""
GROUPED = re.compile(r"\D*\d{1,3}(,\d{3})+(\.\d+)?\D*")
BLANKS_BETWEEN = re.compile(r".*\d[ \u00a0\u202f]\d{3}.*")
SYMBOL = re.compile(r"[^\d\s.,'()+\-\u2212\uff08-\uff0e]+")
LEAST_FITTING = 0.8
NAMES = {
    "ordered_at": r"date|day|datum|tag$|time|\bat$|_at$|zeit|日期|时间|placed|created",
    "amount": r"amount|total|revenue|net|gross|sales|betrag|umsatz|summe|paid|金额|value",
    "unit_price": r"unit.?price|price|preis|单价",
    "quantity": r"qty|quantity|pieces|menge|stück|units|数量",
    "order_id": r"order|invoice|receipt|basket|beleg|bestell|rechnung|transaction|单号|订单",
    "member": r"member|customer|client|cust|buyer|shopper|card|household|user|kunde|mitglied|会员|客户|e?mail",
    "currency": r"currency|währung|币种",
    "category": r"categ|department|product|item|artikel|gruppe|类别",
    "brand": r"brand|marke|品牌",
    "channel": r"channel|kanal|store|platform|渠道",
}
"""Fields in the order in which they choose among the columns."""


@dataclass(frozen=True)
class Guess:
    """The column of one field, and why."""

    field: str
    column: SniffedColumn
    reason: str


def guesses(file: SniffedFile) -> list[Guess]:
    """Return the likely columns of fields; a column has one meaning, and a field that nothing fits has none."""
    free, found = list(file.columns), []
    for field, pattern in NAMES.items():
        fitting = [column for column in free if re.search(pattern, column.name, re.IGNORECASE) and fits(field, column)]
        if not fitting and field == "ordered_at":
            fitting = [column for column in free if looks_like_day(column)]
        if fitting:
            free.remove(fitting[0])
            found.append(Guess(field, fitting[0], _reason(fitting)))
    return found


def fits(field: str, column: SniffedColumn) -> bool:
    """Return whether the values can be those of the field."""
    if field == "ordered_at":
        return looks_like_day(column)
    if field in ("amount", "unit_price", "quantity"):
        return share(in_ascii(column.values), NUMBER.fullmatch) >= LEAST_FITTING and not looks_like_day(column)
    return not looks_like_day(column)


def looks_like_day(column: SniffedColumn) -> bool:
    """Return whether the values are days or times."""
    return column.is_day or share(column.values, ISO_DAY.fullmatch) >= LEAST_FITTING


def share(values: Sequence[str], test: Callable[[str], object]) -> float:
    """Return the share of values that are there and pass a test."""
    there = [value for value in values if value]
    return sum(test(value) is not None for value in there) / len(there) if there else 0.0


def in_ascii(values: Sequence[str]) -> list[str]:
    """Return the values with digits and signs of full width as those of ASCII."""
    return [unicodedata.normalize("NFKC", value) for value in values if value]


def number_format(columns: Sequence[SniffedColumn]) -> dict[str, object]:
    """Return how the amounts are written, as `number` has it; empty where they are digits with a point.

    >>> number_format([SniffedColumn("Betrag", ("1.234,50 €", "-7,00 €"))])
    {'decimal': ',', 'thousands': '.', 'symbols': ['€']}
    >>> number_format([SniffedColumn("total", ("1,234.50", "(7.00)"))])
    {'thousands': ',', 'negative': ['minus', 'parentheses']}
    >>> number_format([SniffedColumn("total", ("1,234", "5,678"))])
    {'thousands': ','}
    >>> number_format([SniffedColumn("total", ("1 234,5", "9"))])
    {'decimal': ',', 'thousands': ' '}
    """
    written = [value for column in columns for value in column.values if value]
    values = in_ascii(written)
    found: dict[str, object] = {}
    has_point_behind = any("." in value.rpartition(",")[2] for value in values if "," in value)
    if any(COMMA.fullmatch(value) for value in values) and not has_point_behind:
        found["decimal"] = ","
        found |= {"thousands": "."} if any("." in value for value in values) else {}
    elif any(GROUPED.fullmatch(value) for value in values):
        found["thousands"] = ","
    if "thousands" not in found and any(BLANKS_BETWEEN.fullmatch(value) for value in values):
        found["thousands"] = " "
    symbols = sorted({symbol for value in written for symbol in SYMBOL.findall(value)})
    found |= {"symbols": symbols} if symbols else {}
    ways = {"trailing_minus": r".*\d.*-\s*\D*", "parentheses": r"\D*\(.*\)\D*"}
    used = [way for way, pattern in ways.items() if any(re.fullmatch(pattern, value) for value in values)]
    return found | ({"negative": ["minus", *used]} if used else {})


def below_zero(columns: Sequence[SniffedColumn]) -> int:
    """Return how many values of the columns are below zero.

    >>> below_zero([SniffedColumn("total", ("12.50", "-3.00", "(4.00)", "5.00-"))])
    3
    """
    values = [value for column in columns for value in in_ascii(column.values)]
    return sum(re.match(r"\D*(-|\u2212|\().*", value) is not None or value.endswith("-") for value in values)


def other_day_format(column: SniffedColumn) -> str | None:
    """Return the format with day and month changed, where the values fit it too.

    >>> other_day_format(SniffedColumn("day", ("05/01/2024", "06/02/2024"), "dd/MM/yyyy"))
    'MM/dd/yyyy'
    >>> other_day_format(SniffedColumn("day", ("25/01/2024",), "dd/MM/yyyy")) is None
    True
    """
    format_ = column.day_format
    if format_ is None or not re.match(r"(dd|MM)[^A-Za-z](dd|MM)", format_):
        return None
    parts = [re.match(r"(\d+)\D(\d+)", value) for value in column.values if value]
    if any(part is None or int(part[1]) > 12 or int(part[2]) > 12 for part in parts):
        return None
    return f"{format_[3:5]}{format_[2]}{format_[:2]}{format_[5:]}"


def one_line(name: str) -> str:
    """Return a name without line breaks and other control characters, for a comment."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", name).split())


def _reason(fitting: Sequence[SniffedColumn]) -> str:
    column, others = fitting[0], [other.name for other in fitting[1:]]
    different = counted(len(set(filter(None, column.values))), "different value")
    also = f"; so could {', '.join(map(one_line, others[:3]))}" if others else ""
    return f"by its name; {different}{also}"
