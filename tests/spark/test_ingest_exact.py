"""Amounts of many digits are exact: products and sums equal those of Python's decimals, on seeded random numbers."""

import random
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Format, Negative, Operation
from rfm_spark.config.formula_types import Formula, Operand
from rfm_spark.config.source import ColumnMapping, NumberFormat, SourceRules
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.arithmetic import Arithmetic
from tests.spark.ingest_cases import KEY, NAMED, SALES, Ingest, rule, source_of

EXACT = Context(prec=200)
UNIT = Decimal("0.0001")
LINES = 1_500


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def number(dice: random.Random) -> str:
    """Return a number as a file may have it: up to 14 digits before the point and 18 behind it, or an exponent."""
    whole, decimals = dice.choice([(14, 18), (3, 2), (1, 18), (14, 2), (0, 17), (9, 9), (6, 6), (2, 0)])
    digits = str(dice.randrange(10 ** dice.randint(0, whole)))
    tail = "".join(dice.choice("0123456789") for _ in range(dice.randint(0, decimals)))
    text = dice.choice(["", "", "-", "+"]) + digits + (f".{tail}" if tail else "")
    return f"{dice.randrange(10**16)}e{dice.randint(-20, 2)}" if dice.random() < 0.05 else text


def tie(dice: random.Random) -> tuple[str, str]:
    """Return two factors whose product lies in the middle of two amounts, or beside it."""
    half = Decimal(dice.randrange(10**9) * 10 + 5).scaleb(-5) + dice.choice([0, 0, Decimal("1e-17"), Decimal("-1e-17")])
    power = dice.randint(0, 6)
    return format(half.scaleb(power, EXACT), "f"), format(Decimal(1).scaleb(-power), "f")


def rounded(value: Decimal) -> Decimal | None:
    """Return the amount of an exact value; NULL where a DECIMAL(38,4) does not hold it."""
    amount = value.quantize(UNIT, ROUND_HALF_UP, EXACT)
    return amount if abs(amount) < 10**34 else None


def amounts(spark: SparkSession, rows: list[tuple[str, ...]], formula: Formula, type_: str) -> list[Decimal | None]:
    names = "abc"[: len(rows[0])]
    schema = ", ".join(["n int", *(f"{name} string" for name in names)])
    frame = spark.createDataFrame([(n, *row) for n, row in enumerate(rows)], schema)
    typed = frame.select("n", *(F.col(name).try_cast(type_).alias(name) for name in names))
    amount = Arithmetic(lambda name: (F.col(name), type_)).rounded(formula)
    return [row[1] for row in typed.select("n", amount).orderBy("n").collect()]


def product(*factors: Operand) -> Formula:
    return Formula(Operation.MULTIPLY, factors)


@pytest.mark.parametrize("count", [2, 3])
def test_products_equal_those_of_exact_decimals(spark: SparkSession, count: int) -> None:
    dice = random.Random(count)
    rows = [tuple(number(dice) for _ in range(count)) for _ in range(LINES)]
    rows += [(*tie(dice), *["1"] * (count - 2)) for _ in range(LINES // 5)]
    found = amounts(spark, rows, product(*"abc"[:count]), "string")
    for row, amount in zip(rows, found, strict=True):
        exact = Decimal(1)
        for text in row:
            exact = EXACT.multiply(exact, Decimal(text))
        assert amount == rounded(exact), row
    assert found.count(None) < LINES / 2


def test_what_is_no_number_or_has_too_many_digits_is_a_bad_amount_and_never_rounded(spark: SparkSession) -> None:
    texts = ["x", "", "1.2.3", "1e", f"0.{'3' * 37}", "9" * 36, "NaN", "1e400"]
    rows = [(text, "9" * 36 if text == "9" * 36 else "3") for text in texts]
    assert amounts(spark, rows, product("a", "b"), "string") == [None] * len(rows)


def test_products_of_typed_columns_are_exact_too(spark: SparkSession) -> None:
    dice = random.Random(4)
    rows = [(number(dice), number(dice)) for _ in range(LINES)]
    found = amounts(spark, rows, product("a", "b"), "decimal(38,18)")
    as_kept = [[Decimal(text).quantize(Decimal("1e-18"), ROUND_HALF_UP, EXACT) for text in row] for row in rows]
    assert found == [rounded(EXACT.multiply(*row)) for row in as_kept]
    noise = [("0.30000000000000004", "3"), ("1234567.1", "0.1"), ("5.551115123125783E-17", "2"), ("1e300", "1")]
    expected = [Decimal("0.9"), Decimal("123456.71"), Decimal(0), None]
    assert amounts(spark, noise, product("a", "b"), "double") == expected


def sums(dice: random.Random) -> Iterator[tuple[str, str, str]]:
    for _ in range(LINES):
        yield number(dice), number(dice), number(dice)


def test_sums_are_exact_or_no_amount(spark: SparkSession) -> None:
    rows = [row for row in sums(random.Random(5)) if "e" not in "".join(row)]
    formula = Formula(Operation.ADD, (product("a", "b"), "c"))
    found = amounts(spark, rows, formula, "string")
    for row, amount in zip(rows, found, strict=True):
        one, other, third = map(Decimal, row)
        term = EXACT.multiply(one, other)
        total, kept = EXACT.add(term, third), term.quantize(Decimal("1e-18"), ROUND_HALF_UP, EXACT)
        has_room = max(abs(term), abs(total)) < 10**18 and term == kept
        assert amount == (rounded(total) if has_room else None), row
    assert found.count(None) < LINES * 0.9


def test_constants_may_have_eighteen_decimals(spark: SparkSession) -> None:
    formula = product("a", Decimal("0.000000000000000001"), Decimal("99999999999999"))
    assert amounts(spark, [("100000001",), ("1",)], formula, "string") == [Decimal("10000.0001"), Decimal("0.0001")]


def test_a_number_of_json_is_a_number_whatever_the_format_of_texts(ingest: Ingest) -> None:
    german = NumberFormat(decimal=",", thousands=(".",), negative=(Negative.PARENTHESES,))
    values = {
        "A": "12.5", "B": '"12,5"', "C": "1.234", "D": '"1.234"', "E": "-7", "F": '"(7,00)"', "G": "1.5e3",
        "H": '"1.5"', "I": "true", "J": "null", "K": '{"x": 1}', "L": "99999999.0001",
    }  # fmt: skip
    lines = [f'{{"cust": "{cust}", "day": "2024-01-05", "amount": {value}, "n": 2}}' for cust, value in values.items()]
    path = ingest.write("in.jsonl", "\n".join([*lines, "no json"]))
    expected = {
        "A": "12.5", "B": "12.5", "C": "1.234", "D": "1234", "E": "-7", "F": "-7", "G": "1500", "L": "99999999.0001",
    }  # fmt: skip
    refunds = SourceRules(refund=rule(amount={"below": 0}))
    doubled = ColumnMapping(formula=product("amount", "n"))
    signed = F.when(F.col(c.KIND) == "refund", -F.col(c.AMOUNT)).otherwise(F.col(c.AMOUNT))
    for mapping, factor in (("amount", 1), (doubled, 2), (ColumnMapping(first_of=("amount", "n")), 1)):
        source = source_of(path, {**SALES, "amount": mapping}, format=Format.JSON, number=german, rules=refunds)
        staged, counts = ingest.stage(source, NAMED, key=KEY)
        rows = staged.where("fate = 'accepted'").select(c.ID_VALUE, signed).collect()
        right = {cust: (Decimal(value) * factor).quantize(UNIT, ROUND_HALF_UP) for cust, value in expected.items()}
        right |= {"J": Decimal(2)} if factor == 1 and mapping != "amount" else {}
        assert {row[0]: row[1] for row in rows} == right
        assert counts.reasons["malformed line"] == 1
