"""The columns that a source needs, and the comparison with those that its files or table have."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rfm_spark.config.build_sources import AMOUNT_FIELDS, REQUIRED, TIME_FIELDS
from rfm_spark.config.choices import Dataset, Operation
from rfm_spark.config.source import ColumnMapping, Source, SourceRules
from rfm_spark.errors import UsageError
from rfm_spark.ingest.times import TIME_TYPES
from rfm_spark.rules.source_columns import needed_columns

NUMBER_TYPES = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
VARIANT = "variant"
"""How JSON is read where a number and a text must be told apart."""
TEXT_TYPES = ("string", "char", "varchar", VARIANT)


def instant_field(source: Source) -> str:
    """Return the field that dates a line of the source."""
    return "ordered_at" if source.dataset is Dataset.TRANSACTIONS else "event_at"


def json_columns(source: Source, found: Iterable[str]) -> tuple[str, ...]:
    """Return the needed columns that JSON lines must have: those behind required fields, sorted.

    Any other may be absent from every line of a day, but not be there in other capitals. Of a look-up, which has no
    required fields, all are.
    """
    fields = REQUIRED[source.dataset]
    if any(field not in source.columns for field in fields):
        return needed_columns(source)
    required = {field: _without_choices(source.columns[field]) for field in fields}
    parts = {name for mapping in required.values() for name in mapping.names()}
    mappings = {name: _without_choices(source.columns[name]) for name in (*fields, *parts) if name in source.columns}
    behind = set(needed_columns(replace(source, columns=mappings, rules=SourceRules())))
    folded = {name.lower() for name in found}
    return tuple(name for name in needed_columns(source) if name in behind or name.lower() in folded)


def _without_choices(mapping: ColumnMapping) -> ColumnMapping:
    """Return the mapping without what may be empty: the columns of first_of, and those of a sum, which count 0 then."""
    is_product = mapping.formula is not None and mapping.formula.operation is Operation.MULTIPLY
    return replace(mapping, when=None, first_of=(), formula=mapping.formula if is_product else None)


def written_amounts(source: Source) -> set[str]:
    """Return the columns of the source whose text is an amount in a number format of its own."""
    found: set[str] = set()
    for field in AMOUNT_FIELDS:
        mapping = source.columns.get(field)
        if mapping is None:
            continue
        if source.number is not None:
            found |= {name for name in mapping.names() if name == field or name not in source.columns}
        if mapping.column is not None and mapping.lookup is None and (mapping.number or source.number) is not None:
            found.add(mapping.column)
    return found


def lookup_columns(source: Source, name: str) -> tuple[str, ...]:
    """Return the columns that the mapping takes from one look-up, sorted."""
    columns = {mapping.column for mapping in source.columns.values() if mapping.lookup == name}
    return tuple(sorted(column for column in columns if column is not None))


def quoted(name: str) -> str:
    """Return a column name in back-quotes, so that dots in it are not read as fields.

    >>> print(quoted("unit.price"))
    `unit.price`
    """
    return "`" + name.replace("`", "``") + "`"


def require_types(source: Source, types: Mapping[str, str]) -> None:
    """Raise UsageError with found and expected side by side when a column cannot be read as its field."""
    wrong = []
    for field, mapping in source.columns.items():
        for column in _columns_of(source, mapping):
            expected = _usable_types(field, mapping)
            if _family(types[column]) not in expected:
                wrong.append((f"{column} is {types[column]}", f"{column} as {' or '.join(expected)} for {field}"))
    if wrong:
        found, expected_text = ("; ".join(part) for part in zip(*wrong, strict=True))
        raise UsageError(
            f"source {source.name}", found, expected_text, "correct the delivery or the mapping of the source"
        )


def _columns_of(source: Source, mapping: ColumnMapping) -> list[str]:
    if mapping.lookup is not None:
        return []
    parts = [name for name in mapping.names() if name not in source.columns]
    return parts if mapping.column is None else [*parts, mapping.column]


def _usable_types(field: str, mapping: ColumnMapping) -> tuple[str, ...]:
    if mapping.pattern is not None:
        return (*TEXT_TYPES, *NUMBER_TYPES, "date")
    if field in AMOUNT_FIELDS:
        return (*TEXT_TYPES, *NUMBER_TYPES)
    if mapping.concat:
        return (*TEXT_TYPES, *NUMBER_TYPES, "boolean", "date")
    if field in TIME_FIELDS:
        numbers = NUMBER_TYPES if mapping.formats else ()
        return (*TEXT_TYPES, *TIME_TYPES, *numbers)
    return (*TEXT_TYPES, *NUMBER_TYPES, "boolean", "date")


def _family(type_: str) -> str:
    return type_.split("(", 1)[0] if "<" not in type_ else type_
