"""What a single value of the configuration may look like, read with all errors noted and described as JSON Schema.

A shape's `read` returns the value, or MISSING where an error was noted or null was written.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Final

from rfm_spark.config.problems import Problems
from rfm_spark.config.yaml_text import Entries, Items, Node, Scalar
from rfm_spark.text import counted, without_trailing_zeros


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING


class Shape(ABC):
    """A kind of value."""

    what: str
    """The kind in words, for "expected ..."."""

    @abstractmethod
    def read(self, node: Node, problems: Problems, path: str) -> Any:
        """Return the value; `path` names it in errors (`orders.max_amount`)."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""

    def refuse(self, node: Node, problems: Problems, path: str, hint: str = "") -> Any:
        """Note that the value is of another kind."""
        problems.add(node.where, f"{path} is {shown(node)}", self.what, hint)
        return MISSING


def shown(node: Node) -> str:
    """Return the value as errors show it."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Entries):
        return "a mapping"
    return repr(node.text[:60]) if isinstance(node.value, str) else (node.text[:60] or "empty")


def exact_text(number: int | Decimal) -> str:
    """Return a number as text without trailing zeros.

    >>> exact_text(Decimal("1.50")), exact_text(1000), exact_text(Decimal("0.0"))
    ('1.5', '1000', '0')
    """
    return without_trailing_zeros(format(Decimal(number), "f"))


def has_size(node: Items, least: int, most: int | None, problems: Problems, path: str) -> bool:
    """Return whether a list has so many entries, and note where it has not."""
    bound = f"at least {least}" if len(node.items) < least else ""
    if most is not None and len(node.items) > most:
        bound = f"at most {most}"
    if bound:
        problems.add(node.where, f"{path} has {counted(len(node.items), 'entry', 'entries')}", bound)
    return not bound


@dataclass(frozen=True)
class Text(Shape):
    """Text that matches a pattern as a whole; `hidden`: errors do not show what was written."""

    pattern: str = r"[^\x00-\x1f\x7f]{1,2000}"
    what: str = "text"
    hidden: bool = False

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, str) and re.fullmatch(self.pattern, node.value):
            return node.value
        if self.hidden:
            problems.add(node.where, f"{path} cannot be read", self.what)
            return MISSING
        is_number = isinstance(node, Scalar) and not isinstance(node.value, str)
        return self.refuse(node, problems, path, "put quotes around it if it is text" if is_number else "")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "description": self.what}


@dataclass(frozen=True)
class Literal(Shape):
    """Text or a number, kept as the text it was written as."""

    what: str = "text or a number"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if (
            isinstance(node, Scalar)
            and isinstance(node.value, (str, int, Decimal))
            and not isinstance(node.value, bool)
        ):
            return node.text
        hint = "put quotes around it if it is text" if isinstance(node, Scalar) else ""
        return self.refuse(node, problems, path, hint)

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"], "description": self.what}


@dataclass(frozen=True)
class Option(Literal):
    """An option of a reader: text, a number, true or false, kept as text."""

    what: str = "text, a number, true or false"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return str(node.value).lower()
        return super().read(node, problems, path)

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"], "description": self.what}


@dataclass(frozen=True)
class Number(Shape):
    """A number between two bounds, both allowed, as a Decimal; `whole` gives an int, `text` the exact text."""

    least: int = 0
    most: int = 10**13
    whole: bool = False
    text: bool = False
    decimals: int = 4

    @property
    def what(self) -> str:  # type: ignore[override]  # computed here, a field there
        """Return the kind in words."""
        kind = "a whole number" if self.whole else f"a number with at most {self.decimals} decimals"
        return f"{kind} from {self.least} to {self.most}"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        value = node.exact if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            looks_quoted = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value)
            return self.refuse(node, problems, path, "remove the quotes" if looks_quoted else "")
        exact = exact_text(value)
        decimals = len(exact.partition(".")[2])
        if not self.least <= value <= self.most or decimals > (0 if self.whole else self.decimals):
            return self.refuse(node, problems, path)
        if self.text:
            return exact
        return int(value) if self.whole else Decimal(value)

    def schema(self) -> dict[str, Any]:
        kind = "integer" if self.whole else "number"
        return {"type": kind, "minimum": self.least, "maximum": self.most, "description": self.what}


@dataclass(frozen=True)
class NumberOrWord(Shape):
    """A whole number, or one word in its place."""

    number: Number
    word: str

    @property
    def what(self) -> str:  # type: ignore[override]  # computed here, a field there
        """Return the kind in words."""
        return f"{self.number.what}, or {self.word}"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Scalar) and isinstance(node.exact, str):
            return self.word if node.value == self.word else self.refuse(node, problems, path)
        return self.number.read(node, problems, path)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.number.schema(), {"const": self.word}]}


@dataclass(frozen=True)
class Flag(Shape):
    """True or false."""

    what: str = "true or false"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        return self.refuse(node, problems, path)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Day(Shape):
    """A calendar day."""

    what: str = "a day as YYYY-MM-DD"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Scalar) and isinstance(node.exact, date):
            return node.exact
        return self.refuse(node, problems, path, "write it without quotes" if isinstance(node, Scalar) else "")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "description": self.what}


@dataclass(frozen=True)
class Choice(Shape):
    """One word of an enum, or of some of its words."""

    words: type[StrEnum]
    some: tuple[StrEnum, ...] = ()

    @property
    def allowed(self) -> list[str]:
        """Return the words that may be written."""
        return [str(word) for word in self.some or self.words]

    @property
    def what(self) -> str:  # type: ignore[override]  # computed here, a field there
        """Return the kind in words."""
        return f"one of {', '.join(self.allowed)}"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Scalar) and node.value in self.allowed:
            return self.words(str(node.value))
        return self.refuse(node, problems, path)

    def schema(self) -> dict[str, Any]:
        return {"enum": self.allowed}
