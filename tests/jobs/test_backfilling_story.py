"""Every command of docs/backfilling.md runs, in its order, and prints what the page says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.commands import ROOT, command

pytestmark = pytest.mark.whole

PAGE = ROOT / "docs" / "backfilling.md"
BLOCK = re.compile(r"```(bash|text|json)(?: ([\w.-]+))?\n(.*?)```", re.DOTALL)
MOVES_TABLE = re.compile(r"^\| (\w+) to (\w+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
PRINTED_MOVE = re.compile(r"^ +(\w+) +(\w+) +([\d,]+)$", re.MULTILINE)
DEMO = """
warehouse: {{path: "{folder}/warehouse"}}
identity: {{key: {{file: "{folder}/identity.key"}}}}
sources:
  shop: {{path: "{folder}/sample/shop/*.csv.gz"}}
  stores: {{path: "{folder}/sample/stores/*.csv"}}
  partner: {{path: "{folder}/sample/partner/*.jsonl"}}
  browsing: {{path: "{folder}/sample/browsing/*.jsonl.gz"}}
"""


def run(folder: Path, *argv: str) -> str:
    """Run a command of the page with the demo's configuration; return what it printed."""
    places = (ROOT / "conf", ROOT / "conf" / "examples" / "demo", folder / "demo.yaml")
    said = command(*argv, *(part for place in places for part in ("--config", str(place))))
    assert said.exit_code == 0, said.err
    return said.out


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small demo after its ingest."""
    assert spark.getActiveSession() is spark
    found = tmp_path_factory.mktemp("story")
    script = str(ROOT / "scripts" / "make_sample_data.py")
    subprocess.run([sys.executable, script, str(found / "sample"), "--members", "300"], check=True)
    (found / "identity.key").write_text("c0ffee" * 10)
    (found / "demo.yaml").write_text(DEMO.format(folder=found))
    run(found, "ingest", "--init", "--as-of", "2025-06-30")
    return found


def test_the_page_is_true_from_its_first_command_to_its_last(folder: Path):
    page, printed, ran = PAGE.read_text(encoding="utf-8"), "", 0
    migrations: dict[str, list[str]] = {}
    for kind, name, text in BLOCK.findall(page):
        if kind == "json":
            (folder / "sample" / "partner" / name).write_text(text, encoding="utf-8")
        elif kind == "bash":
            words = shlex.split(text)
            assert words[0] == "rfm-spark"
            printed = run(folder, *words[1:])
            if words[1] == "migration":
                migrations.setdefault(text, []).append(printed)
            ran += 1
        else:
            assert missing(text, printed) is None, printed
    assert ran == 12
    before, after = next(map(moves, runs) for runs in migrations.values() if len(runs) == 2)
    differing = sorted(way for way in {*before, *after} if before.get(way, 0) != after.get(way, 0))
    told = [(source, target, int(then), int(now)) for source, target, then, now in MOVES_TABLE.findall(page)]
    assert told == [(*way, before.get(way, 0), after.get(way, 0)) for way in differing]


def moves(printed: str) -> dict[tuple[str, str], int]:
    """Return how many members `migration` printed of each way between two segments."""
    return {(found[0], found[1]): int(found[2]) for found in PRINTED_MOVE.findall(printed)}


def missing(expected: str, printed: str) -> str | None:
    """Return the first line that is not printed, after those before it; a line goes on as it may, `...` is anything."""
    lines = iter(printed.splitlines())
    for line in expected.splitlines():
        if line != "..." and not any(found.startswith(line) for found in lines):
            return line
    return None
