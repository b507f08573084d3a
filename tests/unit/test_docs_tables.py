"""The generated pages are what the code declares: tables, configuration, and the README's table of verbs."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

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


def test_every_key_of_the_configuration_has_a_meaning_and_none_is_explained_that_is_gone(written: dict[str, Any]):
    page = written["configuration_page"].__globals__
    keys = {path for path, _ in page["keys_of"](page["CONFIGURATION"], "") if page["documented"](path)}
    assert keys == set(page["MEANINGS"])
