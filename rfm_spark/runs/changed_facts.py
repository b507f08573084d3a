"""Which results of which dates rest on facts that changed since they were computed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY
from rfm_spark.driver_rows import driver_rows
from rfm_spark.facts.staleness import COMPUTED_RESULT, committed_changes, stale_days
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.facts import facts_ingest_no
from rfm_spark.runs.log_book import LogBook
from rfm_spark.text import counted

SHOWN_DAYS = 5
ComputedResult = tuple[date, str, str, date | None, int]
"""As-of date, result, fact table, first day that it read (None = the whole life), ingest_no of its facts."""


@dataclass(frozen=True)
class ChangedDays:
    """The days of one result whose facts changed since it was computed: how many, the first few, and their rows.

    `member_days` are rows of member_day, `tags` of member_tag_day; a day that changed twice counts twice.
    """

    count: int
    first: date
    last: date
    shown: tuple[date, ...]
    member_days: int
    tags: int

    def words(self) -> str:
        """Return which days changed, all of a few.

        >>> one, other = date(2024, 1, 5), date(2024, 1, 9)
        >>> ChangedDays(2, one, other, (one, other), 3, 0).words()
        'facts of 2024-01-05, 2024-01-09 changed, 3 member-days'
        >>> ChangedDays(1, one, one, (one,), 1, 4).words()
        'facts of 2024-01-05 changed, 1 member-day, 4 tags of member-days'
        """
        few = ", ".join(str(day) for day in self.shown)
        days = few if self.count <= SHOWN_DAYS else f"{self.count} days from {self.first} to {self.last}"
        counts = [counted(self.member_days, "member-day")] if self.member_days else []
        counts += [counted(self.tags, "tag of member-days", "tags of member-days")] if self.tags else []
        return f"facts of {days} changed, {', '.join(counts)}"


def changed_days(
    store: TableStore, book: LogBook, computed: Iterable[ComputedResult]
) -> dict[tuple[date, str], ChangedDays]:
    """Return by date and result the days whose facts changed since; results of unchanged facts are not there."""
    asked = list(computed)
    newest = (facts_ingest_no(store, book) or 0) if asked else 0
    older = [one for one in asked if one[4] < newest]
    if not older:
        return {}
    frame = driver_rows(store.spark, older, COMPUTED_RESULT.schema_text())
    versions = {table.name: store.version(table) for table in (MEMBER_DAY, MEMBER_TAG_DAY)}
    days = stale_days(frame, committed_changes(store.read(FACT_CHANGE), versions))
    of_result = days.groupBy(c.AS_OF_DATE, c.RESULT).agg(
        F.count_distinct(c.FACT_DAY).alias("days"),
        F.min(c.FACT_DAY).alias("first"),
        F.max(c.FACT_DAY).alias("last"),
        F.slice(F.array_sort(F.collect_set(c.FACT_DAY)), 1, SHOWN_DAYS).alias("shown"),
        *(_rows_of(table).alias(name) for name, table in (("member_days", MEMBER_DAY), ("tags", MEMBER_TAG_DAY))),
    )
    return {
        (row[0], row[1]): ChangedDays(row.days, row.first, row["last"], tuple(row.shown), row.member_days, row.tags)
        for row in of_result.collect()
    }


def _rows_of(table: Table) -> Column:
    """Return how many rows of one fact table changed."""
    return F.sum(F.when(F.col(c.FACT_TABLE) == F.lit(table.name), F.col(c.CHANGED_ROWS)).otherwise(0))
