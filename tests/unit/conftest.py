"""The shipped configuration with something laid over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rfm_spark.config import locations
from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config
from rfm_spark.config.problems import Problems
from rfm_spark.config.yaml_text import Node
from rfm_spark.errors import ConfigurationError, ExitCode

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
SMALL_CONF = [str(file) for file in sorted(CONF.glob("*.yaml")) if file.name != "segments.yaml"]
SEGMENTS = """
segments:
  active: [tier]
  tier:
    window: year
    rules: [{segment: best, when: {r: high, quarter.f: 5}}]
    otherwise: rest
    names: {best: {meaning: the best}}
"""


@pytest.fixture(autouse=True, scope="session")
def shipped_files_are_parsed_once() -> Iterator[None]:
    """Parsing YAML was half of the time of all unit tests, and most of it the same few files."""
    parse, parsed = locations.parse_yaml, dict[tuple[str, bytes], Node | None]()

    def parse_once(content: bytes, name: str, problems: Problems) -> Node | None:
        if not Path(name).is_relative_to(ROOT):
            return parse(content, name, problems)
        if (name, content) not in parsed:
            own = Problems()
            parsed[name, content] = parse(content, name, own)
            own.raise_if_any()
        return parsed[name, content]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locations, "parse_yaml", parse_once)
        yield


@pytest.fixture
def load(tmp_path: Path):
    """Load the shipped configuration, with one small segment set, and one file laid over it."""

    def load_over(text: str = "", *overrides: str) -> Config:
        segments, over = tmp_path / "segments.yaml", tmp_path / "over.yaml"
        segments.write_text(SEGMENTS, encoding="utf-8")
        over.write_text(text, encoding="utf-8")
        return load_config([*SMALL_CONF, str(segments), str(over)], list(overrides))

    return load_over


@pytest.fixture
def errors(load):
    """Return the errors of one file laid over the shipped configuration, without its folder."""

    def errors_over(text: str = "", *overrides: str) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            load(text, *overrides)
        assert caught.value.exit_code is ExitCode.USAGE
        return [line.rpartition("/over.yaml")[2] or line for line in caught.value.lines()]

    return errors_over
