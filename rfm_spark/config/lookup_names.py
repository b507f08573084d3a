"""Columns of look-ups by name: `orders.status` is the column `status` of the look-up `orders`, wherever it is named."""

from collections.abc import Iterable, Mapping

from rfm_spark.config.composite_types import Values
from rfm_spark.config.problems import Problems, did_you_mean
from rfm_spark.config.source import Lookup


def lookup_and_column(name: str, lookups: Iterable[str]) -> tuple[str, str] | None:
    """Return the look-up and its column that a name means; None where it is a field or a column of the source.

    >>> lookup_and_column("orders.status", ["orders"]), lookup_and_column("unit.price", ["orders"])
    (('orders', 'status'), None)
    """
    lookup, dot, column = name.partition(".")
    return (lookup, column) if dot and column and lookup in lookups else None


def source_key(value: object, where: str, full: str, lookups: Iterable[str], problems: Problems) -> str:
    """Return the name of a key: as it was written, or `orders.customer` for `{column: customer, lookup: orders}`."""
    if not isinstance(value, Values):
        return str(value or "")
    lookup = value.get("lookup", "")
    if lookup and lookup not in lookups:
        problems.add(where, f"{full} names lookup {lookup!r}", "a name under lookups", did_you_mean(lookup, lookups))
    return f"{lookup}.{value.get('column', '')}"


def check_circles(path: str, lookups: Mapping[str, Lookup], problems: Problems) -> None:
    """Note every look-up whose key is, by way of other look-ups, its own column."""
    for lookup in lookups.values():
        way = [lookup.name]
        while (key := lookup_and_column(lookups[way[-1]].source_key, lookups)) is not None and key[0] not in way:
            way.append(key[0])
        if key is not None and key[0] == lookup.name:
            found = f"{path}.{lookup.name} takes its key from itself: {' <- '.join([*way, lookup.name])}"
            problems.add(lookup.where, found, "look-ups of which the first has a column of the source as its key")


def in_order(lookups: Mapping[str, Lookup]) -> list[Lookup]:
    """Return the look-ups, each after the one that has its key; without a circle."""
    ordered: dict[str, Lookup] = {}

    def add(lookup: Lookup) -> None:
        key = lookup_and_column(lookup.source_key, lookups)
        if key is not None and key[0] not in ordered:
            add(lookups[key[0]])
        ordered.setdefault(lookup.name, lookup)

    for lookup in lookups.values():
        add(lookup)
    return list(ordered.values())
