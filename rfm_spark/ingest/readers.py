"""Spark's readers of files with the options of a source: none of these may decide whether lines get lost."""

from collections.abc import Mapping

from pyspark.sql import DataFrameReader, SparkSession

from rfm_spark.config.source import Source
from rfm_spark.errors import UsageError
from rfm_spark.ingest.files import FileSet
from rfm_spark.rules.headers import option_of

SPARK_CHARSETS = ("iso-8859-1", "us-ascii", "utf-16", "utf-16be", "utf-16le", "utf-32", "utf-8")
OURS = frozenset(
    (
        "mode", "columnnameofcorruptrecord", "enforceschema", "inferschema", "ignorecorruptfiles",
        "ignoremissingfiles", "columnpruning", "path", "paths", "dbtable", "query", "url", "user", "password",
        "driver", "preparequery", "sessioninitstatement", "customschema", "mergeschema", "wholetext",
        "primitivesasstring",
    )
)  # fmt: skip
"""Reader options that decide whether lines get lost, or that hold SQL or secrets: not the configuration's to set."""


def check_options(options: Mapping[str, str], where: str) -> None:
    """Raise UsageError for reader options that are not the configuration's to set."""
    taken = sorted(name for name in options if name.lower() in OURS)
    if taken:
        raise UsageError(where, f"options: {', '.join(taken)}", "no option that decides what is read", "remove them")


def safe_reader(spark: SparkSession, options: Mapping[str, str]) -> DataFrameReader:
    """Return a reader that fails on corrupt and missing files, whatever the session says."""
    allow_charset(spark, options)
    reader = spark.read.options(**options)
    return reader.options(ignoreCorruptFiles="false", ignoreMissingFiles="false")


def allow_charset(spark: SparkSession, options: Mapping[str, str]) -> None:
    """Make the setting of the session that a charset outside Spark's seven (GBK, Shift_JIS, ...) needs."""
    if option_of(options, "encoding", "UTF-8").lower() not in SPARK_CHARSETS:
        spark.conf.set("spark.sql.legacy.javaCharsets", "true")


def file_reader(
    spark: SparkSession, source: Source, files: FileSet, options: Mapping[str, str] | None = None
) -> DataFrameReader:
    """Return a safe reader that takes the columns of folders too, also where there are wildcards or several paths."""
    reader = safe_reader(spark, source.options if options is None else options)
    if not files.folder_columns():
        return reader
    if files.base == "/" or (files.base.endswith(":/") and files.base != "file:/"):
        step = "write one source for each file system or bucket"
        raise UsageError(f"source {source.name}", "paths of several file systems with folders like day=1", "one", step)
    return reader.option("basePath", files.base)
