"""Orders that change: of several versions of one order the newest one counts, whatever the order of arrival."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c

IS_SUPERSEDED = "is_superseded"
IN_SEVERAL_FILES = "in_several_files"
KNOWN, NEWEST, COPY = "_rfm_known_version", "_rfm_newest_version", "_rfm_copy"


def mark_superseded(lines: DataFrame, known: DataFrame | None, line: Column, file: Column) -> DataFrame:
    """One row per line, as before, and whether a newer version of its order is there.

    `known` has the versions of the orders that the tables hold or have seen go: columns batch_id, order_version. An
    equal version is no newer one: the order is replaced. Where two files bring one version, an equal `line` of the
    second `file` is the first's again; where other lines stay of both, `in_several_files` says so of all of them.

    >>> lines = rows("batch_id order_version", "A 3", "A 4", "B 1", "C 9").withColumn(
    ...     "order_version", F.col("order_version").cast("decimal(38,9)"))
    >>> known = rows("batch_id order_version", "B 2", "C 9").withColumn(
    ...     "order_version", F.col("order_version").cast("decimal(38,9)"))
    >>> text, file = F.lit("same"), F.lit("a.csv")
    >>> marked = mark_superseded(lines, known, text, file).drop("in_several_files")
    >>> show(marked.withColumn("order_version", F.col("order_version").cast("int")))
    | batch_id | order_version | is_superseded |
    |----------|---------------|---------------|
    | A        | 3             | True          |
    | A        | 4             | False         |
    | B        | 1             | True          |
    | C        | 9             | False         |
    """
    if known is None:
        beside = lines.withColumn(NEWEST, F.lit(None).cast(c.ORDER_VERSION.type))
    else:
        newest = known.groupBy(F.col(c.BATCH_ID).alias(KNOWN)).agg(F.max(c.ORDER_VERSION).alias(NEWEST))
        beside = lines.join(newest, F.col(c.BATCH_ID) == F.col(KNOWN), "left")
    of_order = F.max(c.ORDER_VERSION).over(Window.partitionBy(c.BATCH_ID))
    is_older = F.col(c.ORDER_VERSION) < F.greatest(of_order, F.col(NEWEST))
    alike = [F.col(c.BATCH_ID), F.col(c.ORDER_VERSION), F.xxhash64(line)]
    of_file = beside.withColumn(COPY, F.row_number().over(Window.partitionBy(*alike, file).orderBy(line)))
    again = F.row_number().over(Window.partitionBy(*alike, F.col(COPY)).orderBy(file)) > 1
    marked = of_file.withColumn(IS_SUPERSEDED, (F.coalesce(is_older, F.lit(False)) | again) & _is_named())
    staying = F.when(~F.col(IS_SUPERSEDED) & _is_named(), file)
    of_version = Window.partitionBy(c.BATCH_ID, c.ORDER_VERSION)
    is_shared = F.coalesce(F.min(staying).over(of_version) < F.max(staying).over(of_version), F.lit(False))
    return marked.withColumn(IN_SEVERAL_FILES, is_shared).drop(KNOWN, NEWEST, COPY)


def _is_named() -> Column:
    return F.col(c.BATCH_ID).isNotNull() & F.col(c.ORDER_VERSION).isNotNull()


def versions_of(staged: DataFrame) -> DataFrame:
    """One row per order among the staged lines and its version, also of an order whose lines are all left out."""
    named = staged.where(_is_named())
    return named.groupBy(c.BATCH_ID).agg(F.max(c.ORDER_VERSION).alias(c.ORDER_VERSION))
