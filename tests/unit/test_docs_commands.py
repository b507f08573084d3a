"""Every command that README and docs print is one that the command line takes."""

import re
import shlex
from pathlib import Path

import pytest

from rfm_spark.cli import VERBS, read_request

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    """Return the command lines of our own in the blocks of a page, continued lines joined."""
    joined = [block.replace("\\\n", " ") for kind, block in BLOCK.findall(page.read_text()) if kind in ("", "bash")]
    lines = [line.strip() for block in joined for line in block.splitlines()]
    return [line for line in lines if re.match(r"rfm-spark |spark-submit ", line)]


def argv_of(line: str) -> list[str]:
    """Return verb and flags; a submitted job has its verb in the name of its file.

    >>> argv_of("spark-submit --py-files a.zip jobs/run.py --as-of 2025-06-30")
    ['run', '--as-of', '2025-06-30']
    """
    words = shlex.split(line)
    if words[0] == "rfm-spark":
        return words[1:]
    place = next(number for number, word in enumerate(words) if word.startswith("jobs/"))
    return [Path(words[place]).stem, *words[place + 1 :]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_printed_command_is_read_with_all_its_flags(page: Path):
    for line in commands(page):
        assert read_request(argv_of(line)).verb in VERBS


def test_the_pages_have_commands_to_read():
    assert sum(len(commands(page)) for page in PAGES) >= 15
