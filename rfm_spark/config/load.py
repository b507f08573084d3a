"""Folders and files of YAML, laid over each other, become one frozen `Config`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rfm_spark.config.build_segments import build_segment_set
from rfm_spark.config.build_sources import build_source
from rfm_spark.config.build_windows import build_scores, build_window
from rfm_spark.config.choices import IdMethod
from rfm_spark.config.composite_types import Values
from rfm_spark.config.cross_checks import check_across
from rfm_spark.config.locations import Reader, merged
from rfm_spark.config.model import (
    Calendar,
    Checks,
    Config,
    History,
    Identity,
    Orders,
    Preferences,
    TagClass,
    Tags,
    Warehouse,
)
from rfm_spark.config.problems import Problems
from rfm_spark.config.sections import CONFIGURATION
from rfm_spark.config.yaml_text import Entries, Node, Scalar, as_recorded, plain_data
from rfm_spark.dates import Every
from rfm_spark.errors import ConfigurationError, RfmSparkError

RECORDED = "run-config:/"
"""Where a recorded configuration is said to lie, which no file system answers for."""


@dataclass(frozen=True)
class Loaded:
    """A configuration with the defaults in place of what could not be read, and every error found."""

    config: Config
    problems: tuple[RfmSparkError, ...]


def load_config(locations: Sequence[str], overrides: Sequence[str] = (), read: Reader | None = None) -> Config:
    """Return the configuration, or raise ConfigurationError with every error at once.

    `read` fetches locations that are neither local paths nor `file:` URIs. Rules are read by `rules`, which lies above.
    """
    return _sound(read_config(locations, overrides, read))


def load_recorded(name: str, text: str) -> Config:
    """Return a configuration that was recorded as JSON (`Config.text`), or raise as `load_config` does.

    Errors call it `name`. What decides a result is the same as when it was recorded; places are not.
    """
    problems = Problems()
    tree = as_recorded(merged([RECORDED], (), lambda _: {name: text.encode()}, problems))
    assert isinstance(tree, Entries)
    return _sound(_loaded(tree, problems))


def _sound(loaded: Loaded) -> Config:
    if loaded.problems:
        raise ConfigurationError(list(loaded.problems))
    return loaded.config


def read_config(locations: Sequence[str], overrides: Sequence[str] = (), read: Reader | None = None) -> Loaded:
    """Return as much of the configuration as can be read, with all errors in the order of the files."""
    problems = Problems()
    return _loaded(merged(locations, overrides, read, problems), problems)


def _loaded(tree: Entries, problems: Problems) -> Loaded:
    values = CONFIGURATION.read(tree, problems, "")
    config = _build(values, _merged_text(tree), problems)
    check_across(config, values, problems)
    return Loaded(config, tuple(in_file_order(problems.found)))


def in_file_order(problems: Sequence[RfmSparkError]) -> list[RfmSparkError]:
    """Return the errors by file, in the order in which files first appear, and then by line."""
    files: dict[str, int] = {}
    keyed = []
    for problem in problems:
        file, _, line = problem.where.rpartition(":")
        known_line = bool(file) and line.isdigit()
        name = file if known_line else problem.where
        keyed.append((files.setdefault(name, len(files)), int(line) if known_line else 0, problem))
    return [problem for _, _, problem in sorted(keyed, key=lambda entry: entry[:2])]


def _build(values: Values, text: Mapping[str, Any], problems: Problems) -> Config:
    sections = {name: values.get(name, Values("configuration", {}, {})) for name in CONFIGURATION.keys}
    windows = {
        name: build_window(name, window, sections["scores"], problems) for name, window in _named(sections["windows"])
    }
    return Config(
        warehouse=Warehouse(**sections["warehouse"].data),
        calendar=Calendar(**sections["calendar"].data),
        sources={name: build_source(name, source, problems) for name, source in _named(sections["sources"])},
        orders=Orders(**sections["orders"].data),
        identity=Identity(
            method=sections["identity"].get("method", IdMethod.HASH),
            key=sections["identity"].get("key"),
            overrides=sections["identity"].get("overrides", ()),
        ),
        tags=_tags(sections["tags"]),
        windows=windows,
        active_windows=sections["windows"].get("active", ()),
        scores=build_scores(sections["scores"]),
        segment_sets={
            name: build_segment_set(name, segment_set, windows, problems)
            for name, segment_set in _named(sections["segments"])
        },
        active_segment_sets=sections["segments"].get("active", ()),
        history=History(sections["history"].get("every", Every.MONTH)),
        preferences=_preferences(sections["preferences"]),
        checks=_checks(sections["checks"]),
        text=text,
    )


def _named(section: Values) -> list[tuple[str, Values]]:
    """Return what a section declares by name, without its list of active names."""
    return [(name, value) for name, value in section.data.items() if isinstance(value, Values)]


def _tags(values: Values) -> Tags:
    classes = values.get("classes")
    declared = () if classes is None else tuple(classes.data.items())
    return Tags(
        classes=tuple(TagClass(name, str(tag["column"])) for name, tag in ((n, v.data) for n, v in declared) if tag),
        event_types=values.get("event_types"),
    )


def _preferences(values: Values) -> Preferences:
    weights = values.get("weights")
    default = Preferences()
    return Preferences(
        window=values.get("window", default.window),
        top=values.get("top", default.top),
        amount_weight=default.amount_weight if weights is None else weights.get("amount", "1"),
        event_weight=default.event_weight if weights is None else weights.get("events", "1"),
    )


def _checks(values: Values) -> Checks:
    return Checks(**{key: None if limit is None else float(limit) for key, limit in values.data.items()})


def _merged_text(tree: Entries) -> dict[str, Any]:
    """Return the merged configuration as plain data, without what null took away."""
    data = plain_data(_without_nulls(tree))
    assert isinstance(data, dict)
    checks = tree.entries.get("checks")
    if isinstance(checks, Entries):
        data["checks"] = plain_data(checks)
    return data


def _without_nulls(node: Node) -> Node:
    if not isinstance(node, Entries):
        return node
    kept = {
        key: value for key, value in node.entries.items() if not (isinstance(value, Scalar) and value.value is None)
    }
    return Entries({key: _without_nulls(value) for key, value in kept.items()}, node.where)
