"""As-of dates: what of each is to be made, in which order, many dates of one kind of work at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from rfm_spark.contracts.tables import MEMBER_IDENTITY
from rfm_spark.errors import ConflictError, DataCheckError, RfmSparkError, UsageError
from rfm_spark.scoring.boundaries import frozen_dates
from rfm_spark.steps import request
from rfm_spark.steps.dates.publish import DatesPublisher
from rfm_spark.steps.dates.record import record_config
from rfm_spark.steps.dates.results import Result, ResultState, Stage, State, recorded_states, results_of
from rfm_spark.steps.dates.staleness import demand_facts_as_left, demand_facts_of_today, facts_ingest_no, with_staleness
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Reprocess

Maker = Callable[[Job, DatesPublisher, Sequence[Result]], None]
"""Makes and puts in place the results of one stage of some dates."""

DATES_AT_ONCE = 16
"""A task that writes more partitions than this at once sorts its rows again."""
GROUPS_PER_TASK = 4_000_000
"""Members times dates that one task aggregates in memory."""


@dataclass(frozen=True)
class Work:
    """What is to be made of one as-of date, by stage; nothing where all of it is there."""

    as_of: date
    results: Mapping[Stage, tuple[Result, ...]]
    states: tuple[ResultState, ...]

    @property
    def kind(self) -> tuple[tuple[Stage, tuple[Result, ...]], ...]:
        """Return what dates must share to be made together."""
        return tuple(self.results.items())

    @property
    def is_whole(self) -> bool:
        """Return whether every result of the date is there once the work is done."""
        made = {result for results in self.results.values() for result in results}
        return all(state.result in made or state.state is State.FRESH for state in self.states)


def inspect_dates(job: Job, dates: Sequence[date]) -> dict[date, tuple[ResultState, ...]]:
    """Return how every result of each date stands, in the order of the stages; reads only."""
    results = results_of(job.config)
    recorded = [state for day in dates for state in recorded_states(day, results, job.log.book)]
    found: dict[date, list[ResultState]] = {day: [] for day in dates}
    for state in with_staleness(job, recorded):
        found[state.as_of].append(state)
    return {day: tuple(states) for day, states in found.items()}


def chosen(job: Job, as_of: date, states: tuple[ResultState, ...], stages: Iterable[Stage]) -> Work:
    """Return what is to be made of the date.

    Windows are made together, and after them everything that is built on them; what is told of all results follows any
    of them. `--reprocess all` makes all.
    """
    everything = job.request.reprocess is Reprocess.ALL
    work: dict[Stage, tuple[Result, ...]] = {}
    for stage in stages:
        of_stage = [state for state in states if state.result.stage is stage and is_asked(job, state.result)]
        due = [state for state in of_stage if everything or state.state is not State.FRESH]
        together = stage is Stage.SCORE and bool(due)
        follows = (stage is Stage.SEGMENT and Stage.SCORE in work) or (stage is Stage.SUMMARISE and bool(work))
        made = of_stage if together or follows else due
        if made:
            work[stage] = tuple(state.result for state in made)
    return Work(as_of, work, states)


def is_asked(job: Job, result: Result) -> bool:
    """Return whether the flags leave the result in: `--segment-set` names single sets."""
    sets = job.request.segment_sets
    return result.stage is not Stage.SEGMENT or not sets or result.name.partition("/")[2] in sets


def chunks(job: Job, works: Sequence[Work]) -> list[list[Work]]:
    """Return the dates that are made together: one kind of work, in the order given, so many that memory holds them.

    A date whose boundaries another one is scored with is made before it.
    """
    at_once = dates_at_once(job)
    frozen = frozen_dates(job.config.computed_windows())
    first = [work for work in works if work.as_of in frozen]
    others = [work for work in works if work.as_of not in frozen]
    found = [[work] for work in first]
    for _, same in groupby(others, key=lambda work: work.kind):
        alike = list(same)
        found += [alike[start : start + at_once] for start in range(0, len(alike), at_once)]
    return found


def dates_at_once(job: Job) -> int:
    """Return how many dates one pass over the facts makes: groups per task stay bounded, also over the whole life."""
    members = max(1, job.store.read(MEMBER_IDENTITY).count())
    return max(1, min(DATES_AT_ONCE, GROUPS_PER_TASK * job.dated_files // members))


def make_dates(job: Job, works: Sequence[Work], makers: Mapping[Stage, Maker]) -> list[DateOutcome]:
    """Make the work of some dates of one kind and log it; a date that breaks a check fails alone."""
    for work in works:
        demand_scores(work)
    demand_facts_of_today(job)
    demand_facts_as_left(job)
    record_config(job)
    publisher = DatesPublisher(
        job, [work.as_of for work in sorted(works, key=lambda work: work.as_of)], facts_ingest_no(job)
    )
    try:
        for stage, results in works[0].results.items():
            makers[stage](job, publisher, results)
        made = publisher.finish()
    except Exception as error:
        told = error.sentence() if isinstance(error, RfmSparkError) else type(error).__name__
        for as_of in publisher.dates:
            # What stopped the dates is what the caller must see, also where the log cannot be written either.
            with suppress(Exception):
                publisher.fail(as_of, told)
        if not isinstance(error, (DataCheckError, ConflictError)):
            raise
        made = []
        publisher.refused |= dict.fromkeys(publisher.dates, error)
    return [*made, *(refused(publisher, as_of, error) for as_of, error in publisher.refused.items())]


def refused(publisher: DatesPublisher, as_of: date, error: RfmSparkError) -> DateOutcome:
    """Log that a date was refused and return what the caller is told."""
    if as_of not in publisher.dates:
        publisher.fail(as_of, error.sentence())
    return DateOutcome(as_of, request.Status.FAILED, message=error.sentence(), exit_code=error.exit_code)


def demand_ended(job: Job, dates: Sequence[date]) -> None:
    """Fail where a date has not ended in the zone of the calendar: what it will hold is not known yet."""
    zone = job.config.calendar.time_zone
    today = job.now().astimezone(ZoneInfo(zone)).date()
    if dates and dates[-1] >= today:
        found = f"the day has not ended in {zone}"
        raise UsageError(f"{dates[-1]}", found, "a day that has", "name an earlier --as-of or --to")


def demand_reason(job: Job, works: Sequence[Work]) -> None:
    """Fail where a published, fresh date would be replaced without a word why."""
    unexplained = replaced_without_reason(job, works)
    if unexplained:
        raise UsageError(
            f"{unexplained[0]}", "the date is published and up to date", "--reason with --reprocess all",
            "say why, in words",
        )  # fmt: skip


def replaced_without_reason(job: Job, works: Sequence[Work]) -> list[date]:
    """Return the dates that are published and fresh and would be replaced all the same, where no reason is given."""
    if job.request.reason:
        return []
    published = set(job.log.book.published_dates())
    return [
        work.as_of
        for work in works
        if work.results and work.as_of in published and all(state.state is State.FRESH for state in work.states)
    ]


def demand_scores(work: Work) -> None:
    """Fail where segments are asked for but the scores they are built on are not there."""
    if Stage.SEGMENT not in work.results or Stage.SCORE in work.results:
        return
    missing = [state for state in work.states if state.result.stage is Stage.SCORE and state.state is not State.FRESH]
    if missing:
        found = ", ".join(f"{state.result.name} is {state.state}" for state in missing)
        raise RfmSparkError(f"{work.as_of}", found, "scores of today", "run rfm-spark score for the date first")
