"""Small frames of rows from the driver."""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession


def driver_rows(spark: SparkSession, rows: Sequence[Sequence[Any]], schema_text: str) -> DataFrame:
    """Return a frame of these rows."""
    return spark.createDataFrame([tuple(row) for row in rows], schema_text)
