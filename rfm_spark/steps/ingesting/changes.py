"""What an ingest changes in a table, source by source: the rows of days, of batches, or of single orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery
from rfm_spark.config.fingerprints import source_hash
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import INGESTED_BATCH, ORDER_VERSION, TRANSACTION
from rfm_spark.errors import DataCheckError
from rfm_spark.facts.compare import Slice, fingerprints
from rfm_spark.ingest.versions import versions_of
from rfm_spark.io.layout import range_partitioned
from rfm_spark.steps.ingesting.batches import BatchPlan, content_columns, has_batches, known_batches, plan_batches
from rfm_spark.steps.ingesting.events import with_newest_events
from rfm_spark.steps.ingesting.places import Change, Place, rows_at
from rfm_spark.steps.ingesting.sources import ReadSource
from rfm_spark.steps.ingesting.versions import are_named_otherwise, new_versions, write_versions
from rfm_spark.steps.job import Job


@dataclass(frozen=True)
class Brought:
    """What the sources bring that the tables do not hold: the changed slices, and what becomes of their batches."""

    changes: tuple[Change, ...]
    batches: Mapping[str, BatchPlan]

    def changed(self) -> set[str]:
        """Return the names of the sources whose rows, batches or versions differ."""
        of_rows = {change.read.source.name for change in self.changes}
        return of_rows | {name for name, plan in self.batches.items() if plan.is_changed}


def compare_slices(job: Job, read: Sequence[ReadSource]) -> Brought:
    """Return what the sources bring that the tables do not hold; of batches only those that differ are replaced.

    DataCheckError where a batch is refused; nothing was written.
    """
    known = known_batches(job, read)
    slices = [_slice(job, one, one.place) for one in read if one.place is not None]
    found = fingerprints([fingerprinted(one.read.source, frame) for one in slices for frame in (one.before, one.after)])
    changes: list[Change] = []
    plans: dict[str, BatchPlan] = {}
    for one, before, after in zip(slices, found[::2], found[1::2], strict=True):
        name, change = one.read.source.name, one if before != after else None
        if change is None and one.versions is not None:
            change = replace(one, is_different=False)
        if name in known:
            plans[name] = plan_batches(job, one.read, before, after, known[name])
            change = of_batches(job, one, plans[name].replaced)
        if change is not None:
            change, taken = with_newest_events(job, change)
            changes.append(change)
            if taken and name in plans:
                plans[name] = plans[name].without(taken)
    return Brought(tuple(changes), plans)


def require_one_delivery(job: Job, read: Sequence[ReadSource]) -> None:
    """Raise DataCheckError where rows of a source came by days, or other units than those that it is delivered by now.

    Nothing would ever replace them. Asked only where the definition of the source differs from the last ingest's.
    """
    units = {Delivery.BATCHES: INGESTED_BATCH, Delivery.CHANGES: ORDER_VERSION}
    for one in read:
        source, last = one.source, job.ledger.book.ingested().get(one.result)
        is_as_before = last is not None and last.definition_hash == source_hash(job.config, source)
        if source.delivery not in units or is_as_before:
            continue
        of_source = F.col(c.SOURCE) == F.lit(source.name)
        known = job.store.read(units[source.delivery]).where(of_source).select(c.BATCH_ID)
        if not job.store.read(one.table).where(of_source).join(known, str(c.BATCH_ID), "left_anti").isEmpty():
            found = f"{one.table.name} has rows of it that came before delivery: {source.delivery}"
            step = "nothing was written; put delivery back, or begin another warehouse"
            raise DataCheckError(f"source {source.name}", found, "one way of delivery", step)
        if source.delivery is Delivery.CHANGES and are_named_otherwise(job, source):
            found = f"{ORDER_VERSION.name} has orders of it by another key or version, or another reading of these"
            step = "nothing was written; put key and version back, or begin another warehouse"
            raise DataCheckError(f"source {source.name}", found, "one name for every order", step)


def fingerprinted(source: Source, rows: DataFrame) -> Slice:
    """Return rows of a source as they are compared: batch by batch, or as one."""
    return Slice(rows, c.BATCH_ID, content_columns(source, rows.columns)) if has_batches(source) else Slice(rows)


def of_batches(job: Job, one: Change, names: Sequence[str]) -> Change | None:
    """Return the change of these batches alone; None without any."""
    if not names:
        return None
    place: Place = {c.SOURCE: one.read.source.name, c.BATCH_ID: list(names)}
    return Change(one.read, place, rows_at(job.store.read(one.read.table), place), rows_at(one.after, place))


def write_change(job: Job, change: Change, ingest_no: int) -> None:
    """Write the rows of a source in one commit, after the versions of its orders where it has such."""
    read, rows, lines = change.read, change.after, change.read.counts.accepted
    if change.versions is not None:
        write_versions(job, read.source, change.versions, lines_follow=change.is_different)
    if not change.is_different:
        return
    if change.written is not None:
        rows, lines = change.written, change.written.count()
    spread = range_partitioned(rows, job.file_count(lines), *read.table.partition_by, c.MEMBER_ID)
    job.store.replace(read.table, spread, change.place, {**job.metadata, c.INGEST_NO: ingest_no})


def _slice(job: Job, one: ReadSource, place: Place) -> Change:
    after = job.staging.stage(one.rows(), f"rows_{one.source.name}")
    if one.source.delivery is Delivery.CHANGES:
        return _slice_of_orders(job, one, after)
    return Change(one, place, rows_at(job.store.read(one.table), place), after)


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
    place: Place = {c.SOURCE: name, c.TRANSACTION_MONTH: months}
    fresh = new_versions(job, one.source, versions)
    return Change(one, place, before, after, after.unionByName(others), fresh)


def _months(rows: DataFrame) -> DataFrame:
    return rows.select(c.TRANSACTION_MONTH).distinct()
