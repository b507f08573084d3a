"""YAML read strictly: every value keeps its file and line, and nothing is guessed.

Only the event stream of PyYAML is used. What surprises people is an error here: repeated keys, anchors and
aliases, tags, merge keys, words and numbers that YAML versions read differently, deep nesting, huge files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import yaml

from rfm_spark.config.problems import Problems

MAX_DEPTH = 32
MAX_BYTES = 1_000_000

Value: TypeAlias = bool | int | Decimal | date | str | None


@dataclass(frozen=True)
class Scalar:
    """One value and the text it was written as."""

    value: Value
    text: str
    where: str
    is_recorded: bool = False

    @property
    def exact(self) -> Value:
        """Return the value; of a recorded text the number or day that it is written like, if it is one."""
        if not (self.is_recorded and isinstance(self.value, str)):
            return self.value
        if FRACTION.fullmatch(self.value):
            return Decimal(self.value)
        return date.fromisoformat(self.value) if DAY.fullmatch(self.value) else self.value


@dataclass(frozen=True)
class Items:
    """A list."""

    items: list["Node"]
    where: str


@dataclass(frozen=True)
class Entries:
    """A mapping; a key's own place is in `places`."""

    entries: dict[str, "Node"]
    where: str
    places: dict[str, str] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Return file and line of the key."""
        return self.places.get(key, self.where)


Node: TypeAlias = Scalar | Items | Entries

NULL = re.compile(r"|~|null|Null|NULL")
TRUE = re.compile(r"true|True|TRUE")
FALSE = re.compile(r"false|False|FALSE")
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,29})")
FRACTION = re.compile(r"-?(0|[1-9][0-9]{0,29})\.[0-9]{1,30}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
UNCLEAR = (
    (re.compile(r"(?i)yes|no|on|off|y|n"), "a yes-or-no word", "true, false or quoted text"),
    (re.compile(r"[-+]?0[0-9_]+(\.[0-9]*)?"), "a number with leading zeros", "the number alone, or quoted text"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "a number that is not decimal", "a decimal number, or quoted text"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-9]{1,2})+(\.[0-9_]*)?"), "a time of day", "quoted text"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"), "a date or time", "YYYY-MM-DD, or quoted text"),
    (
        re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*\.?[0-9_]*)([eE][-+]?[0-9]+)?"),
        "a number in a form that is not read",
        "a plain number like 1000.50, or quoted text",
    ),
    (re.compile(r"(?i)[-+]?\.(inf|nan)"), "no finite number", "a plain number like 1000.50"),
)
"""What YAML versions read differently. Errors name the kind and never the value, which may be a secret."""


def resolve(text: str, where: str, problems: Problems) -> Value:
    """Return the value of an unquoted scalar, noting an error for what YAML versions read differently.

    | text         | value               | text       | value                     |
    |--------------|---------------------|------------|---------------------------|
    | `365`        | 365                 | `yes`, `on`| error: true, or quote it  |
    | `0.10`       | Decimal 0.10        | `007`      | error: quote it           |
    | `2011-12-09` | a date              | `12:30`    | error: quote it           |
    | `net`        | text                | `1e5`      | error: write 100000       |

    >>> resolve("0.10", "x:1", Problems()), resolve("all", "x:1", Problems()), resolve("", "x:1", Problems())
    (Decimal('0.10'), 'all', None)
    """
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text) or FALSE.fullmatch(text):
        return bool(TRUE.fullmatch(text))
    if WHOLE.fullmatch(text):
        return int(text)
    if FRACTION.fullmatch(text):
        return Decimal(text)
    return _day_or_text(text, where, problems)


def _day_or_text(text: str, where: str, problems: Problems) -> Value:
    if DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            problems.add(where, f"{text} is not a date of the calendar", "a day as YYYY-MM-DD, or quoted text")
            return text
    for pattern, kind, expected in UNCLEAR:
        if pattern.fullmatch(text):
            problems.add(where, kind, expected, "put quotes around it if it is text")
            break
    return text


class _UnreadableError(Exception):
    """The text cannot be read further; the error is noted already."""


class _Builder:
    """Nodes out of events, with a stack of its own instead of recursion."""

    def __init__(self, name: str, problems: Problems) -> None:
        self.name = name
        self.problems = problems
        self.root: Node | None = None
        self.stack: list[Items | Entries] = []
        self.keys: list[str | None] = []

    def where(self, event: yaml.Event) -> str:
        return f"{self.name}:{event.start_mark.line + 1 if event.start_mark else 1}"

    def stop(self, event: yaml.Event, found: str, next_step: str) -> None:
        self.problems.add(self.where(event), found, next_step=next_step)
        raise _UnreadableError

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the stream."""
        if isinstance(event, yaml.AliasEvent):
            self.stop(event, "an alias (*)", "write the value out: anchors and aliases are not read")
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self.stop(event, "a second document", "keep one document per file")
        if isinstance(event, yaml.NodeEvent):
            self.check_plainness(event)
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            self.open(event)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self.keys.pop()
            self.stack.pop()

    def check_plainness(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            self.problems.add(self.where(event), "an anchor (&)", next_step="remove it: aliases are not read either")
        if getattr(event, "tag", None) is not None:
            self.problems.add(self.where(event), "a tag (!)", next_step="remove it: tags are not read")

    def scalar(self, event: yaml.ScalarEvent) -> None:
        where = self.where(event)
        if self.awaits_key():
            self.key(event, where)
            return
        plain = event.style is None and event.tag is None
        value = resolve(event.value, where, self.problems) if plain else event.value
        self.attach(Scalar(value, event.value, where))

    def awaits_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1], Entries) and self.keys[-1] is None

    def key(self, event: yaml.ScalarEvent, where: str) -> None:
        mapping = self.stack[-1]
        assert isinstance(mapping, Entries)
        key = event.value
        if not key or (key in {"<<", "~", "null"} and event.style is None):
            self.stop(event, f"key {key!r}", "give every value a name; merge keys are not read")
        if key in mapping.entries:
            self.problems.add(
                where, f"key {key!r} is written twice, first in {mapping.place(key)}", next_step="keep one"
            )
        mapping.places[key] = where
        self.keys[-1] = key

    def open(self, event: yaml.CollectionStartEvent) -> None:
        if self.awaits_key():
            self.stop(event, "a list or mapping as a key", "use text as keys")
        if len(self.stack) >= MAX_DEPTH:
            self.stop(event, f"more than {MAX_DEPTH} levels inside each other", "write it flatter")
        where = self.where(event)
        node: Items | Entries = Items([], where) if isinstance(event, yaml.SequenceStartEvent) else Entries({}, where)
        self.attach(node)
        self.stack.append(node)
        self.keys.append(None)

    def attach(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
        else:
            key = self.keys[-1]
            assert key is not None
            parent.entries[key] = node
            self.keys[-1] = None


def parse_yaml(content: bytes, name: str, problems: Problems) -> Node | None:
    """Return the one document of a file, None when it is empty or cannot be read; errors are noted."""
    if len(content) > MAX_BYTES:
        problems.add(name, f"{len(content)} bytes", f"at most {MAX_BYTES}", "split the file by sections")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problems.add(f"{name}:{line}", "text that is not UTF-8", "UTF-8", "save the file as UTF-8")
        return None
    builder = _Builder(name, problems)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(f"{name}:{mark.line + 1 if mark else 1}", f"not YAML: {error.problem or error.context}")
        return None
    except yaml.YAMLError:
        problems.add(name, "a character that YAML does not allow", "printable text", "remove control characters")
        return None
    except _UnreadableError:
        return None
    return builder.root


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
    return events


def as_recorded(node: Node) -> Node:
    """Return the node as one of run_config: JSON has no exact numbers and no days, so a text there may be either."""
    if isinstance(node, Scalar):
        return replace(node, is_recorded=True)
    if isinstance(node, Items):
        return replace(node, items=[as_recorded(item) for item in node.items])
    return replace(node, entries={key: as_recorded(value) for key, value in node.entries.items()})


def plain_data(node: Node) -> Any:
    """Return the node as plain data: dict, list, and scalars; exact numbers as they were written, days as text."""
    if isinstance(node, Scalar):
        return node.text if isinstance(node.value, (Decimal, date)) else node.value
    if isinstance(node, Items):
        return [plain_data(item) for item in node.items]
    return {key: plain_data(value) for key, value in node.entries.items()}
