"""The versions of orders that change, as table `order_version` remembers them.

Versions are written before the lines of their orders. A run that dies in between leaves versions whose commit of lines
is missing; the next ingest takes them away.
"""

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import ORDER_VERSION, TRANSACTION
from rfm_spark.steps.job import Job

ANNOUNCED = "announced_version"
"""What a commit of versions says: the version of `transaction` that is to follow it, or none."""


def known_versions(job: Job, source: Source) -> DataFrame | None:
    """One row per order of the source and run that brought it; None where orders are not replaced one by one."""
    return _held(job, source) if source.delivery is Delivery.CHANGES else None


def new_versions(job: Job, source: Source, versions: DataFrame) -> DataFrame | None:
    """One row per order whose version is not known yet; None where all are."""
    fresh = versions.join(_held(job, source), [str(c.BATCH_ID), str(c.ORDER_VERSION)], "left_anti")
    named = fresh.select(
        F.lit(source.name).alias(c.SOURCE), c.BATCH_ID, c.ORDER_VERSION, F.lit(job.run_id).alias(c.RUN_ID)
    )
    staged = job.staging.stage(conform(named, ORDER_VERSION), f"new_versions_{source.name}", keep_order=False)
    return None if staged.isEmpty() else staged


def write_versions(job: Job, source: Source, versions: DataFrame, lines_follow: bool) -> None:
    """Record the versions; `lines_follow`: the next commit of `transaction` brings the lines of their orders."""
    announced = job.store.version(TRANSACTION) + 1 if lines_follow else None
    job.store.append(ORDER_VERSION, versions, {**job.metadata, c.SOURCE: source.name, ANNOUNCED: announced})


def _held(job: Job, source: Source) -> DataFrame:
    return job.store.read(ORDER_VERSION).where(F.col(c.SOURCE) == F.lit(source.name))


def take_back_lost_versions(job: Job, sources: Iterable[Source]) -> None:
    """Remove the versions of a run that died before it wrote their lines; only the last commit can be one.

    Nobody is asked where no source delivers changes.
    """
    if all(source.delivery is not Delivery.CHANGES for source in sources):
        return
    last = job.store.last_metadata(ORDER_VERSION)
    if last is None or last.get(ANNOUNCED) is None:
        return
    run_id = str(last[c.RUN_ID])
    if job.store.lacks_commit_of(TRANSACTION, int(last[ANNOUNCED]), run_id):
        nothing, lost = job.store.read(ORDER_VERSION).limit(0), {c.SOURCE: str(last[c.SOURCE]), c.RUN_ID: run_id}
        job.store.replace(ORDER_VERSION, nothing, lost, job.metadata)
