"""The ten lines at the head of the README become the rows below them."""

import re
import shlex
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.commands import ROOT, command

pytestmark = pytest.mark.whole

README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| (R\dF\dM\d) \| ([\d.]+) \| (\d+) \| (\d+) \| ([\d.]+) \| (\w+) \|$", re.MULTILINE)


def block(kind: str) -> str:
    """Return the first block of the README of a kind."""
    return README.split(f"```{kind}\n", 1)[1].split("```", 1)[0]


def test_the_rows_are_what_the_lines_give(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "orders.csv").write_text(block("csv"))
    places = {"path: orders.csv": f"path: {tmp_path}/orders.csv", "path: lake": f"path: {tmp_path}/lake"}
    configuration = block("yaml")
    for written, here in places.items():
        configuration = configuration.replace(written, here)
    (tmp_path / "sources.yaml").write_text(configuration)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(block("bash"))
    assert words[0] == "rfm-spark"
    said = command(*(str(ROOT / "conf") if word == "conf" else word for word in words[1:]))
    assert said.exit_code == 0, said.err
    assert "shop: 10 lines read = 10 accepted" in said.out
    scores = spark.read.format("delta").load(f"{tmp_path}/lake/rfm_score").where("rfm_window = 'year'")
    segments = spark.read.format("delta").load(f"{tmp_path}/lake/member_segment").where("segment_set = 'rfm_tier'")
    columns = ("member_id", "rfm_label", "composite_score", "recency_days", "order_count", "net_amount", "segment")
    rows = scores.join(segments, ["as_of_date", "member_id"]).select(*columns).orderBy("member_id").collect()
    assert [tuple(map(str, row)) for row in rows] == ROW.findall(README)
