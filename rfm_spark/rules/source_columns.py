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
