"""The examples of docs/rules.md are configurations, and its messages are what `check` says of them."""

import re
from pathlib import Path

import pytest

from rfm_spark.config.load import load_config
from rfm_spark.rules.check_config import check_configuration
from rfm_spark.rules.fields import segment_fields

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
EXAMPLES = EXAMPLE.findall(PAGE)


def said_of(text: str, folder: Path) -> list[str]:
    """Return what `check` says of the example laid over the shipped configuration, by line of the example."""
    file = folder / "rules.yaml"
    file.write_text(text)
    report = check_configuration([str(ROOT / "conf"), str(file)])
    lines = [*report.lines(), *report.information]
    return [line.replace(f"{file}:", "line ") for line in lines if str(file) in line]


@pytest.mark.parametrize(("text", "said"), EXAMPLES, ids=[text.split()[2] for text, _ in EXAMPLES])
def test_an_example_is_checked_as_the_page_says(text: str, said: str, tmp_path: Path):
    found = said_of(text, tmp_path)
    if said:
        assert found == said.splitlines()
    else:
        assert [line for line in found if ": overlap: " not in line and "no file matches" not in line] == []


def test_the_page_has_examples_and_messages():
    assert len(EXAMPLES) == 10
    assert sum(bool(said) for _, said in EXAMPLES) == 6


def test_the_page_names_every_field_of_a_segment_rule():
    config = load_config([str(ROOT / "conf")], [])
    fields = {name for name in segment_fields(config, config.segment_sets["rfm_tier"]) if "." not in name}
    assert {name for name in fields if f"`{name}`" not in PAGE} == set()
