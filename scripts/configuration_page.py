"""The page docs/configuration.md: every key of the configuration with its values, its default and what it means."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from configuration_meanings import COLUMN_MAPPING, MEANINGS, SECTIONS

from rfm_spark.config import model
from rfm_spark.config.composite_types import Defined, Struct
from rfm_spark.config.sections import CONFIGURATION, SCORING
from rfm_spark.config.source import Source, SourceRules
from rfm_spark.config.value_types import Shape

HEAD = """# The configuration

<!-- Written by scripts/generate_docs.py from rfm_spark/config and scripts/configuration_meanings.py; edit those. -->

A folder of YAML files with one top-level section each. `--config` is repeatable: mappings merge, lists replace, `null`
takes a key away. `--set section.key=value` lays one value over all files. `rfm-spark check` names every error with file
and line. `conf/` holds the defaults of windows, segments and texts; `conf/schema.json` helps editors. A secret is never
written here, only where it is: `{file: PATH}` or `{env: NAME}`.
"""
CLASSES: dict[str, Any] = {
    "warehouse": model.Warehouse, "calendar": model.Calendar, "orders": model.Orders, "identity": model.Identity,
    "preferences": model.Preferences, "checks": model.Checks, "history": model.History, "scores": model.Scores,
    "scores.minimum": model.Minimum, "sources.NAME": Source, "sources.NAME.rules": SourceRules,
    "scores.scoring": model.MetricScoring, "scores.window": model.Window,
}  # fmt: skip


def keys_of(shape: Shape, path: str) -> Iterator[tuple[str, Shape]]:
    """Yield every key below a shape; NAME stands for a name of your own."""
    plain = shape.shape if isinstance(shape, Defined) else shape
    if not isinstance(plain, Struct):
        yield path, plain
        return
    for key, inner in plain.keys.items():
        yield from keys_of(inner, f"{path}.{key}" if path else key)
    if plain.others is not None:
        yield from keys_of(plain.others, f"{path}.NAME")


def documented(path: str) -> bool:
    """Return whether a key has a line of its own: what a window may set too stands under `scores`."""
    section, _, rest = path.partition(".NAME.")
    return not (section == "windows" and rest.partition(".")[0] in SCORING)


def default_of(path: str) -> str:
    """Return the default of a key as it is written, empty where it has none."""
    owner, _, key = path.rpartition(".")
    owners = [owner, "scores.scoring", "scores.window"] if owner == "scores" else [owner]
    for name in owners:
        known = {field.name: field for field in fields(CLASSES[name])} if name in CLASSES else {}
        if key in known and known[key].default is not MISSING:
            return written(known[key].default)
    return ""


def written(value: Any) -> str:
    """Return a default as YAML has it.

    >>> written(True), written(0.05), written(None)
    ('`true`', '`0.05`', '')
    """
    if value is None or value == () or is_dataclass(value):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def section_text(name: str, shape: Shape) -> str:
    """Return the page's part about one section."""
    lines = [f"## {name}", "", SECTIONS[name], "", "| key | value | default | meaning |", "|---|---|---|---|"]
    for path, inner in keys_of(shape, name):
        if documented(path):
            kind = inner.what.replace("|", "\\|")
            short = path.removeprefix(f"{name}.")
            lines.append(f"| `{short}` | {kind} | {default_of(path)} | {MEANINGS[path]} |")
    if name == "sources":
        lines += ["", COLUMN_MAPPING.rstrip()]
    return "\n".join(lines)


def configuration_page() -> str:
    """Return the whole page."""
    parts = [section_text(name, shape) for name, shape in CONFIGURATION.keys.items()]
    return "\n\n".join([HEAD.rstrip(), *parts]) + "\n"
