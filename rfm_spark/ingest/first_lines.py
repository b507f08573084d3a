"""The first lines of a source, for a trial: each with its place in its file and its amounts as they are written."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.build_sources import AMOUNT_FIELDS
from rfm_spark.config.source import Source
from rfm_spark.ingest.files import FileSet
from rfm_spark.ingest.raw_lines import FILE, RAW, raw_types
from rfm_spark.ingest.schema import VARIANT
from rfm_spark.ingest.skipped_lines import ROWS_OF_A_TASK
from rfm_spark.rules.source_columns import columns_behind

POSITION, AMOUNT_TEXT = "_position", "_amount_text"
OF_A_TRIAL = (POSITION, AMOUNT_TEXT)
"""Columns that only the lines of a trial have."""


def first_lines(raw: DataFrame, files: FileSet | None, source: Source, most: int) -> DataFrame:
    """One row per line: the first of the first file and of the last one, or any of a table, beside their `OF_A_TRIAL`.

    `POSITION` counts the lines of a file from 0; it is NULL for a table and where a list is opened. Reading stops
    after them where one task reads a file (`one_task_per_file`), and other files are not opened, because the condition
    is on their names alone.
    """
    raw = raw.withColumn(AMOUNT_TEXT, _amount_text(raw, source))
    # A list makes several lines of one, so that lines are not counted.
    is_counted = files is not None and source.explode is None
    in_file = F.monotonically_increasing_id().bitwiseAND(F.lit(ROWS_OF_A_TASK))
    position = in_file if is_counted else F.lit(None).cast("bigint")
    names = [] if files is None else sorted({files.files[0].name, files.files[-1].name})
    parts = [raw.where(F.col(FILE) == F.lit(name)) for name in names] or [raw]
    return reduce(DataFrame.unionByName, [lines.withColumn(POSITION, position).limit(most) for lines in parts])


def _amount_text(raw: DataFrame, source: Source) -> Column:
    """Return the columns behind amounts, as they are written; numbers of a typed file say nothing of symbols."""
    types = raw_types(raw)
    names = sorted(columns_behind(source, AMOUNT_FIELDS))
    texts = [F.col(RAW).getField(name).cast("string") for name in names if types.get(name) in ("string", VARIANT)]
    return F.concat_ws(" ", *texts) if texts else F.lit(None).cast("string")
