"""The same random purchases, written in every usual way, are the same transactions."""

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pandas
import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.choices import Format, Header, Negative
from rfm_spark.config.source import ColumnMapping, NumberFormat
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.outputs import transactions
from tests.spark.ingest_cases import KEY, NAMED, Ingest, source_of

COLUMNS: dict[str, str | ColumnMapping] = {
    "member": "cust", "ordered_at": "day", "order_id": "order", "category": "item", "amount": "amount",
}  # fmt: skip
NASTY = ('4" x 8"', "a,b;c|d", "two\nlines", "ends with \\", "'single'", "tab\there", "# no comment", '"all"', "ö é ß")
WIDE = ("订单", "Ωmega", "naïve 😀")
SEEDS = (1, 2)


class Purchase(NamedTuple):
    """One line: text as it is meant, the amount exactly."""

    cust: str
    day: date
    order: str | None
    item: str | None
    amount: Decimal


def purchases(seed: int, texts: tuple[str, ...] = (*NASTY, *WIDE), lines: int = 120) -> list[Purchase]:
    chance = random.Random(seed)
    items = [*texts, *(f"{one} {other}" for one in texts for other in texts), "plain"]
    return [
        Purchase(
            cust=chance.choice(("007", "12345678", "C-1", "Café", f"m{number % 9}")),
            day=date(2024, 1, 1) + timedelta(days=chance.randrange(400)),
            order=chance.choice((f"o{number // 3}", None)),
            item=chance.choice(items) if chance.random() < 0.9 else None,
            amount=Decimal(chance.randint(0, 10**9)) / 10 ** chance.randint(0, 4),
        )
        for number in range(lines)
    ]


Dialect = tuple[tuple[str, ...], dict[str, Any], Callable[[list[Purchase]], bytes]]


def as_csv(
    rows: list[Purchase], encoding: str = "utf-8", number: Callable[[Decimal], str] = str, head: str = "", **how: Any
) -> bytes:
    out = io.StringIO(newline="")
    out.write(head)
    writer = csv.writer(out, **{"lineterminator": "\n", **how})
    writer.writerow(Purchase._fields)
    for row in rows:
        writer.writerow([row.cust, row.day, row.order or "", row.item or "", number(row.amount)])
    return out.getvalue().encode(encoding)


def german(amount: Decimal) -> str:
    """Return the amount with a decimal comma, points between groups and a symbol."""
    return f"{amount:,}".translate(str.maketrans(",.", ".,")) + " €"


EURO = NumberFormat(decimal=",", thousands=(".",), symbols=("€",), negative=(Negative.MINUS,))
NO_BREAKS = tuple(text for text in (*NASTY, *WIDE) if "\n" not in text)
DIALECTS: dict[str, Dialect] = {
    "rfc 4180": ((*NASTY, *WIDE), {}, lambda rows: as_csv(rows, lineterminator="\r\n")),
    "all quoted, with a BOM": ((*NASTY, *WIDE), {}, lambda rows: as_csv(rows, "utf-8-sig", quoting=csv.QUOTE_ALL)),
    "semicolons and decimal comma": (
        NASTY, {"options": {"sep": ";"}, "number": EURO}, lambda rows: as_csv(rows, number=german, delimiter=";"),
    ),
    "tabs": ((*NASTY, *WIDE), {"options": {"sep": "\t"}}, lambda rows: as_csv(rows, delimiter="\t")),
    "pipes and single quotes": (
        NASTY, {"options": {"sep": "|", "quote": "'"}}, lambda rows: as_csv(rows, delimiter="|", quotechar="'"),
    ),
    "backslash escapes": (
        (*NASTY, *WIDE), {"options": {"escape": "\\"}},
        lambda rows: as_csv(rows, escapechar="\\", doublequote=False, quoting=csv.QUOTE_ALL),
    ),
    "utf-16": ((*NASTY, *WIDE), {"options": {"encoding": "UTF-16"}}, lambda rows: as_csv(rows, "utf-16")),
    "windows-1252": (NASTY, {"options": {"encoding": "windows-1252"}}, lambda rows: as_csv(rows, "cp1252")),
    "gbk": (("订单", '订"单', "a,b"), {"options": {"encoding": "GBK"}}, lambda rows: as_csv(rows, "gbk")),
    "split by tasks": (NO_BREAKS, {"multi_line": False}, lambda rows: as_csv(rows, lineterminator="\r\n")),
    "header in capitals": (
        NASTY, {"header": Header.IGNORE_CASE},
        lambda rows: as_csv(rows).replace(b"cust,day,order,item,amount", b"CUST, Day ,Order,ITEM,Amount", 1),
    ),
}  # fmt: skip


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def read_back(ingest: Ingest, path: Path, **settings: Any) -> list[Purchase]:
    source = source_of(path, COLUMNS, **settings)
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.rejected == 0, counts.reasons
    names = {row[0]: row[1] for row in staged.select(c.MEMBER_ID, c.ID_VALUE).collect()}
    rows = transactions(staged, source).collect()
    found = [
        Purchase(names[row[c.MEMBER_ID]], row[c.TRANSACTION_DAY], row[c.ORDER_ID], row[c.CATEGORY], row[c.AMOUNT])
        for row in rows
    ]
    return in_order(found)


def in_order(rows: list[Purchase]) -> list[Purchase]:
    return sorted(rows, key=lambda row: tuple(str(value) for value in row))


def expected(rows: list[Purchase]) -> list[Purchase]:
    return in_order([row._replace(amount=row.amount.quantize(Decimal("0.0001"))) for row in rows])


@pytest.mark.parametrize("name", DIALECTS)
def test_csv_in_any_dialect_is_the_same_transactions(ingest: Ingest, name: str) -> None:
    texts, settings, write = DIALECTS[name]
    rows = [row for seed in SEEDS for row in purchases(seed, texts)]
    if name == "gbk":
        rows = [row._replace(cust=row.cust.replace("é", "e")) for row in rows]
    path = ingest.write("in.csv", write(rows))
    assert read_back(ingest, path, **settings) == expected(rows)


def test_json_lines_are_the_same_transactions(ingest: Ingest) -> None:
    rows = [row for seed in SEEDS for row in purchases(seed)]
    lines = [json.dumps({**row._asdict(), "day": str(row.day), "amount": str(row.amount)}) for row in rows]
    path = ingest.write("in.jsonl", "\n".join(lines))
    assert read_back(ingest, path, format=Format.JSON) == expected(rows)


def by_pandas(rows: list[Purchase], path: Path, _: SparkSession) -> None:
    pandas.DataFrame(rows).assign(day=lambda frame: pandas.to_datetime(frame.day)).to_parquet(path)


def by_duckdb(rows: list[Purchase], path: Path, _: SparkSession) -> None:
    duckdb.execute(
        'CREATE OR REPLACE TEMP TABLE bought (cust TEXT, day DATE, "order" TEXT, item TEXT, amount DECIMAL(18,4))'
    )
    duckdb.executemany("INSERT INTO bought VALUES (?, ?, ?, ?, ?)", [tuple(row) for row in rows])
    duckdb.execute(f"COPY bought TO '{path}' (FORMAT parquet)")


def by_spark(rows: list[Purchase], path: Path, spark: SparkSession) -> None:
    types = "cust string, day date, `order` string, item string, amount decimal(18,4)"
    frame = spark.createDataFrame([tuple(row) for row in rows], types)
    frame.write.parquet(str(path))


@pytest.mark.parametrize("write", [by_pandas, by_duckdb, by_spark])
def test_parquet_of_any_writer_is_the_same_transactions(
    ingest: Ingest, spark: SparkSession, write: Callable[[list[Purchase], Path, SparkSession], None]
) -> None:
    rows = [row for seed in SEEDS for row in purchases(seed)]
    path = ingest.folder / "in.parquet"
    write([row._replace(amount=row.amount.quantize(Decimal("0.0001"))) for row in rows], path, spark)
    assert read_back(ingest, path, format=Format.PARQUET) == expected(rows)


def test_the_purchases_are_nasty() -> None:
    rows = purchases(1)
    assert any(row.item and "\n" in row.item for row in rows)
    assert any(row.item is None for row in rows)
    assert any(row.order is None for row in rows)
