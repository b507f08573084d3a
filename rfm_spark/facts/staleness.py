"""Which computed results used facts that have changed since."""

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.tables import FACT_CHANGE

COMPUTED_RESULT = Frame(
    name="computed_result",
    grain="One computed result of an as-of date, and the facts it was computed from",
    columns=(c.AS_OF_DATE, c.RESULT, c.FACT_TABLE, c.PERIOD_FIRST_DAY, c.INGEST_NO),
    key=(c.AS_OF_DATE, c.RESULT, c.FACT_TABLE),
    nullable=frozenset({c.PERIOD_FIRST_DAY}),
)
STALE_DAY = Frame(
    name="stale_day",
    grain="One computed result and fact day whose facts, valid at the as-of date, changed since",
    columns=(c.AS_OF_DATE, c.RESULT, c.FACT_TABLE, c.FACT_DAY, c.CHANGED_ROWS),
    key=(c.AS_OF_DATE, c.RESULT, c.FACT_TABLE, c.FACT_DAY),
)
PAIR = (c.FACT_TABLE, c.FACT_DAY, c.VALID_FROM)
UNTIL = "until_ingest_no"
"""First ingest after the one of a row: before it the row was what the facts were."""


def committed_changes(changes: DataFrame, versions: Mapping[str, int]) -> DataFrame:
    """One row per change that reached its table; `versions` are the newest ones by name of the fact table.

    An ingest that died after its announcement leaves a version that does not exist yet, or one that the next ingest
    announces again and writes.

    Ingests 5 and 7 died before they wrote the table, whose newest version is 8:

    >>> changes = rows("ingest_no announced_version", "4 7", "5 8", "6 8", "7 9", fact_table="member_day",
    ...     fact_day="2024-01-05", valid_from="2024-01-05", row_count=1, checksum=1, changed_rows=1, run_id="r1")
    >>> show(committed_changes(changes, {"member_day": 8}), "ingest_no", "announced_version")
    | ingest_no | announced_version |
    |-----------|-------------------|
    | 4         | 7                 |
    | 6         | 8                 |
    """
    exists = F.lit(False)
    for name, version in sorted(versions.items()):
        exists |= (F.col(c.FACT_TABLE) == name) & (F.col(c.ANNOUNCED_VERSION) <= version)
    same_version = Window.partitionBy(c.FACT_TABLE, c.ANNOUNCED_VERSION)
    last = changes.where(exists).withColumn("last_ingest_no", F.max(c.INGEST_NO).over(same_version))
    return conform(last.where(F.col(c.INGEST_NO) == F.col("last_ingest_no")).drop("last_ingest_no"), FACT_CHANGE)


def stale_days(computed: DataFrame, committed: DataFrame) -> DataFrame:
    """One row per computed result and day whose facts, valid at its as-of date, changed since it was computed.

    `computed` conforms to COMPUTED_RESULT: its period begins on period_first_day (NULL: with the first fact) and ends
    on the as-of date, and ingest_no is that of the facts it read. changed_rows counts all changes since then; a change
    that was undone, or that is valid only after the as-of date, makes nothing stale.
    """
    once = superseded_facts(committed)
    is_in_period = F.col(c.PERIOD_FIRST_DAY).isNull() | (F.col(c.FACT_DAY) >= F.col(c.PERIOD_FIRST_DAY))
    is_known = (F.col(c.FACT_DAY) <= F.col(c.AS_OF_DATE)) & (F.col(c.VALID_FROM) <= F.col(c.AS_OF_DATE))
    was_read = (F.col("read_ingest_no") >= F.col(c.INGEST_NO)) & (F.col("read_ingest_no") < F.col(UNTIL))
    read = conform(computed, COMPUTED_RESULT).withColumnRenamed(c.INGEST_NO, "read_ingest_no")
    found = once.join(F.broadcast(read), c.FACT_TABLE).where(is_in_period & is_known & was_read)
    days = found.groupBy(c.AS_OF_DATE, c.RESULT, c.FACT_TABLE, c.FACT_DAY)
    return conform(days.agg(F.sum(c.CHANGED_ROWS).alias(c.CHANGED_ROWS)), STALE_DAY)


def superseded_facts(committed: DataFrame) -> DataFrame:
    """One row per pair and ingest whose facts differ from those of today, with the number of rows changed since.

    Day 5 is new in ingest 3. Day 6 was there from ingest 1 on and is gone since ingest 4: a result that never
    saw it is right.

    >>> committed = rows("fact_day ingest_no row_count checksum", "2024-01-05 3 2 77", "2024-01-06 1 2 88",
    ...     "2024-01-06 4 0 0", fact_table="member_day", valid_from="2024-01-06", changed_rows=2)
    >>> show(superseded_facts(committed), "fact_day", "ingest_no", "until_ingest_no")
    | fact_day   | ingest_no | until_ingest_no |
    |------------|-----------|-----------------|
    | 2024-01-05 | -1        | 3               |
    | 2024-01-06 | 1         | 4               |
    """
    pair = Window.partitionBy(*PAIR).orderBy(c.INGEST_NO)
    whole = pair.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    states = _with_the_beginning(committed).select(
        *PAIR,
        c.INGEST_NO,
        F.lead(c.INGEST_NO).over(pair).alias(UNTIL),
        F.struct(c.ROW_COUNT, c.CHECKSUM).alias("was"),
        F.last(F.struct(c.ROW_COUNT, c.CHECKSUM)).over(whole).alias("now"),
        F.sum(c.CHANGED_ROWS).over(pair.rowsBetween(1, Window.unboundedFollowing)).alias(c.CHANGED_ROWS),
    )
    return states.where(F.col(UNTIL).isNotNull() & (F.col("was") != F.col("now"))).drop("was", "now")


def _with_the_beginning(committed: DataFrame) -> DataFrame:
    """One row per change, and one per pair for its absence before the first change."""
    columns = (*PAIR, c.INGEST_NO, c.ROW_COUNT, c.CHECKSUM, c.CHANGED_ROWS)
    nothing = {name: F.lit(0).cast("bigint").alias(name) for name in (c.ROW_COUNT, c.CHECKSUM, c.CHANGED_ROWS)}
    absent = (
        committed.select(*PAIR).distinct().select(*PAIR, F.lit(-1).cast("bigint").alias(c.INGEST_NO), *nothing.values())
    )
    return committed.select(*columns).unionByName(absent)
