"""The three real data sets as accepted lines, read from their raw files by the rules of the examples (issue point 9).

`conf/examples/` says the same in configuration; nothing is shared but the words of the data sets' own README files.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from rfm_spark.config.choices import Frequency, Method, Refunds, Ties
from rfm_spark.config.model import MetricScoring, Window
from tests.oracles.lines import Line
from tests.oracles.segments import read_set

NEW_YORK = ZoneInfo("America/New_York")
FOUR_DECIMALS = Decimal("0.0001")
UNKNOWN = "unknown"

REFUNDS = {
    "online_retail_gross": Refunds.IGNORE,
    "online_retail_net": Refunds.ON_REFUND_DAY,
    "online_retail_published": Refunds.IGNORE,
    "cdnow": Refunds.IGNORE,
    "cdnow_split": Refunds.IGNORE,
    "completejourney": Refunds.IGNORE,
}
"""`orders.refunds` of every example; those with IGNORE have no refund lines that could tell the difference."""

_QUANTILE = MetricScoring(method=Method.QUANTILE)
_SPLIT = MetricScoring(ties=Ties.SPLIT)

LIFETIME = {
    "online_retail_gross": Window("lifetime", lifetime=True),
    "online_retail_net": Window("lifetime", lifetime=True),
    "online_retail_published": Window(
        "lifetime", lifetime=True, recency_scoring=_QUANTILE, frequency_scoring=_SPLIT, monetary_scoring=_QUANTILE
    ),
    "cdnow": Window("lifetime", lifetime=True, frequency=Frequency.DAYS),
    "cdnow_split": Window(
        "lifetime",
        lifetime=True,
        frequency=Frequency.DAYS,
        recency_scoring=_SPLIT,
        frequency_scoring=_SPLIT,
        monetary_scoring=_SPLIT,
    ),
    "completejourney": Window("lifetime", lifetime=True),
}
"""The window `lifetime` of every example, as its name and the issue describe it."""

PUBLISHED_SET = read_set(
    "published",
    {
        "window": "lifetime",
        "rules": [
            {"segment": "hibernating", "when": {"r": [1, 2], "f": [1, 2]}},
            {"segment": "at_Risk", "when": {"r": [1, 2], "f": [3, 4]}},
            {"segment": "cant_loose", "when": {"r": [1, 2], "f": 5}},
            {"segment": "about_to_sleep", "when": {"r": 3, "f": [1, 2]}},
            {"segment": "need_attention", "when": {"r": 3, "f": 3}},
            {"segment": "loyal_customers", "when": {"r": [3, 4], "f": [4, 5]}},
            {"segment": "promising", "when": {"r": 4, "f": 1}},
            {"segment": "new_customers", "when": {"r": 5, "f": 1}},
            {"segment": "potential_loyalists", "when": {"r": [4, 5], "f": [2, 3]}},
            {"segment": "champions", "when": {"r": 5, "f": [4, 5]}},
        ],
    },
)
"""The ten rules of the published table, in the spelling of its author."""


def example_lines(name: str, data: Path) -> list[Line]:
    """Return the accepted lines of an example from the folder of the data sets."""
    if name.startswith("online_retail"):
        return online_retail(data, with_refunds=name == "online_retail_net")
    return completejourney(data) if name == "completejourney" else cdnow(data)


def _rows(path: Path, *wanted: str) -> Iterator[list[str]]:
    """Yield the wanted columns of a gzipped CSV file with a header line, by name and in the order asked for."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        header = next(rows)
        places = [header.index(name) for name in wanted]
        for row in rows:
            yield [row[place] for place in places]


@cache
def _amount(text: str, times: str = "1") -> Decimal:
    """Return the product of two numbers as written, without its sign, half up to 4 decimals."""
    return abs(Decimal(text) * Decimal(times)).quantize(FOUR_DECIMALS, rounding=ROUND_HALF_UP)


@cache
def _number(text: str) -> Decimal:
    return Decimal(text)


def online_retail(data: Path, with_refunds: bool) -> list[Line]:
    """Return the lines of known members; the rest (no member, no goods, no price) is rejected or excluded.

    | invoice | quantity | price | is                              |
    |---------|----------|-------|---------------------------------|
    | 536365  | 6        | 2.55  | sale of 15.3000                 |
    | C536379 | -1       | 27.50 | refund of 27.5000, or excluded  |
    | 536414  | 56       | 0.00  | excluded                        |
    """
    lines = []
    columns = ("CustomerID", "InvoiceNo", "Quantity", "UnitPrice", "InvoiceDate")
    for member, invoice, quantity, price, ordered_at in _rows(
        data / "online_retail" / "online_retail.csv.gz", *columns
    ):
        if not member:
            continue
        is_sale = not invoice.startswith("C") and _number(quantity) > 0 and _number(price) > 0
        if is_sale or (with_refunds and _number(quantity) * _number(price) < 0):
            lines.append(
                Line(
                    source="online_retail",
                    member_id=int(member.removesuffix(".0")),
                    day=_day(ordered_at[:10]),
                    kind="sale" if is_sale else "refund",
                    amount=_amount(quantity, price),
                    order_id=invoice,
                )
            )
    return lines


@cache
def _day(text: str) -> date:
    return date.fromisoformat(text)


def cdnow(data: Path) -> list[Line]:
    """Return the purchases of the master file; it has no order numbers, and zero amounts are purchases too."""
    lines = []
    with gzip.open(data / "cdnow" / "CDNOW_master.txt.gz", "rt", encoding="ascii") as text:
        next(text)
        for row in text:
            member, day, _discs, dollars = row.split()
            lines.append(Line("cdnow", int(member), _day(day), "sale", _amount(dollars)))
    return lines


def completejourney(data: Path) -> list[Line]:
    """Return the receipt lines on New York days, with category and brand of their product.

    A product that the products file does not have is `unknown`; one without a category there has none.
    """
    folder = data / "completejourney"
    products = {
        product: (category or None, brand or None)
        for product, category, brand in _rows(folder / "products.csv.gz", "product_id", "product_category", "brand")
    }
    lines = []
    columns = ("household_id", "basket_id", "product_id", "sales_value", "coupon_disc", "transaction_timestamp")
    for member, basket, product, value, coupon, ordered_at in _rows(folder / "transactions_sample.csv.gz", *columns):
        category, brand = products.get(product, (UNKNOWN, UNKNOWN))
        lines.append(
            Line(
                source="completejourney",
                member_id=int(member),
                day=datetime.fromisoformat(ordered_at).astimezone(NEW_YORK).date(),
                kind="sale",
                amount=_amount(value),
                order_id=basket,
                category=category,
                brand=brand,
                promotion="coupon" if _number(coupon) > 0 else None,
            )
        )
    return lines
