"""The batches of a source: what an ingest brings, compared with what the tables hold, and written down beside them.

`ingested_batch` has a row for each batch that has rows in its table, with a fingerprint of them that does not depend on
the name of the batch. It is written before the rows: an ingest that dies in between leaves rows whose run is not in
run_log, and the next ingest of the source asks the table itself for them.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery, Duplicates, EmptyBatches
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import INGESTED_BATCH
from rfm_spark.driver_rows import driver_rows
from rfm_spark.errors import DataCheckError
from rfm_spark.facts.compare import CONTENT_LIMIT, Fingerprint, Slice, fingerprints
from rfm_spark.ingest.fates import FAULTS
from rfm_spark.ingest.named_orders import UNKNOWN
from rfm_spark.ingest.reasons import RejectReason
from rfm_spark.runs.log_book import RowStatus
from rfm_spark.steps.ingesting.places import rows_at
from rfm_spark.steps.ingesting.sources import ReadSource
from rfm_spark.steps.job import Job
from rfm_spark.text import counted

NAMED_BY_BATCH = (c.SOURCE, c.BATCH_ID)


@dataclass(frozen=True)
class Batch:
    """What is known of one batch; `ingest_no` 0: this ingest has to write it down."""

    files: tuple[str, ...]
    rows: int
    content: int | None
    ingest_no: int = 0
    run_id: str = ""

    @property
    def likeness(self) -> tuple[int, int | None]:
        """Return what two batches of one content have in common."""
        return self.rows, self.content

    def without(self, rows: int, content: int) -> "Batch":
        """Return the batch after other batches took over some of its rows."""
        return Batch(self.files, self.rows - rows, ((self.content or 0) - content) % CONTENT_LIMIT)


Batches = Mapping[str, Batch]


@dataclass(frozen=True)
class BatchPlan:
    """What an ingest does with the batches of one source: those it replaces, and all there are before and after."""

    replaced: tuple[str, ...]
    known: Batches
    after: Batches

    @property
    def is_changed(self) -> bool:
        """Return whether `ingested_batch` has to be written."""
        return dict(self.known) != dict(self.after) or not all(batch.ingest_no for batch in self.after.values())

    def without(self, taken: Mapping[str, tuple[int, int]]) -> "BatchPlan":
        """Return the plan where other batches of the source lose rows: their number and content by batch."""
        lesser = {name: self.after[name].without(*taken[name]) for name in taken if name in self.after}
        return replace(self, after=_with_rows({**self.after, **lesser}))


def has_batches(source: Source) -> bool:
    """Return whether the source is delivered by batches."""
    return source.delivery is Delivery.BATCHES


def content_columns(source: Source, columns: Iterable[str]) -> list[str]:
    """Return the columns of a table that make two batches alike: those that the name of the batch does not enter."""
    of_batch = {*NAMED_BY_BATCH, c.TRANSACTION_MONTH, c.EVENT_MONTH}
    if source.each_line:
        of_batch.add(c.ORDER_ID)
    if c.EVENT_ID not in source.columns:
        of_batch.add(c.EVENT_ID)
    return [name for name in columns if name not in of_batch]


def known_batches(job: Job, read: Sequence[ReadSource]) -> dict[str, Batches]:
    """Return by source the batches that `ingested_batch` knows; none, and no question, without sources of batches."""
    sources = {one.source.name: one for one in read if has_batches(one.source)}
    if not sources:
        return {}
    rows = job.store.read(INGESTED_BATCH).where(F.col(c.SOURCE).isin(list(sources))).collect()
    found: dict[str, dict[str, Batch]] = {name: {} for name in sources}
    for row in rows:
        batch = Batch(tuple(row[c.FILES]), row[c.ROW_COUNT], row[c.CONTENT_CHECKSUM], row[c.INGEST_NO], row[c.RUN_ID])
        found[row[c.SOURCE]][row[c.BATCH_ID]] = batch
    return {name: _checked(job, sources[name], batches) for name, batches in found.items()}


def _checked(job: Job, one: ReadSource, batches: Batches) -> Batches:
    """Return the batches, those of ingests that died as the table holds them."""
    ended = {row.run_id for row in job.ledger.book.rows() if row.status is RowStatus.INGESTED}
    unsure = [name for name, batch in batches.items() if batch.run_id not in ended]
    if not unsure:
        return batches
    held = _held(job, one, unsure)
    nothing = Fingerprint(0, None, None)
    asked = {name: held.get(name, nothing) for name in unsure}
    return {**batches, **{name: Batch(batches[name].files, of.rows, of.content) for name, of in asked.items()}}


def _held(job: Job, one: ReadSource, names: Sequence[str]) -> dict[str, Fingerprint]:
    """Return the fingerprints of batches as their table holds them."""
    rows = rows_at(job.store.read(one.table), {c.SOURCE: one.source.name, c.BATCH_ID: list(names)})
    return fingerprints([Slice(rows, c.BATCH_ID, content_columns(one.source, one.table.columns))])[0]


def plan_batches(
    job: Job, one: ReadSource, before: Mapping[str, Fingerprint], after: Mapping[str, Fingerprint], known: Batches
) -> BatchPlan:
    """Return what becomes of the batches of one source; `before` and `after` are of those that were listed.

    Raises DataCheckError where a batch lost all its lines, has the content of another one, or takes over a part of one.
    """
    listed = one.opened.files.batches() if one.opened.files else {}
    require_lines(one, before, after)
    new = {name: Batch(listed[name], of.rows, of.content) for name, of in after.items()}
    gone = taken_over(one.source, listed, known)
    staying = {name: batch for name, batch in _with_rows(known).items() if name not in listed and name not in gone}
    differing = {name for name in listed if before.get(name) != after.get(name)}
    gone |= moved_batches(job, one, new, differing, staying)
    noted = {name: known[name] if _is_noted(known.get(name), batch) else batch for name, batch in new.items()}
    kept = {name: batch for name, batch in staying.items() if name not in gone}
    return BatchPlan(tuple(sorted(differing | gone)), known, {**kept, **noted})


def require_lines(one: ReadSource, before: Mapping[str, Fingerprint], after: Mapping[str, Fingerprint]) -> None:
    """Raise DataCheckError for a batch that had lines and now has none, unless `empty_batches: allow`.

    A batch whose events all came again in a later one has lines, and so has one whose orders are all unknown.
    """
    source, emptied = one.source, sorted(name for name in before if name not in after)
    if emptied and (c.EVENT_ID in source.columns or UNKNOWN in one.staged.columns):
        usable = (RejectReason.DUPLICATE.bit, RejectReason.UNKNOWN_ORDER.bit)
        decided = one.staged.where(F.col(FAULTS).isin(*usable)).select(c.BATCH_ID).distinct()
        emptied = sorted(set(emptied).difference(row[0] for row in decided.collect()))
    if emptied and source.empty_batches is EmptyBatches.REFUSE:
        lines = counted(before[emptied[0]].rows, "line")
        step = "nothing was written; wait until its delivery is complete, or write empty_batches: allow"
        raise DataCheckError(
            f"source {source.name}", f"batch {emptied[0]} had {lines} and now has none", "lines that can be used", step
        )


def taken_over(source: Source, listed: Mapping[str, Sequence[str]], known: Batches) -> set[str]:
    """Return the batches whose files belong to other batches now, because `batch` was changed.

    DataCheckError where some of its files are not listed: their lines would get lost, those of the others count twice.
    """
    batch_of = {file: name for name, files in listed.items() for file in files}
    found = set()
    for name, batch in sorted(known.items()):
        again = [file for file in batch.files if file in batch_of]
        if name in listed or not again or not batch.rows:
            continue
        if len(again) < len(batch.files):
            missing = next(file for file in batch.files if file not in batch_of)
            words = f"{again[0]} of batch {name} belongs to batch {batch_of[again[0]]} now, and {missing} is not there"
            step = "nothing was written; ingest all its files at once, or put batch back as it was"
            raise DataCheckError(f"source {source.name}", words, "all files of the batch", step)
        found.add(name)
    return found


def moved_batches(job: Job, one: ReadSource, new: Batches, differing: Set[str], staying: Batches) -> set[str]:
    """Return the batches whose content comes under another name, where `duplicates: move` says so.

    Raises DataCheckError for one that would count twice; those that are there already were allowed once. Only before it
    is raised, the table is asked whether it holds the other one.
    """
    if one.source.duplicates is Duplicates.ALLOW:
        return set()
    first: dict[tuple[int, int | None], str] = {}
    for name, batch in sorted(new.items()):
        twin = first.setdefault(batch.likeness, name)
        if twin != name and not differing.isdisjoint((name, twin)):
            step = "take one of them away, or write duplicates: allow where both count"
            raise _twice(one.source, name, twin, batch, step)
    fresh = {likeness: name for likeness, name in first.items() if name in differing}
    twins = {fresh[batch.likeness]: twin for twin, batch in sorted(staying.items()) if batch.likeness in fresh}
    held = _held(job, one, sorted(twins.values())) if twins else {}
    real = {name: twin for name, twin in twins.items() if twin in held and held[twin].content == new[name].content}
    if real and one.source.duplicates is Duplicates.REFUSE:
        name = min(real)
        step = "write duplicates: move where it has another name now, or duplicates: allow where both count"
        raise _twice(one.source, name, real[name], new[name], step)
    return set(real.values())


def _twice(source: Source, name: str, twin: str, batch: Batch, step: str) -> DataCheckError:
    found = f"batch {name} has the same content as batch {twin}, {counted(batch.rows, 'line')}"
    return DataCheckError(f"source {source.name}", found, "each line in one batch", f"nothing was written; {step}")


def write_batches(job: Job, plans: Mapping[str, BatchPlan], ingest_no: int) -> None:
    """Write the batches of the sources where they change, in one commit; call it before their rows are written."""
    changed = {name: plan for name, plan in plans.items() if plan.is_changed}
    if not changed:
        return
    records = [
        (source, name, batch.files, batch.rows, batch.content, batch.ingest_no or ingest_no, batch.run_id or job.run_id)
        for source, plan in changed.items()
        for name, batch in sorted(plan.after.items())
    ]
    frame = driver_rows(job.store.spark, records, INGESTED_BATCH.schema_text()).coalesce(1)
    job.store.replace(INGESTED_BATCH, frame, {c.SOURCE: sorted(changed)}, job.metadata)


def _with_rows(batches: Batches) -> dict[str, Batch]:
    return {name: batch for name, batch in batches.items() if batch.rows}


def _is_noted(known: Batch | None, batch: Batch) -> bool:
    """Return whether a batch is written down as it is."""
    if known is None or not known.ingest_no:
        return False
    return replace(batch, ingest_no=known.ingest_no, run_id=known.run_id) == known
