"""Exact arithmetic over the columns of a source: no sum or product is rounded before the end.

Spark gives a sum or product of decimals a type of at most 38 digits and rounds what does not fit. So every operand is
read in a type that leaves room, and a value that does not fit its type makes the amount NULL, hence a bad amount.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.choices import Operation
from rfm_spark.config.formula_types import Formula, Operand

NUMBER_TYPE = "decimal(38,4)"
FACTOR_TYPES = {2: "decimal(18,9)", 3: "decimal(12,6)"}
"""What factors are read as, by their number: the product has at most 38 digits."""
LARGE_TYPE, EXACT_TYPE = "decimal(19,4)", "decimal(28,9)"
"""A large factor with the decimals of money, times one of nine decimals; and both kinds in one type."""
TERM_TYPE = "decimal(36,18)"
"""What is added: the sum of two has 37 digits, and 18 decimals hold every product of two factors."""


@dataclass(frozen=True)
class Arithmetic:
    """Formulas of one source as columns; `number` gives the column of a name, a number or text that Spark casts."""

    number: Callable[[str], Column]

    def rounded(self, formula: Formula) -> Column:
        """Return the result, rounded half up to 4 decimals once; NULL where an operand is not a number.

        >>> lines = rows("price_text pieces_text discount_text", "2.50 3 0.1", "2.50 3 -", "12.345 1 0.5")
        >>> paid = Formula(Operation.MULTIPLY, ("price_text", "pieces_text",
        ...     Formula(Operation.SUBTRACT, (Decimal(1), "discount_text"))))
        >>> show(lines.withColumn("amount", Arithmetic(F.col).rounded(paid)))
        | price_text | pieces_text | discount_text | amount |
        |------------|-------------|---------------|--------|
        | 12.345     | 1           | 0.5           | 6.1725 |
        | 2.50       | 3           | 0.1           | 6.7500 |
        | 2.50       | 3           | NULL          | 7.5000 |
        """
        if formula.operation is Operation.MULTIPLY and len(formula.operands) == 2:
            return self._large_product(*formula.operands)
        return self._exact(formula).try_cast(NUMBER_TYPE)

    def _exact(self, formula: Formula) -> Column:
        if formula.operation is Operation.MULTIPLY:
            type_ = FACTOR_TYPES[len(formula.operands)]
            return reduce(Column.__mul__, (self._fitted(operand, type_) for operand in formula.operands))
        terms = [self._term(operand) for operand in formula.operands]
        if formula.operation is Operation.SUBTRACT:
            terms[1] = -terms[1]
        total = reduce(lambda sum_, term: (sum_ + term).try_cast(TERM_TYPE), terms)
        names = [self.number(operand) for operand in formula.operands if isinstance(operand, str)]
        is_empty = (
            reduce(Column.__and__, (name.isNull() for name in names)) if len(names) == len(terms) else F.lit(False)
        )
        return F.when(~is_empty, total)

    def _large_product(self, one: Operand, other: Operand) -> Column:
        """Return a product of two; one may be any amount of money where the other is below a thousand million."""
        small, exact = FACTOR_TYPES[2], EXACT_TYPE
        product = self._fitted(one, small) * self._fitted(other, small)
        ways = [product.try_cast(NUMBER_TYPE)]
        for large, factor in ((one, other), (other, one)):
            value = self._operand(large).try_cast(exact)
            money = value.try_cast(LARGE_TYPE)
            ways.append(F.when(value == money, (money * self._fitted(factor, small)).try_cast(NUMBER_TYPE)))
        return F.coalesce(*ways)

    def _term(self, operand: Operand) -> Column:
        """Return what is added; an empty column counts 0, what is not a number makes the sum NULL."""
        value = self._operand(operand)
        term = value.try_cast(TERM_TYPE)
        return F.when(value.isNull(), F.lit(0).cast(TERM_TYPE)).otherwise(term) if isinstance(operand, str) else term

    def _fitted(self, operand: Operand, type_: str) -> Column:
        """Return a factor in a type; a result of another operation must fit it without rounding."""
        value = self._operand(operand)
        fitted = value.try_cast(type_)
        return F.when(fitted == value, fitted) if isinstance(operand, Formula) else fitted

    def _operand(self, operand: Operand) -> Column:
        if isinstance(operand, str):
            return self.number(operand)
        return F.lit(operand) if isinstance(operand, Decimal) else self._exact(operand)
