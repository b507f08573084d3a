"""The readers of the real data sets, on a few lines in the shape of the real files."""

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oracles.examples import LIFETIME, REFUNDS, example_lines
from tests.oracles.lines import Line

RETAIL = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,"HEART, WHITE",6,2010-12-01 08:26:00,2.555,17850.0,United Kingdom
536366,85123A,UNKNOWN MEMBER,6,2010-12-01 08:26:00,2.55,,United Kingdom
C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,United Kingdom
536414,22139,GIVEN AWAY,56,2010-12-01 11:52:00,0.0,17850.0,United Kingdom
"""
CDNOW = " customer_id  date number_of_cds  dollar_value\r\n 00004 19970101  2   29.33\r\n 00004 19970101  1    0.00\r\n"
PRODUCTS = """product_id,manufacturer_id,department,brand,product_category,product_type,package_size
1,2,GROCERY,National,FRZN ICE,ICE,22 LB
2,2,MISCELLANEOUS,Private,,,
"""
JOURNEY = """household_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,week,transaction_timestamp
7,B1,1,1,3.86,0.43,0.5,5,2017-01-28T23:06:53-05:00
7,B1,2,1,4.440892e-16,0.43,0.0,5,2017-07-28T00:06:53-04:00
7,B2,3,1,1.0,0.43,0.0,5,2017-12-31T23:59:59-05:00
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, text in {
        "online_retail/online_retail.csv.gz": RETAIL,
        "cdnow/CDNOW_master.txt.gz": CDNOW,
        "completejourney/products.csv.gz": PRODUCTS,
        "completejourney/transactions_sample.csv.gz": JOURNEY,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_online_retail_keeps_priced_lines_of_known_members(data: Path) -> None:
    bought = Line("online_retail", 17850, date(2010, 12, 1), "sale", Decimal("15.3300"), "536365")
    taken_back = Line("online_retail", 14527, date(2010, 12, 1), "refund", Decimal("27.5000"), "C536379")
    assert example_lines("online_retail_gross", data) == [bought]
    assert example_lines("online_retail_published", data) == [bought]
    assert example_lines("online_retail_net", data) == [bought, taken_back]


def test_cdnow_has_no_order_numbers_and_keeps_purchases_of_nothing(data: Path) -> None:
    day = date(1997, 1, 1)
    assert example_lines("cdnow_split", data) == [
        Line("cdnow", 4, day, "sale", Decimal("29.3300")),
        Line("cdnow", 4, day, "sale", Decimal("0.0000")),
    ]


def test_completejourney_has_new_york_days_and_products_by_look_up(data: Path) -> None:
    source = "completejourney"
    assert example_lines("completejourney", data) == [
        Line(
            source, 7, date(2017, 1, 28), "sale", Decimal("3.8600"), "B1", None, "FRZN ICE", "National", None, "coupon"
        ),
        Line(source, 7, date(2017, 7, 28), "sale", Decimal("0.0000"), "B1", None, None, "Private"),
        Line(source, 7, date(2017, 12, 31), "sale", Decimal("1.0000"), "B2", None, "unknown", "unknown"),
    ]


def test_every_example_says_its_refunds_and_its_lifetime_window() -> None:
    assert REFUNDS.keys() == LIFETIME.keys()
    assert all(window.lifetime and window.name == "lifetime" for window in LIFETIME.values())
