"""Every path that README and docs name is there, and every function named behind its file."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
OURS = re.compile(r"`((?:rfm_spark|tests|scripts|docs|conf|jobs)/[\w./-]*)(?::(\w+))?`")
LINKS = re.compile(r"\]\(((?!https?:|#)[^)#\s]+)")


def is_declared(path: Path, name: str) -> bool:
    """Return whether a module defines a function, a class or a constant at its top level."""
    declared = rf"^(?:def|class) {name}\b|^{name}\b.*="
    return path.is_file() and re.search(declared, path.read_text(encoding="utf-8"), re.MULTILINE) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_paths_and_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    named = {ROOT / path for path, _ in OURS.findall(text)} | {page.parent / link for link in LINKS.findall(text)}
    assert sorted(str(path.relative_to(ROOT)) for path in named if not path.exists()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_function_named_behind_its_file_is_declared_there(page: Path):
    named = [(path, name) for path, name in OURS.findall(page.read_text(encoding="utf-8")) if name]
    assert [f"{path}:{name}" for path, name in named if not is_declared(ROOT / path, name)] == []


def test_the_map_of_packages_names_every_package():
    page = (ROOT / "docs" / "developing.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in (ROOT / "rfm_spark").glob("*/__init__.py")}
    assert {name for name in packages if f"`rfm_spark/{name}/`" not in page} == set()
