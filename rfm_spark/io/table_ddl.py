"""What a table is created as, and where an existing one differs from it.

Everything that a platform may switch on by default is set here explicitly, so that every reader of protocol 1 can
read every table.
"""

from collections.abc import Mapping
from typing import Any

from pyspark.sql.types import StructType

from rfm_spark.contracts.columns import Column
from rfm_spark.contracts.conform import schema_differences
from rfm_spark.contracts.frame import Table

READER_VERSION = 1
WRITER_VERSION = 3
CONSTRAINT = "delta.constraints."
LAYOUT_KEY, LAYOUT = "rfm_spark.layout", "4"
"""Which tables there are and how they are partitioned; a warehouse of another layout is refused."""
EXPLICIT = {
    "delta.minReaderVersion": str(READER_VERSION),
    "delta.minWriterVersion": str(WRITER_VERSION),
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.enableRowTracking": "false",
    "delta.enableChangeDataFeed": "false",
    "delta.enableInCommitTimestamps": "false",
    "delta.enableTypeWidening": "false",
    "delta.enableIcebergCompatV1": "false",
    "delta.enableIcebergCompatV2": "false",
    "delta.checkpointPolicy": "classic",
}
PROTOCOL_KEYS = ("delta.minReaderVersion", "delta.minWriterVersion")
LATER = {"delta.writePartitionColumnsToParquet": "false"}
"""Newer than Delta 4.0, which refuses properties it does not know and behaves as with this one anyway."""
FORBIDDEN_FEATURES = frozenset({
    "deletionVectors", "columnMapping", "timestampNtz", "v2Checkpoint", "clustering", "rowTracking", "typeWidening",
    "typeWidening-preview", "variantType", "variantType-preview", "icebergCompatV1", "icebergCompatV2",
    "catalogManaged", "vacuumProtocolCheck", "materializePartitionColumns",
})  # fmt: skip


def properties(table: Table) -> dict[str, str]:
    """Return the properties that the table is created with and must keep."""
    statistics = (
        {"delta.dataSkippingStatsColumns": ",".join(table.statistics)}
        if table.statistics
        else {"delta.dataSkippingNumIndexedCols": "0"}
    )
    return {**EXPLICIT, **statistics, "delta.appendOnly": str(table.append_only).lower(), LAYOUT_KEY: LAYOUT}


def preferred(table: Table) -> dict[str, str]:
    """Return what a newer Delta takes at creation too: then the table and its checks are one commit, not several."""
    return {**LATER, **{CONSTRAINT + name: check for name, check in table.checks.items()}}


def quoted_text(text: str) -> str:
    """Return a text of the contracts as an SQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def column_text(table: Table, column: Column) -> str:
    """Return one column of the CREATE statement."""
    type_ = "TIMESTAMP_LTZ" if column.type == "timestamp" else column.type
    null = "" if column in table.nullable else " NOT NULL"
    return f"`{column}` {type_}{null} COMMENT {quoted_text(column.comment)}"


def create_text(table: Table, name: str, extra: Mapping[str, str]) -> str:
    """Return the CREATE TABLE statement; `name` is already quoted."""
    columns = ", ".join(column_text(table, column) for column in table.columns)
    partition = f" PARTITIONED BY ({', '.join(f'`{column}`' for column in table.partition_by)})"
    wanted = {**properties(table), **extra}
    tblproperties = ", ".join(f"'{key}' = {quoted_text(value)}" for key, value in wanted.items())
    return (
        f"CREATE TABLE {name} ({columns}) USING delta{partition if table.partition_by else ''} "
        f"COMMENT {quoted_text(table.grain)} TBLPROPERTIES ({tblproperties})"
    )


def null_differences(table: Table, schema: StructType) -> list[str]:
    """Return one phrase per column that takes NULL where the contract does not, or the other way round."""
    problems = []
    for field in schema.fields:
        may_be_null = field.name in table.nullable
        if field.name in table.columns and field.nullable != may_be_null:
            problems.append(f"{field.name} {'refuses' if may_be_null else 'takes'} NULL")
    return problems


def property_differences(table: Table, found: Mapping[str, str]) -> list[str]:
    """Return one phrase per property that differs."""
    wanted = {key: value for key, value in properties(table).items() if key not in PROTOCOL_KEYS}
    return [
        f"{key} is {found.get(key, 'not set')}, not {value}" for key, value in wanted.items() if found.get(key) != value
    ]


def protocol_differences(detail: Mapping[str, Any]) -> list[str]:
    """Return one phrase per protocol version or feature that an old reader would refuse."""
    problems = []
    if detail["minReaderVersion"] != READER_VERSION:
        problems.append(f"reader version is {detail['minReaderVersion']}, not {READER_VERSION}")
    forbidden = sorted(FORBIDDEN_FEATURES.intersection(detail["tableFeatures"] or ()))
    return problems + [f"has the feature {feature}" for feature in forbidden]


def missing_checks(table: Table, found: Mapping[str, str]) -> dict[str, str]:
    """Return the checks of the contract that the table does not have."""
    return {name: check for name, check in table.checks.items() if CONSTRAINT + name.lower() not in found}


def comparable(check: str) -> str:
    """Return a check without its spaces: Delta writes it down in words and brackets of its own spacing."""
    return "".join(check.split()).lower()


def check_differences(table: Table, found: Mapping[str, str]) -> list[str]:
    """Return one phrase per check that is missing or reads otherwise."""
    problems = []
    for name, check in table.checks.items():
        text = found.get(CONSTRAINT + name.lower())
        if text is None:
            problems.append(f"check {name} is missing")
        elif comparable(text) != comparable(check):
            problems.append(f"check {name} is another one")
    return problems


def differences(table: Table, schema: StructType, detail: Mapping[str, Any]) -> list[str]:
    """Return every difference between a table and its contract, in words."""
    found = detail["properties"]
    types = [(field.name, field.dataType.simpleString()) for field in schema.fields]
    problems = schema_differences(types, table) + null_differences(table, schema)
    if list(detail["partitionColumns"]) != list(table.partition_by):
        problems.append(f"is partitioned by {list(detail['partitionColumns'])}, not {list(table.partition_by)}")
    return (
        problems + protocol_differences(detail) + property_differences(table, found) + check_differences(table, found)
    )
