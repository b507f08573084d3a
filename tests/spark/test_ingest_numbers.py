"""Amounts by declaration: how they are written, and what is computed of them; nothing is guessed."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Format, Negative, Operation
from rfm_spark.config.formula_types import Formula, Operand
from rfm_spark.config.source import ColumnMapping, Lookup, NumberFormat, SourceRules
from rfm_spark.contracts import columns as c
from tests.spark.ingest_cases import KEY, NAMED, SALES, Ingest, rule, source_of


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


TILL = NumberFormat(
    thousands=(",", " ", "'"), symbols=("$", "€", "USD"), negative=tuple(Negative), scientific=True
)  # fmt: skip
WRITTEN = {
    "T1": ('"1,234.50"', "1234.50"), "T2": ('"$1,000.00"', "1000"), "T3": ("($25.00)", "-25"), "T4": ("30.00-", "-30"),
    "T5": ("€ 9.99", "9.99"), "T6": ("1 234.56", "1234.56"), "T7": ("1'234.50", "1234.50"),
    "T8": ("12.34 USD", "12.34"), "T9": ("1.5e3", "1500"), "T10": ("+8.00", "8"),
    "T11": ("\uff11\uff12.\uff13\uff14", "12.34"),
    "T12": ("USD 1234.5", "1234.50"), "T13": ("\u22127.25", "-7.25"), "T14": ('"12,34,567.00"', "1234567"),
}  # fmt: skip
NOT_NUMBERS = ("1.2.3", '"1,5"', "£ 3.00", '"1,234\'567.00"', "--5", "1e", "(5", "five", "€")


def test_amounts_are_read_as_the_source_says_that_it_writes_them(ingest: Ingest) -> None:
    wrong = {f"W{number}": text for number, text in enumerate(NOT_NUMBERS)}
    lines = [f"{cust},2024-01-05,{text}" for cust, (text, _) in WRITTEN.items()]
    lines += [f"{cust},2024-01-05,{text}" for cust, text in wrong.items()]
    path = ingest.write("s.csv", "\n".join(["cust,day,amount", *lines]) + "\n")
    source = source_of(path, SALES, number=TILL, rules=SourceRules(refund=rule(amount={"below": 0})))
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.reasons == {"bad amount": len(NOT_NUMBERS)}
    signed = F.when(F.col(c.KIND) == "refund", -F.col(c.AMOUNT)).otherwise(F.col(c.AMOUNT))
    found = {row[0]: row[1] for row in staged.select(c.ID_VALUE, signed).collect() if row[0] is not None}
    assert found == {cust: Decimal(value) for cust, (_, value) in WRITTEN.items()}


def test_a_decimal_comma_is_no_separator_of_groups(ingest: Ingest) -> None:
    text = "Kunde;Datum;Betrag;Stück\nK1;05.01.2024;12,50;1\nK2;06.02.2024;1.234,56;2\nK3;07.03.2024;1,234.56;3\n"
    german = NumberFormat(decimal=",", thousands=(".",))
    columns = {
        "member": "Kunde", "ordered_at": ColumnMapping(column="Datum", formats=("dd.MM.yyyy",)),
        "amount": ColumnMapping(formula=Formula(Operation.MULTIPLY, ("Betrag", "Stück"))),
    }  # fmt: skip
    source = source_of(ingest.write("u.csv", text), columns, options={"sep": ";"}, number=german)
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.reasons == {"bad amount": 1}
    amounts = {row[0]: row[1] for row in staged.select(c.ID_VALUE, c.AMOUNT).collect() if row[0] is not None}
    assert amounts == {"K1": Decimal("12.50"), "K2": Decimal("2469.12")}


def by(operation: str, *operands: Operand) -> Formula:
    return Formula(Operation(operation), operands)


ONE = Decimal(1)
COMPUTED = {
    "cents": (by("multiply", "a", Decimal("0.01")), {"1250": "12.50", "": None, "x": None}),
    "discount": (
        by("multiply", "a", "b", by("subtract", ONE, "c")),
        {"2.50,3,0.1": "6.75", "0.3333,3,0": "0.9999", "1,1,": "1", "1,1,half": None},
    ),
    "bank": (by("subtract", "a", "b"), {"10.00,": "10", ",2.50": "-2.5", ",": None, "1,x": None, "1.00005,": "1.0001"}),
    "with tax": (
        by("add", by("multiply", "a", "b"), "c"),
        {"0.123456789,0.123456789,0.1": "0.1152", "2,3,": "6", "99999999.9999,3,0.0001": "299999999.9998"},
    ),
    "large": (
        by("multiply", "a", "b"),
        {"12345678901234.5,2": "24691357802469", "0.5,123456789012.25": "61728394506.125"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPUTED)
def test_amounts_are_computed_exactly_and_rounded_once(ingest: Ingest, name: str) -> None:
    formula, cases = COMPUTED[name]
    lines = [f"L{number},2024-01-05,{text}{',' * (2 - text.count(','))}" for number, text in enumerate(cases)]
    path = ingest.write("in.csv", "\n".join(["cust,day,a,b,c", *lines]) + "\n")
    columns = {"member": "cust", "ordered_at": "day", "amount": ColumnMapping(formula=formula)}
    source = source_of(path, columns, rules=SourceRules(refund=rule(amount={"below": 0})))
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    signed = F.when(F.col(c.KIND) == "refund", -F.col(c.AMOUNT)).otherwise(F.col(c.AMOUNT))
    found = {row[0]: row[1] for row in staged.select(c.ID_VALUE, signed).collect() if row[0] is not None}
    right = {f"L{number}": value for number, value in enumerate(cases.values())}
    assert found == {line: Decimal(value) for line, value in right.items() if value is not None}
    assert counts.reasons == ({"bad amount": missing} if (missing := list(right.values()).count(None)) else {})


def test_what_is_not_written_as_declared_is_never_nothing(ingest: Ingest) -> None:
    german = NumberFormat(decimal=",", thousands=(".",), symbols=("€",))
    text = 'cust,day,debit,credit,pieces\nA,2024-01-09,"1,234.56 €","2.000,00 €",2 Stk\nB,2024-01-09,,"3,00",1\n'
    path = ingest.write("in.csv", text)
    for amount in (
        ColumnMapping(formula=by("subtract", "credit", "debit")),
        ColumnMapping(column="debit", default="7"),
        ColumnMapping(formula=by("multiply", "credit", by("subtract", ONE, "debit"))),
    ):
        columns = {"member": "cust", "ordered_at": "day", "amount": amount}
        staged, counts = ingest.stage(source_of(path, columns, number=german), NAMED, key=KEY)
        assert counts.reasons == {"bad amount": 1}
        assert {row[0] for row in staged.select(c.ID_VALUE).collect()} == {None, "B"}


def test_a_number_is_read_by_its_format_once(ingest: Ingest) -> None:
    german = NumberFormat(decimal=",", thousands=(".",))
    text = 'cust,day,total,price\nA,2024-01-09,,"1,234"\nB,2024-01-09,"2.000,5","9"\n'
    columns = {**SALES, "amount": ColumnMapping(first_of=("total", "unit_price")), "unit_price": "price"}
    staged, _ = ingest.stage(source_of(ingest.write("in.csv", text), columns, number=german), NAMED, key=KEY)
    found = {row[0]: row[1] for row in staged.select(c.ID_VALUE, c.AMOUNT).collect()}
    assert found == {"A": Decimal("1.234"), "B": Decimal("2000.5")}


def test_a_number_of_a_look_up_is_not_text_of_the_format(ingest: Ingest) -> None:
    ingest.spark.sql("SELECT * FROM VALUES (1, 1.125BD, 2.5D), (2, 2000.000BD, 0.1D) AS t(id, price, tax)").coalesce(
        1
    ).write.parquet(str(ingest.folder / "typed"))
    ingest.write("prices.jsonl", '{"id": 1, "price": 1.125, "tax": "2,5"}\n{"id": 2, "price": "2.000", "tax": 0.1}\n')
    path = ingest.write("in.csv", "cust,day,item\nA,2024-01-05,1\nB,2024-01-05,2\nC,2024-01-05,3\n")
    german = NumberFormat(decimal=",", thousands=(".",))
    for format_, file in ((Format.PARQUET, "typed"), (Format.JSON, "prices.jsonl")):
        prices = Lookup("prices", format_, str(ingest.folder / file), key="id", source_key="item", missing="1.5")
        with_tax = ColumnMapping(formula=by("add", "unit_price", "prices.tax"))
        columns = {**SALES, "amount": with_tax, "unit_price": ColumnMapping(column="price", lookup="prices")}
        source = source_of(path, columns, lookups={"prices": prices}, number=german)
        staged, counts = ingest.stage(source, NAMED, key=KEY)
        assert counts.rejected == 0
        found = {row[0]: row[1] for row in staged.select(c.ID_VALUE, c.AMOUNT).collect()}
        assert found == {"A": Decimal("3.625"), "B": Decimal("2000.1"), "C": Decimal("3.0")}


@pytest.mark.parametrize(("amount", "expected"), [
    (ColumnMapping(formula=by("add", "whole", "part")), "1501.5"),
    (ColumnMapping(first_of=("empty", "whole")), "1500"),
    (ColumnMapping(concat=("whole", "cents"), between=","), "1500.25"),
])  # fmt: skip
def test_the_number_format_of_a_field_is_that_of_all_its_columns(
    ingest: Ingest, amount: ColumnMapping, expected: str
) -> None:
    german = NumberFormat(decimal=",", thousands=(".",))
    text = 'cust,day,whole,part,empty,cents\nA,2024-01-09,1.500,"1,5",,25\n'
    path = ingest.write("in.csv", text)
    for format_ in ({"number": None}, {"number": NumberFormat()}):
        columns = {**SALES, "amount": replace(amount, number=german)}
        staged, _ = ingest.stage(source_of(path, columns, **format_), NAMED, key=KEY)
        assert [row[0] for row in staged.select(c.AMOUNT).collect()] == [Decimal(expected)]
    staged, _ = ingest.stage(source_of(path, {**SALES, "amount": amount}, number=german), NAMED, key=KEY)
    assert [row[0] for row in staged.select(c.AMOUNT).collect()] == [Decimal(expected)]


def test_numbers_in_a_list_are_no_texts_of_the_format(ingest: Ingest) -> None:
    german = NumberFormat(decimal=",", thousands=(".",))
    lines = [
        f'{{"cust": "{member}", "day": "2024-01-05", "of": {{"paid": {paid}}}, "paid": {paid}}}'
        for member, paid in (("A", '[1.125, "2.000,5", null]'), ("B", "7.5"), ("C", '"7,5"'), ("D", "[]"))
    ]
    path = ingest.write("in.jsonl", "\n".join(lines))
    for name in ("paid", "of.paid"):
        source = source_of(path, {**SALES, "amount": name}, format=Format.JSON, number=german, explode=name)
        staged, counts = ingest.stage(source, NAMED, key=KEY)
        assert (counts.read, counts.reasons) == (6, {"bad amount": 2})
        found = {tuple(row) for row in staged.where("fate = 'accepted'").select(c.ID_VALUE, c.AMOUNT).collect()}
        amounts = (("A", "1.125"), ("A", "2000.5"), ("B", "7.5"), ("C", "7.5"))
        assert found == {(member, Decimal(amount)) for member, amount in amounts}


def test_a_number_that_is_put_together_with_text_is_written_as_numbers_are(ingest: Ingest) -> None:
    german = NumberFormat(decimal=",", thousands=(".",))
    line = '{{"cust":"{}","day":"2024-01-05","sign":"{}","paid":{}}}'.format
    path = ingest.write("in.jsonl", "\n".join([line("A", "+", 1.125), line("B", "-", '"1.125"')]))
    columns = {**SALES, "amount": ColumnMapping(concat=("sign", "paid"))}
    refund = SourceRules(refund=rule(sign="-"))
    source = source_of(path, columns, format=Format.JSON, number=german, rules=refund)
    staged, _ = ingest.stage(source, NAMED, key=KEY)
    found = {row[0]: row[1] for row in staged.select(c.ID_VALUE, c.AMOUNT).collect()}
    assert found == {"A": Decimal("1.125"), "B": Decimal(1125)}


def test_what_arithmetic_cannot_read_is_not_nothing_for_others(ingest: Ingest) -> None:
    text = 'cust,day,price,rate,shipping\nA,2024-01-09,"12,50",1,5\nB,2024-01-09,2.5,2,5\nC,2024-01-09,,2,5\n'
    path = ingest.write("in.csv", text)
    product = ColumnMapping(formula=by("multiply", "price", "rate"))
    for amount, expected in (
        (ColumnMapping(formula=by("add", "unit_price", "shipping")), {"B": 10, "C": 5}),
        (ColumnMapping(first_of=("unit_price", "shipping")), {"B": 5, "C": 5}),
        (replace(product, default="7"), {"B": 5, "C": 7}),
    ):
        columns = {**SALES, "unit_price": product, "amount": amount}
        staged, counts = ingest.stage(source_of(path, columns), NAMED, key=KEY)
        assert counts.reasons == {"bad amount": 1}
        accepted = staged.where("fate = 'accepted'").select(c.ID_VALUE, c.AMOUNT).collect()
        assert {row[0]: row[1] for row in accepted} == expected


def test_a_double_that_is_no_number_is_nothing(ingest: Ingest) -> None:
    rows = "('A', '2024-01-05', double('NaN'), 5D), ('B', '2024-01-05', 4D, double('NaN'))"
    frame = ingest.spark.sql(f"SELECT * FROM VALUES {rows} AS t(cust, day, net, gross)")
    frame.write.parquet(str(ingest.folder / "in"))
    for amount, expected in ((ColumnMapping(first_of=("net", "gross")), {"A": 5, "B": 4}),
                             (ColumnMapping(formula=by("add", "net", "gross")), {"A": 5, "B": 4})):  # fmt: skip
        source = source_of(ingest.folder / "in", {**SALES, "amount": amount}, format=Format.PARQUET)
        staged, _ = ingest.stage(source, NAMED, key=KEY)
        assert {row[0]: row[1] for row in staged.select(c.ID_VALUE, c.AMOUNT).collect()} == expected


def test_a_column_with_the_name_of_a_field_is_read_as_the_column(ingest: Ingest) -> None:
    german = NumberFormat(decimal=",", thousands=(".",))
    path = ingest.write("in.jsonl", '{"cust": "A", "day": "2024-01-05", "total": 1.234, "amount": "2,5"}')
    columns = {**SALES, "amount": "total", "quantity": "amount"}
    staged, _ = ingest.stage(source_of(path, columns, format=Format.JSON, number=german), NAMED, key=KEY)
    assert [tuple(row) for row in staged.select(c.AMOUNT, c.QUANTITY).collect()] == [(Decimal("1.234"), Decimal("2.5"))]
