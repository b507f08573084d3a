"""docs/tables.md is what the contracts say, and the README's table of verbs what these declare."""

import runpy
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_page_of_tables_is_fresh():
    written = runpy.run_path(str(REPOSITORY / "scripts" / "generate_docs.py"))["page"]()
    stale = "docs/tables.md is stale: run python scripts/generate_docs.py"
    assert (REPOSITORY / "docs" / "tables.md").read_text(encoding="utf-8") == written, stale


def test_the_table_of_verbs_is_fresh():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    written = runpy.run_path(str(REPOSITORY / "scripts" / "generate_docs.py"))["readme_page"](readme)
    assert readme == written, "README.md is stale: run python scripts/generate_docs.py"
