"""What an ingest changes in a fact table, and the record by which stale dates are found later."""

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY

ROW_HASH = "row_hash"


@dataclass(frozen=True)
class FactTable:
    """A table of facts with the names of its day, its month partition and the day from which a row is valid."""

    table: Table
    day: c.Column
    month: c.Column
    valid_from: c.Column

    def row_hash(self) -> Column:
        """Return the hash of the member and the facts of a row; no column of a fact table is ever NULL."""
        beside = (self.day, self.month, self.valid_from, c.VALID_TO)
        return F.xxhash64(*(column for column in self.table.columns if column not in beside))


MEMBER_DAY_FACTS = FactTable(MEMBER_DAY, c.ORDER_DAY, c.ORDER_MONTH, c.VALID_FROM)
MEMBER_TAG_DAY_FACTS = FactTable(MEMBER_TAG_DAY, c.TAG_DAY, c.TAG_MONTH, c.TAG_DAY)


def touched_members(*slices: DataFrame) -> DataFrame:
    """One row per member with a line or event in a slice; slices are what an ingest removes and what it adds."""
    return reduce(DataFrame.unionByName, (rows.select(c.MEMBER_ID) for rows in slices)).distinct()


def changed_pairs(differences: DataFrame, facts: FactTable) -> DataFrame:
    """One row per day and valid_from whose facts differ, with the number of rows added, removed or altered.

    A row that only ends earlier or later than before is not altered: the row that follows it is.
    """
    rows = differences.groupBy(*facts.table.key).agg(
        F.count(F.lit(1)).alias(c.ROW_COUNT), F.bit_xor(facts.row_hash()).alias(ROW_HASH)
    )
    is_altered = (F.col(c.ROW_COUNT) == 1) | (F.col(ROW_HASH) != 0)
    days = rows.where(is_altered).select(
        F.col(facts.day).alias(c.FACT_DAY), F.col(facts.valid_from).alias(c.VALID_FROM)
    )
    return days.groupBy(c.FACT_DAY, c.VALID_FROM).agg(F.count(F.lit(1)).alias(c.CHANGED_ROWS))


def fact_changes(
    pairs: DataFrame, rows: DataFrame, facts: FactTable, ingest_no: int, announced_version: int, run_id: str
) -> DataFrame:
    """One row per changed day and valid_from: count and checksum of its rows in `rows`.

    `rows` are the changed months as they will be. A pair that has no rows any more has count and checksum 0.
    """
    states = states_of_days(rows, facts)
    nothing = F.lit(0).cast("bigint")
    changes = pairs.join(states, [str(c.FACT_DAY), str(c.VALID_FROM)], "left").select(
        F.lit(ingest_no).cast("bigint").alias(c.INGEST_NO),
        F.lit(facts.table.name).alias(c.FACT_TABLE),
        c.FACT_DAY,
        c.VALID_FROM,
        F.coalesce(c.ROW_COUNT, nothing).alias(c.ROW_COUNT),
        F.coalesce(c.CHECKSUM, nothing).alias(c.CHECKSUM),
        c.CHANGED_ROWS,
        F.lit(announced_version).cast("bigint").alias(c.ANNOUNCED_VERSION),
        F.lit(run_id).alias(c.RUN_ID),
    )
    return conform(changes, FACT_CHANGE)


def states_of_days(rows: DataFrame, facts: FactTable) -> DataFrame:
    """One row per day and valid_from: count and checksum of its rows, as fact_change records them."""
    hashed = rows.select(
        F.col(facts.day).alias(c.FACT_DAY),
        F.col(facts.valid_from).alias(c.VALID_FROM),
        facts.row_hash().alias(ROW_HASH),
    )
    counted = hashed.groupBy(c.FACT_DAY, c.VALID_FROM)
    return counted.agg(F.count(F.lit(1)).alias(c.ROW_COUNT), F.bit_xor(ROW_HASH).alias(c.CHECKSUM))
