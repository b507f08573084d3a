"""One as-of date: what of it is to be made, in which order, and whether it is published afterwards."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY
from rfm_spark.errors import RfmSparkError, UsageError
from rfm_spark.io.runs import DATE, Status
from rfm_spark.steps import request
from rfm_spark.steps.job import Job
from rfm_spark.steps.publish import DatePublisher
from rfm_spark.steps.record import record_config
from rfm_spark.steps.request import DateOutcome, Outcome, Reprocess
from rfm_spark.steps.results import Result, ResultState, Stage, State, recorded_state, results_of
from rfm_spark.steps.segment_table import SummaryRow, segment_table
from rfm_spark.steps.staleness import with_staleness
from rfm_spark.steps.summaries import publish_summaries

Maker = Callable[[Job, DatePublisher, Sequence[Result]], None]
"""Makes and puts in place the results of one stage of one date."""


def inspect_date(job: Job, as_of: date) -> list[ResultState]:
    """Return how every result of the date stands, in the order of the stages; reads only."""
    rows = job.log.state(as_of)
    states = [recorded_state(as_of, result, rows) for result in results_of(job.config)]
    return with_staleness(job, states, rows)


def is_published(job: Job, as_of: date) -> bool:
    """Return whether the date exists for readers now."""
    marker = job.log.state(as_of).get(DATE)
    return marker is not None and marker.status is Status.PUBLISHED


def chosen(job: Job, states: Sequence[ResultState], stages: Sequence[Stage]) -> dict[Stage, list[Result]]:
    """Return what is to be made, by stage.

    Windows are made together, and after them everything that is built on them. `--reprocess all` makes all.
    """
    everything = job.request.reprocess is Reprocess.ALL
    work: dict[Stage, list[Result]] = {}
    for stage in stages:
        of_stage = [state for state in states if state.result.stage is stage and is_asked(job, state.result)]
        due = [state for state in of_stage if everything or state.state is not State.FRESH]
        with_the_windows = stage is Stage.SCORE or (stage is Stage.SEGMENT and Stage.SCORE in work)
        if due:
            work[stage] = [state.result for state in (of_stage if with_the_windows else due)]
        elif with_the_windows and Stage.SCORE in work:
            work[stage] = [state.result for state in of_stage]
    return {stage: results for stage, results in work.items() if results}


def is_asked(job: Job, result: Result) -> bool:
    """Return whether the flags leave the result in: `--segment-set` names single sets."""
    sets = job.request.segment_sets
    return result.stage is not Stage.SEGMENT or not sets or result.name.partition("/")[2] in sets


def compute_date(job: Job, as_of: date, makers: Mapping[Stage, Maker]) -> tuple[DateOutcome, list[SummaryRow]]:
    """Make what is due of the date and publish it when it is whole; writes nothing when nothing is due."""
    states = inspect_date(job, as_of)
    work = chosen(job, states, list(makers))
    if not work:
        return DateOutcome(as_of, request.Status.NOTHING_TO_DO), []
    demand_reason(job, as_of, states)
    demand_scores(states, work)
    record_config(job)
    publisher = DatePublisher(job, as_of, facts_ingest_no(job))
    try:
        for stage, results in work.items():
            makers[stage](job, publisher, results)
        publish_summaries(job, publisher)
        made = {result.name for results in work.values() for result in results}
        is_complete = all(state.result.name in made or state.state is State.FRESH for state in states)
        return publisher.finish(is_complete), publisher.summary
    except Exception as error:
        told = error.sentence() if isinstance(error, RfmSparkError) else type(error).__name__
        # What stopped the date is what the caller must see, also where the log cannot be written either.
        with suppress(Exception):
            publisher.fail(told)
        raise


def demand_reason(job: Job, as_of: date, states: Sequence[ResultState]) -> None:
    """Fail where a published, fresh date would be replaced without a word why."""
    is_fresh = all(state.state is State.FRESH for state in states)
    if is_fresh and is_published(job, as_of) and not job.request.reason:
        raise UsageError(
            f"{as_of}", "the date is published and up to date", "--reason with --reprocess all", "say why, in words"
        )


def demand_scores(states: Sequence[ResultState], work: Mapping[Stage, Sequence[Result]]) -> None:
    """Fail where segments are asked for but the scores they are built on are not there."""
    if Stage.SEGMENT not in work or Stage.SCORE in work:
        return
    missing = [state for state in states if state.result.stage is Stage.SCORE and state.state is not State.FRESH]
    if missing:
        found = ", ".join(f"{state.result.name} is {state.state}" for state in missing)
        raise RfmSparkError(f"{missing[0].as_of}", found, "scores of today", "run rfm-spark score for the date first")


def facts_ingest_no(job: Job) -> int | None:
    """Return the number of the last ingest that the facts can be of, None before the first.

    An ingest that died after member_day is not in the run log, but beside member_day.
    """
    logged = job.log.last_ingest()
    beside = (job.store.last_metadata(MEMBER_DAY) or {}).get(c.INGEST_NO)
    known = [number for number in (logged.ingest_no if logged else None, beside) if number is not None]
    return max(known, default=None)


def perform_alone(job: Job, makers: Mapping[Stage, Maker]) -> Outcome:
    """Make some stages of the one date that was asked for, and tell it."""
    as_of = job.request.required_as_of()
    outcome, summary = compute_date(job, as_of, makers)
    return Outcome(
        outcome.status,
        last_line(outcome),
        dates=(outcome,),
        lines=tuple(segment_table(summary)),
    )


def last_line(outcome: DateOutcome) -> str:
    """Return the plain sentence that ends the run of a date.

    >>> last_line(DateOutcome(date(2024, 12, 31), request.Status.NOTHING_TO_DO))
    '2024-12-31 is up to date, nothing to do'
    """
    if outcome.status is request.Status.NOTHING_TO_DO:
        return f"{outcome.as_of} is up to date, nothing to do"
    rows = sum(outcome.rows.values())
    if outcome.status is request.Status.INCOMPLETE:
        return f"{outcome.as_of}: {rows:,} rows written; not published until its other stages have run"
    return f"{outcome.as_of} is published: {rows:,} rows in {outcome.seconds:.1f} s"
