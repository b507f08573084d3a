"""What the columns of a file likely mean: by their names, and by what their values look like."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rfm_spark.suggest.dates import number_days
from rfm_spark.suggest.file import SniffedColumn, SniffedFile
from rfm_spark.suggest.numbers import LEAST_FITTING, are_numbers, share
from rfm_spark.text import counted

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
    "amount": r"freight|shipping|tax|discount|refund|fee|sub.?total|balance|outstanding|count|number|_?id$|_at$|date",
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
    free, found = [column for column in file.columns if any(column.values) and is_usable(column.name)], []
    for field, patterns in NAMES.items():
        usable = [column for column in map(_with_numbers, free) if fits(field, column)]
        fitting, why = _by_name(field, patterns, usable), "by its name"
        if not fitting:
            fitting, why = _by_values(field, usable), "by its values"
        if fitting:
            free = [column for column in free if column.name != fitting[0].name]
            found.append(Guess(field, fitting[0], _reason(file, fitting, why)))
    return found


def is_usable(name: str) -> bool:
    """Return whether the configuration can name a column so."""
    return bool(name) and name.isprintable() and "`" not in name


def _with_numbers(column: SniffedColumn) -> SniffedColumn:
    """Return a column of numbers as one of times where its name says so."""
    is_named = any(re.search(pattern, column.name, re.IGNORECASE) for pattern in NAMES["ordered_at"])
    days = number_days(column.values) if column.days is None and is_named else None
    return column if days is None else replace(column, days=days)


def _by_values(field: str, usable: Sequence[SniffedColumn]) -> list[SniffedColumn]:
    if field == "ordered_at":
        return list(usable)
    if field == "order_id":
        return [column for column in usable if share(column.values, ORDER_MARK.fullmatch) >= LEAST_FITTING]
    return []


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
    if field == "ordered_at":
        return column.days is not None
    if column.days is not None:
        return False
    if field in ("amount", "unit_price", "quantity"):
        return are_numbers(column)
    if field == "discount":
        return all(is_share(value) for value in column.values if value)
    return field != "order_id" or share(column.values, HAS_DIGIT.search) >= LEAST_FITTING


def is_share(value: str) -> bool:
    """Return whether a text is a number from 0 to 1."""
    return re.fullmatch(r"[01]|[01]?\.\d+", value) is not None and float(value) <= 1


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


def _reason(file: SniffedFile, fitting: Sequence[SniffedColumn], why: str) -> str:
    column, others = fitting[0], [other.name for other in fitting[1:]]
    there = [value for value in column.values if value]
    of_lines = f" in the first {counted(len(column.values), 'line')}" if len(column.values) < file.lines else ""
    empty = len(column.values) - len(there)
    notes = [why, counted(len(set(there)), "different value") + of_lines]
    notes += [f"{counted(empty, 'line')} without one"] if empty else []
    notes += [f"so could {', '.join(map(one_line, others[:3]))}"] if others else []
    return "; ".join(notes)
