"""What became of the members of each segment 30, 90, 180 and 365 days later, for the dates whose answer changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_RETENTION
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.history.cohorts import later_dates
from rfm_spark.history.links import Link, PublishedSet
from rfm_spark.history.trends import retain_segments
from rfm_spark.io.logbook import LogRow, Status
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.keys import of_keys
from rfm_spark.steps.tracking.names import named_today

DATES_AT_ONCE = 128
"""A pass reads the segments of so many dates and of up to four later ones of each."""


@dataclass(frozen=True)
class Cohort:
    """A set at a tracked date and the later date that tells about it."""

    segment_set: str
    before: PublishedSet
    days: int
    after: PublishedSet


def due_cohorts(job: Job, links: Sequence[Link]) -> tuple[dict[date, list[Cohort]], dict[date, str]]:
    """Return the cohorts of every date whose answer is not recorded, and what is to be recorded of each such date.

    A date without any cohort that has one recorded is there too, with an empty list.
    """
    wanted: dict[date, list[Cohort]] = {}
    for one in cohorts(job, links):
        wanted.setdefault(one.before.as_of, []).append(one)
    recorded = {
        day: row.definition_hash
        for day in job.log.book.dates()
        if (row := job.log.book.state(day).get(SEGMENT_RETENTION.name)) is not None
    }
    renamed = sorted({(link.segment_set, *pair) for link in links for pair in link.renamed})
    hashes = {day: fingerprint(of_date, renamed) for day, of_date in wanted.items()}
    changed = {day for day in {*wanted, *recorded} if hashes.get(day) != recorded.get(day)}
    return {day: wanted.get(day, []) for day in sorted(changed)}, hashes


def cohorts(job: Job, links: Sequence[Link]) -> list[Cohort]:
    """Return every cohort that the published dates can tell about."""
    chains: dict[str, dict[date, PublishedSet]] = {}
    for link in links:
        if link.after is not None:
            chains.setdefault(link.segment_set, {})[link.as_of] = link.after
    return [
        Cohort(name, chain[day], days, chain[later])
        for name, chain in chains.items()
        for day, days, later in later_dates(sorted(chain), job.config.history.every)
    ]


def fingerprint(of_date: Sequence[Cohort], renamed: Sequence[tuple[str, str, str]]) -> str:
    """Return a hash of all that decides the rows of a date."""
    told = sorted(
        (one.segment_set, one.before.run_id, one.days, str(one.after.as_of), one.after.run_id) for one in of_date
    )
    return hashlib.sha256(json.dumps([told, renamed]).encode()).hexdigest()[:32]


def write_retention(job: Job, links: Sequence[Link]) -> None:
    """Make the dates whose answer changed again, pass by pass, and tell the log."""
    due, hashes = due_cohorts(job, links)
    days = list(due)
    for start in range(0, len(days), DATES_AT_ONCE):
        of_pass = {day: due[day] for day in days[start : start + DATES_AT_ONCE]}
        asked = [one for of_date in of_pass.values() for one in of_date]
        pairs = [(one.segment_set, one.before.as_of, one.days, one.after.as_of) for one in asked]
        rows = retain_segments(members_today(job, asked), pairs, job.run_id)
        job.store.replace(SEGMENT_RETENTION, rows.coalesce(1), {c.AS_OF_DATE: list(of_pass)}, job.metadata)
        job.log.append([log_cohorts(job, day, of_date, hashes) for day, of_date in of_pass.items()])


def members_today(job: Job, asked: Sequence[Cohort]) -> DataFrame:
    """One row per member, set and date of the cohorts, under the names of today."""
    sides = {(side.segment_set, side.as_of) for one in asked for side in (one.before, one.after)}
    return named_today(job.store.read(MEMBER_SEGMENT).where(of_keys(sorted(sides))), job.config)


def log_cohorts(job: Job, day: date, of_date: Sequence[Cohort], hashes: Mapping[date, str]) -> LogRow:
    """Return the row that says what the retention of a date was made from, or that it is no more."""
    row = job.log_row(SEGMENT_RETENTION.name, Status.PUBLISHED if of_date else Status.REMOVED)
    return replace(row, as_of_date=day, definition_hash=hashes.get(day))
