"""Refunds, discounts and payments beside the orders that they name, also where these come from another source."""

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.jobs.commands import ROOT, Said, command

ORDERS = """order_id,user_id,created_at,price,status
1,V1,2024-01-05,50,paid
2,V1,2024-02-05,60,paid
3,V2,2024-02-06,70,paid
4,V2,2024-02-07,80,cancelled
7,V3,2024-02-08,5,paid
7,V4,2024-02-08,6,paid
"""
REFUNDS = """refund_id,created_at,order_id,refund_amount
r1,2024-01-10,1,50
r2,2024-02-10,3,20
r4,2024-02-11,4,80
r7,2024-02-11,7,1
r9,2024-02-11,,9
"""
TILL = """order,cust,day,item,amount
1,W1,2024-01-05,shoe,100
1,W1,2024-01-05,DISCOUNT,-10
2,W1,2024-02-05,sock,10
2,W1,2024-02-05,VOUCHER,-10
3,W2,2024-02-05,hat,30
"""
CANCELLED = """order,cust,day,status,amount
1,Y1,2024-01-05,completed,40
2,Y1,2024-01-06,cancelled,50
2,Y1,2024-01-07,refunded,50
3,Y2,2024-01-06,completed,70
3,Y2,2024-01-09,refunded,70
"""
PAYMENTS = """paid,order,user,amount
2024-03-01,2,V1,4
"""
PLACE = """
warehouse: {path: LAKE}
identity: {method: hash, key: {file: KEY}}
checks: {max_rejected_share: null}
"""
SOURCES = """sources:
  refunds:
    {format: csv, path: IN/refunds.csv, orders_of: orders, rules: {otherwise: refund},
     columns: {ordered_at: created_at, order_id: order_id, amount: refund_amount}}
  orders:
    {format: csv, path: IN/orders.csv, rules: {exclude: {status: cancelled}},
     columns: {member: user_id, ordered_at: created_at, order_id: order_id, amount: price}}
  payments:
    {format: csv, path: IN/payments.csv, orders_of: orders,
     columns: {member: user, ordered_at: paid, order_id: order, amount: amount}}
  till:
    {format: csv, path: IN/till.csv, rules: {discount: {amount: {below: 0}}},
     columns: {member: cust, ordered_at: day, order_id: order, amount: amount}}
  cancelled:
    format: csv
    path: IN/cancelled.csv
    columns: {member: cust, ordered_at: day, order_id: order, refunded_order_id: order, amount: amount}
    rules: {exclude: {status: cancelled}, refund: {status: refunded}, sale: {status: completed}, otherwise: reject}
"""
FILES = {"orders": ORDERS, "refunds": REFUNDS, "till": TILL, "cancelled": CANCELLED, "payments": PAYMENTS}


class Lake:
    """A warehouse of its own, its inputs, and the facts of its members by their reference."""

    def __init__(self, spark: SparkSession, folder: Path, sources: str = SOURCES) -> None:
        self.spark, self.folder, self.sources = spark, folder, sources
        (folder / "in").mkdir()
        (folder / "key").write_text("0123456789abcdef0123456789abcdef")
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.folder / "in" / f"{name}.csv").write_text(text)

    def ingest(self, *more: str) -> Said:
        text = PLACE + self.sources
        for word, place in {"LAKE": "lake", "KEY": "key", "IN": "in"}.items():
            text = text.replace(word, str(self.folder / place))
        (self.folder / "rfm.yaml").write_text(text)
        result = str(self.folder / "result.json")
        said = command(
            "ingest", "--config", str(ROOT / "conf"), "--config", str(self.folder / "rfm.yaml"), "--init",
            "--to", "2024-12-31", "--from", "2024-01-01", "--result-path", result, *more,
        )  # fmt: skip
        assert said.exit_code == 0, said.err
        return said

    def unknown_refunds(self) -> dict[str, int]:
        sources = json.loads((self.folder / "result.json").read_text())["sources"]
        return {one["source"]: one["unknown_refunds"] for one in sources if one["unknown_refunds"]}

    def facts(self) -> dict[str, tuple[int, str]]:
        """Return the number of orders and the net amount of each member, as known today."""
        facts = self.spark.read.format("delta").load(str(self.folder / "lake" / "member_day"))
        names = self.spark.read.format("delta").load(str(self.folder / "lake" / "member_identity"))
        today = facts.where("valid_to = DATE'9999-12-31'").join(names, "member_id").groupBy("id_value")
        rows = today.agg(F.sum("order_count"), F.sum("net_amount")).collect()
        return {row[0]: (row[1], f"{row[2]:.2f}") for row in rows}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(spark, tmp_path_factory.mktemp("orders"))
    lake.said = lake.ingest()  # type: ignore[attr-defined]  # what every story below looks at
    return lake


def test_refunds_and_payments_of_a_file_of_their_own_reach_the_orders_they_name(lake: Lake) -> None:
    facts = lake.facts()
    assert facts["V1"] == (1, "64.00"), "order 1 is refunded, 4 are paid later for order 2"
    assert facts["V2"] == (1, "50.00")
    assert (facts["V3"], facts["V4"]) == ((1, "5.00"), (1, "6.00")), "the refund of order 7 could be of either"


def test_an_order_paid_by_voucher_is_an_order(lake: Lake) -> None:
    assert (lake.facts()["W1"], lake.facts()["W2"]) == ((2, "90.00"), (1, "30.00"))


def test_a_refund_of_an_order_left_out_lowers_its_day_and_is_counted(lake: Lake) -> None:
    assert lake.facts()["Y1"] == (1, "-10.00")
    assert lake.unknown_refunds() == {"cancelled": 1}
    assert "1 refund of unknown orders" in lake.said.out  # type: ignore[attr-defined]


def test_a_line_without_member_and_without_known_order_is_rejected_and_counted(lake: Lake) -> None:
    assert "refunds: 5 lines read = 2 accepted + 0 excluded + 3 rejected (unknown order 3)" in lake.said.out  # type: ignore[attr-defined]


def test_refunds_of_unknown_orders_change_nothing_where_they_are_ignored(lake: Lake) -> None:
    lake.ingest("--set", "orders.unknown_refunds=ignore")
    assert (lake.facts()["Y1"], lake.facts()["Y2"]) == ((1, "40.00"), (0, "0.00"))
    assert lake.unknown_refunds() == {"cancelled": 1}


def test_refunds_of_unknown_orders_may_be_rejected_until_their_order_is_known(lake: Lake) -> None:
    said = lake.ingest("--set", "orders.unknown_refunds=reject", "--source", "cancelled")
    assert "cancelled: 5 lines read = 3 accepted + 1 excluded + 1 rejected (unknown order 1)" in said.out
    assert lake.facts()["Y1"] == (1, "40.00")
    lake.write("cancelled", CANCELLED.replace("cancelled", "completed"))
    lake.ingest("--set", "orders.unknown_refunds=reject", "--source", "cancelled")
    assert lake.facts()["Y1"] == (1, "40.00"), "order 2 is known now, and refunded"


def test_a_refund_finds_the_order_that_an_earlier_ingest_brought(lake: Lake) -> None:
    lake.write("refunds", REFUNDS + "r10,2024-03-01,2,64\n")
    lake.ingest("--source", "refunds")
    assert lake.facts()["V1"] == (0, "0.00")


SHOP = """number,cust,day,total,status,refunded,refunded_at,shipping
1,S1,2024-01-05,50,completed,,,4
2,S1,2024-02-05,60,completed,60,2024-02-10,0
3,S2,2024-02-06,70,completed,20,2024-02-09,
4,S2,2024-02-07,80,cancelled,80,2024-02-08,
5,S2,2024-02-07,5,completed,five,2024-02-08,
6,S2,2024-02-08,5000,completed,500,2024-02-09,
"""
ALSO = """
sources:
  shop:
    format: csv
    path: IN/shop.csv
    columns: {member: cust, ordered_at: day, order_id: number, amount: total}
    rules: {sale: {status: completed}, exclude: {amount: {above: 1000}}, otherwise: exclude}
    also:
      - {kind: refund, columns: {amount: refunded, ordered_at: refunded_at}}
      - {kind: sale, columns: {amount: shipping}, when: {total: {at_least: 50}}}
"""


def test_a_column_of_refunded_amounts_makes_refunds_of_the_same_order(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, tmp_path, ALSO)
    lake.write("shop", SHOP)
    said = lake.ingest()
    assert "shop: 12 lines read = 7 accepted + 4 excluded + 1 rejected (bad amount 1) + 0 outside" in said.out
    assert lake.facts() == {"S1": (1, "54.00"), "S2": (2, "55.00")}
