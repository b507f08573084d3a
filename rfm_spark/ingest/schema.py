"""The columns that a source needs, and the comparison with those that its files or table have."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.build_sources import AMOUNT_FIELDS, TIME_FIELDS
from rfm_spark.config.choices import Dataset, Operation
from rfm_spark.config.source import ColumnMapping, Source, SourceRules
from rfm_spark.errors import UsageError
from rfm_spark.ingest.times import TIME_TYPES
from rfm_spark.rules.source_columns import OF_LOOKUP, needed_columns

NUMBER_TYPES = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
VARIANT = "variant"
"""How JSON is read where a number and a text must be told apart."""
NUMBER_OF_JSON = "^(BIGINT|DECIMAL|DOUBLE)"
TEXT_TYPES = ("string", "char", "varchar", VARIANT)


def instant_field(source: Source) -> str:
    """Return the field that dates a line of the source."""
    return "ordered_at" if source.dataset is Dataset.TRANSACTIONS else "event_at"


def required_columns(source: Source, found: Iterable[str], is_one_of_many: bool = False) -> tuple[str, ...]:
    """Return the needed columns that must be found: those behind required fields, sorted.

    Any other may be absent from every JSON line of a day, or from one of many files, but not be there in other
    capitals. One of many files may also lack what has a default. Of a look-up, which has no required fields, all are.
    """
    fields = source.required_fields
    if any(field not in source.columns for field in fields):
        return needed_columns(source)
    columns = {field: _without_choices(mapping, is_one_of_many) for field, mapping in source.columns.items()}
    parts = {name for field in fields for name in columns[field].names()}
    mappings = {name: columns[name] for name in (*fields, *parts) if name in columns}
    behind = set(needed_columns(replace(source, columns=mappings, rules=SourceRules(), also=())))
    folded = {name.lower() for name in found}
    return tuple(name for name in needed_columns(source) if name in behind or name.lower() in folded)


def _without_choices(mapping: ColumnMapping, is_one_of_many: bool) -> ColumnMapping:
    """Return the mapping without what may be empty: the columns of first_of, and those of a sum, which count 0 then."""
    if is_one_of_many and mapping.default is not None:
        return ColumnMapping(value=mapping.default)
    is_product = mapping.formula is not None and mapping.formula.operation is Operation.MULTIPLY
    choices = mapping.first_of if len(mapping.first_of) == 1 else ()
    return replace(mapping, when=None, first_of=choices, formula=mapping.formula if is_product else None)


def is_json_number(value: Column) -> Column:
    """Return whether a value of JSON is a number, and not the text of one."""
    return F.schema_of_variant(value).rlike(NUMBER_OF_JSON)


def quoted(name: str) -> str:
    """Return a column name in back-quotes, so that dots in it are not read as fields.

    >>> print(quoted("unit.price"))
    `unit.price`
    """
    return "`" + name.replace("`", "``") + "`"


def require_types(source: Source, types: Mapping[str, str]) -> None:
    """Raise UsageError with found and expected side by side when a column cannot be read as its field.

    `types` are those of the source, or of its look-ups; columns without a type here are looked at elsewhere.
    """
    wrong = []
    mapped = [(made, *item) for made in source.made_of_each() for item in made.columns.items()]
    for made, field, mapping in mapped:
        for column in (name for name in _columns_of(made, mapping) if name in types):
            expected = _usable_types(field, mapping)
            if family(types[column]) not in expected:
                wrong.append((f"{column} is {types[column]}", f"{column} as {' or '.join(expected)} for {field}"))
    if wrong:
        found, expected_text = ("; ".join(part) for part in zip(*wrong, strict=True))
        raise UsageError(
            f"source {source.name}", found, expected_text, "correct the delivery or the mapping of the source"
        )


def _columns_of(source: Source, mapping: ColumnMapping) -> list[str]:
    names = [name for name in mapping.names() if name not in source.columns]
    return names if mapping.origin is None else [*names, mapping.origin]


def _usable_types(field: str, mapping: ColumnMapping) -> tuple[str, ...]:
    if field.startswith(OF_LOOKUP):
        return (*TEXT_TYPES, *NUMBER_TYPES, "boolean", *TIME_TYPES)
    if mapping.pattern is not None:
        return (*TEXT_TYPES, *NUMBER_TYPES, *TIME_TYPES)
    if field in AMOUNT_FIELDS:
        return (*TEXT_TYPES, *NUMBER_TYPES)
    if mapping.concat:
        return (*TEXT_TYPES, *NUMBER_TYPES, "boolean", "date")
    if field in TIME_FIELDS:
        numbers = NUMBER_TYPES if mapping.formats else ()
        return (*TEXT_TYPES, *TIME_TYPES, *numbers)
    return (*TEXT_TYPES, *NUMBER_TYPES, "boolean", "date")


def family(type_: str) -> str:
    """Return a type without its length or precision."""
    return type_.split("(", 1)[0] if "<" not in type_ else type_
