"""The shape of a contract: a hand-over between stages, or a published table."""

from dataclasses import dataclass, field

from rfm_spark.contracts.columns import Column


@dataclass(frozen=True)
class Frame:
    """The columns of a hand-over between stages; `key` identifies a row."""

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    nullable: frozenset[Column] = frozenset()

    def schema_text(self) -> str:
        """Return the schema as text, for Spark's readers and `driver_rows`."""
        return ", ".join(f"{column} {column.type}" for column in self.columns)


@dataclass(frozen=True)
class Table(Frame):
    """A published Delta table. `checks` are Delta CHECK constraints on single rows, by name."""

    partition_by: tuple[Column, ...] = ()
    sort_by: tuple[Column, ...] = ()
    statistics: tuple[Column, ...] = ()
    checks: dict[str, str] = field(default_factory=dict)
    append_only: bool = False
    restricted: bool = False
