"""The page docs/configuration.md: every key of the configuration with its values, its default and what it means."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from configuration_examples import EXAMPLES

from rfm_spark.config import model
from rfm_spark.config.build_readers import OPTIONS
from rfm_spark.config.build_sources import FIELDS, REQUIRED
from rfm_spark.config.choices import Dataset
from rfm_spark.config.composite_types import Key, Struct
from rfm_spark.config.date_formats import LETTERS
from rfm_spark.config.date_formats import NUMBERS as TIME_NUMBERS
from rfm_spark.config.load import load_config
from rfm_spark.config.sections import CONFIGURATION, SCORING
from rfm_spark.config.source import NumberFormat, Source, SourceRules
from rfm_spark.config.source_keys import COLUMN_MAPPING, FIELD_MEANINGS
from rfm_spark.config.value_types import Shape
from rfm_spark.text import without_trailing_zeros

HEAD = """# The configuration

<!-- Written by scripts/generate_docs.py from rfm_spark/config; edit that. -->

A folder of YAML files with one top-level section each. `--config` is repeatable: mappings merge, lists replace, `null`
takes a key away. `--set section.key=value` lays one value over all files. `rfm-spark check` names every error with file
and line. `conf/` holds the defaults of windows, segments and texts; `conf/schema.json` helps editors. A secret is never
written here, only where it is: `{file: PATH}` or `{env: NAME}`. NAME stands for a name that you choose.
"""
CLASSES: dict[str, Any] = {
    "warehouse": model.Warehouse, "calendar": model.Calendar, "orders": model.Orders, "identity": model.Identity,
    "preferences": model.Preferences, "checks": model.Checks, "history": model.History, "scores": model.Scores,
    "scores.minimum": model.Minimum, "sources.NAME": Source, "sources.NAME.rules": SourceRules,
    "sources.NAME.number": NumberFormat,
    "scores.scoring": model.MetricScoring, "scores.window": model.Window,
}  # fmt: skip
SHIPPED = load_config([str(Path(__file__).resolve().parents[1] / "conf")])
OTHER_DEFAULTS: Mapping[str, Any] = {
    "sources.NAME.dataset": Dataset.TRANSACTIONS,
    **dict.fromkeys((f"scores.weights.{letter}" for letter in "rfm"), model.MetricScoring().weight),
    "windows.active": SHIPPED.active_windows,
    "segments.active": SHIPPED.active_segment_sets,
    "preferences.weights.amount": model.Preferences().amount_weight,
    "preferences.weights.events": model.Preferences().event_weight,
}
NUMBERS = """Without `number`, of the source or of a field, the text of an amount is digits with a point, as Spark casts
it. With it digits, minus signs and brackets of every script count as those of ASCII, and what is not written as the
format says is a bad amount; a number of JSON that is no text is what it is. Products and sums are rounded half up once.
A factor has up to 36 digits, and a term of a sum up to 18 before and behind the point; with more it is a bad amount."""
TIMES = f"""A format is made of these letters, or it is one of
`{"`, `".join(TIME_NUMBERS)}`.
A letter that is text is quoted: `yyyy-MM-dd'T'HH:mm`. A list is tried in order; the numbers come last, because they
read what patterns of digits should. `excel` is the serial number of a sheet: 45296 is 2024-01-05, 45296.75 the evening
of that day, where the source is. A workbook of the 1904 system, of an old Mac, writes 1462 less: `excel_1904`. Where a
value fits two patterns of a list and would be two days, the first is taken, and the ingest tells of how many lines."""
OWN_TABLE = "sources.NAME.columns."


def keys_of(shape: Shape, path: str) -> Iterator[tuple[str, Key]]:
    """Yield every key below a shape."""
    plain = shape.shape if isinstance(shape, Key) else shape
    if isinstance(plain, Struct):
        for key, inner in plain.keys.items():
            yield from keys_of(inner, f"{path}.{key}" if path else key)
        if plain.others is not None:
            yield from keys_of(plain.others, f"{path}.NAME")
    else:
        assert isinstance(shape, Key), f"{path} has no meaning: write Key(..., meaning)"
        yield path, shape


def has_line(path: str) -> bool:
    """Return whether a key has a line in its section: what a window shares with `scores` is only there."""
    section, _, rest = path.partition(".NAME.")
    return not path.startswith(OWN_TABLE) and not (section == "windows" and rest.partition(".")[0] in SCORING)


def default_of(path: str) -> str:
    """Return the default of a key as it is written, empty where it has none."""
    if path in OTHER_DEFAULTS:
        return written(OTHER_DEFAULTS[path])
    owner, _, key = path.rpartition(".")
    owners = [owner, "scores.scoring", "scores.window"] if owner == "scores" else [owner]
    for name in owners:
        known = {field.name: field for field in fields(CLASSES[name])} if name in CLASSES else {}
        if key in known and known[key].default is not MISSING:
            return written(known[key].default)
    return ""


def written(value: Any) -> str:
    """Return a default as YAML has it.

    >>> written(True), written(5.0), written(("year", "month")), written(None)
    ('`true`', '`5`', '`[year, month]`', '')
    """
    if value is None or value == () or is_dataclass(value):
        return ""
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{without_trailing_zeros(text) if text[:1].isdigit() else text}`"


def table(*rows: tuple[str, ...]) -> str:
    """Return a table; the first row is its head."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def section_text(name: str, section: Key) -> str:
    """Return the page's part about one section."""
    rows = [
        (f"`{path.removeprefix(f'{name}.')}`", key.what, default_of(path), key.meaning)
        for path, key in keys_of(section, name)
        if has_line(path)
    ]
    parts = [f"## {name}", section.meaning, table(("key", "value", "default", "meaning"), *rows)]
    parts += source_parts() if name == "sources" else []
    return "\n\n".join([*parts, *(f"{text}\n\n```yaml\n{example}```" for text, example in EXAMPLES.get(name, ()))])


def source_parts() -> Iterator[str]:
    """Yield what a source has beside its keys: fields, their mapping, formats of times, options of readers."""
    fields_ = [
        (f"`{field}`", ", ".join(place_of(field, dataset) for dataset in Dataset if field in FIELDS[dataset]), meaning)
        for field, meaning in FIELD_MEANINGS.items()
    ]
    yield "### Fields of `columns`"
    yield "A field is a column of the source (`member: customer_id`) or a mapping with the keys below."
    yield table(("field", "of", "meaning"), *fields_)
    mapping = [(f"`{path}`", key.what, key.meaning) for path, key in keys_of(COLUMN_MAPPING, "")]
    yield table(("key of a mapping", "value", "meaning"), *mapping)
    yield NUMBERS
    yield "### Formats of times"
    yield TIMES
    yield table(("letter", "meaning"), *((f"`{letter}`", about.meaning) for letter, about in LETTERS.items()))
    yield "### Options of readers"
    yield "All others are refused: they could run code, or lose lines without a count."
    options = [(f"`{format_}`", ", ".join(f"`{name}`" for name in names)) for format_, names in OPTIONS.items()]
    yield table(("format", "options"), *options)


def place_of(field: str, dataset: Dataset) -> str:
    """Return the dataset of a field, and whether it must be there."""
    return f"{dataset} (required)" if field in REQUIRED[dataset] else dataset


def configuration_page() -> str:
    """Return the whole page."""
    sections = [section_text(name, key) for name, key in CONFIGURATION.keys.items() if isinstance(key, Key)]
    return "\n\n".join([HEAD.rstrip(), *sections]) + "\n"
