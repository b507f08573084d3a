"""From the columns of a source to its fields: text, amounts and instants.

A field is built in the order of the attributes of its `ColumnMapping`. Blank text is NULL, and text is trimmed.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.build_sources import AMOUNT_FIELDS, TIME_FIELDS
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.lookup_names import lookup_and_column
from rfm_spark.config.source import (
    KEY_FIELD,
    VERSION_FIELD,
    VERSION_NUMBER,
    ColumnMapping,
    Fixed,
    NumberFormat,
    Source,
)
from rfm_spark.contracts import columns as c
from rfm_spark.errors import UsageError
from rfm_spark.ingest.arithmetic import NUMBER_TYPE, Arithmetic
from rfm_spark.ingest.folding import folded, folded_words
from rfm_spark.ingest.lookups import is_looked_up_number, is_missing, looked_up
from rfm_spark.ingest.missing import REFERENCES, WORD
from rfm_spark.ingest.numbers import WIDE_NUMBER, id_text, plain_number
from rfm_spark.ingest.raw_lines import RAW
from rfm_spark.ingest.schema import NUMBER_TYPES, VARIANT, family, instant_field, is_json_number
from rfm_spark.ingest.times import TIME_TYPES, Zones, has_two_days, instant_of, patterns_of, typed_time
from rfm_spark.rules.compile import compile_rule
from rfm_spark.rules.grammar import parse_rule

VALUE = "_value_of_"
NAMING = (*REFERENCES, KEY_FIELD)
"""Fields in which a word for nothing names nothing."""
ZEROS = "0000"
NOT_A_NUMBER = "?"
HAS_TWO_DAYS = "has_two_days"
BLANKS = " \t\r\n\u00a0\u3000\ufeff"


class Fields:
    """The fields of one source as columns over its raw lines; `types` are those of its columns and its look-ups'."""

    def __init__(self, source: Source, types: Mapping[str, str], zones: Zones) -> None:
        self.source = source
        self.types = types
        self.zones = zones
        self.open: list[str] = []
        self.given: dict[str, tuple[Column, str]] = {}
        self.words: dict[str, list[Column]] = {}

    def add_to(self, lines: DataFrame) -> DataFrame:
        """Return the lines with every mapped field: instants as TIMESTAMP, amounts as DECIMAL(38,4), else text.

        Beside a reference is the number of the word that stands in its place (`missing.words_of`). Two projections,
        values and then their types: what several expressions read is computed once. Where a list of formats may read a
        time in two ways, `has_two_days` says so of each line.
        """
        values = {name: self._value(name) for name, mapping in self.source.columns.items() if mapping.formula is None}
        lines = lines.select("*", *(value.alias(VALUE + name) for name, (value, _) in values.items()))
        self.given = {name: (F.col(VALUE + name), type_) for name, (_, type_) in values.items()}
        words = [self._word(name).alias(WORD + name) for name in REFERENCES if name in values]
        fields = [self.field(name).alias(name) for name in self.source.columns]
        lines = lines.select("*", *fields, *words, *self._day_in_two_ways())
        self.given = {}
        return lines.drop(*(VALUE + name for name in values))

    def _day_in_two_ways(self) -> Iterator[Column]:
        """Yield whether two patterns of a list read the time of the line as two days."""
        name = instant_field(self.source)
        formats = self.source.columns[name].formats
        if len(patterns_of(formats)) > 1:
            yield has_two_days(*self._value(name), formats, self.zones).alias(HAS_TWO_DAYS)

    def field(self, name: str) -> Column:
        """Return a mapped field in its type; NULL where the source has no usable value."""
        value, type_ = self._value(name)
        mapping = self.source.columns[name]
        if name == VERSION_FIELD:
            is_number = mapping.formats == (VERSION_NUMBER,)
            version = value if is_number else F.unix_micros(self._instant(value, type_, mapping))
            return version.try_cast(c.ORDER_VERSION.type)
        if name in TIME_FIELDS:
            return self._instant(value, type_, mapping)
        if name in AMOUNT_FIELDS:
            return value.try_cast(NUMBER_TYPE)
        return id_text(value, type_)

    def _word(self, name: str) -> Column:
        """Return the number of the word that stands in place of a reference, from 1; else NULL."""
        value, source = self.given[name][0], self.source
        word = F.when(value.isNull(), F.coalesce(*self.words[name]))
        if name != "member" or not source.missing_members:
            return word
        nobody = nobodies(source)
        number = F.array_position(F.array(*map(F.lit, nobody)), value) + len(source.missing_words)
        return word.when(value.isin(*nobody), number)

    def _reference(self, text: Column, field: str, is_part: bool = False) -> Column:
        """Return a reference to a member or an order without blanks around it; NULL for a word that means nothing.

        A part of a reference may be 0000, like the number of a store.
        """
        folds = self.source.columns[field].fold
        bare = F.btrim(folded(text, folds), F.lit(BLANKS))
        words = folded_words(self.source.missing_words, folds)
        is_nothing = (bare == "") | bare.isin(*(word for word in words if word != ZEROS))
        number = F.nullif(F.array_position(F.array(*map(F.lit, words)), bare), F.lit(0)) if words else F.lit(None)
        if ZEROS in words and not is_part:
            is_zeros = bare.rlike(f"^{ZEROS}0*$")
            is_nothing |= is_zeros
            number = F.when(is_zeros, words.index(ZEROS) + 1).otherwise(number)
        self.words.setdefault(field, []).append(number.cast("int"))
        return F.when(~is_nothing, bare)

    def _instant(self, value: Column, type_: str, mapping: ColumnMapping) -> Column:
        """Return the instant of a value; the default is read separately, so a typed column never becomes text."""
        instant = instant_of(value, type_, mapping.formats, self.zones)
        if mapping.default is None:
            return instant
        default = instant_of(F.lit(mapping.default), "string", mapping.formats, self.zones)
        return F.coalesce(instant, F.when(value.isNull(), default))

    def is_written(self, name: str) -> Column:
        """Return whether a line has anything in the columns of a field."""
        formula = self.source.columns[name].formula
        if formula is None:
            return self._value(name)[0].isNotNull()
        return reduce(Column.__or__, (self._operand(operand)[0].isNotNull() for operand in formula.names()))

    def resolve(self, name: str) -> Column:
        """Return the column behind a name in a rule: the mapped field, else the column of the source.

        While a field is built, its own name is the source's column, so `when` may name the field that it belongs to.
        """
        return self.field(name) if self._is_field(name) else self.raw(name)

    def _is_field(self, name: str) -> bool:
        """Return whether a name is a field; the name of one that is being built is a column of the source."""
        return name in self.source.columns and name not in self.open

    def raw(self, name: str) -> Column:
        """Return a column of the source, or of a look-up, as a rule compares it: as it was delivered."""
        value, type_ = self._delivered(name)
        return id_text(value, type_) if type_ == WIDE_NUMBER else value

    def _delivered(self, name: str) -> tuple[Column, str]:
        """Return a column of the source, or one of a look-up like `orders.status`, and its Spark type."""
        of_lookup = lookup_and_column(name, self.source.lookups)
        if of_lookup is not None:
            lookup, type_ = self.source.lookups[of_lookup[0]], self.types[name]
            found = looked_up(lookup, of_lookup[1], type_)
            if type_ in TIME_TYPES and lookup.missing is not None:
                found = F.when(is_missing(lookup), typed_time(lookup.missing, type_, self.zones)).otherwise(found)
            return found, type_
        if name not in self.types:
            raise UsageError(f"source {self.source.name}", f"no column {name}", "a column of the source or a field")
        column, type_ = F.col(RAW).getField(name), self.types[name]
        if type_ in ("float", "double"):
            # How pandas, polars and R write that there is nothing.
            column = F.nanvl(column, F.lit(None).cast(type_))
        return (column.cast("string") if type_ == VARIANT else column), type_

    def _value(self, name: str) -> tuple[Column, str]:
        """Return a field before its conversion, and its Spark type."""
        if name in self.given:
            return self.given[name]
        mapping = self.source.columns[name]
        self.open.append(name)
        value, type_ = self._read(mapping, name)
        is_as_written = type_ == "string" and (mapping.column is not None or bool(mapping.concat))
        if mapping.pattern is not None:
            value, type_ = _blank_is_null(F.regexp_extract(id_text(value, type_), mapping.pattern, 1)), "string"
        if name in AMOUNT_FIELDS and is_as_written:
            parts = [part for part in mapping.names() if not self._is_field(part)]
            value = self._number(value, mapping.number, parts if mapping.origin is None else [mapping.origin])
        if name in NAMING:
            value, type_ = self._reference(id_text(value, type_), name), "string"
        elif mapping.fold:
            value, type_ = _blank_is_null(folded(id_text(value, type_), mapping.fold)), "string"
        if mapping.when is not None:
            value = F.when(compile_rule(parse_rule(mapping.when, None), self.resolve), value)
        if mapping.default is not None and name not in TIME_FIELDS:
            literal = F.lit(mapping.default)
            if type_.startswith("decimal"):
                value = F.coalesce(value, literal.try_cast(type_))
            else:
                value, type_ = F.coalesce(id_text(value, type_), literal), "string"
        self.open.pop()
        return value, type_

    def _read(self, mapping: ColumnMapping, field: str) -> tuple[Column, str]:
        if mapping.value is not None:
            return F.lit(mapping.value), "string"
        if mapping.formula is not None:
            return self._computed(mapping, mapping.formula, field)
        if mapping.concat:
            texts = [
                F.lit(part.value) if isinstance(part, Fixed) else self._text(part, field, is_part=True)
                for part in mapping.concat
            ]
            parts = [part for text in texts for part in (F.lit(mapping.between), text)]
            return F.concat(*parts[1:]), "string"
        if mapping.first_of and field in AMOUNT_FIELDS:
            numbers = (self._number_of(name, mapping.number)[0] for name in mapping.first_of)
            return F.coalesce(*(number.cast("string") for number in numbers)), "string"
        if mapping.first_of:
            return F.coalesce(*(self._text(name, field) for name in mapping.first_of)), "string"
        if mapping.column is None:
            return F.lit(None).cast("string"), "string"
        return self._typed(mapping.origin or mapping.column)

    def _computed(self, mapping: ColumnMapping, formula: Formula, field: str) -> tuple[Column, str]:
        """Return the result of arithmetic; where others take it, one of what is no number is not nothing."""
        arithmetic = Arithmetic(lambda name: self._number_of(name, mapping.number))
        result = arithmetic.rounded(formula)
        is_taken = any(field in other.names() for other in self.source.columns.values())
        if mapping.default is None and not is_taken:
            return result, NUMBER_TYPE
        is_unreadable = result.isNull() & ~arithmetic.is_nothing(formula)
        return F.when(is_unreadable, NOT_A_NUMBER).otherwise(result.cast("string")), "string"

    def _typed(self, column: str) -> tuple[Column, str]:
        value, type_ = self._delivered(column)
        return (_blank_is_null(value), "string") if type_ in ("string", VARIANT) else (value, type_)

    def _operand(self, name: str) -> tuple[Column, str]:
        """Return a field, or a column of the source, before its conversion, and its Spark type."""
        return self._value(name) if self._is_field(name) else self._typed(name)

    def _text(self, name: str, of_field: str, is_part: bool = False) -> Column:
        """Return an operand of concat or first_of; NULL where it is empty, or a word for nothing in a reference."""
        text = F.trim(id_text(*self._operand(name)))
        return self._reference(text, of_field, is_part) if of_field in NAMING else _blank_is_null(text)

    def _number_of(self, name: str, own: NumberFormat | None) -> tuple[Column, str]:
        """Return an operand of a formula and its type: a number, or text as Spark casts it to one."""
        value, type_ = self._operand(name)
        is_read = name in AMOUNT_FIELDS and self._is_field(name)
        columns = [] if self._is_field(name) else [name]
        return (self._number(value, own, columns) if type_ == "string" and not is_read else value), type_

    def _number(self, text: Column, own: NumberFormat | None, columns: Sequence[str]) -> Column:
        """Return the text of an amount as Spark casts it, read by its own number format or that of the source.

        A number of JSON, or of another format with types, is written as such, whatever the format of texts is; so is
        what is put together of `columns` of which one is a number.
        What is not written so is no number, and not nothing: NULL would count 0 in a sum, and give way to a default.
        """
        format_ = own or self.source.number
        if format_ is None:
            return text
        read = F.when(text.isNotNull(), F.coalesce(plain_number(text, format_), F.lit(NOT_A_NUMBER)))
        found = (self._is_number(name) for name in columns)
        numbers = [is_number for is_number in found if is_number is not None]
        return F.when(reduce(Column.__or__, numbers), text).otherwise(read) if numbers else read

    def _is_number(self, name: str) -> Column | None:
        """Return whether a column has a number in a line; None where it has text in all of them."""
        of_lookup = lookup_and_column(name, self.source.lookups)
        if of_lookup is not None:
            return is_looked_up_number(self.source.lookups[of_lookup[0]], of_lookup[1])
        type_ = self.types.get(name)
        if type_ == VARIANT:
            return is_json_number(F.col(RAW).getField(name))
        return F.lit(True) if type_ is not None and family(type_) in NUMBER_TYPES else None


def nobodies(source: Source) -> tuple[str, ...]:
    """Return the references that mean nobody, as the field has them."""
    member = source.columns.get("member", ColumnMapping())
    return folded_words((text.strip() for text in source.missing_members), member.fold)


def _blank_is_null(text: Column) -> Column:
    return F.nullif(F.trim(text), F.lit(""))
