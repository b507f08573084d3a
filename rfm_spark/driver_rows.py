"""Small frames of rows from the driver: the one place that makes them.

`SparkSession.createDataFrame` of a Python list, an empty one too, starts Python workers on executors, which may have no
Python. Here the rows travel as JSON text into a frame of the JVM, in a few calls whatever their number. Spark computes
such a frame while it plans, into a relation whose plan shows no value.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

COLUMN_NAME = re.compile(r"(?:^|,)\s*(\w+) ")
TYPE_ARGUMENTS = re.compile(r"<[^<>]*>|\([^()]*\)")


def driver_rows(spark: SparkSession, rows: Sequence[Sequence[Any]], schema_text: str) -> DataFrame:
    """Return a frame of these rows, with the columns and types of the schema in text form; instants have an offset."""
    jvm: Any = spark._jvm
    names = column_names(schema_text)
    texts = [json.dumps(dict(zip(names, map(_plain, row), strict=True))) for row in rows]
    reader = jvm.com.fasterxml.jackson.databind.ObjectMapper()
    values = reader.readValue(json.dumps(texts), jvm.java.lang.Class.forName("java.util.ArrayList"))
    lines = spark._jsparkSession.createDataset(values, jvm.org.apache.spark.sql.Encoders.STRING()).toDF()
    parsed = F.from_json("value", schema_text, {"mode": "FAILFAST"})
    return DataFrame(lines, spark).select(parsed.alias("row")).select("row.*")


def column_names(schema_text: str) -> list[str]:
    """Return the names of the columns of a schema.

    >>> column_names("day date, counts map<string,array<int>>, net_amount decimal(18,4)")
    ['day', 'counts', 'net_amount']
    """
    plain, before = schema_text, ""
    while plain != before:
        plain, before = TYPE_ARGUMENTS.sub("", plain), plain
    return COLUMN_NAME.findall(plain)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: exact numbers as text, bytes in Base64."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value
