"""The beginnings of files and the footers of Parquet, read on the driver."""

from typing import Any, NamedTuple

from pyspark.sql import SparkSession

from rfm_spark.ingest.files import InputFile, system_and_path
from rfm_spark.rules.headers import is_open


class Beginning(NamedTuple):
    """The first line of a file that counts, None where there is none; and the lines before it that were to be skipped.

    Of those, empty ones and comments are left out: no reader makes a row of them.
    """

    line: str | None
    skipped: tuple[str, ...] = ()


def beginning(
    spark: SparkSession, file: InputFile, encoding: str, comment: str | None, quote: str = "", skip_lines: int = 0
) -> Beginning:
    """Return the first line after the skipped ones that is neither blank nor a comment, without a byte order mark.

    With `quote` a line goes on while a quote in it is open.
    """
    reader = _reader(spark, file, encoding)
    try:
        first = [reader.readLine() for _ in range(skip_lines)]
        line = reader.readLine()
        while line is not None and (not line.strip("\ufeff \t\r") or (comment and line.startswith(comment))):
            line = reader.readLine()
        while line is not None and quote and is_open(line, quote):
            following = reader.readLine()
            if following is None:
                break
            line = f"{line}\n{following}"
    finally:
        reader.close()
    texts = [text.lstrip("\ufeff") for text in first if text is not None]
    skipped = tuple(text for text in texts if text and not (comment and text.startswith(comment)))
    return Beginning(None if line is None else str(line).lstrip("\ufeff"), skipped)


def head_of(spark: SparkSession, file: InputFile, encoding: str, most: int) -> list[str]:
    """Return the first lines of a file, blank ones too, without a byte order mark."""
    jvm: Any = spark._jvm
    reader = _reader(spark, file, encoding)
    try:
        text = str(reader.lines().limit(most).collect(jvm.java.util.stream.Collectors.joining("\n")))
    finally:
        reader.close()
    return text.removeprefix("\ufeff").split("\n")


def _reader(spark: SparkSession, file: InputFile, encoding: str) -> Any:
    """Return a reader of the lines of a file, plain or compressed."""
    jvm: Any = spark._jvm
    system, path = system_and_path(spark, file.path)
    codec = jvm.org.apache.hadoop.io.compress.CompressionCodecFactory(system.getConf()).getCodec(path)
    raw = system.open(path)
    stream = codec.createInputStream(raw) if codec is not None else raw
    return jvm.java.io.BufferedReader(jvm.java.io.InputStreamReader(stream, encoding))


def parquet_columns(spark: SparkSession, file: InputFile) -> dict[str, str]:
    """Return the columns in the footer of a Parquet file with the types that the file gives them."""
    jvm: Any = spark._jvm
    path, configuration = jvm.org.apache.hadoop.fs.Path(file.path), spark.sparkContext._jsc.hadoopConfiguration()
    source = jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(path, configuration)
    reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
    try:
        fields = reader.getFooter().getFileMetaData().getSchema().getFields()
        return {str(field.getName()): str(field) for field in fields}
    finally:
        reader.close()
