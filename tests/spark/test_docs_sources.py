"""Every example of docs/sources.md is read as the page writes it, and brings the transactions of its table."""

import ast
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.config.source import Jdbc, Source
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.named_orders import sales_of, with_known_orders
from rfm_spark.ingest.outputs import transactions
from rfm_spark.rules.check_config import checked_config
from tests.spark.ingest_cases import KEY, Ingest

PARQUET = re.compile(r"^pd\.DataFrame\(\s*(\{.*?\})\s*\)\.to_parquet\(\"(\S+)\"\)$", re.DOTALL | re.MULTILINE)
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text()
FILE = re.compile(r"^```(?:csv|json|text) (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| (.*?) \| (\d{4}-\d\d-\d\d) \| (.*?) ?\| (sale|refund|discount) \| ([\d.]+) \|$", re.MULTILINE)
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
SHAPES = {title: text for title, text in SECTIONS.items() if YAML.search(text)}


def as_pandas(columns: dict[str, list[Any]]) -> polars.DataFrame:
    """Return the frame with the types that pandas gives it: whole numbers beside None are doubles."""
    frame = polars.DataFrame(columns, strict=False)
    doubles = [one.name for one in frame if one.dtype == polars.Int64 and one.null_count()]
    return frame.with_columns(polars.col(doubles).cast(polars.Float64))


def test_the_page_has_an_example_for_each_shape():
    assert len(SHAPES) == 15
    assert all((FILE.search(text) or PARQUET.search(text)) and ROW.search(text) for text in SHAPES.values())


@pytest.mark.parametrize("title", SHAPES)
def test_a_shape_brings_the_transactions_of_its_table(title: str, spark: SparkSession, tmp_path: Path):
    text, ingest = SHAPES[title], Ingest(spark, tmp_path)
    (written,) = YAML.findall(text)
    (tmp_path / "sources.yaml").write_text(written)
    config = checked_config(
        [str(ROOT / "conf"), str(tmp_path / "sources.yaml")], ["warehouse.path=/data", "identity.key.env=KEY"]
    )
    encoding = next(iter(config.sources.values())).options.get("encoding", "utf-8")
    for name, content in FILE.findall(text):
        ingest.write(f"in/{name}", content.encode(encoding))
    for columns, name in PARQUET.findall(text):
        as_pandas(ast.literal_eval(columns)).write_parquet(tmp_path / "in" / name, mkdir=True)
    staged = stage_all(ingest, config, tmp_path / "in")
    names = [lines.select(c.MEMBER_ID, c.ID_VALUE).where(F.col(c.ID_VALUE).isNotNull()) for _, lines in staged]
    members = {row[0]: row[1] for frame in names for row in frame.collect()}
    rows = [row for source, lines in staged for row in transactions(lines, source).collect()]
    found = [
        (members[row[c.MEMBER_ID]], str(row[c.TRANSACTION_DAY]), number_of(row), row[c.KIND], row[c.AMOUNT])
        for row in rows
    ]
    assert sorted(found) == sorted((*row[:4], Decimal(row[4])) for row in ROW.findall(text))


def stage_all(ingest: Ingest, config: Config, folder: Path) -> list[tuple[Source, DataFrame]]:
    """Return every source with its staged lines, the members of orders that another source has named."""
    staged = {}
    for name, source in config.sources.items():
        lookups = {key: replace(lookup, path=str(folder / lookup.path)) for key, lookup in source.lookups.items()}
        here = replace(source, paths=tuple(f"{folder}/{path}" for path in source.paths), lookups=lookups)
        if source.jdbc is not None:
            here = in_database(ingest.spark, here, folder / source.jdbc.table.split(".")[1])
        staged[name] = (here, ingest.stage(here, config, key=KEY)[0])
    found = []
    for source, lines in staged.values():
        if not source.has_member:
            lines = with_known_orders(lines, sales_of(staged[source.order_source][1]), source)
        found.append((source, lines))
    return found


def in_database(spark: SparkSession, source: Source, rows: Path) -> Source:
    """Return the source of a table in a database of the tests, which holds the rows that the page shows."""
    url = "jdbc:derby:memory:docs_sources"
    frame = spark.read.csv(str(rows), header=True, schema="id int, customer_no int, paid_at timestamp_ntz, cents int")
    frame.write.jdbc(f"{url};create=true", rows.name)
    return replace(source, jdbc=Jdbc(url, f"APP.{rows.name}"))


def number_of(row: Row) -> str:
    """Return the order that a line is of; a refund that names one belongs to it."""
    return row[c.ORDER_ID] or row[c.REFUNDED_ORDER_ID] or ""
