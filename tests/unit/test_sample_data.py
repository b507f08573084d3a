"""The sample of the demo: the same on every machine, and as dirty as real data."""

import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_sample_data.py"


def make(folder: Path, seed: int, hash_seed: str = "0") -> Path:
    command = [sys.executable, str(SCRIPT), str(folder), "--members", "400", "--seed", str(seed)]
    subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": hash_seed})
    return folder


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file, by its name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def text_of(folder: Path, pattern: str) -> str:
    """Return the text of all files of the pattern, unpacked, in the order of their names."""
    paths = sorted(folder.glob(pattern))
    return "".join((gzip.open(path) if path.suffix == ".gz" else path.open("rb")).read().decode() for path in paths)


def rows_of(folder: Path, pattern: str, delimiter: str = ",") -> list[dict[str, str]]:
    return [
        row
        for path in sorted(folder.glob(pattern))
        for row in csv.DictReader(io.StringIO(text_of(folder, str(path.relative_to(folder)))), delimiter=delimiter)
    ]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sample"), seed=1)


@pytest.fixture(scope="module")
def shop(sample: Path) -> list[dict[str, str]]:
    return rows_of(sample, "shop/*.csv.gz")


@pytest.fixture(scope="module")
def stores(sample: Path) -> list[dict[str, str]]:
    return rows_of(sample, "stores/*.csv", ";")


@pytest.fixture(scope="module")
def partner(sample: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text_of(sample, "partner/*.jsonl").splitlines()]


def test_same_seed_gives_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    assert digests(make(tmp_path, seed=1, hash_seed="7")) == digests(sample)


def test_another_seed_gives_other_bytes(sample: Path, tmp_path: Path) -> None:
    assert digests(make(tmp_path, seed=2)) != digests(sample)


EXPECTED = "d6c9125233c4d7f1c63a9ba6abd452d866e3ef0e8d98777ac3a98762db509674"


def test_bytes_are_those_of_every_python_and_machine(sample: Path) -> None:
    text = text_of(sample, "shop/*.csv.gz") + text_of(sample, "stores/*.csv") + text_of(sample, "partner/*.jsonl")
    assert hashlib.sha256(text.encode()).hexdigest() == EXPECTED


def test_months_are_twenty_five(shop: list[dict[str, str]]) -> None:
    months = {row["paid_at"][:7] for row in shop if row["paid_at"].startswith("202")}
    assert (len(months), min(months), max(months)) == (25, "2023-06", "2025-06")


def test_one_person_buys_in_several_sources(
    shop: list[dict[str, str]], stores: list[dict[str, str]], partner: list[dict[str, Any]]
) -> None:
    online, in_stores = {row["customer_ref"] for row in shop}, {row["Card"] for row in stores}
    assert len(online & in_stores & {row["buyer"] for row in partner}) > 40


def test_dirt_is_there(shop: list[dict[str, str]], stores: list[dict[str, str]]) -> None:
    assert {"", "0", "N/A"} <= {row["Card"] for row in stores}
    assert {row["Date"] for row in stores} & {"2024-02-30 10:00:00", "00/00/0000 00:00", "unknown"}
    assert {row["unit_price"] for row in shop} & {"n/a", "1,234.50", "--"}
    assert any(first == second for first, second in pairwise(stores))
    assert "postage" in {row["item_category"] for row in shop}
    assert "TEST" in {row["status"] for row in shop}


def test_refunds_name_their_order_but_not_always(shop: list[dict[str, str]]) -> None:
    paid = {row["order_no"]: row["paid_at"] for row in shop if row["status"] == "PAID"}
    refunds = [row for row in shop if row["status"] == "REFUNDED"]
    named = [row for row in refunds if row["original_order_no"] in paid]
    assert 0 < len(named) < len(refunds)
    assert any(row["paid_at"][:7] > paid[row["original_order_no"]][:7] for row in named)


def test_partner_has_top_ups_and_reversals(partner: list[dict[str, Any]]) -> None:
    assert {row["type"] for row in partner} == {"purchase", "reversal", "topup"}


def test_prospects_only_browse(sample: Path, shop: list[dict[str, str]]) -> None:
    visitors = {json.loads(line)["visitor"] for line in text_of(sample, "browsing/*.jsonl.gz").splitlines()}
    assert {f"C-{number:06d}" for number in range(401, 427)} <= visitors
    assert not {row["customer_ref"] for row in shop} & {f"C-{number:06d}" for number in range(401, 427)}
