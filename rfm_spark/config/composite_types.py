"""What lists, mappings, rules and secrets of the configuration may look like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rfm_spark.config.problems import Problems, did_you_mean
from rfm_spark.config.source import Rule, Secret
from rfm_spark.config.value_types import MISSING, Shape, has_size
from rfm_spark.config.yaml_text import Entries, Items, Node, Scalar


@dataclass(frozen=True)
class Values:
    """The values of a mapping that could be read, and the file and line of each."""

    where: str
    data: Mapping[str, Any]
    places: Mapping[str, str]

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, or the default where there is none."""
        return self.data.get(key, default)

    def place(self, key: str) -> str:
        """Return file and line of the key, or of its mapping."""
        return self.places.get(key, self.where)

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def kept(self, *keys: str) -> dict[str, Any]:
        """Return those of the keys that have a value, as arguments of a dataclass."""
        return {key: self.data[key] for key in keys if key in self.data}


@dataclass(frozen=True)
class ListOf(Shape):
    """A list without repetitions, as a tuple; `or_one`: a single value is a list of one."""

    item: Shape
    or_one: bool = False
    least: int = 0
    most: int | None = None

    @property
    def what(self) -> str:  # type: ignore[override]  # computed here, a field there
        """Return the kind in words."""
        return f"{self.item.what}, or a list" if self.or_one else f"a list, each item {self.item.what}"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if self.or_one and not isinstance(node, Items):
            value = self.item.read(node, problems, path)
            return MISSING if value is MISSING else (value,)
        if not isinstance(node, Items):
            return self.refuse(node, problems, path)
        if not has_size(node, self.least, self.most, problems, path):
            return MISSING
        values = [self.item.read(item, problems, f"{path}[{number}]") for number, item in enumerate(node.items)]
        for number, value in enumerate(values):
            if value is not MISSING and isinstance(value, str) and value in values[:number]:
                problems.add(node.items[number].where, f"{path} names {value!r} twice", next_step="keep one")
        return tuple(value for value in values if value is not MISSING)

    def schema(self) -> dict[str, Any]:
        many = {"type": "array", "items": self.item.schema(), "minItems": self.least}
        if self.most is not None:
            many["maxItems"] = self.most
        return {"anyOf": [self.item.schema(), many]} if self.or_one else many


@dataclass(frozen=True)
class Struct(Shape):
    """A mapping of known keys; `others`: every further key is a name that matches `names`."""

    keys: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    others: Shape | None = None
    names: str = r"[a-z][a-z0-9_]{0,63}"
    names_what: str = "a name like my_name: small letters, digits and _"
    nullable: tuple[str, ...] = ()
    what: str = "a mapping"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Scalar) and node.value is None:
            node = Entries({}, node.where)
        if not isinstance(node, Entries):
            return self.refuse(node, problems, path)
        data: dict[str, Any] = {}
        for key, child in node.entries.items():
            self._read_key(key, child, node, problems, path, data)
        for key in self.required:
            if key not in node.entries or _is_null(node.entries[key]):
                problems.add(node.where, f"{path or 'the configuration'} has no {key}", self.keys[key].what)
        return Values(node.where, data, node.places)

    def _read_key(
        self, key: str, child: Node, node: Entries, problems: Problems, path: str, data: dict[str, Any]
    ) -> None:
        shape = self.keys.get(key) or self.others
        place, full = node.place(key), f"{path}.{key}" if path else key
        if shape is None:
            problems.add(place, f"{full} is not known", next_step=did_you_mean(key, self.keys))
        elif key not in self.keys and not re.fullmatch(self.names, key):
            problems.add(place, f"{path}.{key[:60]!r} is not a name", self.names_what)
        elif _is_null(child):
            if key in self.nullable:
                data[key] = None
        else:
            value = shape.read(child, problems, full)
            if value is not MISSING:
                data[key] = value

    def schema(self) -> dict[str, Any]:
        """Return the keys; what is required is asked of all files together, not of each."""
        properties = {key: _or_null(shape.schema()) for key, shape in self.keys.items()}
        found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if self.others is not None:
            reserved = f"(?!(?:{'|'.join(self.keys)})$)" if self.keys else ""
            found["patternProperties"] = {f"^{reserved}(?:{self.names})$": _or_null(self.others.schema())}
        return found


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    about = {key: value for key, value in schema.items() if key == "description"}
    one = {key: value for key, value in schema.items() if key != "description"}
    return {"anyOf": [*one.get("anyOf", [one]), {"type": "null"}], **about}


class Wrapped(Shape):
    """A shape that is read as the one it holds, and says more of it."""

    shape: Shape

    @property
    def what(self) -> str:  # type: ignore[override]  # computed here, a field there
        """Return the kind in words."""
        return self.shape.what

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        return self.shape.read(node, problems, path)


@dataclass(frozen=True)
class Defined(Wrapped):
    """A shape that is used in many places: the JSON Schema refers to it by name."""

    name: str
    shape: Shape

    def schema(self) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{self.name}"}


@dataclass(frozen=True)
class Key(Wrapped):
    """What may stand under a key, and what the key means: a sentence for the docs and for editors."""

    shape: Shape
    meaning: str

    def schema(self) -> dict[str, Any]:
        """Return the schema of the value; editors show the meaning instead of the kind, which they know by it."""
        return {**self.shape.schema(), "description": self.meaning}


@dataclass(frozen=True)
class Either(Shape):
    """A short form, or a mapping that says more."""

    short: Shape
    long: Shape

    @property
    def what(self) -> str:  # type: ignore[override]  # computed here, a field there
        """Return the kind in words."""
        return f"{self.short.what}, or {self.long.what}"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        return (self.long if isinstance(node, Entries) else self.short).read(node, problems, path)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.short.schema(), self.long.schema()]}


@dataclass(frozen=True)
class RuleText(Shape):
    """A rule as it was written; `rules` gives it a meaning."""

    what: str = "a rule like {r: high, f: [1, 2]}"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        return Rule(_rule_data(node), node.where) if isinstance(node, Entries) else self.refuse(node, problems, path)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/rule"}


def _rule_data(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [_rule_data(item) for item in node.items]
    return {key: _rule_data(value) for key, value in node.entries.items()}


@dataclass(frozen=True)
class SecretPlace(Shape):
    """Where a secret is. An error never shows what was written, it may be the secret."""

    what: str = "{file: PATH} or {env: NAME}"
    keys: Mapping[str, str] = field(
        default_factory=lambda: {"file": r"[\w \-./:@+=,~\\]{1,1000}", "env": r"[A-Za-z_][A-Za-z0-9_]{0,200}"}
    )

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        entries = node.entries if isinstance(node, Entries) else {}
        if len(entries) == 1:
            ((key, place),) = entries.items()
            known = key in self.keys and isinstance(place, Scalar) and isinstance(place.value, str)
            if known and isinstance(place, Scalar) and re.fullmatch(self.keys[key], place.text):
                return Secret(**{key: place.text})
        problems.add(node.where, f"{path} does not say where the secret is", self.what, "never write the secret itself")
        return MISSING

    def schema(self) -> dict[str, Any]:
        properties = {key: {"type": "string", "pattern": f"^{pattern}$"} for key, pattern in self.keys.items()}
        return {
            "type": "object", "properties": properties, "additionalProperties": False,
            "minProperties": 1, "maxProperties": 1,
        }  # fmt: skip
