"""Every path that README and docs name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
OURS = re.compile(r"`((?:rfm_spark|tests|scripts|docs|conf|jobs)/[\w./-]*)`")
LINKS = re.compile(r"\]\(((?!https?:|#)[^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_paths_and_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    named = {ROOT / path for path in OURS.findall(text)} | {page.parent / link for link in LINKS.findall(text)}
    assert sorted(str(path.relative_to(ROOT)) for path in named if not path.exists()) == []


def test_the_map_of_packages_names_every_package():
    page = (ROOT / "docs" / "developing.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in (ROOT / "rfm_spark").glob("*/__init__.py")}
    assert {name for name in packages if f"`rfm_spark/{name}/`" not in page} == set()
