"""Exact arithmetic over the columns of a source: no sum or product is rounded before the end.

Spark gives a sum or product of decimals a type of at most 38 digits and rounds what does not fit. So small factors, the
common ones, are read in a type that leaves room, and others are multiplied digit by digit (`exact_products`). A value
that does not fit makes the amount NULL, hence a bad amount.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.choices import Operation
from rfm_spark.config.formula_types import Formula, Operand
from rfm_spark.ingest.exact_products import exact_decimal, exact_product, exact_text, significand

NUMBER_TYPE = "decimal(38,4)"
FACTOR_TYPES = {2: ("decimal(18,9)", 9), 3: ("decimal(12,6)", 6)}
"""What small factors are read as, by their number, and its decimals: the product has at most 38 digits."""
TERM_TYPE, TERM_DECIMALS = "decimal(36,18)", 18
"""What is added: the sum of two has 37 digits, and 18 decimals hold every product of small factors."""


@dataclass(frozen=True)
class Arithmetic:
    """Formulas of one source as columns; `number` gives the column of a name and its type, a number or text.

    Text with an exponent and doubles are the nearest number that a program had: in a sum they count with 18 decimals.
    """

    number: Callable[[str], tuple[Column, str]]

    def rounded(self, formula: Formula) -> Column:
        """Return the result, rounded half up to 4 decimals once; NULL where an operand is not a number.

        >>> lines = rows("price_text pieces_text discount_text", "2.50 3 0.1", "2.50 3 -", "12.345 1 0.5")
        >>> paid = Formula(Operation.MULTIPLY, ("price_text", "pieces_text",
        ...     Formula(Operation.SUBTRACT, (Decimal(1), "discount_text"))))
        >>> text = Arithmetic(lambda name: (F.col(name), "string"))
        >>> show(lines.withColumn("amount", text.rounded(paid)))
        | price_text | pieces_text | discount_text | amount |
        |------------|-------------|---------------|--------|
        | 12.345     | 1           | 0.5           | 6.1725 |
        | 2.50       | 3           | 0.1           | 6.7500 |
        | 2.50       | 3           | NULL          | 7.5000 |
        """
        if formula.operation is Operation.MULTIPLY:
            small, factors = self._small_product(formula), self._factors(formula)
            return F.coalesce(small.try_cast(NUMBER_TYPE), exact_text(exact_product(factors)).try_cast(NUMBER_TYPE))
        return self._exact(formula).try_cast(NUMBER_TYPE)

    def is_nothing(self, formula: Formula) -> Column:
        """Return whether nothing is written where the result comes from: a factor is empty, or all of a sum are."""
        parts = [self._is_empty(operand) for operand in formula.operands]
        if formula.operation is Operation.MULTIPLY:
            return reduce(Column.__or__, parts)
        if all(isinstance(operand, str) for operand in formula.operands):
            return reduce(Column.__and__, parts)
        inner = [part for operand, part in zip(formula.operands, parts, strict=True) if isinstance(operand, Formula)]
        return reduce(Column.__or__, inner, F.lit(False))

    def _is_empty(self, operand: Operand) -> Column:
        if isinstance(operand, Formula):
            return self.is_nothing(operand)
        return self.number(operand)[0].isNull() if isinstance(operand, str) else F.lit(False)

    def _exact(self, formula: Formula) -> Column:
        """Return the result as a term of a sum; NULL where it has more than 18 decimals."""
        if formula.operation is Operation.MULTIPLY:
            product = exact_decimal(exact_product(self._factors(formula)), TERM_TYPE, TERM_DECIMALS)
            return F.coalesce(self._small_product(formula).try_cast(TERM_TYPE), product)
        terms = [self._term(operand) for operand in formula.operands]
        if formula.operation is Operation.SUBTRACT:
            terms[1] = -terms[1]
        total = reduce(lambda sum_, term: (sum_ + term).try_cast(TERM_TYPE), terms)
        names = [self.number(operand)[0] for operand in formula.operands if isinstance(operand, str)]
        is_empty = (
            reduce(Column.__and__, (name.isNull() for name in names)) if len(names) == len(terms) else F.lit(False)
        )
        return F.when(~is_empty, total)

    def _small_product(self, formula: Formula) -> Column:
        """Return a product of factors that fit their types; NULL where one does not."""
        type_, decimals = FACTOR_TYPES[len(formula.operands)]
        return reduce(Column.__mul__, (self._small(operand, type_, decimals) for operand in formula.operands))

    def _factors(self, formula: Formula) -> list[Column]:
        return [self._operand(operand)[0].cast("string") for operand in formula.operands]

    def _term(self, operand: Operand) -> Column:
        """Return what is added; an empty column counts 0, what is not a number makes the sum NULL."""
        value, type_ = self._operand(operand)
        if type_ == "string":
            exact = exact_decimal(significand(value), TERM_TYPE, TERM_DECIMALS)
            is_plain = _has_decimals(value, TERM_DECIMALS) | _has_exponent(value)
            term = F.when(is_plain, value.try_cast(TERM_TYPE)).otherwise(exact)
        else:
            fitted = value.try_cast(TERM_TYPE)
            term = fitted if type_ in ("float", "double") else F.when(fitted == value, fitted)
        return F.when(value.isNull(), F.lit(0).cast(TERM_TYPE)).otherwise(term) if isinstance(operand, str) else term

    def _small(self, operand: Operand, type_: str, decimals: int) -> Column:
        """Return a factor in a type, NULL where it would be rounded."""
        value, own = self._operand(operand)
        if own == "string":
            return F.when(_has_decimals(value, decimals) & ~_has_exponent(value), value.try_cast(type_))
        fitted = value.try_cast(type_)
        return F.when(fitted == value, fitted)

    def _operand(self, operand: Operand) -> tuple[Column, str]:
        """Return an operand and its type; that of constants and results is exact, whatever it is called."""
        if isinstance(operand, str):
            return self.number(operand)
        return (F.lit(operand) if isinstance(operand, Decimal) else self._exact(operand)), "decimal"


def _has_decimals(text: Column, most: int) -> Column:
    """Return whether at most so many characters follow the point of a text."""
    point = F.instr(text, ".")
    return (point == 0) | (F.length(text) - point <= most)


def _has_exponent(text: Column) -> Column:
    return text.contains("e") | text.contains("E")
