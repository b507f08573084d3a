"""One row for every table, and the settings of a platform that is against us."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.frame import Table

DEFAULTS = "spark.databricks.delta.properties.defaults."
HOSTILE = {
    DEFAULTS + "enableDeletionVectors": "true",
    DEFAULTS + "columnMapping.mode": "name",
    DEFAULTS + "enableRowTracking": "true",
    DEFAULTS + "checkpointPolicy": "v2",
    DEFAULTS + "enableChangeDataFeed": "true",
    DEFAULTS + "enableInCommitTimestamps": "true",
    DEFAULTS + "enableTypeWidening": "true",
    DEFAULTS + "minReaderVersion": "3",
    DEFAULTS + "minWriterVersion": "7",
    DEFAULTS + "feature.deletionVectors": "supported",
    DEFAULTS + "appendOnly": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "INT96",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
    "spark.databricks.delta.optimizeWrite.enabled": "true",
    "spark.databricks.delta.schema.autoMerge.enabled": "true",
    "spark.sql.files.ignoreCorruptFiles": "true",
}


@contextmanager
def settings(spark: SparkSession, values: dict[str, str]) -> Iterator[None]:
    """Set session settings for the length of a block."""
    before = {key: spark.conf.get(key, None) for key in values}
    for key, value in values.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            spark.conf.unset(key) if old is None else spark.conf.set(key, old)


DAY = date(2024, 1, 31)
VALUE_OF_TYPE = {
    "string": "x", "bigint": 2**62 + 1, "int": 5, "date": DAY, "double": 1.5, "boolean": True,
    "timestamp": datetime(2024, 1, 31, 23, 30, 15, 123456, UTC), "array<string>": ["a", "b"],
    "map<string,string>": {"rfm_tier": "gold"}, "map<string,bigint>": {"rfm_score": 3},
    "array<struct<tag_class:string,tag_value:string,rank_in_class:int,strength:decimal(6,3)>>": [
        ("brand", "acme", 1, Decimal("99.125"))
    ],
}  # fmt: skip
VALUE_OF_COLUMN = {
    "kind": "sale", "to_segment": "y", "transaction_month": date(2024, 1, 1), "event_month": date(2024, 1, 1),
    "order_month": date(2024, 1, 1), "tag_month": date(2024, 1, 1), "valid_to": date(9999, 12, 31),
    "gross_amount": Decimal("12.5000"), "refund_amount": Decimal("2.5000"), "net_amount": Decimal("10.0000"),
}  # fmt: skip


def one_value(name: str, type_: str) -> Any:
    """Return a value that the column and its checks accept."""
    if name in VALUE_OF_COLUMN:
        return VALUE_OF_COLUMN[name]
    return Decimal("1.5") if type_.startswith("decimal") else VALUE_OF_TYPE[type_]


def one_row(spark: SparkSession, table: Table, **changes: Any) -> DataFrame:
    """Return a frame of one row that fits the table, with some values changed."""
    values = {column: one_value(column, column.type) for column in table.columns}
    values.update(changes)
    return spark.createDataFrame([tuple(values[column] for column in table.columns)], table.schema_text())
