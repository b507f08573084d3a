"""Compiles rules to Columns: every literal stays a literal, and no text is parsed."""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.rules.grammar import All, AnyOf, Condition, FieldKind, Literal, Node, Not, Operator

NUMBER_OF_TEXT = "decimal(38,10)"
"""Type of a source's column in a comparison with a number; text that is not a number becomes NULL."""


def compile_rule(node: Node, resolve: Callable[[str], Column]) -> Column:
    """Return the rule as a Column that is never NULL: a condition on NULL is false, and its `not` is true.

    `resolve` returns the column of a field.
    """
    if isinstance(node, Not):
        return ~compile_rule(node.part, resolve)
    if isinstance(node, All):
        return reduce(Column.__and__, (compile_rule(part, resolve) for part in node.parts), F.lit(True))
    if isinstance(node, AnyOf):
        return reduce(Column.__or__, (compile_rule(part, resolve) for part in node.parts), F.lit(False))
    return _condition(node, resolve(node.field))


def _condition(condition: Condition, column: Column) -> Column:
    if condition.operator is Operator.IS_NULL:
        return column.isNull() if condition.values[0] is True else column.isNotNull()
    return F.coalesce(_comparison(condition, column), F.lit(False))


def _comparison(condition: Condition, column: Column) -> Column:
    if condition.operator is Operator.STARTS_WITH:
        text = column.cast("string")
        return reduce(Column.__or__, (text.startswith(F.lit(value)) for value in condition.values))
    if condition.operator is Operator.IS_IN:
        return _is_in(condition, column)
    (bound,) = condition.values
    compare: Callable[[Column, Column], Column] = _ORDERINGS[condition.operator]
    return compare(_comparable(column, bound, condition.kind), F.lit(bound))


_ORDERINGS: dict[Operator, Callable[[Column, Column], Column]] = {
    Operator.AT_LEAST: lambda column, bound: column >= bound,
    Operator.AT_MOST: lambda column, bound: column <= bound,
    Operator.ABOVE: lambda column, bound: column > bound,
    Operator.BELOW: lambda column, bound: column < bound,
}


def _is_in(condition: Condition, column: Column) -> Column:
    """Return whether the column equals one of the values; values of one type share one comparison."""
    groups: dict[type, list[Literal]] = {}
    for value in condition.values:
        groups.setdefault(int if isinstance(value, Decimal) else type(value), []).append(value)
    parts = [_comparable(column, values[0], condition.kind).isin(_typed(values)) for values in groups.values()]
    return reduce(Column.__or__, parts)


def _typed(values: list[Literal]) -> list[str] | list[int] | list[Decimal]:
    """Return booleans as text, because they are compared as text, and numbers as one type."""
    if isinstance(values[0], bool):
        return [str(value).lower() for value in values]
    if isinstance(values[0], str):
        return [str(value) for value in values]
    if any(isinstance(value, Decimal) for value in values):
        return [Decimal(value) for value in values]
    return [int(value) for value in values]


def _comparable(column: Column, literal: Literal, kind: FieldKind) -> Column:
    """Return a source's column in the type of the literal; a column of known type stays as it is."""
    if kind is not FieldKind.ANY:
        return column
    if isinstance(literal, bool):
        return F.lower(column.cast("string"))
    return column.cast("string") if isinstance(literal, str) else column.try_cast(NUMBER_OF_TEXT)
