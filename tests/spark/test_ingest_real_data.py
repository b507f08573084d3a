"""Real files, read whole: their published totals come out."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Format, Operation, Otherwise
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.source import ColumnMapping, Lookup, SourceRules
from rfm_spark.ingest.outputs import identities, transactions
from tests.spark.ingest_cases import Ingest, config_of, rule, source_of

pytestmark = pytest.mark.whole


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def test_online_retail_gives_its_members_orders_and_amount(ingest: Ingest, shared_data: Path) -> None:
    sale = rule(**{"not": {"InvoiceNo": {"starts_with": "C"}}, "quantity": {"above": 0}, "unit_price": {"above": 0}})
    columns = {
        "member": ColumnMapping(column="CustomerID", pattern=r"^(\d+)\.0$"),
        "ordered_at": "InvoiceDate",
        "quantity": "Quantity",
        "unit_price": "UnitPrice",
        "amount": ColumnMapping(formula=Formula(Operation.MULTIPLY, ("quantity", "unit_price"))),
        "order_id": "InvoiceNo",
    }
    rules = SourceRules(sale=sale, otherwise=Otherwise.EXCLUDE)
    path = shared_data / "online_retail" / "online_retail.csv.gz"
    source = source_of(path, columns, rules=rules, time_zone="Europe/London")
    staged, counts = ingest.stage(source, config_of("Europe/London"))
    assert (counts.read, counts.accepted, counts.excluded) == (541_909, 397_884, 11_805)
    assert counts.reasons == {"missing member": 132_220}
    assert (counts.first_day, counts.last_day) == (date(2010, 12, 1), date(2011, 12, 9))
    totals = transactions(staged, source).agg(F.countDistinct("order_id").alias("orders"), F.sum("amount").alias("sum"))
    assert tuple(totals.collect()[0]) == (18_532, Decimal("8911407.9040"))
    assert identities(staged, source).count() == 4_338


def test_cdnow_lines_without_order_ids(ingest: Ingest, shared_data: Path) -> None:
    columns = {
        "member": ColumnMapping(column="value", pattern=r"^\s*0*(\d+)"),
        "ordered_at": ColumnMapping(column="value", pattern=r"^\s*\d+\s+(\d{8})", formats=("yyyyMMdd",)),
        "quantity": ColumnMapping(column="value", pattern=r"^\s*\d+\s+\d+\s+(\d+)"),
        "amount": ColumnMapping(column="value", pattern=r"(\S+)\s*$"),
    }
    path = shared_data / "cdnow" / "CDNOW_master.txt.gz"
    source = source_of(path, columns, format=Format.TEXT, skip_lines=1)
    staged, counts = ingest.stage(source)
    assert (counts.read, counts.accepted) == (69_659, 69_659)
    lines = transactions(staged, source)
    totals = lines.agg(F.countDistinct("member_id"), F.sum("quantity"), F.sum("amount")).collect()[0]
    assert tuple(totals) == (23_570, Decimal(167_881), Decimal("2500315.6300"))
    assert lines.select("member_id", "transaction_day").distinct().count() == 67_591


def test_complete_journey_days_are_those_of_new_york(ingest: Ingest, shared_data: Path) -> None:
    folder = shared_data / "completejourney"
    products = Lookup("products", Format.CSV, str(folder / "products.csv.gz"), "product_id", "product_id", "unknown")
    columns = {
        "member": "household_id",
        "ordered_at": "transaction_timestamp",
        "amount": "sales_value",
        "order_id": "basket_id",
        "category": ColumnMapping(column="department", lookup="products"),
    }
    source = source_of(folder / "transactions_sample.csv.gz", columns, lookups={"products": products})
    staged, counts = ingest.stage(source, config_of("America/New_York"))
    assert (counts.read, counts.accepted) == (75_000, 75_000)
    assert (counts.first_day, counts.last_day) == (date(2017, 1, 1), date(2017, 12, 31))
    lines = transactions(staged, source)
    totals = lines.agg(
        F.countDistinct("member_id"), F.countDistinct("order_id"), F.sum("amount"),
        F.count_if(F.col("category") == "unknown"),
    )  # fmt: skip
    assert tuple(totals.collect()[0]) == (2_377, 47_243, Decimal("233935.2400"), 222)
    moved = F.col("transaction_day") != F.to_date("ordered_at")
    assert lines.where(moved).count() == 12_699, "the session of the tests is in UTC"
