"""What an ingest changes in a table, source by source: the rows of days, of batches, or of single orders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import TRANSACTION
from rfm_spark.facts.compare import fingerprints
from rfm_spark.ingest.versions import versions_of
from rfm_spark.io.layout import range_partitioned
from rfm_spark.io.sql_text import Condition
from rfm_spark.steps.ingesting.sources import ReadSource, meets_all
from rfm_spark.steps.ingesting.versions import new_versions, write_versions
from rfm_spark.steps.job import Job


@dataclass(frozen=True)
class Change:
    """The rows of one source in its table, before this ingest and after it.

    `kept`: other rows of the place, which stay; None where there are none. `versions`: those of orders that are new or
    newer. `is_different`: whether rows change.
    """

    read: ReadSource
    place: dict[c.Column, Condition]
    before: DataFrame
    after: DataFrame
    kept: DataFrame | None = None
    versions: DataFrame | None = None
    is_different: bool = True


def changed_slices(job: Job, read: Sequence[ReadSource]) -> list[Change]:
    """Return one change per source whose rows, or versions of orders, differ from those in the tables."""
    slices = [_slice(job, one, one.place) for one in read if one.place is not None]
    found = fingerprints([frame for one in slices for frame in (one.before, one.after)])
    compared = [
        replace(one, is_different=before != after)
        for one, before, after in zip(slices, found[::2], found[1::2], strict=True)
    ]
    return [one for one in compared if one.is_different or one.versions is not None]


def write_change(job: Job, change: Change, ingest_no: int) -> None:
    """Write the rows of a source in one commit, after the versions of its orders where it has such."""
    read, rows, lines = change.read, change.after, change.read.counts.accepted
    if change.versions is not None:
        write_versions(job, change.versions, lines_follow=change.is_different)
    if not change.is_different:
        return
    if change.kept is not None:
        rows, lines = rows.unionByName(change.kept), lines + change.kept.count()
    spread = range_partitioned(rows, job.file_count(lines), *read.table.partition_by, c.MEMBER_ID)
    job.store.replace(read.table, spread, change.place, {**job.metadata, c.INGEST_NO: ingest_no})


def _slice(job: Job, one: ReadSource, place: dict[c.Column, Condition]) -> Change:
    after = job.staging.stage(one.rows(), f"rows_{one.source.name}")
    if one.source.delivery is Delivery.CHANGES:
        return _slice_of_orders(job, one, after)
    return Change(one, place, job.store.read(one.table).where(meets_all(place)), after)


def _slice_of_orders(job: Job, one: ReadSource, after: DataFrame) -> Change:
    """Return the rows of the orders that the source brings; their months are written, with the other orders in them."""
    name = one.source.name
    versions = job.staging.stage(versions_of(one.staged), f"versions_{name}", keep_order=False)
    of_source = job.store.read(TRANSACTION).where(F.col(c.SOURCE) == F.lit(name))
    # A join by name puts its column first.
    of_orders = of_source.join(versions, str(c.BATCH_ID), "left_semi").select(*of_source.columns)
    before = job.staging.stage(of_orders, f"before_{name}", keep_order=False)
    months = sorted(row[0] for row in _months(before).union(_months(after)).distinct().collect())
    others = of_source.where(F.col(c.TRANSACTION_MONTH).isin(months)).join(versions, str(c.BATCH_ID), "left_anti")
    place: dict[c.Column, Condition] = {c.SOURCE: name, c.TRANSACTION_MONTH: months}
    return Change(one, place, before, after, others, new_versions(job, one.source, versions))


def _months(rows: DataFrame) -> DataFrame:
    return rows.select(c.TRANSACTION_MONTH).distinct()
