"""Sources: every key of one input becomes a frozen `Source`, with what only the whole of it can tell checked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rfm_spark.config.build_readers import build_batch, build_jdbc, build_number, check_pattern, reader_options
from rfm_spark.config.build_versions import version_columns
from rfm_spark.config.choices import (
    Dataset,
    Fold,
    Format,
    Kind,
    Operation,
    Otherwise,
)
from rfm_spark.config.composite_types import Values
from rfm_spark.config.date_formats import check_formats
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.lookup_names import check_circles, source_key
from rfm_spark.config.problems import Problems
from rfm_spark.config.source import (
    EACH_LINE,
    EVENT_FIELDS,
    REQUIRED_EVENT_FIELDS,
    REQUIRED_TRANSACTION_FIELDS,
    TRANSACTION_FIELDS,
    VERSION_FIELD,
    AlsoLine,
    ColumnMapping,
    Fixed,
    Lookup,
    Source,
    SourceRules,
)
from rfm_spark.config.source_checks import check_place, check_reading

FIELDS = {Dataset.TRANSACTIONS: TRANSACTION_FIELDS, Dataset.EVENTS: EVENT_FIELDS}
REQUIRED = {Dataset.TRANSACTIONS: REQUIRED_TRANSACTION_FIELDS, Dataset.EVENTS: REQUIRED_EVENT_FIELDS}
TIME_FIELDS = ("ordered_at", "event_at", VERSION_FIELD)
AMOUNT_FIELDS = ("amount", "unit_price", "quantity")
AS_WRITTEN = (
    "table", "explode", "skip_lines", "multi_line", "header", "delivery", "duplicates", "empty_batches", "time_zone",
    "id_type", "drop_duplicates", "missing_members", "missing_words", "orders_of",
)  # fmt: skip
"""Keys whose value is the attribute of the source, which has the same default."""


def build_source(name: str, values: Values, problems: Problems) -> Source:
    """Return one source; every error is noted with its place."""
    path = f"sources.{name}"
    dataset = values.get("dataset", Dataset.TRANSACTIONS)
    format_ = values.get("format", Format.CSV)
    rules = values.get("rules")
    columns = _columns(path, values, dataset, problems)
    also = tuple(
        _also(f"{path}.also[{n}]", one, values, dataset, problems) for n, one in enumerate(values.get("also", ()))
    )
    if values.get("orders_of") and "refunded_order_id" not in columns and _has_numbers(columns):
        columns = {**columns, "refunded_order_id": columns["order_id"]}
    columns = {**columns, **version_columns(path, values, dataset, problems)}
    each_line = columns.get("order_id") is not None and columns["order_id"].column == EACH_LINE
    source = Source(
        name=name,
        dataset=dataset,
        format=format_,
        columns={field: one for field, one in columns.items() if not (each_line and field == "order_id")},
        each_line=each_line,
        also=_with_refunded_orders(also, columns),
        paths=values.get("path", ()),
        jdbc=build_jdbc(values.get("jdbc"), f"{path}.jdbc", problems),
        options=reader_options(values.get("options"), format_, f"{path}.options", problems),
        number=build_number(values.get("number"), f"{path}.number", problems),
        batch_from=build_batch(values.get("batch"), f"{path}.batch", problems),
        rules=SourceRules() if rules is None else _rules(path, rules, dataset, problems),
        lookups=_lookups(path, values.get("lookups"), problems),
        **values.kept(*AS_WRITTEN),
        where=values.where,
    )
    check_place(path, values, source, problems)
    check_reading(path, values, source, problems)
    return source


def _columns(path: str, values: Values, dataset: Dataset, problems: Problems) -> Mapping[str, ColumnMapping]:
    written = values.get("columns")
    if written is None:
        return {}
    columns = _mappings(path, written, values.get("lookups"), dataset, problems)
    for field in REQUIRED[dataset]:
        is_of_order = field == "member" and "orders_of" in values and {"order_id", "refunded_order_id"} & set(columns)
        if field not in written.places and not is_of_order:
            problems.add(written.where, f"{path}.columns has no {field}", f"a column for each of {REQUIRED[dataset]}")
    return columns


def _also(path: str, values: Values, source: Values, dataset: Dataset, problems: Problems) -> AlsoLine:
    """Return one more line of each line; the fields that it does not name are those of the line."""
    if dataset is Dataset.EVENTS:
        problems.add(values.where, f"{path} of a source of events", "also for transactions only")
    written = values.get("columns")
    columns = {} if written is None else _mappings(path, written, source.get("lookups"), dataset, problems)
    if "amount" not in columns:
        problems.add(values.where, f"{path}.columns has no amount", "the column of its amount")
    return AlsoLine(values.get("kind", Kind.REFUND), columns, values.get("when"), values.where)


def _with_refunded_orders(also: tuple[AlsoLine, ...], columns: Mapping[str, ColumnMapping]) -> tuple[AlsoLine, ...]:
    """Return the same, its refunds being those of the order that their line belongs to, unless they name another."""
    own = {"refunded_order_id": columns["order_id"]} if _has_numbers(columns) else {}
    return tuple(replace(made, columns={**own, **made.columns}) if made.kind is Kind.REFUND else made for made in also)


def _has_numbers(columns: Mapping[str, ColumnMapping]) -> bool:
    """Return whether the lines have order numbers that a refund can name."""
    return "order_id" in columns and columns["order_id"].column != EACH_LINE


def _mappings(
    path: str, written: Values, lookups: Values | None, dataset: Dataset, problems: Problems
) -> dict[str, ColumnMapping]:
    columns: dict[str, ColumnMapping] = {}
    for field, value in written.data.items():
        full, where = f"{path}.columns.{field}", written.place(field)
        if field not in FIELDS[dataset]:
            problems.add(where, f"{full} is not a field of {dataset}", f"one of {', '.join(FIELDS[dataset])}")
        mapping = _mapping(value, where, full, problems)
        columns[field] = mapping
        _check_mapping(full, field, mapping, problems)
        if mapping.lookup is not None and (lookups is None or mapping.lookup not in lookups):
            problems.add(where, f"{full} names lookup {mapping.lookup!r}", "a name under lookups of this source")
    return columns


def _mapping(value: Any, where: str, full: str, problems: Problems) -> ColumnMapping:
    if not isinstance(value, Values):
        return ColumnMapping(column=value, where=where)
    kept = value.kept("column", "lookup", "first_of", "pattern", "when", "value", "default")
    parts = (Fixed(part.get("value")) if isinstance(part, Values) else part for part in value.get("concat", ()))
    operations = [Formula(operation, value.get(operation)) for operation in Operation if operation in value]
    if len(operations) > 1 or ("with" in value and "concat" not in value):
        found = "several operations" if len(operations) > 1 else "with, but no concat"
        problems.add(where, f"{full} has {found}", "one operation, the others inside it; with beside concat")
    return ColumnMapping(
        **kept,
        formula=next(iter(operations), None),
        concat=tuple(parts),
        between=value.get("with", ""),
        fold=tuple(fold for fold in Fold if fold in value.get("fold", ())),
        number=build_number(value.get("number"), f"{full}.number", problems),
        formats=value.get("format", ()),
        where=where,
    )


def _check_mapping(full: str, field: str, mapping: ColumnMapping, problems: Problems) -> None:
    origins = [
        mapping.column is not None, mapping.formula is not None, mapping.value is not None, bool(mapping.concat),
        bool(mapping.first_of),
    ]  # fmt: skip
    if sum(origins) != 1:
        origin = "more than one origin" if any(origins) else "no origin"
        expected = "exactly one of column, multiply, add, subtract, concat, first_of and value"
        problems.add(mapping.where, f"{full} has {origin}", expected)
    if mapping.formula is not None and field not in AMOUNT_FIELDS:
        found = f"{full} is computed by {mapping.formula.operation}"
        problems.add(mapping.where, found, "multiply, add and subtract for quantity, unit_price and amount only")
    if mapping.formula is not None and mapping.pattern is not None:
        found = f"{full} has {mapping.formula.operation} and a pattern"
        problems.add(mapping.where, found, "a pattern without arithmetic")
    if mapping.lookup is not None and mapping.column is None:
        problems.add(mapping.where, f"{full} has a lookup without a column", "the column of the lookup")
    if mapping.formats and field not in TIME_FIELDS:
        problems.add(mapping.where, f"{full} has a format", "format only for ordered_at and event_at")
    if mapping.fold and field in (*TIME_FIELDS, *AMOUNT_FIELDS):
        problems.add(mapping.where, f"{full} has a fold", "fold for references and other texts only")
    if mapping.number is not None and mapping.value is not None:
        found = f"{full} has a number format and a value"
        problems.add(mapping.where, found, "a value like -12.5, with a point and without a format")
    if mapping.number is not None and field not in AMOUNT_FIELDS:
        problems.add(mapping.where, f"{full} has a number format", f"number only for {', '.join(AMOUNT_FIELDS)}")
    if mapping.pattern is not None:
        check_pattern(mapping.pattern, mapping.where, full, problems)
    check_formats(mapping.formats, mapping.where, full, problems)


def _rules(path: str, values: Values, dataset: Dataset, problems: Problems) -> SourceRules:
    if dataset is Dataset.EVENTS:
        for key in values.data.keys() - {"exclude"}:
            problems.add(values.place(key), f"{path}.rules.{key} of a source of events", "only exclude")
    otherwise = values.get("otherwise", Otherwise.SALE)
    if "sale" in values and otherwise is Otherwise.SALE:
        next_step = "write otherwise: exclude, reject or refund"
        problems.add(
            values.place("sale"), f"{path}.rules.sale decides nothing: other lines are sales too", "", next_step
        )
    return SourceRules(otherwise=otherwise, **values.kept("exclude", "refund", "discount", "sale"))


def _lookups(path: str, values: Values | None, problems: Problems) -> Mapping[str, Lookup]:
    if values is None:
        return {}
    names = tuple(values.data)
    lookups = {name: _lookup(path, name, lookup, names, problems) for name, lookup in values.data.items()}
    check_circles(f"{path}.lookups", lookups, problems)
    return lookups


def _lookup(path: str, name: str, values: Values, names: tuple[str, ...], problems: Problems) -> Lookup:
    full = f"{path}.lookups.{name}"
    format_ = values.get("format", Format.CSV)
    return Lookup(
        name=name,
        format=format_,
        path=values.get("path", ""),
        key=values.get("key", ""),
        source_key=source_key(
            values.get("source_key"), values.place("source_key"), f"{full}.source_key", names, problems
        ),
        missing=values.get("missing"),
        options=reader_options(values.get("options"), format_, f"{full}.options", problems),
        where=values.where,
    )
