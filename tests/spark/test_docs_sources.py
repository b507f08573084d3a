"""Every example of docs/sources.md is read as the page writes it, and brings the transactions of its table."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.contracts import columns as c
from rfm_spark.ingest.outputs import transactions
from rfm_spark.rules.check_config import checked_config
from tests.spark.ingest_cases import KEY, Ingest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text()
FILE = re.compile(r"^```(?:csv|json) (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| (.*?) \| (\d{4}-\d\d-\d\d) \| (.*?) ?\| (sale|refund) \| ([\d.]+) \|$", re.MULTILINE)
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
SHAPES = {title: text for title, text in SECTIONS.items() if YAML.search(text)}


def test_the_page_has_an_example_for_each_shape():
    assert len(SHAPES) == 6
    assert all(FILE.search(text) and ROW.search(text) for text in SHAPES.values())


@pytest.mark.parametrize("title", SHAPES)
def test_a_shape_brings_the_transactions_of_its_table(title: str, spark: SparkSession, tmp_path: Path):
    text, ingest = SHAPES[title], Ingest(spark, tmp_path)
    (written,) = YAML.findall(text)
    (tmp_path / "sources.yaml").write_text(written)
    config = checked_config(
        [str(ROOT / "conf"), str(tmp_path / "sources.yaml")], ["warehouse.path=/data", "identity.key.env=KEY"]
    )
    (source,) = config.sources.values()
    for name, content in FILE.findall(text):
        ingest.write(f"in/{name}", content.encode(source.options.get("encoding", "utf-8")))
    lookups = {
        name: replace(lookup, path=str(tmp_path / "in" / lookup.path)) for name, lookup in source.lookups.items()
    }
    here = replace(source, paths=tuple(f"{tmp_path}/in/{path}" for path in source.paths), lookups=lookups)
    staged, _ = ingest.stage(here, config, key=KEY)
    members = {row[0]: row[1] for row in staged.select(c.MEMBER_ID, c.ID_VALUE).collect()}
    found = [
        (members[row[c.MEMBER_ID]], str(row[c.TRANSACTION_DAY]), row[c.ORDER_ID] or "", row[c.KIND], row[c.AMOUNT])
        for row in transactions(staged, here).collect()
    ]
    assert sorted(found) == sorted((*row[:4], Decimal(row[4])) for row in ROW.findall(text))
