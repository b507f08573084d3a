"""Splits the values of each field into cells that no rule separates; sets of combinations are bits of one integer.

No rule separates two values that lie between the same neighbouring limits, so one sample represents all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from rfm_spark.rules.fields import Domain
from rfm_spark.rules.grammar import ORDERINGS, Condition, Operator


@dataclass(frozen=True)
class Cell:
    """Values of one field that no rule separates. A `sample` of None means NULL; a bound of None means no bound.

    The bounds belong to a cell of whole numbers; to a range of other numbers they do not.
    """

    sample: Decimal | None
    least: Decimal | None = None
    most: Decimal | None = None
    whole: bool = False

    def meets(self, condition: Condition) -> bool:
        """Return whether the values meet the condition; NULL meets only `is_null: true`."""
        if condition.operator is Operator.IS_NULL:
            return (self.sample is None) is condition.values[0]
        if self.sample is None:
            return False
        if condition.operator is Operator.IS_IN:
            return any(self.sample == value for value in condition.values)
        return ORDERINGS[condition.operator](self.sample, condition.values[0])


@dataclass(frozen=True)
class Axis:
    """One field and its cells, in rising order, NULL last."""

    field: str
    cells: tuple[Cell, ...]


def cells_between(domain: Domain, limits: Iterable[Decimal]) -> tuple[Cell, ...]:
    """Return the cells of a domain: every limit inside it, the ranges between the limits, and NULL.

    >>> days, scores = Domain(Decimal(0), whole=True), Domain(Decimal(1), Decimal(3), whole=True)
    >>> [shown_cells([cell]) for cell in cells_between(days, [Decimal(90)])]
    ['0-89', '90', '91 and more']
    >>> [shown_cells([cell]) for cell in cells_between(scores, [Decimal(1), Decimal(2)])]
    ['1', '2', '3']
    >>> [shown_cells([cell]) for cell in cells_between(Domain(nullable=True), [Decimal(5)])]
    ['below 5', '5', 'above 5', 'NULL']
    >>> [cell.sample for cell in cells_between(days, [Decimal(90)])]
    [Decimal('0'), Decimal('90'), Decimal('91')]
    """
    inside = sorted({limit for limit in limits if _is_inside(limit, domain)})
    cells: list[Cell] = []
    low = domain.least
    for limit in inside:
        cells += _range_cell(low, limit - 1 if domain.whole else limit, domain.whole)
        cells.append(Cell(limit, limit, limit, domain.whole))
        low = limit + 1 if domain.whole else limit
    cells += _range_cell(low, domain.most, domain.whole)
    return tuple([*cells, Cell(None)] if domain.nullable else cells)


def _is_inside(limit: Decimal, domain: Domain) -> bool:
    return (domain.least is None or limit >= domain.least) and (domain.most is None or limit <= domain.most)


def _range_cell(low: Decimal | None, high: Decimal | None, whole: bool) -> list[Cell]:
    """Return the one cell between two bounds, or none when no value lies between them."""
    if whole:
        sample = low if low is not None else high
        return (
            [] if low is not None and high is not None and low > high else [Cell(sample or Decimal(0), low, high, True)]
        )
    if low is not None and high is not None:
        return [Cell((low + high) / 2, low, high)] if low < high else []
    if low is None:
        return [Cell(Decimal(0) if high is None else high - 1, None, high)]
    return [Cell(low + 1, low, None)]


class Combinations:
    """Sets of combinations of cells, one bit per combination; the cell of the last axis changes fastest."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        self.axes = tuple(axes)
        self.sizes = [len(axis.cells) for axis in axes]
        self.count = prod(self.sizes)

    @property
    def all(self) -> int:
        """Return the set of all combinations."""
        return (1 << self.count) - 1

    def where(self, axis: int, truth: Sequence[bool]) -> int:
        """Return the combinations whose cell on one axis is marked true."""
        return _repeated_bits(truth, prod(self.sizes[axis + 1 :]), prod(self.sizes[:axis]))

    def where_first(self, axes: int, truth: Sequence[bool]) -> int:
        """Return the combinations whose cells on the first axes, in the order of these axes alone, are marked true."""
        return _repeated_bits(truth, prod(self.sizes[axes:]), 1)

    def cells_in(self, mask: int, axis: int) -> list[Cell]:
        """Return the cells of one axis that occur in a set of combinations."""
        cells = self.axes[axis].cells
        marks = ([n == number for n in range(len(cells))] for number in range(len(cells)))
        return [cell for cell, mark in zip(cells, marks, strict=True) if mask & self.where(axis, mark)]

    def first_in(self, mask: int, axes: int) -> list[int]:
        """Return the numbers of the combinations of the first axes alone that occur in a set."""
        chunk = prod(self.sizes[axes:])
        ones = (1 << chunk) - 1
        return [n for n in range(prod(self.sizes[:axes])) if (mask >> (n * chunk)) & ones]


def _repeated_bits(truth: Sequence[bool], inner: int, outer: int) -> int:
    """Return the marks as bits, each repeated `inner` times, the whole repeated `outer` times; the first is bit 0."""
    return int("".join(("1" if mark else "0") * inner for mark in reversed(truth)) * outer, 2)


def shown_cells(cells: Sequence[Cell]) -> str:
    """Return cells in words; neighbouring cells of whole numbers are joined.

    >>> shown_cells(cells_between(Domain(Decimal(0), None, whole=True, nullable=True), [Decimal(90)]))
    '0 and more, NULL'
    >>> shown_cells(cells_between(Domain(), [Decimal(5)])[:2])
    'below 5, 5'
    """
    joined: list[Cell] = []
    for cell in cells:
        before = joined[-1] if joined else None
        if before and before.whole and cell.whole and before.most is not None and cell.least == before.most + 1:
            joined[-1] = Cell(before.sample, before.least, cell.most, True)
        else:
            joined.append(cell)
    return ", ".join(_shown(cell) for cell in joined)


def _shown(cell: Cell) -> str:
    if cell.sample is None:
        return "NULL"
    if cell.least is None:
        return "any" if cell.most is None else f"{'up to' if cell.whole else 'below'} {cell.most}"
    if cell.most is None:
        return f"{cell.least} and more" if cell.whole else f"above {cell.least}"
    if cell.least == cell.most:
        return str(cell.least)
    return f"{cell.least}-{cell.most}" if cell.whole else f"between {cell.least} and {cell.most}"
