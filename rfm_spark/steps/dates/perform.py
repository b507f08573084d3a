"""From dates to an outcome: their work in chunks, then history, then the marker that publishes them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rfm_spark.errors import ExitCode, worst_exit_code
from rfm_spark.steps.dates.results import Stage
from rfm_spark.steps.dates.segment_table import segment_table
from rfm_spark.steps.dates.summaries import summary_of
from rfm_spark.steps.dates.work import (
    Maker,
    Work,
    chosen,
    chunks,
    demand_ended,
    demand_reason,
    inspect_dates,
    make_dates,
)
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Outcome, Status
from rfm_spark.steps.track import complete_dates


@dataclass(frozen=True)
class Performed:
    """What became of each date, and the tracked dates of whose history anything was made again with them."""

    outcomes: tuple[DateOutcome, ...]
    repaired: tuple[date, ...]


def perform_alone(job: Job, makers: Mapping[Stage, Maker]) -> Outcome:
    """Make what is due of the one date that was asked for, and publish it when it is whole."""
    as_of = job.request.required_as_of()
    demand_ended(job, [as_of])
    work = chosen(job, as_of, inspect_dates(job, [as_of])[as_of], makers)
    demand_reason(job, [work])
    performed = perform_works(job, [work], makers)
    (outcome,) = performed.outcomes
    lines = () if outcome.status is Status.FAILED else tuple(segment_table(summary_of(job, as_of)))
    status, message = outcome.status, outcome.message
    if status is Status.NOTHING_TO_DO and performed.repaired:
        status, message = Status.DONE, f"{as_of} is complete; {repaired_words(performed.repaired)}"
    return Outcome(status, message, dates=(outcome,), lines=lines, exit_code=outcome.exit_code)


def perform_works(job: Job, works: Sequence[Work], makers: Mapping[Stage, Maker]) -> Performed:
    """Return what became of each date, in the order given; history is brought up to date once, at the end."""
    outcomes: dict[date, DateOutcome] = {}
    started = time.monotonic()
    due = [work for work in works if work.results]
    for chunk in chunks(job, due):
        outcomes |= {outcome.as_of: outcome for outcome in make_dates(job, chunk, makers)}
        tell_progress(job, len(outcomes), len(due), time.monotonic() - started)
    failed = {day for day, outcome in outcomes.items() if outcome.status is Status.FAILED}
    whole = [work.as_of for work in works if work.is_whole and work.as_of not in failed]
    done = complete_dates(job, whole, {day: outcome for day, outcome in outcomes.items() if day not in failed})
    ended = tuple(told(work.as_of, outcomes.get(work.as_of), work.as_of in done.published) for work in works)
    return Performed(ended, done.tracked)


def repaired_words(dates: Sequence[date]) -> str:
    """Return the words about history that a command brought up to date where its dates had nothing to do.

    >>> repaired_words([date(2024, 12, 31)])
    'history of 1 dates was not up to date, and is now'
    """
    return f"history of {len(dates)} dates was not up to date, and is now"


def told(as_of: date, made: DateOutcome | None, is_published: bool) -> DateOutcome:
    """Return what finally became of a date, with the plain sentence that says it.

    >>> told(date(2024, 12, 31), None, False).message
    '2024-12-31 is up to date, nothing to do'
    """
    if made is None:
        done = f"{as_of} was complete and is published now" if is_published else f"{as_of} is up to date, nothing to do"
        return DateOutcome(as_of, Status.PUBLISHED if is_published else Status.NOTHING_TO_DO, message=done)
    if made.status is Status.FAILED:
        return made
    rows = sum(made.rows.values())
    if is_published:
        message = f"{as_of} is published: {rows:,} rows in {made.seconds:.1f} s"
        return replace(made, status=Status.PUBLISHED, message=message)
    message = f"{as_of}: {rows:,} rows written; not published until its other stages have run"
    return replace(made, status=Status.INCOMPLETE, message=message)


def tell_progress(job: Job, done: int, wanted: int, seconds: float) -> None:
    """Tell how many dates are done and how long the others will take, where there are several."""
    if wanted > 1:
        left = round(seconds / done * (wanted - done)) if done else 0
        job.progress.count(done, wanted, left)


def exit_code_of(outcomes: Sequence[DateOutcome]) -> ExitCode:
    """Return the one exit code of several dates."""
    return worst_exit_code([outcome.exit_code for outcome in outcomes])
