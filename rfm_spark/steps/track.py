"""The verb `track`: transitions, intervals and what counts them, for every tracked date that needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rfm_spark.dates import is_tracked
from rfm_spark.errors import UsageError
from rfm_spark.history.links import Link, LinkPlan, PublishedSet
from rfm_spark.io.logbook import DATE, LogBook, LogRow, Status
from rfm_spark.steps import request
from rfm_spark.steps.dates.record import record_config
from rfm_spark.steps.dates.results import State, recorded_states, results_of
from rfm_spark.steps.dates.staleness import changed_days, facts_ingest_no, segment_facts
from rfm_spark.steps.dates.work import inspect_dates
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Outcome
from rfm_spark.steps.tracking.links import history_plan, recorded_links
from rfm_spark.steps.tracking.remains import are_links_lost, held_keys
from rfm_spark.steps.tracking.transitions import write_history

TRACKING = ("run", "backfill", "track")
NOTHING = LinkPlan((), ())


@dataclass(frozen=True)
class Due:
    """What history needs: the links to make again and the keys to take away."""

    plan: LinkPlan

    @property
    def dates(self) -> tuple[date, ...]:
        """Return the tracked dates whose transitions change."""
        return tuple(sorted({day for _, day in self.plan.keys}))


def perform(job: Job) -> Outcome:
    """Bring history up to date with the published dates, and publish those that only lacked it."""
    demand_known_sets(job)
    asked = job.request.as_of
    if asked is not None and not is_tracked(asked, job.config.history.every):
        message = f"{asked} is no end of a {job.config.history.every}: history does not hold it, nothing to do"
        return Outcome(request.Status.NOTHING_TO_DO, message)
    done = complete_dates(job, whole_dates(job), {})
    days = sorted({*done.tracked, *done.published})
    left = tuple(
        f"{day} is not published: rfm-spark plan tells what it lacks" for day in job.log.book.unfinished_dates()
    )
    if not days and done.sets:
        message = f"segment_interval of {', '.join(done.sets)} is made again, nothing else to do"
        return Outcome(request.Status.DONE, message, lines=left)
    if not days:
        asked_sets = f" of {', '.join(job.request.segment_sets)}" if job.request.segment_sets else ""
        return Outcome(request.Status.NOTHING_TO_DO, f"history{asked_sets} is up to date, nothing to do", lines=left)
    dates = tuple(DateOutcome(day, status_of(job.log.book, day)) for day in days)
    return Outcome(request.Status.DONE, f"history of {len(dates)} dates is up to date now", dates=dates, lines=left)


def demand_known_sets(job: Job) -> None:
    """Fail where `--segment-set` names a set that is not active."""
    unknown = [name for name in job.request.segment_sets if name not in job.config.active_segment_sets]
    if unknown:
        known = ", ".join(job.config.active_segment_sets)
        raise UsageError("--segment-set", f"{', '.join(unknown)} is not active", f"one of {known}")


def whole_dates(job: Job) -> list[date]:
    """Return the dates that are computed and have every result of today's configuration, published or not.

    Results that were computed one after the other rest on the same facts where one ingest came before all of them, or
    where none of them is stale.
    """
    book, results = job.log.book, results_of(job.config)

    def is_whole(day: date) -> bool:
        return all(state.state is State.FRESH for state in recorded_states(day, results, book))

    def is_of_one_ingest(day: date) -> bool:
        return len({book.state(day)[result.name].ingest_no for result in results}) == 1

    whole = [day for day in book.markers() if is_whole(day)]
    mixed = [day for day in whole if not is_published(book, day) and not is_of_one_ingest(day)]
    states = inspect_dates(job, mixed) if mixed else {}
    stale = {day for day, of_date in states.items() if any(state.state is not State.FRESH for state in of_date)}
    return [day for day in whole if day not in stale]


def status_of(book: LogBook, day: date) -> request.Status:
    """Return what a date is for readers once its history is up to date."""
    if is_published(book, day):
        return request.Status.PUBLISHED
    return request.Status.INCOMPLETE if day in book.markers() else request.Status.REMOVED


def due_history(
    job: Job,
    waiting: Sequence[date] = (),
    planned: Sequence[PublishedSet] = (),
    removed: Sequence[LogRow] = (),
) -> Due:
    """Return what history lacks when the `waiting` dates and `planned` sets are there and the `removed` are not.

    Asks fact_change once.
    """
    held = held_keys(job.store) if are_links_lost(job.store, job.log.book) else None
    plan, links = history_plan(job.log.book.with_rows(removed), job.config, waiting, planned, held)
    dirty = {link.key for link in plan.dirty}
    clean = [link for link in links if link.key not in dirty]
    corrected = corrected_links(job, clean, recorded_links(job.log.book))
    return Due(LinkPlan((*plan.dirty, *corrected), plan.unwanted))


def of_sets(plan: LinkPlan, sets: Sequence[str]) -> LinkPlan:
    """Return the part of the plan that `--segment-set` leaves."""
    if not sets:
        return plan
    dirty = tuple(link for link in plan.dirty if link.segment_set in sets)
    return LinkPlan(dirty, tuple(key for key in plan.unwanted if key[0] in sets))


def corrected_links(job: Job, links: Sequence[Link], recorded: Mapping[tuple[str, date], LogRow]) -> list[Link]:
    """Return the links whose causes may be others now: facts valid at the date changed since they were tracked."""
    asked = [
        (link.as_of, link.segment_set, table, None, recorded[link.key].ingest_no or 0)
        for link in links
        if link.known_cause is None
        for table in segment_facts(job.config.segment_sets.get(link.segment_set))
    ]
    changed = changed_days(job, asked)
    return [link for link in links if (link.as_of, link.segment_set) in changed]


@dataclass(frozen=True)
class Completed:
    """What became of history: dates tracked, dates newly published, sets whose stays were made."""

    tracked: tuple[date, ...]
    published: tuple[date, ...]
    sets: tuple[str, ...]


def complete_dates(job: Job, whole: Sequence[date], made: Mapping[date, DateOutcome]) -> Completed:
    """Bring history up to date and mark the whole dates published.

    A tracked date is published with the history of all of its sets; `score`, `prefer` and `segment` leave both to
    `track` or `run`.
    """
    waiting = [day for day in whole if not is_published(job.log.book, day)]
    due = due_history(job, waiting)
    asked = of_sets(due.plan, job.request.segment_sets) if job.request.verb in TRACKING else NOTHING
    sets = write_history(job, asked) if job.request.verb in TRACKING else ()
    done = set(asked.keys)
    behind = {day for name, day in due.plan.keys if (name, day) not in done}
    published = [day for day in waiting if day not in behind]
    publish(job, published, made)
    tracked = tuple(sorted({day for _, day in done}))
    return Completed(tracked, tuple(published), sets)


def is_published(book: LogBook, day: date) -> bool:
    """Return whether the date exists for readers now."""
    marker = book.state(day).get(DATE)
    return marker is not None and marker.status is Status.PUBLISHED


def publish(job: Job, dates: Sequence[date], made: Mapping[date, DateOutcome]) -> None:
    """Say of each date that it exists for readers from now on."""
    if not dates:
        return
    record_config(job)
    number = facts_ingest_no(job)
    job.log.append([published_row(job, day, number, made.get(day)) for day in dates])


def published_row(job: Job, day: date, number: int | None, outcome: DateOutcome | None) -> LogRow:
    """Return the marker of a published date."""
    row = replace(job.log_row(DATE, Status.PUBLISHED), as_of_date=day, ingest_no=number)
    if outcome is None:
        return row
    return replace(row, seconds=outcome.seconds, table_versions=outcome.table_versions)
