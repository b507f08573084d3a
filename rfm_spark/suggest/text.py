"""The suggestion as YAML: what to write into `sources`, with the reason of each choice as a comment."""

import json
import re
from collections.abc import Mapping

from rfm_spark.config.choices import Format
from rfm_spark.config.source import REQUIRED_TRANSACTION_FIELDS
from rfm_spark.suggest.guess import Guess, below_zero, guesses, number_format, one_line, other_day_format
from rfm_spark.suggest.sniff import SniffedFile
from rfm_spark.text import counted

PLAIN = re.compile(r"[A-Za-z_][\w ]*")
WORDS_OF_YAML = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def suggestion(file: SniffedFile) -> list[str]:
    """Return the lines of a `sources.yaml` for the file."""
    found = {guess.field: guess for guess in guesses(file)}
    is_product = "amount" not in found and {"unit_price", "quantity"} <= found.keys()
    amounts = [found[name].column for name in ("amount", "unit_price") if name in found]
    number = number_format(amounts) if file.format is not Format.PARQUET else {}
    lines = [
        f"# From {counted(file.lines, 'line')} of {one_line(file.path.name)}. Check each choice, then try it:",
        "# rfm-spark try --config conf --config sources.yaml",
        "sources:",
        f"  {source_name(file)}:",
        f"    format: {file.format}",
        f"    path: {quoted(str(file.path.resolve()))}",
    ]
    if file.options:
        lines.append(f"    options: {flow(file.options)}  # as the file is written")
    if number:
        lines.append(f"    number: {flow(number)}  # so the amounts are written")
    lines.append("    columns:")
    wanted = [*REQUIRED_TRANSACTION_FIELDS, *(field for field in found if field not in REQUIRED_TRANSACTION_FIELDS)]
    for field in wanted:
        lines += _field(field, found, is_product)
    negative = below_zero([found[name].column for name in ("amount", "quantity") if name in found])
    if negative:
        lines += ["    rules:", f"      refund: {{amount: {{below: 0}}}}  # {counted(negative, 'value')} below 0"]
    left = [column.name for column in file.columns if column not in [guess.column for guess in found.values()]]
    return [*lines, f"    # not used: {', '.join(map(one_line, left))}"] if left else lines


def _field(field: str, found: Mapping[str, Guess], is_product: bool) -> list[str]:
    """Return the lines of one field."""
    if field == "amount" and is_product:
        factors = ", ".join(quoted(found[name].column.name) for name in ("unit_price", "quantity"))
        return [f"      amount: {{multiply: [{factors}]}}  # no column of amounts, but price and quantity"]
    if field not in found:
        return [f"      # {field}: no column looks like it; write the one that is"]
    guess = found[field]
    column, name = guess.column, quoted(guess.column.name)
    value = f"{{column: {name}, format: {quoted(column.day_format)}}}" if column.day_format else name
    other = other_day_format(column)
    warning = f"; {other} fits too: look which is right" if other else ""
    return [f"      {field}: {value}  # {guess.reason}{warning}"]


def source_name(file: SniffedFile) -> str:
    """Return a name for the source, from that of the file."""
    plain = re.sub(r"[^a-z0-9]+", "_", file.path.name.split(".", 1)[0].lower()).strip("_")
    return plain if re.match(r"[a-z]", plain) else f"source_{plain}".rstrip("_")


def flow(values: Mapping[str, object]) -> str:
    """Return a mapping on one line.

    >>> print(flow({"sep": ";", "negative": ["minus"]}))
    {sep: ";", negative: ["minus"]}
    """
    return "{" + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()) + "}"


def quoted(text: str) -> str:
    """Return a text as YAML reads it back.

    >>> quoted("Customer"), quoted("on"), quoted("#1")
    ('Customer', '"on"', '"#1"')
    """
    is_plain = PLAIN.fullmatch(text) and text == text.strip() and text.lower() not in WORDS_OF_YAML
    return text if is_plain else json.dumps(text, ensure_ascii=False)
