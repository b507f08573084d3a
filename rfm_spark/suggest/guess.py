"""What the columns of a file likely mean: by their names, and by what their values look like."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rfm_spark.suggest.sniff import SniffedColumn, SniffedFile
from rfm_spark.text import counted

NUMBER = re.compile(r"[^\d]{0,4}[-+(]?\d[\d.,' \u00a0]*\)?-?[^\d]{0,4}")
COMMA = re.compile(r".*(,\d{1,2}|\.\d{3}(\.\d{3})*,\d+)\D*|\D*\d{4,},\d+\D*")
"""A comma before decimals: one or two digits come after it, or groups with points or four digits before it."""
GROUPED = re.compile(r"\D*\d{1,3}(,\d{3})+(\.\d+)?\D*")
BETWEEN_GROUPS = {"[ \u00a0\u202f]": " ", "'": "'", "\u2019": "'"}
"""What stands between groups, as a pattern, and how `thousands` says so."""
OTHER_SIGNS = "[\u2212\uff0d\uff10-\uff19]"
SYMBOL = re.compile(r"[^\d\s.,'()+\-\u2212\uff08-\uff0e]+")
LEAST_FITTING = 0.8
LEAST_LINES = 50
WHOLE_WITH_POINT = re.compile(r"\d+\.0+")
HAS_DIGIT = re.compile(r"\d")
ORDER_MARK = re.compile(r"#\d+")
NAMES: Mapping[str, Sequence[str]] = {
    "ordered_at": (r"order.*(date|time|at$)", "placed", "created", r"purchase.*(date|time)", r"paid.?at", "date",
                   "datum", "day", "tag$", "time", r"\bat$|_at$", "zeit", "日期", "时间"),
    "amount": ("^total$", "total", "amount", "revenue", "net", "gross", "sales", "betrag", "umsatz", "summe", "金额",
               "paid", "value"),
    "unit_price": (r"unit.?price", "price", "preis", "单价"),
    "quantity": ("qty", "quantity", "pieces", "menge", "stück", "units", "数量"),
    "order_id": ("order", "invoice", "receipt", "basket", "beleg", "bestell", "rechnung", "transaction",
                 "单号", "订单"),
    "member": ("member", r"(customer|client).*unique", r"customer.?(id|no|number)", "customer", "client", "cust",
               "buyer", "shopper", "card", "household", "user", "kunde", "mitglied", "会员", "客户", "e?mail"),
    "currency": ("currency", "währung", "币种"),
    "category": ("categ", "department", "gruppe", "类别", "product", "artikel", "item"),
    "brand": ("brand", r"\bmarke\b", "品牌"),
    "channel": ("channel", "kanal", "store", "platform", "渠道"),
    "discount": ("discount", "rabatt", "折扣"),
}  # fmt: skip
"""Fields in the order in which they choose among the columns; of a field the names that come first are the likelier."""
ASIDE = {
    "amount": r"freight|shipping|tax|discount|refund|fee|sub.?total|balance|outstanding|count|number|_id$|\bid$",
    "quantity": r"photo|stock",
    "order_id": r"status|item|line",
    "category": r"_?id$|name",
    "ordered_at": r"ship|due|deliver|required|approved|estimated|cancel|fulfil",
}
"""Names of columns beside the field: taken only where there is no other, and of amounts never."""


@dataclass(frozen=True)
class Guess:
    """The column of one field, and why."""

    field: str
    column: SniffedColumn
    reason: str


def guesses(file: SniffedFile) -> list[Guess]:
    """Return the likely columns of fields; a column has one meaning, and a field that nothing fits has none."""
    free, found = [column for column in file.columns if any(column.values)], []
    for field, patterns in NAMES.items():
        usable = [column for column in free if fits(field, column)]
        fitting = _by_name(field, patterns, usable)
        if not fitting and field == "ordered_at":
            fitting = usable
        if not fitting and field == "order_id":
            fitting = [column for column in usable if share(column.values, ORDER_MARK.fullmatch) >= LEAST_FITTING]
        if fitting:
            free.remove(fitting[0])
            found.append(Guess(field, fitting[0], _reason(file, fitting)))
    return found


def _by_name(field: str, patterns: Sequence[str], columns: Sequence[SniffedColumn]) -> list[SniffedColumn]:
    """Return the columns whose name fits a field, the likeliest first."""

    def rank(column: SniffedColumn) -> int:
        fitting = (number for number, pattern in enumerate(patterns) if re.search(pattern, column.name, re.IGNORECASE))
        return next(fitting, len(patterns))

    named = sorted((column for column in columns if rank(column) < len(patterns)), key=rank)
    beside = [column for column in named if re.search(ASIDE.get(field, "(?!)"), column.name, re.IGNORECASE)]
    likely = [column for column in named if column not in beside]
    return likely if field == "amount" else likely + beside


def fits(field: str, column: SniffedColumn) -> bool:
    """Return whether the values can be those of the field."""
    is_number = share(in_ascii(column.values), NUMBER.fullmatch) >= LEAST_FITTING
    if field == "ordered_at":
        return column.days is not None
    if column.days is not None:
        return False
    if field in ("amount", "unit_price", "quantity"):
        return is_number
    if field == "discount":
        return is_number and all(is_share(value) for value in column.values if value)
    return field != "order_id" or share(column.values, HAS_DIGIT.search) >= LEAST_FITTING


def is_share(value: str) -> bool:
    """Return whether a text is a number from 0 to 1."""
    return re.fullmatch(r"[01]|[01]?\.\d+", value) is not None and float(value) <= 1


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
    >>> number_format([SniffedColumn("total", ("1'234.50", "9"))])
    {'thousands': "'"}
    >>> number_format([SniffedColumn("total", ("\u22127",))])
    {'negative': ['minus']}
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
    used = [mark for mark in BETWEEN_GROUPS if any(re.search(rf"\d{mark}\d{{3}}", value) for value in values)]
    between = [BETWEEN_GROUPS[mark] for mark in used]
    if "thousands" not in found and between:
        found["thousands"] = between[0]
    symbols = sorted({symbol for value in written for symbol in SYMBOL.findall(value)})
    found |= {"symbols": symbols} if symbols else {}
    ways = {"trailing_minus": r".*\d.*-\s*\D*", "parentheses": r"\D*\(.*\)\D*"}
    used = [way for way, pattern in ways.items() if any(re.fullmatch(pattern, value) for value in values)]
    is_of_other_digits = any(not value.isascii() and re.search(OTHER_SIGNS, value) for value in written)
    return found | ({"negative": ["minus", *used]} if used or (is_of_other_digits and not found) else {})


def below_zero(columns: Sequence[SniffedColumn]) -> int:
    """Return how many values of the columns are below zero.

    >>> below_zero([SniffedColumn("total", ("12.50", "-3.00", "(4.00)", "5.00-"))])
    3
    """
    values = [value for column in columns for value in in_ascii(column.values)]
    return sum(re.match(r"\D*(-|\u2212|\().*", value) is not None or value.endswith("-") for value in values)


def is_different_in_each_line(column: SniffedColumn) -> bool:
    """Return whether no value comes twice, in enough lines to tell."""
    return len(set(column.values)) == len(column.values) >= LEAST_LINES


def has_point_and_zeros(column: SniffedColumn) -> bool:
    """Return whether references are written as numbers with decimals: 17850.0."""
    return share(column.values, WHOLE_WITH_POINT.fullmatch) >= LEAST_FITTING


def other_day_format(column: SniffedColumn) -> str | None:
    """Return the format with day and month changed, where the values fit it too.

    >>> from rfm_spark.suggest.dates import Days
    >>> other_day_format(SniffedColumn("day", ("05/01/2024", "06/02/2024"), Days("dd/MM/yyyy")))
    'MM/dd/yyyy'
    >>> other_day_format(SniffedColumn("day", ("25/01/2024",), Days("dd/MM/yyyy"))) is None
    True
    """
    format_ = column.days.format if column.days is not None else None
    parts = re.match(r"(d{1,2}|M{1,2})([^A-Za-z])(d{1,2}|M{1,2})(.*)", format_ or "")
    if parts is None:
        return None
    numbers = [re.match(r"(\d+)\D(\d+)", value) for value in column.values if value]
    if any(number is None or int(number[1]) > 12 or int(number[2]) > 12 for number in numbers):
        return None
    return f"{parts[3]}{parts[2]}{parts[1]}{parts[4]}"


def one_line(name: str) -> str:
    """Return a name without line breaks and other control characters, for a comment."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", name).split())


def _reason(file: SniffedFile, fitting: Sequence[SniffedColumn]) -> str:
    column, others = fitting[0], [other.name for other in fitting[1:]]
    there = [value for value in column.values if value]
    of_lines = f" in the first {counted(len(column.values), 'line')}" if len(column.values) < file.lines else ""
    different = counted(len(set(there)), "different value") + of_lines
    empty = len(column.values) - len(there)
    none = f"; {empty:,} of these have none" if empty else ""
    also = f"; so could {', '.join(map(one_line, others[:3]))}" if others else ""
    return f"by its name; {different}{none}{also}"
