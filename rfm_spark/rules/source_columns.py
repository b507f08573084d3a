"""The columns that a source must deliver, as its mapping and its rules name them."""

from collections.abc import Iterator

from rfm_spark.config.source import Rule, Source
from rfm_spark.rules.grammar import fields_of, parse_rule


def source_rules(source: Source) -> Iterator[Rule]:
    """Yield every rule of a source, for its lines and for its columns."""
    rules = source.rules
    of_lines = (rules.exclude, rules.refund, rules.discount, rules.sale)
    of_columns = (mapping.when for mapping in source.columns.values())
    of_made = source.made.when if source.made is not None else None
    yield from (rule for rule in (*of_lines, *of_columns, of_made) if rule is not None)


def lookup_columns(source: Source, name: str) -> tuple[str, ...]:
    """Return the columns that the mapping takes from one look-up, sorted."""
    mappings = [mapping for made in source.made_of_each() for mapping in made.columns.values()]
    columns = {mapping.column for mapping in mappings if mapping.lookup == name}
    return tuple(sorted(column for column in columns if column is not None))


def needed_columns(source: Source) -> tuple[str, ...]:
    """Return every column that the mapping, look-ups and rules of the source read, sorted."""
    return tuple(sorted({name for made in source.made_of_each() for name in _needed(made)}))


def _needed(source: Source) -> set[str]:
    mappings = source.columns.values()
    plain = {mapping.column for mapping in mappings if mapping.column is not None and mapping.lookup is None}
    parts = {name for mapping in mappings for name in mapping.names()}
    used = {mapping.lookup for mapping in mappings if mapping.lookup is not None}
    keys = {lookup.source_key for name, lookup in source.lookups.items() if name in used}
    named = {name for rule in source_rules(source) for name in fields_of(parse_rule(rule, None))}
    own = {name for name in parts | named if name not in source.columns}
    return plain | keys | own


def uses_of_columns(source: Source) -> dict[str, list[str]]:
    """Return for every column that is read what it is read for; a column of a look-up is named after it.

    >>> from rfm_spark.config.choices import Dataset, Format
    >>> from rfm_spark.config.source import ColumnMapping, Lookup
    >>> columns = {"member": ColumnMapping(column="card", lookup="cards"), "ordered_at": ColumnMapping(column="day")}
    >>> cards = Lookup("cards", Format.CSV, "cards.csv", key="id", source_key="customer")
    >>> uses_of_columns(Source("shop", Dataset.TRANSACTIONS, Format.CSV, columns, lookups={"cards": cards}))
    {'cards.card': ['member'], 'day': ['ordered_at'], 'customer': ['key of cards']}
    """
    uses: dict[str, list[str]] = {}
    for field, mapping in source.columns.items():
        own = [mapping.column] if mapping.column is not None else []
        named = [f"{mapping.lookup}.{name}" if mapping.lookup is not None else name for name in own]
        for name in (*named, *(part for part in mapping.names() if part not in source.columns)):
            uses.setdefault(name, []).append(field)
    for name, lookup in source.lookups.items():
        if lookup_columns(source, name):
            uses.setdefault(lookup.source_key, []).append(f"key of {name}")
    for name in needed_columns(source):
        if name not in uses or any(name in fields_of(parse_rule(rule, None)) for rule in source_rules(source)):
            uses.setdefault(name, []).append("rules")
    return uses
