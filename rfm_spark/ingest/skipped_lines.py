"""Lines before the header of CSV files, or at the beginning of text, left out by their position in the file.

Never by what they say.

Spark's reader numbers the rows of a task, not those of a file. So each part of a file gets a task of its own: then the
rows of the part that begins a file have its first numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.source import Source
from rfm_spark.errors import UsageError
from rfm_spark.ingest.failures import MOVED_HEADER
from rfm_spark.ingest.files import FileSet
from rfm_spark.rules.headers import header_names, is_open, option_of, separator_of

PART_START, POSITION = "_rfm_part_start", "_rfm_position"
ROWS_OF_A_TASK = (1 << 33) - 1
"""The bits in which `monotonically_increasing_id` counts the rows of a task."""
COST_OF_A_FILE = str(1 << 40)
"""More than any file may have, so that no second one comes into a task."""
CUT_BY_SPARK = "".join(map(chr, range(33)))
"""A line of these alone is no row of the reader, unless values may hold line breaks: then only an empty one is none."""
BLANKS = " \t\r\n\u00a0\ufeff"


class CsvStart(NamedTuple):
    """How a CSV file begins: the names of its columns, and the rows that the reader makes of the lines to skip.

    `written`: the header line without `blanks`: quotes, separators and blanks, where lines are skipped before one.
    """

    header: tuple[str, ...]
    rows: int = 0
    written: str = ""
    blanks: str = ""


def csv_start(source: Source, line: str, skipped: Sequence[str], quote: str, where: str) -> CsvStart:
    """Return how a file begins with these lines to skip, before its first line that counts.

    UsageError for one with an open quote, which would take the lines after it into one value.
    """
    header = header_names(line, source.options)
    if not source.skip_lines:
        return CsvStart(header)
    rows = rows_of(skipped, source.multi_line)
    if quote and any(is_open(text, quote) for text in skipped):
        step = "write multi_line: false where values hold no line breaks, or take the line out of the file"
        raise UsageError(where, "a line to skip has a quote that is not closed", "closed quotes", step)
    if option_of(source.options, "header", "true").lower() != "true":
        return CsvStart(header, rows)
    separator = separator_of(source.options)
    marks = {*separator, *option_of(source.options, "quote", '"'), *option_of(source.options, "escape", "")}
    blanks = "".join(sorted({*BLANKS, *marks}))
    return CsvStart(header, rows, line.translate({ord(character): None for character in blanks}), blanks)


def rows_of(skipped: Sequence[str], is_whole: bool) -> int:
    """Return how many rows a reader makes of lines; `is_whole`: one task reads a file, whatever its line breaks are."""
    return sum(is_whole or text.strip(CUT_BY_SPARK) != "" for text in skipped)


def one_file_a_task(spark: SparkSession) -> SparkSession:
    """Return a copy of the session in which no task reads parts of two files; the session itself stays as it is."""
    copy = SparkSession(spark.sparkContext, spark._jsparkSession.cloneSession())
    copy.conf.set("spark.sql.files.openCostInBytes", COST_OF_A_FILE)
    copy.conf.unset("spark.sql.files.maxPartitionNum")
    return copy


def in_session(frame: DataFrame, spark: SparkSession) -> DataFrame:
    """Return the frame of another session as one of this session; its files are read as they were there."""
    jvm, plan = spark._jvm, frame._jdf.queryExecution().analyzed()
    assert jvm is not None
    return DataFrame(jvm.org.apache.spark.sql.classic.Dataset.ofRows(spark._jsparkSession, plan), spark)


def without_beginning(lines: DataFrame, names: Sequence[str], start: CsvStart, files: FileSet) -> DataFrame:
    """Return the lines without the first rows of each file; `lines` are read in `one_file_a_task`.

    The reading fails where another line than the header stands after them.
    """
    number = F.monotonically_increasing_id().bitwiseAND(F.lit(ROWS_OF_A_TASK))
    numbered = lines.withColumns({PART_START: F.col("_metadata.file_block_start"), POSITION: number})
    is_kept = F.when(F.col(PART_START) != 0, True).when(F.col(POSITION) < start.rows, False)
    if start.written:
        is_kept = is_kept.when(F.col(POSITION) == start.rows, _is_no_header(names, start, files))
    return numbered.where(is_kept.otherwise(True)).drop(PART_START, POSITION)


def _is_no_header(names: Sequence[str], start: CsvStart, files: FileSet) -> Column:
    """Return false for the header; the reading fails at another line."""
    text = F.translate(F.concat_ws("", *names), start.blanks, "")
    failure = F.raise_error(F.concat(F.lit(f"{MOVED_HEADER} <"), files.name_column(), F.lit(">")))
    return F.when(text == start.written, False).otherwise(failure.cast("boolean"))
