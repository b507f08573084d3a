"""The other engines that read the tables, one function each: a table's folder in, column types and rows out."""

from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_delta
import polars as pl
from deltalake import DeltaTable


def duckdb_with_delta() -> duckdb.DuckDBPyConnection:
    """Return DuckDB with its delta extension from the wheel, which needs no network."""
    extension = next(Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension*"))
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def by_duckdb(folder: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    relation = duckdb_with_delta().sql(f"SELECT * FROM delta_scan('{folder}')")
    names = relation.columns
    return (
        dict(zip(names, map(str, relation.types), strict=True)),
        [dict(zip(names, row, strict=True)) for row in relation.fetchall()],
    )


def by_polars(folder: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    frame = pl.read_delta(folder)
    return {name: str(type_) for name, type_ in frame.schema.items()}, frame.to_dicts()


def by_delta_rs(folder: str) -> tuple[DeltaTable, dict[str, str]]:
    table = DeltaTable(folder)
    return table, {field.name: field.type.to_json() for field in table.schema().fields}
