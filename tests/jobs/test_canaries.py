"""No reference to a member or an order, and no line that went wrong, is in what a command says or leaves behind.

Canaries stand in every place of good, rejected, broken and repeated lines and in the keys of look-ups; whatever goes
wrong with them, only the tables hold them. What a trial shows of accepted lines, like a category, is none.
"""

import gzip
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.commands import ROOT

pytestmark = pytest.mark.whole

CANARY = "kanari"
LINES = [
    "cust,day,amount,order,refund,item",
    *(f"kanari-m{n},2024-01-{n:02d},{n}.50,kanari-o{n},,kanari-i{n}" for n in range(1, 10)),
    "kanari-m1,2024-01-01,1.50,kanari-o1,,kanari-i1",
    "kanari-m2,2024-01-20,-2.50,kanari-r2,kanari-o2,kanari-i2",
    f"kanari-{'x' * 1200},2024-01-02,1,kanari-long,,",
    'kanari-"q\u001b[31m\u200b\U0001f600,2024-01-02,1,kanari-\ud7ff,,',
    "kanari-m3,kanari-day,1,kanari-o30,,",
    "kanari-m3,2024-01-03,kanari-amount,kanari-o31,,",
    "kanari-m3,2024-01-03,\u20ac 4711kanari,kanari-o32,,",
    "kanari-m4,2024-13-45kanari,1e99kanari,kanari-o33,,",
    "kanari-m5,2024-01-05,1,kanari-o34,,kanari-i,kanari-extra,kanari-more",
    "kanari-m6,2024-01-05",
    "NULL,2024-01-05,1,kanari-o35,,",
    "kanari-m7,2999-01-05,1,kanari-o36,,",
]
EVENTS = [
    *(f'{{"who": "kanari-m{n}", "at": "2024-01-05T10:00:00Z", "what": "view", "id": "kanari-e1"}}' for n in (1, 2)),
    '{"who": "kanari-m3", "at": "kanari-time", "what": "view", "id": "kanari-e3"}',
    '{"who": "kanari-m4", "kanari',
]
CONFIG = """
sources:
  shop:
    format: csv
    path: {folder}/shop*.csv*
    drop_duplicates: true
    delivery: batches
    columns:
      member: {{column: cust, fold: [case, width, nfc]}}
      ordered_at: day
      amount: amount
      order_id: order
      refunded_order_id: refund
      category: {{column: group, lookup: groups}}
    rules: {{refund: {{amount: {{below: 0}}}}}}
    lookups: {{groups: {{format: csv, path: "{folder}/groups*.csv", key: item, source_key: item}}}}
  looks:
    dataset: events
    format: json
    path: {folder}/looks*.jsonl
    delivery: batches
    columns: {{member: who, event_at: at, event_type: what, event_id: id}}
checks: {{max_rejected_share: null}}
windows: {{active: [lifetime], lifetime: {{days: all}}}}
segments:
  active: [worth]
  worth: {{window: lifetime, rules: [{{segment: gold, when: {{m: high}}}}], otherwise: bronze}}
scores: {{main_window: lifetime}}
preferences: {{window: lifetime}}
"""


@dataclass
class Commands:
    """Commands for one process, and where each writes its result."""

    folder: Path
    argv: list[list[str]] = field(default_factory=list)

    def add(self, verb: str, *more: str, **settings: str) -> None:
        """Add a command with settings over the configuration; `__` stands for a point."""
        sets = {"warehouse.path": str(self.folder / "lake"), "identity.key.file": str(self.folder / "key")}
        sets |= {name.replace("__", "."): value for name, value in settings.items()}
        flags = [part for file in (ROOT / "conf", self.folder / "shop.yaml") for part in ("--config", str(file))]
        flags += [part for name, value in sets.items() for part in ("--set", f"{name}={value}")]
        result = self.folder / "results" / f"{len(self.argv):02d}-{verb}.json"
        self.argv.append([verb, *flags, "--result-path", str(result), *more])

    def run(self) -> tuple[str, list[dict[str, Any]]]:
        """Return what all of them printed, and their results in order."""
        ended = subprocess.run(
            [sys.executable, "-m", "tests.jobs.logged_session", str(self.folder / "logs")],
            cwd=ROOT, input=json.dumps(self.argv), capture_output=True, text=True, timeout=900, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        results = [json.loads(file.read_text()) for file in sorted((self.folder / "results").iterdir())]
        assert len(results) == len(self.argv), ended.stdout + ended.stderr[-3000:]
        return ended.stdout + ended.stderr, results


def write_inputs(folder: Path) -> None:
    """Write the lines, and beside them one input for each way in which an ingest fails."""
    for name in ("logs", "results"):
        (folder / name).mkdir()
    (folder / "shop.yaml").write_text(CONFIG.format(folder=folder))
    (folder / "key").write_text("a key of the birds, long enough")
    (folder / "key2").write_text("another key of the birds, long enough")
    (folder / "shop.csv").write_bytes("\n".join(LINES).encode() + b"\nkanari-\xff\xfe,2024-01-02,1,kanari-bytes,,\n")
    (folder / "looks.jsonl").write_text("\n".join(EVENTS) + "\n")
    groups = [f"kanari-i{n},group {n}" for n in range(1, 10)]
    (folder / "groups.csv").write_text("\n".join(["item,group", *groups]) + "\n")
    (folder / "twice.csv").write_text("\n".join(["item,group", *groups, "kanari-i1,kanari-other"]) + "\n")
    (folder / "broken.csv").write_text("item,group\nkanari-i1,group 1,kanari-more\n")
    (folder / "headless.csv").write_text("\n".join(LINES[1:4]) + "\n")
    (folder / "open.csv").write_text(
        "\n".join([LINES[0], 'kanari-m1,2024-01-05,1,kanari-o,,"kanari', *LINES[1:9]]) + "\n"
    )
    (folder / "cut.csv.gz").write_bytes(gzip.compress("\n".join(LINES * 2000).encode())[:900])


def test_no_value_of_a_line_is_in_any_message_log_result_plan_or_commit(tmp_path: Path):
    write_inputs(tmp_path)
    commands, day = Commands(tmp_path), ("--as-of", "2024-01-31")
    commands.add("check")
    commands.add("try", "--init")
    commands.add("ingest", *day, checks__max_rejected_share="0.01")
    commands.add("run", "--ingest", *day)
    commands.add("explain", *day, "--member", "KANARI-m1")
    commands.add("explain", *day, "--member", "kanari-nobody")
    commands.add("check", sources__shop__path=f"{tmp_path}/headless.csv")
    for name in ("headless.csv", "open.csv", "cut.csv.gz"):
        commands.add("ingest", *day, sources__shop__path=f"{tmp_path}/{name}")
        commands.add("try", sources__shop__path=f"{tmp_path}/{name}")
    for name in ("twice.csv", "broken.csv"):
        commands.add("ingest", *day, sources__shop__lookups__groups__path=f"{tmp_path}/{name}")
    commands.add("ingest", *day, identity__key__file=str(tmp_path / "key2"))
    commands.add("ingest", *day, identity__method="integer", checks__max_rejected_share="0.5")
    said, results = commands.run()
    assert [result["exit_code"] for result in results] == [0, 0, 3, 0, 0, 2, 2, 2, 2, 3, 3, 1, 1, 3, 3, 3, 3], said
    assert "missing member: the first is in shop.csv, line 21\n" in said
    assert "shop: 1 line without a member: NULL 1\n" in said
    assert results[3]["sources"][0]["missing"]["member"] == {"NULL": 1}
    left = {"said": said}
    for kind in ("logs", "results", "lake"):
        files = (file for file in (tmp_path / kind).rglob("*") if file.is_file())
        texts = (file.read_text(errors="replace") for file in files if kind != "lake" or "_delta_log" in file.parts)
        left[kind] = "\n".join(texts)
    assert all(left.values())
    assert {kind: at(text) for kind, text in left.items() if CANARY in text.lower()} == {}


def at(text: str) -> list[str]:
    """Return the places of canaries in a text, with what stands around them."""
    places = [place for place in range(len(text)) if text.lower().startswith(CANARY, place)]
    return [text[max(0, place - 100) : place + 60] for place in places[:5]]
