"""Whatever a platform switches on: every table keeps reader version 1 and four engines read it."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import MEMBER_DAY, MEMBER_PROFILE, RFM_SCORE, RUN_LOG, TABLES
from rfm_spark.io.tables import TableStore
from tests.delta.readers import by_delta_rs, by_duckdb, by_polars
from tests.delta.samples import one_value

DUCKDB_TYPES = {
    "string": "VARCHAR", "bigint": "BIGINT", "int": "INTEGER", "date": "DATE", "double": "DOUBLE", "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE", "array<string>": "VARCHAR[]",
    "map<string,string>": "MAP(VARCHAR, VARCHAR)", "map<string,bigint>": "MAP(VARCHAR, BIGINT)",
    "array<struct<tag_class:string,tag_value:string,rank_in_class:int,strength:decimal(6,3)>>":
        "STRUCT(tag_class VARCHAR, tag_value VARCHAR, rank_in_class INTEGER, strength DECIMAL(6,3))[]",
}  # fmt: skip
POLARS_TYPES = {
    "string": "String", "bigint": "Int64", "int": "Int32", "date": "Date", "double": "Float64", "boolean": "Boolean",
    "timestamp": "Datetime(time_unit='us', time_zone='UTC')", "array<string>": "List(String)",
    "map<string,string>": "Map(String, String)",
    "map<string,bigint>": "Map(String, Int64)",
    "array<struct<tag_class:string,tag_value:string,rank_in_class:int,strength:decimal(6,3)>>":
        "List(Struct({'tag_class': String, 'tag_value': String, 'rank_in_class': Int32, "
        "'strength': Decimal(precision=6, scale=3)}))",
}  # fmt: skip


def decimal_parts(type_: str) -> str:
    return type_.removeprefix("decimal(").removesuffix(")")


def duckdb_type(type_: str) -> str:
    return DUCKDB_TYPES.get(type_) or f"DECIMAL({decimal_parts(type_)})"


def polars_type(type_: str) -> str:
    if type_ in POLARS_TYPES:
        return POLARS_TYPES[type_]
    precision, scale = decimal_parts(type_).split(",")
    return f"Decimal(precision={precision}, scale={scale})"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_reader_sees_the_declared_types_and_values(full_store: TableStore, table: Table):
    duck_types, duck_rows = by_duckdb(full_store.location(table))
    assert duck_types == {column: duckdb_type(column.type) for column in table.columns}
    polars_types, polars_rows = by_polars(full_store.location(table))
    assert polars_types == {column: polars_type(column.type) for column in table.columns}
    assert len(duck_rows) == len(polars_rows) == 1
    for column in table.columns:
        if column.type.startswith(("decimal", "bigint", "int", "date", "string", "timestamp")):
            wanted = one_value(column, column.type)
            assert duck_rows[0][column] == wanted
            assert polars_rows[0][column] == wanted


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_hostile_defaults_leave_the_old_protocol(full_store: TableStore, table: Table):
    opened, types = by_delta_rs(full_store.location(table))
    protocol = opened.protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 3)
    assert not protocol.reader_features
    assert set(types) == set(table.columns)
    assert opened.metadata().description == table.grain
    assert opened.metadata().partition_columns == list(table.partition_by)
    assert "timestamp_ntz" not in json.dumps(types)


def add_actions(location: str) -> list[dict[str, object]]:
    log = sorted(Path(location, "_delta_log").glob("*.json"))
    actions = [json.loads(line) for file in log for line in file.read_text().splitlines()]
    return [action["add"] for action in actions if "add" in action]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_only_declared_columns_have_file_statistics(full_store: TableStore, table: Table):
    for add in add_actions(full_store.location(table)):
        statistics = json.loads(str(add["stats"]))
        assert statistics["numRecords"] == 1
        assert set(statistics.get("minValues", {})) == set(table.statistics)


def test_timestamps_are_microseconds_and_partition_columns_stay_out_of_the_files(full_store: TableStore):
    types = {}
    for table in (RUN_LOG, RFM_SCORE):
        files = f"{full_store.location(table)}/**/*.parquet"
        rows = duckdb.sql(f"SELECT name, type, converted_type FROM parquet_schema('{files}')").fetchall()
        types[table.name] = {name: (type_, converted) for name, type_, converted in rows}
    assert types["run_log"]["computed_at"] == ("INT64", "TIMESTAMP_MICROS")
    assert "as_of_date" not in types["rfm_score"]


def test_comments_reach_the_catalogue(full_store: TableStore):
    schema = full_store.spark.table(full_store.sql_name(MEMBER_DAY)).schema
    found = {field.name: field.metadata.get("comment") for field in schema.fields}
    assert found == {column: column.comment for column in MEMBER_DAY.columns}


def test_structs_and_maps_survive_the_journey(full_store: TableStore):
    _, rows = by_duckdb(full_store.location(MEMBER_PROFILE))
    assert rows[0]["segments"] == {"rfm_tier": "gold"}
    assert rows[0]["top_preferences"] == [
        {"tag_class": "brand", "tag_value": "acme", "rank_in_class": 1, "strength": Decimal("99.125")}
    ]
