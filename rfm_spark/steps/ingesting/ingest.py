"""An ingest: sources to transactions, events, rejected rows, identities and facts.

Every source is read and checked before anything is written, so a source that fails leaves all tables unchanged.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame

from rfm_spark.config.fingerprints import facts_hash, source_hash
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import EVENT, MEMBER_IDENTITY, REJECTED_ROW, TRANSACTION
from rfm_spark.facts.changes import touched_members
from rfm_spark.ingest.identity import (
    collision_error,
    collisions,
    new_identities,
    override_entries,
    require_same_ids,
    unknown_identities,
)
from rfm_spark.ingest.outputs import identities, rejected_rows
from rfm_spark.ingest.secret import load_key
from rfm_spark.runs.facts import FACT_TABLES, current_facts, facts_versions
from rfm_spark.runs.log_book import FACTS, LogRow, RowStatus
from rfm_spark.runs.stamps import version_inputs
from rfm_spark.steps.ingesting.batches import write_batches
from rfm_spark.steps.ingesting.changes import Brought, compare_slices, require_one_delivery, write_change
from rfm_spark.steps.ingesting.facts import TouchedMembers, refresh_facts
from rfm_spark.steps.ingesting.orders import count_unknown_refunds, name_orders
from rfm_spark.steps.ingesting.places import Change
from rfm_spark.steps.ingesting.sources import (
    ReadSource,
    asked_sources,
    check_rejected_shares,
    outcome_of,
    read_source,
)
from rfm_spark.steps.ingesting.versions import take_back_lost_versions
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import SourceOutcome


def ingest_sources(job: Job) -> tuple[SourceOutcome, ...]:
    """Ingest the sources into the tables and the facts; return what became of the lines of each."""
    sources = asked_sources(job)
    key = load_key(job.config.identity.key) if job.config.identity.key else None
    take_back_lost_versions(job)
    read = name_orders(job, [read_source(job, source, key) for source in sources])
    check_rejected_shares(job, read)
    require_one_delivery(job, read)
    found = compare_slices(job, read)
    add_identities(job, read)
    changed = replace_lines(job, read, found)
    unknown = count_unknown_refunds(job, read)
    return tuple(outcome_of(one, one.source.name in changed, unknown.get(one.source.name, 0)) for one in read)


def add_identities(job: Job, read: Sequence[ReadSource]) -> None:
    """Add new references; stop where two would be one member, or where a known one would become another member."""
    known = job.store.read(MEMBER_IDENTITY)
    found = [identities(one.staged, one.source) for one in read if one.counts.accepted]
    if not found:
        return
    every = reduce(DataFrame.union, found).distinct()
    unknown = job.staging.stage(unknown_identities(every, known), "identities", keep_order=False)
    if unknown.isEmpty():
        return
    require_same_ids(unknown)
    fresh = new_identities(unknown)
    colliding = collisions(fresh, known)
    fingerprints = [str(row[0]) for row in override_entries(colliding, read[0].opened.pads).take(100)]
    if fingerprints:
        raise collision_error(fingerprints, job.config.identity)
    job.store.append(MEMBER_IDENTITY, fresh, job.metadata)


def replace_lines(job: Job, read: Sequence[ReadSource], found: Brought) -> set[str]:
    """Replace the lines of every source and bring the facts up to date; return the names of the sources that changed.

    A source whose rows are there already is logged again where run_log differs: other counts, another definition, or no
    row because an ingest died before its end.
    """
    started = time.monotonic()
    current = current_facts(job.store, job.config, job.ledger.book.last_ingest())
    changes, changed = found.changes, found.changed()
    is_current = len(current) == len(FACT_TABLES)
    to_log = [one for one in read if one.source.name in changed or not is_logged(job, one)]
    if not to_log and is_current:
        return set()
    ingest_no = job.ledger.next_ingest_no()
    touched = stage_touched(job, changes) if current else TouchedMembers()
    write_batches(job, found.batches, ingest_no)
    for change in changes:
        with job.progress.stage(f"write {change.read.table.name}", change.read.source.name):
            write_change(job, change, ingest_no)
    with job.progress.stage("facts", f"ingest {ingest_no}"):
        refresh_facts(job.store, job.staging, job.config, job.run_id, ingest_no, current, touched)
    append_rejected(job, to_log)
    log_ingest(job, to_log, ingest_no, time.monotonic() - started)
    return {one.source.name for one in to_log}


def stage_touched(job: Job, changes: Sequence[Change]) -> TouchedMembers:
    """Return the members whose lines or events change, staged before these are replaced.

    Where no fact table is current nobody asks: the facts of all members are computed.
    """

    def members(table: Table) -> DataFrame | None:
        slices = [frame for one in changes if one.read.table is table for frame in (one.before, one.after)]
        name = f"touched_{table.name}"
        return job.staging.stage(touched_members(*slices), name, keep_order=False) if slices else None

    return TouchedMembers(by_lines=members(TRANSACTION), by_events=members(EVENT))


def is_logged(job: Job, one: ReadSource) -> bool:
    """Return whether the last row of the source in run_log has the counts and the definition of this ingest."""
    last = job.ledger.book.ingested().get(one.result)
    return last is not None and replace(last, **log_fields(job, one)) == last


def log_fields(job: Job, one: ReadSource) -> dict[str, Any]:
    """Return what the log keeps of a source: the definition of its rows and the counts of its lines."""
    return {
        "definition_hash": source_hash(job.config, one.source),
        "read_count": one.counts.read,
        "accepted_count": one.counts.accepted,
        "excluded_count": one.counts.excluded,
        "rejected_count": one.counts.rejected,
        "outside_count": one.counts.outside,
    }


def append_rejected(job: Job, read: Sequence[ReadSource]) -> None:
    """Append the rejected lines of the sources with their reasons, in one commit."""
    rejected = [rejected_rows(one.staged, one.source, job.run_id) for one in read if one.counts.rejected]
    if rejected:
        job.store.append(REJECTED_ROW, reduce(DataFrame.unionByName, rejected).coalesce(1), job.metadata)


def log_ingest(job: Job, read: Sequence[ReadSource], ingest_no: int, seconds: float) -> None:
    """Note one log row for the facts and one per source."""
    versions = facts_versions(job.store)
    entry = LogRow(
        run_id=job.run_id,
        job=job.request.verb,
        result=FACTS,
        status=RowStatus.INGESTED,
        config_hash=job.config_hash,
        computed_at=job.now(),
        ingest_no=ingest_no,
        seconds=round(seconds, 3),
        reason=job.request.reason,
        definition_hash=facts_hash(job.config),
        table_versions=versions,
        inputs=version_inputs(versions),
    )
    job.ledger.note([entry, *(replace(entry, result=one.result, **log_fields(job, one)) for one in read)])
