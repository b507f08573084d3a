"""The suggestion as YAML: what to write into `sources`, with the reason of each choice as a comment."""

import json
import re
from collections.abc import Mapping, Sequence, Set

from rfm_spark.config.choices import Format
from rfm_spark.config.source import REQUIRED_TRANSACTION_FIELDS, TRANSACTION_FIELDS
from rfm_spark.suggest.file import SniffedColumn, SniffedFile
from rfm_spark.suggest.guess import (
    Guess,
    guesses,
    has_point_and_zeros,
    is_different_in_each_line,
    is_usable,
    one_line,
    other_day_format,
)
from rfm_spark.suggest.numbers import below_zero, may_be_thousands, number_format
from rfm_spark.text import counted

CURRENCY = re.compile("[A-Z]{3}")
ODD_IN_A_PATH = re.compile(r"[\[\]{}*?'\":\\]")
MUCH = 0.05
"""From this share of lines on something is the way of the file, and no fault."""
PLAIN = re.compile(r"[A-Za-z_][\w ]*")
WORDS_OF_YAML = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def suggestion(file: SniffedFile) -> list[str]:
    """Return the lines of a `sources.yaml` for the file."""
    found = {guess.field: guess for guess in guesses(file)}
    discount = found.pop("discount", None)
    of_amounts = [found[name].column for name in ("amount", "unit_price", "quantity") if name in found]
    first = "the first " if file.is_beginning else ""
    lines = [
        f"# From {first}{counted(file.lines, 'line')} of {one_line(file.path.name)}. Check each choice, then try it:",
        "# rfm-spark try --config CONF --config sources.yaml, where CONF is the folder conf of rfm-spark.",
        "# It needs one of these two, and ingest a place for tables:",
        "# identity: {key: {file: /path/to/a/key}}  # for references of any kind",
        "# identity: {method: integer}  # for whole numbers without zeros before them",
        "# warehouse: {path: /path/to/tables}",
        *_currency(found),
        "sources:",
        f"  {source_name(file)}:",
        *_reading(file),
        *([] if file.format is Format.PARQUET else _number(of_amounts)),
        "    columns:",
        *_fields(file, found, discount),
        *_rules(found),
    ]
    used = {guess.column.name for guess in (*found.values(), discount) if guess is not None}
    return [*lines, *_left(file, used)]


def _left(file: SniffedFile, used: Set[str]) -> list[str]:
    """Return the comments on columns that are not used; a name that may be a value is only counted."""
    names = [column.name for column in file.columns if column.name not in used]
    shown = [name for name in names if is_usable(name) and "@" not in name]
    hidden = [f"{len(names) - len(shown)} more"] if len(shown) < len(names) else []
    lists = [
        f"    # a list in each line: explode: {one_line(name)} makes a line of every element" for name in file.lists
    ]
    return lists + ([f"    # not used: {', '.join([*map(one_line, shown), *hidden])}"] if names else [])


def _currency(found: dict[str, Guess]) -> list[str]:
    """Return the line of the one currency; without one its column is left out, because it needs that line."""
    if "currency" not in found:
        return []
    values = {value.strip().upper() for value in found["currency"].column.values if value.strip()}
    (first, *others) = sorted(values)
    if not others and CURRENCY.fullmatch(first):
        return [f"orders: {{currency: {quoted(first)}}}"]
    name = one_line(found.pop("currency").column.name)
    if others:
        return [f"# {name} has {len(values)} currencies: write one source for each, by a rule like exclude"]
    return [f"# {name} has no code of three letters: orders.currency is not checked"]


def _rules(found: Mapping[str, Guess]) -> list[str]:
    """Return the lines of the rules: refunds by their sign, and lines that are not about an amount."""
    rules = [*_refund(found), *_exclude(found)]
    return ["    rules:", *rules] if rules else []


def _refund(found: Mapping[str, Guess]) -> list[str]:
    """Return the rule of refunds: by the sign of the amount, or of the pieces where those alone are below zero."""
    below = {name: below_zero(found[name].column) for name in ("amount", "unit_price", "quantity") if name in found}
    of_amount = below["amount"] if "amount" in found else below.get("unit_price", 0)
    number = of_amount or below.get("quantity", 0)
    # The amount of a product is below zero where its pieces are.
    is_of_amount = of_amount or ("amount" not in found and "unit_price" in found)
    field = "amount" if is_of_amount else "quantity"
    return [f"      refund: {{{field}: {{below: 0}}}}  # {counted(number, 'value')} below 0"] if number else []


def _exclude(found: Mapping[str, Guess]) -> list[str]:
    """Return the rule of lines without an amount; none where its column has the name of a field.

    In a rule that name is the field, which is nothing for what cannot be read too.
    """
    if "amount" not in found or found["amount"].column.name in TRANSACTION_FIELDS:
        return []
    column = found["amount"].column
    empty = sum(not value for value in column.values)
    if not empty or empty < MUCH * len(column.values):
        return []
    why = f"{counted(empty, 'line')} without one; leave the rule out where each needs one"
    return [f"      exclude: {{{quoted(column.name)}: {{is_null: true}}}}  # {why}"]


def _reading(file: SniffedFile) -> list[str]:
    """Return the lines that say where the file is and how it is read."""
    path = str(file.path.resolve())
    odd = "  # rename it: a path takes no such character" if ODD_IN_A_PATH.search(path) else ""
    lines = [f"    format: {file.format}", f"    path: {quoted(path)}{odd}"]
    if file.format is Format.TEXT:
        lines[0] += "  # nothing separates its columns but blanks: each field is a word of the line"
    if file.skip_lines:
        lines.append(f"    skip_lines: {file.skip_lines}  # before the first line of data")
    if file.options:
        guessed = "; the encoding is a guess: look at the letters" if file.is_guessed else ""
        lines.append(f"    options: {flow(file.options)}  # as the file is written{guessed}")
    if file.uneven:
        have = "has" if file.uneven == 1 else "have"
        lines.append(f"    # {counted(file.uneven, 'line')} {have} another number of values than columns: look at them")
    return lines


def _number(columns: Sequence[SniffedColumn]) -> list[str]:
    """Return the lines on how amounts are written."""
    number = number_format(columns)
    doubt = "; or are three digits after a mark decimals? look which is right" if may_be_thousands(columns) else ""
    if number:
        return [f"    number: {flow(number)}  # so the amounts are written{doubt}"]
    return [f"    # the amounts have a point before three digits{doubt}"] if doubt else []


def _fields(file: SniffedFile, found: Mapping[str, Guess], discount: Guess | None) -> list[str]:
    """Return the lines of the fields, the required ones first."""
    has_factors = {"unit_price", "quantity"} <= found.keys()
    wanted = [*REQUIRED_TRANSACTION_FIELDS, *(field for field in found if field not in REQUIRED_TRANSACTION_FIELDS)]
    lines = []
    for field in wanted:
        if field == "amount" and "amount" not in found and has_factors:
            lines.append(_product(found, discount, file.format is Format.TEXT))
        elif field == "amount" and "amount" not in found and "unit_price" in found:
            price = found["unit_price"].column
            lines.append(f"      amount: {_mapped('amount', price)}  # no column of amounts, and none of pieces")
        elif field in found:
            lines.append(_field(found[field]))
        else:
            lines.append(f"      # {field}: no column looks like it; write the one that is")
    if "order_id" not in found:
        lines.append("      # order_id: none found: all lines of one member and day are one order")
    return lines


def _product(found: Mapping[str, Guess], discount: Guess | None, of_fields: bool) -> str:
    """Return the line of an amount that is price by pieces; of text the fields have the patterns."""
    names = ("unit_price", "quantity")
    factors = [name if of_fields else quoted(found[name].column.name) for name in names]
    reason = "no column of amounts, but price and quantity"
    if discount is not None and not of_fields:
        factors.append(f"{{subtract: [1, {quoted(discount.column.name)}]}}")
        reason += ", and a discount from 0 to 1"
    return f"      amount: {{multiply: [{', '.join(factors)}]}}  # {reason}"


def _field(guess: Guess) -> str:
    """Return the line of one field."""
    column = guess.column
    notes = [guess.reason]
    if (other := other_day_format(column)) is not None:
        notes.append(f"{other} fits too: look which is right")
    if column.days is not None and column.days.misfits:
        do = "does" if column.days.misfits == 1 else "do"
        notes.append(f"{counted(column.days.misfits, 'value')} {do} not fit")
    if column.days is not None and column.days.has_offset:
        notes.append("times with an offset: set calendar.time_zone to the zone whose days count")
    if guess.field == "member" and is_different_in_each_line(column):
        notes.append("every line has another value: is it the member?")
    return f"      {guess.field}: {_mapped(guess.field, column)}  # {'; '.join(notes)}"


def _mapped(field: str, column: SniffedColumn) -> str:
    """Return what a field is mapped to: the name of a column, or more where it needs a pattern or a format."""
    parts = {"column": "value" if column.word is not None else column.name}
    if column.word is not None:
        before = rf"(?:\S+\s+){{{column.word}}}" if column.word else ""
        parts["pattern"] = rf"^\s*{before}(\S+)"
    elif field in ("member", "order_id") and has_point_and_zeros(column):
        parts["pattern"] = r"^([0-9]+)"
    if field == "ordered_at" and column.days is not None and column.days.format is not None:
        parts["format"] = column.days.format
    if list(parts) == ["column"]:
        return quoted(column.name)
    written = (f"{key}: {_single(value) if key == 'pattern' else quoted(value)}" for key, value in parts.items())
    return f"{{{', '.join(written)}}}"


def _single(text: str) -> str:
    """Return a pattern in single quotes, in which a backslash is itself."""
    return "'" + text.replace("'", "''") + "'"


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
