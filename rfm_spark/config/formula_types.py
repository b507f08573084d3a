"""Arithmetic in the mapping of amounts: columns, fields and constants, multiplied, added and subtracted."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from rfm_spark.config.choices import Operation
from rfm_spark.config.problems import Problems, did_you_mean
from rfm_spark.config.value_types import MISSING, Shape, has_size
from rfm_spark.config.yaml_text import Entries, Items, Node, Scalar

MOST_DIGITS, MOST_DECIMALS = 14, 18
"""Of a constant, before and after the point."""
OPERANDS = {Operation.MULTIPLY: (2, 3), Operation.ADD: (2, 10), Operation.SUBTRACT: (2, 2)}
"""The least and most operands."""


@dataclass(frozen=True)
class Formula:
    """One operation; an operand is the name of a column or field, a constant, or another operation."""

    operation: Operation
    operands: tuple["Operand", ...]

    def names(self) -> Iterator[str]:
        """Yield the columns and fields that the operation reads."""
        for operand in self.operands:
            if isinstance(operand, str):
                yield operand
            elif isinstance(operand, Formula):
                yield from operand.names()


Operand: TypeAlias = str | Decimal | Formula


@dataclass(frozen=True)
class OperandShape(Shape):
    """A name, a constant, or `{add: [...]}`, `{subtract: [a, b]}` or `{multiply: [...]}` inside another operation."""

    name: Shape
    outer: Operation
    what: str = "a column, a number, or an operation like {subtract: [1, discount]}"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if isinstance(node, Entries):
            return self._operation(node, problems, path)
        value = node.exact if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return self.name.read(node, problems, path)
        constant = Decimal(value)
        if abs(constant) >= 10**MOST_DIGITS or constant != round(constant, MOST_DECIMALS):
            expected = f"at most {MOST_DIGITS} digits before and {MOST_DECIMALS} after the point"
            problems.add(node.where, f"{path} is {value}", expected)
            return MISSING
        return constant

    def _operation(self, node: Entries, problems: Problems, path: str) -> Any:
        if len(node.entries) != 1:
            return self.refuse(node, problems, path)
        ((key, inner),) = node.entries.items()
        if key not in tuple(Operation):
            problems.add(node.place(key), f"{path}.{key} is not an operation", next_step=did_you_mean(key, Operation))
            return MISSING
        if key == self.outer == Operation.MULTIPLY:
            problems.add(node.place(key), f"{path} is a product in a product", "one multiply with all factors")
            return MISSING
        operands = operands_shape(self.name, Operation(key)).read(inner, problems, f"{path}.{key}")
        return MISSING if operands is MISSING else Formula(Operation(key), operands)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/operand"}


@dataclass(frozen=True)
class OperandsShape(Shape):
    """The operands of one operation."""

    operand: OperandShape
    operation: Operation
    what: str = "a list of columns, numbers and operations"

    def read(self, node: Node, problems: Problems, path: str) -> Any:
        if not isinstance(node, Items):
            return self.refuse(node, problems, path)
        least, most = OPERANDS[self.operation]
        if not has_size(node, least, most, problems, path):
            return MISSING
        read = [self.operand.read(item, problems, f"{path}[{number}]") for number, item in enumerate(node.items)]
        return MISSING if MISSING in read else tuple(read)

    def schema(self) -> dict[str, Any]:
        least, most = OPERANDS[self.operation]
        return {"type": "array", "items": self.operand.schema(), "minItems": least, "maxItems": most}


def operands_shape(name: Shape, operation: Operation) -> OperandsShape:
    """Return the shape of the operands of an operation over such names."""
    return OperandsShape(OperandShape(name, operation), operation)


def operand_schema(name: Shape) -> dict[str, Any]:
    """Return the JSON Schema of an operand, which refers to itself."""
    operations = {operation.value: operands_shape(name, operation).schema() for operation in Operation}
    nested = {"type": "object", "properties": operations, "additionalProperties": False}
    return {"anyOf": [name.schema(), {"type": "number"}, {**nested, "minProperties": 1, "maxProperties": 1}]}
