"""The versions of orders that change, as table `order_version` remembers them.

Versions are written before the lines of their orders. A run that dies in between leaves versions whose commit of lines
is missing; the next ingest takes them away.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery
from rfm_spark.config.fingerprints import versions_hash
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import ORDER_VERSION, TRANSACTION
from rfm_spark.io.sql_text import Condition
from rfm_spark.steps.job import Job

ANNOUNCED = "announced_version"
"""What a commit of versions says: the version of `transaction` that is to follow it, or none."""


def known_versions(job: Job, source: Source) -> DataFrame | None:
    """One row per order of the source and run that brought it; None where orders are not replaced one by one."""
    return _held(job, source) if source.delivery is Delivery.CHANGES else None


def new_versions(job: Job, source: Source, versions: DataFrame) -> DataFrame | None:
    """One row per order whose version is not known yet; None where all are."""
    fresh = versions.join(_held(job, source), [str(c.BATCH_ID), str(c.ORDER_VERSION)], "left_anti")
    staged = job.staging.stage(fresh, f"new_versions_{source.name}", keep_order=False)
    return None if staged.isEmpty() else staged


def are_named_otherwise(job: Job, source: Source) -> bool:
    """Return whether orders of the source were named, or their versions read, by another key or version."""
    return not _held(job, source).where(F.col(c.DEFINITION_HASH) != F.lit(versions_hash(job.config, source))).isEmpty()


def write_versions(job: Job, source: Source, versions: DataFrame, lines_follow: bool) -> None:
    """Record the versions; `lines_follow`: the next commit of `transaction` brings the lines of their orders."""
    announced = job.store.version(TRANSACTION) + 1 if lines_follow else None
    rows = versions.select(
        F.lit(source.name).alias(c.SOURCE), c.BATCH_ID, c.ORDER_VERSION, F.lit(job.run_id).alias(c.RUN_ID),
        F.lit(announced).cast(c.LINES_VERSION.type).alias(c.LINES_VERSION),
        F.lit(versions_hash(job.config, source)).alias(c.DEFINITION_HASH),
    )  # fmt: skip
    metadata = {**job.metadata, c.SOURCE: source.name, ANNOUNCED: announced}
    job.store.append(ORDER_VERSION, conform(rows, ORDER_VERSION), metadata)


def _held(job: Job, source: Source) -> DataFrame:
    return job.store.read(ORDER_VERSION).where(F.col(c.SOURCE) == F.lit(source.name))


def take_back_lost_versions(job: Job) -> None:
    """Remove the versions of a run that died before it wrote their lines; only the last commit can be one.

    Every ingest asks, because its own commit would take the number of the missing one; none where no source of the
    configuration delivers changes.
    """
    if all(source.delivery is not Delivery.CHANGES for source in job.config.sources.values()):
        return
    last = job.store.last_metadata(ORDER_VERSION)
    if last is None or last.get(ANNOUNCED) is None:
        return
    announced = int(last[ANNOUNCED])
    if job.store.lacks_commit_of(TRANSACTION, announced, str(last[c.RUN_ID])):
        lost: dict[c.Column, Condition] = {c.SOURCE: str(last[c.SOURCE]), c.LINES_VERSION: announced}
        job.store.replace(ORDER_VERSION, job.store.read(ORDER_VERSION).limit(0), lost, job.metadata)
