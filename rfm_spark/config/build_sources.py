"""Sources: every key of one input becomes a frozen `Source`, with what only the whole of it can tell checked."""

import re
from collections.abc import Mapping
from typing import Any

from rfm_spark.config.build_readers import build_jdbc, build_number, check_pattern, reader_options
from rfm_spark.config.choices import Dataset, Delivery, Format, Header, Operation, Otherwise
from rfm_spark.config.composite_types import Values
from rfm_spark.config.date_formats import check_formats
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.problems import Problems
from rfm_spark.config.source import (
    EACH_LINE,
    EVENT_FIELDS,
    MISSING_WORDS,
    REQUIRED_EVENT_FIELDS,
    REQUIRED_TRANSACTION_FIELDS,
    TRANSACTION_FIELDS,
    ColumnMapping,
    Fixed,
    Lookup,
    Source,
    SourceRules,
)

FIELDS = {Dataset.TRANSACTIONS: TRANSACTION_FIELDS, Dataset.EVENTS: EVENT_FIELDS}
REQUIRED = {Dataset.TRANSACTIONS: REQUIRED_TRANSACTION_FIELDS, Dataset.EVENTS: REQUIRED_EVENT_FIELDS}
TIME_FIELDS = ("ordered_at", "event_at")
AMOUNT_FIELDS = ("amount", "unit_price", "quantity")
FILE_FORMATS = (Format.CSV, Format.JSON, Format.PARQUET, Format.DELTA, Format.TEXT)


def build_source(name: str, values: Values, problems: Problems) -> Source:
    """Return one source; every error is noted with its place."""
    path = f"sources.{name}"
    dataset = values.get("dataset", Dataset.TRANSACTIONS)
    format_ = values.get("format", Format.CSV)
    rules = values.get("rules")
    columns = _columns(path, values, dataset, problems)
    each_line = columns.get("order_id") is not None and columns["order_id"].column == EACH_LINE
    source = Source(
        name=name,
        dataset=dataset,
        format=format_,
        columns={field: one for field, one in columns.items() if not (each_line and field == "order_id")},
        each_line=each_line,
        paths=values.get("path", ()),
        table=values.get("table"),
        jdbc=build_jdbc(values.get("jdbc"), f"{path}.jdbc", problems),
        options=reader_options(values.get("options"), format_, f"{path}.options", problems),
        skip_lines=values.get("skip_lines", 0),
        multi_line=values.get("multi_line", True),
        header=values.get("header", Header.EXACT),
        number=build_number(values.get("number"), f"{path}.number", problems),
        delivery=values.get("delivery", Delivery.DAYS),
        time_zone=values.get("time_zone"),
        id_type=values.get("id_type", "member"),
        rules=SourceRules() if rules is None else _rules(path, rules, dataset, problems),
        lookups=_lookups(path, values.get("lookups"), problems),
        drop_duplicates=values.get("drop_duplicates", False),
        missing_members=values.get("missing_members", ()),
        missing_words=values.get("missing_words", MISSING_WORDS),
        where=values.where,
    )
    _check_place(path, values, source, problems)
    _check_reading(path, values, source, problems)
    return source


def _columns(path: str, values: Values, dataset: Dataset, problems: Problems) -> Mapping[str, ColumnMapping]:
    written = values.get("columns")
    if written is None:
        return {}
    lookups = values.get("lookups")
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
    for field in REQUIRED[dataset]:
        if field not in written.places:
            problems.add(written.where, f"{path}.columns has no {field}", f"a column for each of {REQUIRED[dataset]}")
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
    return SourceRules(values.get("exclude"), values.get("refund"), values.get("sale"), otherwise)


def _lookups(path: str, values: Values | None, problems: Problems) -> Mapping[str, Lookup]:
    return (
        {} if values is None else {name: _lookup(path, name, lookup, problems) for name, lookup in values.data.items()}
    )


def _lookup(path: str, name: str, values: Values, problems: Problems) -> Lookup:
    full = f"{path}.lookups.{name}"
    format_ = values.get("format", Format.CSV)
    return Lookup(
        name=name,
        format=format_,
        path=values.get("path", ""),
        key=values.get("key", ""),
        source_key=values.get("source_key", ""),
        missing=values.get("missing"),
        options=reader_options(values.get("options"), format_, f"{full}.options", problems),
        where=values.where,
    )


def _check_place(path: str, values: Values, source: Source, problems: Problems) -> None:
    """Check that the source says once where it is, in the way of its format."""
    places = [key for key in ("path", "table", "jdbc") if key in values.places]
    if len(places) != 1:
        written = " and ".join(places) or "no place"
        problems.add(values.where, f"{path} has {written}", "exactly one of path, table and jdbc")
    elif places == ["jdbc"] and source.format is not Format.JDBC:
        problems.add(values.place("jdbc"), f"{path} has jdbc and format: {source.format}", "format: jdbc")
    elif places == ["table"] and source.format is not Format.DELTA:
        problems.add(values.place("table"), f"{path} has a table and format: {source.format}", "format: delta")
    elif places == ["path"] and source.format not in FILE_FORMATS:
        problems.add(values.place("path"), f"{path} has a path and format: {source.format}", "a jdbc section")


def _check_reading(path: str, values: Values, source: Source, problems: Problems) -> None:
    """Check that the format can do what the source asks of it."""
    if source.skip_lines and source.format not in (Format.CSV, Format.TEXT):
        problems.add(values.place("skip_lines"), f"{path} skips lines of {source.format}", "format: csv or text")
    if source.skip_lines and source.format is Format.CSV and "lineSep" in source.options:
        problems.add(values.place("skip_lines"), f"{path} has a lineSep and skips lines", "lines that end as usual")
    for key in ("multi_line", "header"):
        if key in values and source.format is not Format.CSV:
            problems.add(values.place(key), f"{path} has {key} and format: {source.format}", "format: csv")
    if source.skip_lines > 1 and source.format is Format.TEXT and "encoding" in source.options:
        found = f"{path} has an encoding and skips {source.skip_lines} lines"
        problems.add(values.place("skip_lines"), found, "skip_lines: 1, or files in UTF-8", "convert the files")
    if source.delivery is Delivery.BATCHES and source.format in (Format.JDBC, Format.DELTA):
        found = f"{path} delivers batches by {source.format}"
        problems.add(values.place("delivery"), found, "delivery: days: only files are batches")
    if source.format is Format.DELTA and len(source.paths) > 1:
        found = f"{path} has {len(source.paths)} paths and format: delta"
        problems.add(values.place("path"), found, "the folder of one table", "write one source per table")
    if source.format is Format.DELTA and any(re.search(r"[*?\[{]", part) for part in source.paths):
        problems.add(values.place("path"), f"{path} has wildcards and format: delta", "the folder of one table")
