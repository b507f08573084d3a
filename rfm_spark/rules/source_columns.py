"""The columns that a source must deliver, and its look-ups, as its mapping and its rules name them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rfm_spark.config.build_sources import AMOUNT_FIELDS
from rfm_spark.config.lookup_names import lookup_and_column
from rfm_spark.config.source import ColumnMapping, Lookup, NumberFormat, Rule, Source, SourceRules
from rfm_spark.errors import UsageError
from rfm_spark.rules.grammar import fields_of, parse_rule

OF_LOOKUP = "column "
"""Begins what stands in place of a field: a column of a look-up, which may have any type."""


def source_rules(source: Source) -> Iterator[Rule]:
    """Yield every rule of a source, for its lines and for its columns."""
    rules = source.rules
    of_lines = (rules.exclude, rules.refund, rules.discount, rules.sale)
    of_columns = (mapping.when for mapping in source.columns.values())
    of_made = [made.when for made in (*source.also, source.made) if made is not None]
    of_their_columns = (mapping.when for made in source.also for mapping in made.columns.values())
    yield from (rule for rule in (*of_lines, *of_columns, *of_made, *of_their_columns) if rule is not None)


def needed_columns(source: Source) -> tuple[str, ...]:
    """Return every column of the source that its mapping, look-ups and rules read, sorted."""
    return tuple(sorted(name for name in _named(source) if lookup_and_column(name, source.lookups) is None))


def lookup_columns(source: Source, lookup: str) -> tuple[str, ...]:
    """Return the columns that mapping, rules and other look-ups take from one look-up, sorted; none if it is unused."""
    found = (lookup_and_column(name, source.lookups) for name in _named(source))
    return tuple(sorted(one[1] for one in found if one is not None and one[0] == lookup))


def columns_behind(source: Source, fields: Iterable[str]) -> set[str]:
    """Return the columns and fields of which these fields are made; one of a look-up is named after it."""
    every, wanted = source.made_of_each(), set(fields)
    mappings = [mapping for made in every for field, mapping in made.columns.items() if field in wanted]
    return {name for mapping in mappings for name in (mapping.origin, *mapping.names()) if name is not None}


def written_amounts(source: Source) -> set[str]:
    """Return the columns of the source, and of look-ups, whose text is an amount in a number format of its own."""
    return {name for made in source.made_of_each() for name in _written_amounts(made)}


def _written_amounts(source: Source) -> set[str]:
    found: set[str] = set()
    for field, mapping in source.columns.items():
        is_amount = field in AMOUNT_FIELDS or field.startswith(OF_LOOKUP)
        if is_amount and (mapping.number or source.number) is not None:
            found |= {name for name in mapping.names() if name == field or name not in source.columns}
            found |= set() if mapping.origin is None else {mapping.origin}
    return found


def lookup_source(source: Source, lookup: Lookup) -> Source:
    """Return a look-up as a source that delivers its key and the columns that are taken from it."""
    written, names = written_amounts(source), (lookup.key, *lookup_columns(source, lookup.name))
    # What counts is that there is a format: a number of JSON is none of its texts.
    formats = {name: NumberFormat() for name in names if f"{lookup.name}.{name}" in written}
    plain = {OF_LOOKUP + name: ColumnMapping(column=name, number=formats.get(name)) for name in names}
    return replace(
        source, name=f"{source.name}: lookups.{lookup.name}", format=lookup.format, paths=(lookup.path,), table=None,
        jdbc=None, options=lookup.options, skip_lines=0, columns=plain, rules=SourceRules(), lookups={}, explode=None,
        also=(), batch_from=None, number=None, where=lookup.where,
    )  # fmt: skip


def require_one_meaning(found: Iterable[str], source: Source, where: str) -> None:
    """Raise UsageError where a name is both a column of the source and one of its look-up.

    `found` are the columns that the source delivers. Only the user knows which one was meant.
    """
    both = sorted(name for name in set(found) & _written(source) if lookup_and_column(name, source.lookups))
    if both:
        lookup = both[0].partition(".")[0]
        found_text = f"{both[0]} is a column of the source and of its look-up {lookup}"
        raise UsageError(where, found_text, "one of them", f"give the look-up {lookup} another name")


def _written(source: Source) -> set[str]:
    """Return the names of columns as mapping and rules write them; those of fields are none."""
    return {name for made in source.made_of_each() for name in _written_in(made)}


def _written_in(source: Source) -> set[str]:
    mappings = source.columns.values()
    plain = {mapping.column for mapping in mappings if mapping.column is not None and mapping.lookup is None}
    parts = {name for mapping in mappings for name in mapping.names()}
    named = {name for rule in source_rules(source) for name in fields_of(parse_rule(rule, None))}
    return plain | {name for name in parts | named if name not in source.columns}


def _named(source: Source) -> set[str]:
    """Return all columns that are read, those of look-ups as `lookup.column`, with the keys of the look-ups."""
    mappings = [mapping for made in source.made_of_each() for mapping in made.columns.values()]
    of_lookups = {f"{one.lookup}.{one.column}" for one in mappings if one.lookup is not None}
    names, exploded = _written(source) | of_lookups, {source.explode} if source.explode is not None else set()
    keys: set[str] = set()
    while True:
        used = {found[0] for name in names | keys if (found := lookup_and_column(name, source.lookups)) is not None}
        more = {source.lookups[name].source_key for name in used}
        if more <= keys:
            return names | keys | exploded
        keys |= more


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
    plain, *others = source.made_of_each()
    more = [item for made in others for item in made.columns.items() if item not in plain.columns.items()]
    for field, mapping in [*plain.columns.items(), *more]:
        own = [] if mapping.origin is None else [mapping.origin]
        for name in (*own, *(part for part in mapping.names() if part not in source.columns)):
            uses.setdefault(name, []).append(field)
    for name, lookup in source.lookups.items():
        if lookup_columns(source, name):
            uses.setdefault(lookup.source_key, []).append(f"key of {name}")
    for name in needed_columns(source):
        if name not in uses or any(name in fields_of(parse_rule(rule, None)) for rule in source_rules(source)):
            uses.setdefault(name, []).append("rules")
    return uses
