"""The generated pages are what the code declares: tables, configuration, and the README's table of verbs."""

import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from rfm_spark.ingest.reasons import RejectReason
from rfm_spark.rules.check_config import check_configuration

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """What scripts/generate_docs.py would write."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(REPOSITORY / "scripts"), *sys.path])
        return runpy.run_path(str(REPOSITORY / "scripts" / "generate_docs.py"))


def test_the_page_of_tables_is_fresh(written: dict[str, Any]):
    stale = "docs/tables.md is stale: run python scripts/generate_docs.py"
    assert (REPOSITORY / "docs" / "tables.md").read_text(encoding="utf-8") == written["page"](), stale


def test_the_page_of_the_configuration_is_fresh(written: dict[str, Any]):
    stale = "docs/configuration.md is stale: run python scripts/generate_docs.py"
    page = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == written["configuration_page"](), stale


def test_the_table_of_verbs_is_fresh(written: dict[str, Any]):
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert readme == written["readme_page"](readme), "README.md is stale: run python scripts/generate_docs.py"


def test_every_key_of_the_configuration_has_a_meaning_and_one_line(written: dict[str, Any]):
    page = written["configuration_page"].__globals__
    keys = list(page["keys_of"](page["CONFIGURATION"], ""))
    assert [path for path, key in keys if not key.meaning.strip() or key.meaning.endswith(".")] == []
    lines = [line for line in written["configuration_page"]().splitlines() if line.startswith("| `")]
    named = [f"| `{path.partition('.')[2]}` |" for path, _ in keys if page["has_line"](path)]
    assert [name for name in named if not any(line.startswith(name) for line in lines)] == []


CONFIGURATION = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", CONFIGURATION, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_configuration_is_right(example: str, tmp_path: Path):
    (tmp_path / "example.yaml").write_text(example)
    places = [str(REPOSITORY / "conf"), str(tmp_path / "example.yaml")]
    assert check_configuration(places, ["identity.method=integer"]).lines() == []


def test_every_section_that_is_hard_to_guess_has_an_example():
    assert len(EXAMPLES) == 7


def test_every_reason_to_reject_a_line_is_explained():
    page = (REPOSITORY / "docs" / "sources.md").read_text()
    section = page.partition("## Why a line is rejected")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([a-z ]+)` \|", section, re.MULTILINE)) == sorted(RejectReason)
