"""What became of the members of each segment 30, 90, 180 and 365 days later, where the answer changed."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_RETENTION
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.dates import Every
from rfm_spark.history.cohorts import later_dates
from rfm_spark.history.links import Link, PublishedSet
from rfm_spark.history.retention import retain_segments
from rfm_spark.io.logbook import LogBook, LogRow, Status
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.dates.record import record_config
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.keys import of_keys
from rfm_spark.steps.tracking.names import named_today
from rfm_spark.steps.tracking.remains import NOT_THERE, is_lost, version_rows, versions_of

PREFIX = f"{SEGMENT_RETENTION.name}/"
Answer = tuple[date, int]
"""A tracked date and how many days later its members are looked at again: what is made and recorded at once."""

DATES_AT_ONCE = 128
"""A pass reads the segments of so many dates and of up to four later ones of each."""


@dataclass(frozen=True)
class Cohort:
    """A set at a tracked date and the later date that tells about it."""

    segment_set: str
    before: PublishedSet
    days: int
    after: PublishedSet


def due_cohorts(
    book: LogBook, every: Every, links: Sequence[Link], held: Collection[Answer] | None = None
) -> tuple[dict[Answer, list[Cohort]], dict[Answer, str]]:
    """Return the cohorts of every answer that is not recorded, and what is to be recorded of each.

    An answer without any cohort that has one recorded is there too, with an empty list. `held`: given where the table
    is not what is recorded (`remains.is_lost`), the answers that it holds: all are made, and whatever else it holds
    goes.
    """
    wanted: dict[Answer, list[Cohort]] = {}
    for one in cohorts(every, links):
        wanted.setdefault((one.before.as_of, one.days), []).append(one)
    recorded = {
        (day, int(name.removeprefix(PREFIX))): row.definition_hash
        for day in book.dates()
        for name, row in book.state(day).items()
        if name.startswith(PREFIX)
    }
    renamed = sorted({(link.segment_set, *pair) for link in links for pair in link.renamed})
    hashes = {answer: fingerprint(told, renamed) for answer, told in wanted.items()}
    changed = {answer for answer in {*wanted, *recorded} if hashes.get(answer) != recorded.get(answer)}
    changed |= set() if held is None else {*wanted, *recorded, *held}
    return {answer: wanted.get(answer, []) for answer in sorted(changed)}, hashes


def days_due(store: TableStore, book: LogBook, every: Every, links: Sequence[Link]) -> tuple[date, ...]:
    """Return the tracked dates of whose members something is to be counted again."""
    due, _ = due_cohorts(book, every, links, held_answers(store, book))
    return tuple(sorted({day for day, _ in due}))


def cohorts(every: Every, links: Sequence[Link]) -> list[Cohort]:
    """Return every cohort that the published dates can tell about; `every` is the calendar of history."""
    chains: dict[str, dict[date, PublishedSet]] = {}
    for link in links:
        if link.after is not None:
            chains.setdefault(link.segment_set, {})[link.as_of] = link.after
    return [
        Cohort(name, chain[day], days, chain[later])
        for name, chain in chains.items()
        for day, days, later in later_dates(sorted(chain), every)
    ]


def fingerprint(told: Sequence[Cohort], renamed: Sequence[tuple[str, str, str]]) -> str:
    """Return a hash of all that decides the rows of an answer."""
    ends = sorted((one.segment_set, one.before.run_id, str(one.after.as_of), one.after.run_id) for one in told)
    return hashlib.sha256(json.dumps([ends, renamed]).encode()).hexdigest()[:32]


def write_retention(job: Job, links: Sequence[Link]) -> list[date]:
    """Make the answers that changed again, pass by pass, and tell the log; return the dates that they are about."""
    before = versions_of(job.store, [SEGMENT_RETENTION])
    held = held_answers(job.store, job.log.book)
    due, hashes = due_cohorts(job.log.book, job.config.history.every, links, held)
    if due:
        record_config(job)
    if held is not None:
        job.log.append([log_answer(job, answer, NOT_THERE) for answer in due])
    days = sorted({day for day, _ in due})
    for start in range(0, len(days), DATES_AT_ONCE):
        of_pass = days[start : start + DATES_AT_ONCE]
        answers = [answer for answer in due if answer[0] in of_pass]
        asked = [one for answer in answers for one in due[answer]]
        pairs = [(one.segment_set, one.before.as_of, one.days, one.after.as_of) for one in asked]
        members = members_today(job, asked)
        segments = sorted(row[0] for row in members.select(c.SEGMENT).distinct().collect())
        made = retain_segments(members, segments, pairs, job.run_id)
        kept = job.store.read(SEGMENT_RETENTION).where(of_dates(of_pass) & ~of_answers(answers))
        rows, place = made.unionByName(kept).coalesce(1), {c.AS_OF_DATE: of_pass}
        job.store.replace(SEGMENT_RETENTION, rows, place, job.metadata)
        told = [log_answer(job, answer, hashes.get(answer)) for answer in answers]
        # Where the table was lost, it is right again only when all is made.
        if held is None or of_pass[-1] == days[-1]:
            told += version_rows(job, [SEGMENT_RETENTION], before)
        job.log.append(told)
    return days


def held_answers(store: TableStore, book: LogBook) -> set[Answer] | None:
    """Return the answers that the table holds where they are not those that the log tells of, else None."""
    if not is_lost(store, book, SEGMENT_RETENTION):
        return None
    rows = store.read(SEGMENT_RETENTION).select(c.AS_OF_DATE, c.DAYS_LATER).distinct().collect()
    return {(row[0], row[1]) for row in rows}


def of_answers(answers: Sequence[Answer]) -> Column:
    """Return whether a row of segment_retention is of one of the answers."""
    dates: dict[int, list[date]] = {}
    for day, days in answers:
        dates.setdefault(days, []).append(day)
    return reduce(or_, [(F.col(c.DAYS_LATER) == F.lit(days)) & of_dates(of_days) for days, of_days in dates.items()])


def members_today(job: Job, asked: Sequence[Cohort]) -> DataFrame:
    """One row per member, set and date of the cohorts, under the names of today."""
    sides = {(side.segment_set, side.as_of) for one in asked for side in (one.before, one.after)}
    return named_today(job.store.read(MEMBER_SEGMENT).where(of_keys(sorted(sides))), job.config)


def log_answer(job: Job, answer: Answer, recorded: str | None) -> LogRow:
    """Return the row that says what an answer was made from, or that it is no more."""
    day, days = answer
    row = job.log_row(f"{PREFIX}{days}", Status.REMOVED if recorded is None else Status.PUBLISHED)
    return replace(row, as_of_date=day, definition_hash=recorded)
