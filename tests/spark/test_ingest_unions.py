"""Files of one source whose columns differ in type, hold nothing, or are absent."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.choices import Format, Kind, Operation
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.source import AlsoLine, ColumnMapping, NumberFormat, SourceRules
from rfm_spark.contracts import columns as c
from rfm_spark.errors import UsageError
from tests.spark.ingest_cases import KEY, NAMED, Ingest, rule, source_of


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def parquet(ingest: Ingest, name: str, columns: str) -> None:
    """Write one row as a file of its own folder."""
    ingest.spark.range(1).selectExpr(*columns.split("; ")).coalesce(1).write.parquet(str(ingest.folder / name))


MONTHS = {
    "1": "12345678 id; date'2024-01-05' at; 5 price; 2L pieces; 'x' coupon; 7 shop; 1 note",
    "2": "12345678L id; date'2024-02-05' at; 5.25D price; 3 pieces; 1.5D coupon; 7D shop; 'two' note",
    "3": "12345678D id; date'2024-03-05' at; 6.00BD price; cast(1 as smallint) pieces; 8 shop",
    "4": "'12345678' id; date'2024-04-05' at; float(0.5) price; 4.0D pieces; double('NaN') coupon; '7' shop",
    "5": "12345678BD id; date'2024-05-05' at; 12345678901234.5678BD price; 1 pieces; 'y' coupon; 7 shop; array(1) note",
}
OF_SALES = {
    "member": "id", "ordered_at": "at", "quantity": "pieces", "promotion": "coupon", "category": "shop",
    "amount": ColumnMapping(formula=Formula(Operation.MULTIPLY, ("price", "quantity"))),
}  # fmt: skip


def test_files_with_wider_or_absent_columns_bring_the_same_members_and_exact_amounts(ingest: Ingest) -> None:
    for name, columns in MONTHS.items():
        parquet(ingest, f"in/month=0{name}", columns)
    german = NumberFormat(decimal=",", thousands=(".",))
    rules = SourceRules(exclude=rule(shop="8"))
    source = source_of(ingest.folder / "in", {**OF_SALES, "channel": "month"}, format=Format.PARQUET, number=german,
                       rules=rules)  # fmt: skip
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.rejected == 0
    assert (counts.accepted, counts.excluded) == (4, 1)
    found = {
        row[0]: tuple(row[1:])
        for row in staged.select(c.CHANNEL, c.ID_VALUE, c.AMOUNT, c.PROMOTION, c.CATEGORY).collect()
    }
    assert found == {
        "01": ("12345678", Decimal("10.0000"), "x", "7"),
        "02": ("12345678", Decimal("15.7500"), "1.5", "7"),
        "04": ("12345678", Decimal("2.0000"), None, "7"),
        "05": ("12345678", Decimal("12345678901234.5678"), "y", "7"),
    }


def test_text_against_numbers_in_an_amount_is_refused_with_file_and_column(ingest: Ingest) -> None:
    parquet(ingest, "in/month=01", "'a' id; date'2024-01-05' at; 5 amount")
    parquet(ingest, "in/month=02", "'a' id; date'2024-01-05' at; '5,00' amount")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount"}
    with pytest.raises(UsageError, match=r"month=02/part.*: column amount is string; expected int as in month=01/part"):
        ingest.stage(source_of(ingest.folder / "in", columns, format=Format.PARQUET), NAMED, key=KEY)


def test_a_column_that_holds_nothing_fits_every_type(ingest: Ingest) -> None:
    of_january: dict[str, Any] = {
        "customer": [{"id": 17, "card": None}], "at": ["2024-01-05"], "price": [5], "coupon": [None], "back": [None],
    }  # fmt: skip
    of_february = {**of_january, "customer": [{"id": 17.0, "card": "c"}], "coupon": ["X"], "back": [1.5]}
    for name, columns in (("01", of_january), ("02", of_february)):
        polars.DataFrame(columns).write_parquet(ingest.folder / "in" / f"month={name}" / "p.parquet", mkdir=True)
    mapped = {
        "member": "customer.id", "ordered_at": "at", "promotion": "coupon", "brand": "customer.card",
        "amount": ColumnMapping(formula=Formula(Operation.SUBTRACT, ("price", "back"))), "channel": "month",
    }  # fmt: skip
    staged, _ = ingest.stage(source_of(ingest.folder / "in", mapped, format=Format.PARQUET), NAMED, key=KEY)
    found = staged.select(c.ID_VALUE, c.CHANNEL, c.AMOUNT, c.PROMOTION, c.BRAND).collect()
    assert {tuple(row) for row in found} == {
        ("17", "01", Decimal("5.0000"), None, None), ("17", "02", Decimal("3.5000"), "X", "c"),
    }  # fmt: skip


def test_what_one_file_lacks_must_be_optional_and_must_be_in_another(ingest: Ingest) -> None:
    parquet(ingest, "in/month=01", "'a' id; date'2024-01-05' at; 5 amount; 'x' Brand")
    parquet(ingest, "in/month=02", "'b' id; date'2024-01-05' at")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount"}
    with pytest.raises(UsageError, match=r"month=02/part.*missing: amount"):
        ingest.stage(source_of(ingest.folder / "in", columns, format=Format.PARQUET), NAMED, key=KEY)
    with_default = {**columns, "amount": ColumnMapping(column="amount", default="1")}
    staged, _ = ingest.stage(source_of(ingest.folder / "in", with_default, format=Format.PARQUET), NAMED, key=KEY)
    assert {tuple(row) for row in staged.select(c.ID_VALUE, c.AMOUNT).collect()} == {("a", 5), ("b", 1)}
    for typo, said in (("colour", "missing: colour"), ("brand", "differ in capitals")):
        source = source_of(ingest.folder / "in", {**with_default, "brand": typo}, format=Format.PARQUET)
        with pytest.raises(UsageError, match=said):
            ingest.stage(source, NAMED, key=KEY)


def test_parts_of_a_list_are_widened_like_columns(ingest: Ingest) -> None:
    for month, member, item in (("01", "a", "'price', 5, 'sku', 7"), ("02", "b", "'price', 2.5D, 'sku', '007'")):
        list_of_items = f"array(named_struct({item})) items"
        parquet(ingest, f"in/month={month}", f"'{member}' id; date'2024-01-05' at; {list_of_items}")
    columns = {"member": "id", "ordered_at": "at", "amount": "items.price", "category": "items.sku"}
    source = source_of(ingest.folder / "in", columns, format=Format.PARQUET, explode="items")
    staged, _ = ingest.stage(source, NAMED, key=KEY)
    found = {tuple(row) for row in staged.select(c.ID_VALUE, c.AMOUNT, c.CATEGORY).collect()}
    assert found == {("a", Decimal(5), "7"), ("b", Decimal("2.5"), "007")}


def test_amounts_of_lines_that_are_made_of_others_get_one_type_too(ingest: Ingest) -> None:
    parquet(ingest, "in/month=01", "'a' id; date'2024-01-05' at; 5 amount; 2 back")
    parquet(ingest, "in/month=02", "'b' id; date'2024-01-05' at; 5 amount; 0.25D back")
    also = AlsoLine(Kind.REFUND, {"amount": ColumnMapping(column="back")}, None, "test:1")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount"}
    number = NumberFormat(decimal=",", thousands=(".",))
    source = source_of(ingest.folder / "in", columns, format=Format.PARQUET, also=(also,), number=number)
    staged, _ = ingest.stage(source, NAMED, key=KEY)
    found = {tuple(row) for row in staged.where("kind = 'refund'").select(c.ID_VALUE, c.AMOUNT).collect()}
    assert found == {("a", Decimal(2)), ("b", Decimal("0.25"))}


def test_columns_in_another_order_keep_their_values(ingest: Ingest) -> None:
    parquet(ingest, "in/month=01", "'a' id; date'2024-01-05' at; 5 amount; 7 shop")
    parquet(ingest, "in/month=02", "7 shop; 6 amount; 'b' id; date'2024-01-05' at")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount", "channel": "shop"}
    staged, _ = ingest.stage(source_of(ingest.folder / "in", columns, format=Format.PARQUET), NAMED, key=KEY)
    assert {tuple(row) for row in staged.select(c.ID_VALUE, c.AMOUNT, c.CHANNEL).collect()} == {
        ("a", Decimal(5), "7"), ("b", Decimal(6), "7"),
    }  # fmt: skip
