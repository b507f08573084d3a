"""Where configuration comes from: folders and files laid over each other, and single values on the command line."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlparse

from rfm_spark.config.problems import Problems
from rfm_spark.config.yaml_text import Entries, Items, Node, Scalar, parse_yaml, resolve

Reader = Callable[[str], Mapping[str, bytes]]
"""Returns the YAML files of a location by name, in order."""

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
OVERRIDE_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
YAML_NAMES = (".yaml", ".yml")


def merged(locations: Sequence[str], overrides: Sequence[str], read: Reader | None, problems: Problems) -> Entries:
    """Return the locations laid over each other in their order, and the overrides over all of them."""
    tree: Node = Entries({}, "configuration")
    for location in locations:
        tree = lay_over(tree, _location(location, read, problems))
    for override in overrides:
        tree = lay_over(tree, _override(override, tree, problems))
    assert isinstance(tree, Entries)
    return tree


def lay_over(base: Node, over: Node) -> Node:
    """Return `over` on top of `base`: mappings merge, everything else replaces.

    | base              | over           | merged                  |
    |-------------------|----------------|-------------------------|
    | `{a: 1, b: [1]}`  | `{b: [2]}`     | `{a: 1, b: [2]}`        |
    | `{a: 1, b: [1]}`  | `{a: null}`    | `{a: null, b: [1]}`     |

    >>> from rfm_spark.config.yaml_text import plain_data
    >>> base, over, null = (parse_yaml(text, "x", Problems()) for text in (b"{a: 1, b: [1]}", b"b: [2]", b"a: null"))
    >>> plain_data(lay_over(base, over)), plain_data(lay_over(base, null))
    ({'a': 1, 'b': [2]}, {'a': None, 'b': [1]})

    A null stays in the tree: it takes the value away when the tree is read.
    """
    if not (isinstance(base, Entries) and isinstance(over, Entries)):
        return over
    entries = dict(base.entries)
    for key, node in over.entries.items():
        entries[key] = lay_over(entries[key], node) if key in entries else node
    return Entries(entries, over.where if over.entries else base.where, {**base.places, **over.places})


def _location(location: str, read: Reader | None, problems: Problems) -> Node:
    """Return the files of one location as one tree; a section in two files of a folder is an error."""
    tree: Node = Entries({}, location)
    assert isinstance(tree, Entries)
    for name, content in _files(location, read, problems).items():
        node = parse_yaml(content, name, problems)
        if node is None or (isinstance(node, Scalar) and node.value is None):
            continue
        if not isinstance(node, Entries):
            problems.add(node.where, "no sections", "a mapping like orders: {refunds: ignore}")
            continue
        for section in node.entries.keys() & tree.entries.keys():
            problems.add(
                node.place(section), f"section {section} is also in {tree.place(section)}", next_step="keep one"
            )
        tree.entries.update(node.entries)
        tree.places.update(node.places)
    return tree


def _files(location: str, read: Reader | None, problems: Problems) -> Mapping[str, bytes]:
    if is_remote(location):
        return _remote_files(location, read, problems)
    path = Path(unquote(urlparse(location).path) if location.startswith("file:") else location)
    if not path.is_dir():
        return _file(path, problems)
    found = sorted(file for file in path.iterdir() if file.suffix in YAML_NAMES and not file.name.startswith("."))
    if not found:
        problems.add("--config", f"{path} holds no YAML file", "a folder with files like windows.yaml")
    return {str(file): content for file in found for content in _file(file, problems).values()}


def is_remote(location: str) -> bool:
    """Return whether only a session can read the location."""
    return SCHEME.match(location) is not None and not location.startswith("file:")


def _remote_files(location: str, read: Reader | None, problems: Problems) -> Mapping[str, bytes]:
    if read is None:
        problems.add("--config", f"{location} cannot be read here", "a local folder, file or file: URI")
        return {}
    try:
        found = read(location)
    except OSError as error:
        problems.add("--config", f"{location} cannot be read: {error.strerror}", "a folder or a YAML file")
        return {}
    if not found:
        problems.add("--config", f"{location} holds no YAML file", "a folder with files like windows.yaml")
    return found


def _file(path: Path, problems: Problems) -> Mapping[str, bytes]:
    try:
        return {str(path): path.read_bytes()}
    except OSError as error:
        problems.add("--config", f"{path} cannot be read: {error.strerror}", "a folder or a YAML file")
        return {}


def _override(override: str, tree: Node, problems: Problems) -> Node:
    """Return `section.key=value` as a tree of its own."""
    path, equals, text = override.partition("=")
    where = f"--set {path[:100]}"
    nothing = Entries({}, where)
    if not equals or not OVERRIDE_KEY.fullmatch(path):
        problems.add("--set", f"{path[:100]!r} is not an assignment", "section.key=value")
        return nothing
    if text.startswith(("!", "&")):
        problems.add(where, "a tag or an anchor", "a plain or quoted value")
        return nothing
    value = _override_value(text, where, problems)
    if value is None or not _is_reachable(path.split("."), tree, where, problems):
        return nothing
    for key in reversed(path.split(".")):
        value = Entries({key: value}, where, {key: where})
    return value


def _override_value(text: str, where: str, problems: Problems) -> Node | None:
    """Return a bare word as it is written, so that `*.csv` and `a: b` are text, and a quoted or flow value as YAML."""
    if not text.startswith(("[", "{", '"', "'")):
        return Scalar(resolve(text, where, problems), text, where)
    found = Problems()
    node = parse_yaml(text.encode(), where, found)
    for problem in found.found:
        problems.add(where, problem.found, problem.expected, problem.next_step)
    return None if node is None else _placed(node, where)


def _placed(node: Node, where: str) -> Node:
    """Return the tree with one place for all of it: a line number of a command line tells nothing."""
    if isinstance(node, Scalar):
        return Scalar(node.value, node.text, where)
    if isinstance(node, Items):
        return Items([_placed(item, where) for item in node.items], where)
    return Entries({key: _placed(value, where) for key, value in node.entries.items()}, where)


def _is_reachable(path: list[str], tree: Node, where: str, problems: Problems) -> bool:
    """Return whether every step before the last is a mapping, or nothing yet."""
    node: Node | None = tree
    for key in path[:-1]:
        node = node.entries.get(key) if isinstance(node, Entries) else node
        if isinstance(node, Items):
            problems.add(where, f"{key} is a list", "a key of a mapping", "replace the whole list")
            return False
    return True
