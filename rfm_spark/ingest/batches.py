"""Which batch a file belongs to: itself, or what `batch.from` finds in its name."""

import json
from dataclasses import replace

from pyspark.errors import PySparkException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery
from rfm_spark.config.source import Source
from rfm_spark.driver_rows import driver_rows
from rfm_spark.errors import UsageError
from rfm_spark.ingest.files import FileSet


def batch_column(source: Source, file: Column) -> Column:
    """Return the batch of a line from the name of its file; empty for a source without batches."""
    if source.delivery is not Delivery.BATCHES:
        return F.lit("")
    return file if source.batch_from is None else F.regexp_extract(file, source.batch_from, 1)


def with_batches(spark: SparkSession, source: Source, files: FileSet, where: str) -> FileSet:
    """Return the files with their batches; UsageError names one in which `batch.from` finds nothing.

    Spark itself looks for the pattern, as in the lines, while it plans: no job runs.
    """
    if source.batch_from is None or source.delivery is not Delivery.BATCHES:
        return files
    names = driver_rows(spark, [(file.name,) for file in files.files], "name string")
    try:
        found = names.select("name", batch_column(source, F.col("name")).alias("batch")).collect()
    except PySparkException:
        raise UsageError(where, "batch.from cannot be read", "a regular expression of Java with a group") from None
    batches = {row["name"]: row["batch"] for row in found}
    unnamed = next((file.name for file in files.files if not batches[file.name]), None)
    if unnamed is not None:
        step = "correct the pattern, or leave the file out of path"
        shown = json.dumps(unnamed, ensure_ascii=False)
        raise UsageError(where, f"batch.from finds no batch in {shown}", "a match with a group that is not empty", step)
    return replace(files, files=tuple(replace(file, batch=batches[file.name]) for file in files.files))
