"""An event id is one event of its source, whatever batch or day brings it: the newest delivery wins."""

from collections.abc import Mapping
from dataclasses import replace

from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT
from rfm_spark.facts.compare import CONTENT, CONTENT_LIMIT, ROWS, content_sum
from rfm_spark.steps.ingesting.batches import content_columns
from rfm_spark.steps.ingesting.places import Change, is_at
from rfm_spark.steps.job import Job

Taken = Mapping[str, tuple[int, int]]


def with_newest_events(job: Job, change: Change) -> tuple[Change, Taken]:
    """Return the change that takes the events it brings out of all other slices too, still as one commit.

    Beside it, of each batch that loses events, their number and content. Where there are such events, the months that
    differ are written whole. Where events have no number, nothing is looked for: their fingerprint names their batch.
    """
    source = change.read.source
    if change.read.table is not EVENT or c.EVENT_ID not in source.columns:
        return change, {}
    held = job.store.read(EVENT).where(F.col(c.SOURCE) == F.lit(source.name))
    elsewhere, brought = held.where(~is_at(change.place)), change.after.select(c.EVENT_ID)
    again = elsewhere.join(brought, c.EVENT_ID, "left_semi")
    sums = F.count(F.lit(1)).alias(ROWS), content_sum(content_columns(source, EVENT.columns))
    found = again.groupBy(c.EVENT_MONTH, c.BATCH_ID).agg(*sums).collect()
    if not found:
        return change, {}
    slices = change.before.select(c.EVENT_MONTH).union(change.after.select(c.EVENT_MONTH)).distinct().collect()
    months = sorted({row[c.EVENT_MONTH] for row in (*found, *slices)})
    kept = elsewhere.where(F.col(c.EVENT_MONTH).isin(months)).join(brought, c.EVENT_ID, "left_anti")
    taken: dict[str, tuple[int, int]] = {}
    for row in found:
        rows, content = taken.get(row[c.BATCH_ID], (0, 0))
        taken[row[c.BATCH_ID]] = rows + row[ROWS], (content + row[CONTENT]) % CONTENT_LIMIT
    place = {c.SOURCE: source.name, c.EVENT_MONTH: months}
    before, written = change.before.unionByName(again), kept.unionByName(change.after)
    return replace(change, place=place, before=before, written=written), taken
