"""The orders that lines of one source name, among the sale lines of another: in the table and in this ingest."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery, Refunds
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import TRANSACTION
from rfm_spark.facts.orders import is_sale
from rfm_spark.ingest.fates import LineCounts
from rfm_spark.ingest.named_orders import UNKNOWN, observe_unknown, sales_of, unknown_refunds, with_known_orders
from rfm_spark.ingest.order_names import asks_orders, rejects_refunds
from rfm_spark.ingest.reasons import RejectReason
from rfm_spark.ingest.versions import versions_of
from rfm_spark.steps.ingesting.places import is_at
from rfm_spark.steps.ingesting.sources import ReadSource
from rfm_spark.steps.job import Job


def name_orders(job: Job, read: Sequence[ReadSource]) -> list[ReadSource]:
    """Return the sources with the members of the orders that they name; lines of no known order are rejected."""
    return [_with_orders(job, one, read) if asks_orders(one.source, job.config) else one for one in read]


def count_unknown_refunds(job: Job, read: Sequence[ReadSource]) -> dict[str, int]:
    """Return for each source how many of its refunds name no known order; one action, none where nobody names one.

    Call it when the lines of this ingest are in the table.
    """
    if job.config.orders.refunds is not Refunds.ATTRIBUTE_TO_ORDER:
        return {}
    asked = [one for one in read if one.counts.naming_refunds and not rejects_refunds(one.source, job.config)]
    if not asked:
        return {}
    found = [
        unknown_refunds(one.staged, _named(_sales_held(job, one.source)), one.source).select(
            F.lit(one.source.name).alias(c.SOURCE)
        )
        for one in asked
    ]
    counted = reduce(DataFrame.unionAll, found).groupBy(c.SOURCE).count().collect()
    return {row[0]: row[1] for row in counted}


def _with_orders(job: Job, one: ReadSource, read: Sequence[ReadSource]) -> ReadSource:
    """Return the source with its lines staged again, the lines of no known order among the rejected ones."""
    observation = Observation(f"orders named by {one.source.name}")
    rejects = rejects_refunds(one.source, job.config)
    lines = with_known_orders(one.staged, _sales(job, one.source, read), one.source, rejects)
    staged = job.staging.stage(observe_unknown(lines, observation), f"named_{one.source.name}", keep_order=False)
    return replace(one, staged=staged, counts=_less_unknown(one.counts, observation.get[UNKNOWN]))


def _less_unknown(counts: LineCounts, unknown: int) -> LineCounts:
    if not unknown:
        return counts
    reason = RejectReason.UNKNOWN_ORDER.value
    reasons = {**counts.reasons, reason: counts.reasons.get(reason, 0) + unknown}
    accepted, rejected = counts.accepted - unknown, counts.rejected + unknown
    return replace(counts, accepted=accepted, rejected=rejected, reasons=reasons)


def _sales(job: Job, source: Source, read: Sequence[ReadSource]) -> DataFrame:
    """One row per sale line of the orders' source, as the tables will hold them after this ingest."""
    kept = _sales_held(job, source)
    fresh = [one for one in read if one.table is TRANSACTION and one.source.order_source == source.order_source]
    for one in fresh:
        kept = _without_replaced(kept, one)
    return reduce(DataFrame.unionByName, [_named(kept), *(sales_of(one.staged) for one in fresh)])


def _without_replaced(rows: DataFrame, one: ReadSource) -> DataFrame:
    """Return the rows of the table that stay when the source's lines replace what they replace."""
    if one.source.delivery is Delivery.CHANGES:
        brought = versions_of(one.staged).select(F.lit(one.source.name).alias(c.SOURCE), c.BATCH_ID)
        return rows.join(brought, [str(c.SOURCE), str(c.BATCH_ID)], "left_anti")
    return rows if one.place is None else rows.where(~is_at(one.place))


def _named(sales: DataFrame) -> DataFrame:
    return sales.select(c.MEMBER_ID, c.ORDER_ID, c.TRANSACTION_DAY)


def _sales_held(job: Job, source: Source) -> DataFrame:
    """Return the sale lines of the orders' source in the table; its partitions are those of the sources."""
    wanted, sources = source.order_source, job.config.sources.values()
    of_orders = {wanted, *(one.name for one in sources if one.order_source == wanted)}
    is_of_orders = F.col(c.SOURCE).isin(sorted(of_orders)) & (F.col(c.ORDER_SOURCE) == F.lit(wanted))
    return job.store.read(TRANSACTION).where(is_sale() & is_of_orders)
