"""How the amounts of a file are written."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from rfm_spark.rules.currencies import is_currency
from rfm_spark.suggest.file import SniffedColumn

NUMBER = re.compile(r"[^\d]{0,4}[-+(]?\d[\d.,' \u00a0\u2019]*\)?-?[^\d]{0,4}")
COMMA = re.compile(r".*(,\d{1,2}|\.\d{3}(\.\d{3})*,\d+)\D*|\D*\d{4,},\d+\D*|\D*0,\d+\D*")
"""A comma before decimals: one or two digits come after it, or groups with points or four digits or 0 before it."""
GROUPED = re.compile(r"\D*[1-9]\d{0,2}(,\d{3})+(\.\d+)?\D*")
EITHER = re.compile(r"\D*[1-9]\d{0,2}[.,]\d{3}\D*")
"""A thousand, or decimals."""
BETWEEN_GROUPS = {"[ \u00a0\u202f]": " ", "'": "'", "\u2019": "'"}
"""What stands between groups, as a pattern, and how `thousands` says so."""
OTHER_SIGNS = re.compile("[\u2212\uff0d\uff10-\uff19]")
SYMBOL = re.compile(r"[^\d\s.,'()+\-\u2212\uff08-\uff0e]+\.?")
LEAST_FITTING = 0.8


def share(values: Sequence[str], test: Callable[[str], object]) -> float:
    """Return the share of values that are there and pass a test."""
    there = [value for value in values if value]
    return sum(test(value) is not None for value in there) / len(there) if there else 0.0


def in_ascii(values: Sequence[str]) -> list[str]:
    """Return the values with digits and signs of full width as those of ASCII."""
    return [unicodedata.normalize("NFKC", value) for value in values if value]


def are_numbers(column: SniffedColumn) -> bool:
    """Return whether the values are numbers, perhaps with symbols."""
    return share(in_ascii(column.values), NUMBER.fullmatch) >= LEAST_FITTING


def number_format(columns: Sequence[SniffedColumn]) -> dict[str, object]:
    """Return how the amounts are written, as `number` has it; empty where they are digits with a point.

    >>> number_format([SniffedColumn("Betrag", ("1.234,50 \u20ac", "-7,00 \u20ac"))])
    {'decimal': ',', 'thousands': '.', 'symbols': ['\u20ac']}
    >>> number_format([SniffedColumn("total", ("1,234.50", "(7.00)"))])
    {'thousands': ',', 'negative': ['minus', 'parentheses']}
    >>> number_format([SniffedColumn("total", ("1,234", "5,678"))]), number_format([SniffedColumn("x", ("0,125",))])
    ({'thousands': ','}, {'decimal': ','})
    >>> number_format([SniffedColumn("total", ("1 234,5", "9"))]), number_format([SniffedColumn("x", ("1'234.50",))])
    ({'decimal': ',', 'thousands': ' '}, {'thousands': "'"})
    >>> number_format([SniffedColumn("belopp", ("1.001,50 kr.", "2,00 kr.", "Anna"))])
    {'decimal': ',', 'thousands': '.', 'symbols': ['kr.']}
    >>> number_format([SniffedColumn("total", ("\u22127",))])
    {'negative': ['minus']}
    """
    written = [value for column in columns for value in column.values if value and re.search(r"\d", value)]
    symbols = sorted({symbol for value in written for symbol in SYMBOL.findall(value) if is_currency(symbol)})
    values = [_without(symbols, value) for value in in_ascii(written)]
    found: dict[str, object] = {}
    has_point_behind = any("." in value.rpartition(",")[2] for value in values if "," in value)
    if any(COMMA.fullmatch(value) for value in values) and not has_point_behind:
        found["decimal"] = ","
        found |= {"thousands": "."} if any("." in value for value in values) else {}
    elif any(GROUPED.fullmatch(value) for value in values):
        found["thousands"] = ","
    used = [mark for mark in BETWEEN_GROUPS if any(re.search(rf"\d{mark}\d{{3}}", value) for value in values)]
    if "thousands" not in found and used:
        found["thousands"] = BETWEEN_GROUPS[used[0]]
    found |= {"symbols": symbols} if symbols else {}
    ways = {"trailing_minus": r".*\d.*-\s*\D*", "parentheses": r"\D*\(.*\)\D*"}
    below = [way for way, pattern in ways.items() if any(re.fullmatch(pattern, value) for value in values)]
    has_other_signs = not found and any(map(OTHER_SIGNS.search, written))
    return found | ({"negative": ["minus", *below]} if below or has_other_signs else {})


def _without(symbols: Sequence[str], value: str) -> str:
    for symbol in symbols:
        value = value.replace(unicodedata.normalize("NFKC", symbol), " ")
    return value.strip()


def may_be_thousands(columns: Sequence[SniffedColumn]) -> bool:
    """Return whether every amount with a mark in it could be thousands, or have three decimals.

    >>> may_be_thousands([SniffedColumn("x", ("12,500", "7"))]), may_be_thousands([SniffedColumn("x", ("1,5", "7"))])
    (True, False)
    """
    marked = [value for column in columns for value in in_ascii(column.values) if re.search(r"\d[.,]\d", value)]
    return bool(marked) and all(map(EITHER.fullmatch, marked))


def below_zero(column: SniffedColumn) -> int:
    """Return how many values of a column are below zero.

    >>> below_zero(SniffedColumn("total", ("12.50", "-3.00", "(4.00)", "5.00-")))
    3
    """
    values = in_ascii(column.values)
    return sum(re.match(r"\D*(-|\u2212|\().*\d", value) is not None or value.endswith("-") for value in values)
