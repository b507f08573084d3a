"""Writes history: the transitions that changed, their archive and counts, and once the intervals.

Every write replaces rows by what follows from the published dates, and the log is told last: a run that dies anywhere
in here is repaired by the next one, which finds the same links not recorded and the same sets still being replaced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import (
    SEGMENT_MIGRATION,
    SEGMENT_TRANSITION,
    SEGMENT_TRANSITION_ARCHIVE,
)
from rfm_spark.contracts.tables import MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.history.archive import superseded
from rfm_spark.history.links import Link, LinkPlan, LinkRecord
from rfm_spark.history.migration import count_moves
from rfm_spark.history.transitions import find_moves, transitions
from rfm_spark.io.logbook import LogRow, Status
from rfm_spark.steps.dates.publish import laid_out
from rfm_spark.steps.dates.record import record_config
from rfm_spark.steps.dates.staleness import demand_facts_as_left, facts_ingest_no
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.causes import find_causes
from rfm_spark.steps.tracking.definitions import Definition, definition_of
from rfm_spark.steps.tracking.intervals import first_change, interval_states, unfinished_sets, write_intervals
from rfm_spark.steps.tracking.keys import Key, of_keys
from rfm_spark.steps.tracking.links import recorded_links
from rfm_spark.steps.tracking.remains import (
    OF_LINKS,
    are_links_lost,
    forget_links,
    forgotten_links,
    held_keys,
    version_rows,
    versions_of,
)
from rfm_spark.steps.tracking.standing import amounts_again, stands

LINKS_AT_ONCE = 128


@dataclass(frozen=True)
class Rewrite:
    """One pass: the links made again, and every key of segment_transition whose rows change."""

    links: tuple[Link, ...]
    keys: tuple[Key, ...]

    @property
    def dates(self) -> list[date]:
        """Return the as-of dates of the keys, in order."""
        return sorted({day for _, day in self.keys})

    @property
    def sets(self) -> list[str]:
        """Return the sets of the keys, in order."""
        return sorted({name for name, _ in self.keys})


def passes(plan: LinkPlan) -> list[Rewrite]:
    """Return the plan in passes of bounded size, by date."""
    links = {link.key: link for link in plan.dirty}
    keys = sorted(plan.keys, key=lambda key: (key[1], key[0]))
    parts = [keys[start : start + LINKS_AT_ONCE] for start in range(0, len(keys), LINKS_AT_ONCE)]
    return [Rewrite(tuple(links[key] for key in part if key in links), tuple(part)) for part in parts]


def write_transitions(job: Job, rewrite: Rewrite) -> bool:
    """Put the transitions of one pass in place; return whether any row changed."""
    members = segments_of(job, rewrite.links)
    moves = job.staging.stage(find_moves(members, rewrite.links), "moves", keep_order=False)
    caused = find_causes(job, moves, rewrite.links)
    now = job.now()
    new = job.staging.stage(transitions(caused, job.run_id, now), "transitions", keep_order=False)
    old = job.store.read(SEGMENT_TRANSITION).where(of_keys(rewrite.keys))
    is_first_time = old.isEmpty()
    changed = keys_in(new) if is_first_time else changed_keys(old, new)
    if not changed:
        return False
    if not is_first_time:
        archive_rows(job, old, changed, now)
    replace_keys(job, SEGMENT_TRANSITION, new, changed)
    return True


def segments_of(job: Job, links: Iterable[Link]) -> DataFrame:
    """Return the rows of member_segment that the links compare, under the names of then."""
    sides = {(side.segment_set, side.as_of) for link in links for side in (link.before, link.after) if side}
    return job.store.read(MEMBER_SEGMENT).where(of_keys(sorted(sides)))


def keys_in(rows: DataFrame) -> list[Key]:
    """Return the sets and dates that the rows are of."""
    return sorted((row[0], row[1]) for row in rows.select(c.SEGMENT_SET, c.AS_OF_DATE).distinct().collect())


def changed_keys(old: DataFrame, new: DataFrame) -> list[Key]:
    """Return the sets and dates whose transitions are others than before; who wrote them and when does not count."""
    told = [name for name in SEGMENT_TRANSITION.columns if name not in (c.COMPUTED_AT, c.RUN_ID)]
    wrapped = [F.coalesce(F.col(name).cast("string"), F.lit("\u0000")) for name in told]
    sign = "sign"
    both = old.select(*told, F.lit(1).alias(sign)).unionByName(new.select(*told, F.lit(-1).alias(sign)))
    compared = both.groupBy(c.SEGMENT_SET, c.AS_OF_DATE).agg(
        F.sum(sign).alias("surplus"), F.bit_xor(F.xxhash64(*wrapped)).alias("difference")
    )
    rows = compared.where((F.col("surplus") != 0) | (F.col("difference") != 0)).collect()
    return sorted((row[0], row[1]) for row in rows)


def archive_rows(job: Job, old: DataFrame, keys: Sequence[Key], now: datetime) -> None:
    """Keep the rows that are about to go; what a dead run kept of the same rows is kept once.

    Rows that somebody restored had gone before: the archive says when, and that stays.
    """
    archive, restored = job.store.read(SEGMENT_TRANSITION_ARCHIVE), sorted(forgotten_links(job.log.book))
    identity: list[str] = [c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.RECORDED_FROM]
    going = superseded(old, keys, now)
    if restored:
        going = going.join(archive.where(of_keys(restored)), identity, "left_anti")
    kept = job.staging.stage(going, "superseded", keep_order=False)
    days = sorted(row[0] for row in kept.select(c.AS_OF_DATE).distinct().collect())
    if not days:
        return
    before = archive.where(of_dates(days)).join(kept, identity, "left_anti")
    rows = laid_out(before.unionByName(kept), len(days), c.AS_OF_DATE, c.MEMBER_ID)
    job.store.replace(SEGMENT_TRANSITION_ARCHIVE, rows, {c.AS_OF_DATE: days}, job.metadata)


def replace_keys(job: Job, table: Table, new: DataFrame, keys: Sequence[Key]) -> None:
    """Put the new rows of the keys in place in one commit; other sets of the same dates keep theirs."""
    days, sets = sorted({day for _, day in keys}), sorted({name for name, _ in keys})
    block = of_dates(days) & F.col(c.SEGMENT_SET).isin(*sets)
    rows = new.where(of_keys(keys))
    if len(keys) < len(days) * len(sets):
        rows = rows.unionByName(job.store.read(table).where(block & ~of_keys(keys)))
    spread = laid_out(rows, max(len(days), job.spark.sparkContext.defaultParallelism), *table.partition_by)
    job.store.replace(table, spread, {c.AS_OF_DATE: days, c.SEGMENT_SET: sets}, job.metadata)


def write_migration(job: Job, rewrite: Rewrite) -> None:
    """Count the moves of one pass again."""
    moved = job.store.read(SEGMENT_TRANSITION)
    counts = [
        count_moves(
            moved.where(of_keys([link.key for link in links])),
            scores,
            {link.segment_set: window for link in links} if window else {},
            job.run_id,
        )
        for window, links, scores in valued_links(job, rewrite)
    ] or [job.spark.createDataFrame([], SEGMENT_MIGRATION.schema_text())]
    counted = job.staging.stage(reduce(DataFrame.unionByName, counts), "migration", keep_order=False)
    replace_keys(job, SEGMENT_MIGRATION, counted, rewrite.keys)


def valued_links(job: Job, rewrite: Rewrite) -> list[tuple[str | None, list[Link], DataFrame]]:
    """Return the links by the window that values their movers, with scores that have it; of closed sets none does."""
    published = job.store.read(RFM_SCORE).where(of_dates(rewrite.dates))
    standing: dict[str | None, list[Link]] = {}
    lost: dict[tuple[str, str], list[tuple[Link, Definition]]] = {}
    for link in rewrite.links:
        definition = definition_of(job, link) if link.after else None
        window = definition.window if definition else None
        if definition is None or window is None or stands(job, definition.config, window, link.as_of):
            standing.setdefault(window.name if window else None, []).append(link)
        else:
            lost.setdefault((definition.config_hash, window.name), []).append((link, definition))
    found = [(name, links, published) for name, links in standing.items()]
    for (_, name), several in lost.items():
        config, days = several[0][1].config, sorted({link.as_of for link, _ in several})
        again = amounts_again(job, config.windows[name], days)
        found.append((name, [link for link, _ in several], again))
    return found


def link_rows(job: Job, rewrite: Rewrite, number: int | None) -> list[LogRow]:
    """Return one row per link of the pass with what it was made from, and one per key that is no more.

    `number` is the ingest whose facts the causes saw: asked before they were, as another writer may ingest meanwhile.
    """
    made = {link.key: link.record for link in rewrite.links}
    held = job.store.read(SEGMENT_TRANSITION).where(of_keys(rewrite.keys)).groupBy(c.SEGMENT_SET, c.AS_OF_DATE).count()
    counts = {(row[0], row[1]): row[2] for row in held.collect()}
    rows = []
    for name, day in rewrite.keys:
        status = Status.PUBLISHED if (name, day) in made else Status.REMOVED
        row = replace(job.log_row(f"{SEGMENT_TRANSITION.name}/{name}", status), as_of_date=day, ingest_no=number)
        rows.append(with_record(row, made[name, day], counts.get((name, day), 0)) if (name, day) in made else row)
    return rows


def with_record(row: LogRow, record: LinkRecord, row_count: int) -> LogRow:
    """Return the row with what its link was made from, and how many members moved."""
    return replace(
        row,
        row_count=row_count,
        previous_as_of_date=record.previous_as_of_date,
        previous_run_id=record.previous_run_id,
        segment_run_id=record.segment_run_id,
        definition_hash=record.definition_hash,
    )


def write_links(job: Job, plan: LinkPlan) -> list[LogRow]:
    """Write transitions and their counts, pass by pass; return what the log will say of the links."""
    told: list[LogRow] = []
    for rewrite in passes(plan):
        number = facts_ingest_no(job)
        with job.progress.stage("track", f"{rewrite.dates[0]} to {rewrite.dates[-1]}"):
            write_transitions(job, rewrite)
            write_migration(job, rewrite)
            told += link_rows(job, rewrite, number)
    return told


def write_history(job: Job, plan: LinkPlan) -> tuple[str, ...]:
    """Write what the plan says, pass by pass, then the intervals of the sets it touches; return these sets.

    The log says of a set that its intervals are being replaced before the first
    pass, and tells of the links only when the intervals are there: a run that dies, or that finds another writer of the
    intervals, leaves links that the next one makes again.
    """
    if plan.dirty:
        demand_facts_as_left(job)
    before = versions_of(job.store, OF_LINKS)
    are_lost = are_links_lost(job.store, job.log.book)
    if are_lost:
        record_config(job)
        forget_links(job, {*recorded_links(job.log.book), *held_keys(job.store)})
    unfinished = unfinished_sets(job)
    sets = sorted({name for name, _ in plan.keys} | unfinished)
    first = first_change(job, plan.keys, unfinished)
    if sets:
        record_config(job)
        job.log.append(interval_states(job, sets, Status.REPLACING))
    told = write_links(job, plan)
    if sets:
        with job.progress.stage("intervals", ", ".join(sets)):
            told += interval_states(job, sets, Status.PUBLISHED, write_intervals(job, sets, first))
    job.log.append([*told, *version_rows(job, OF_LINKS, before)] if sets or are_lost else [])
    return tuple(sets)
