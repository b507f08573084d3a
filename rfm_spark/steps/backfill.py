"""The verb `backfill`: many as-of dates of the past in few passes over the facts, in any order, again after any end."""

from collections.abc import Sequence
from datetime import date

from rfm_spark.dates import tracked_days
from rfm_spark.errors import ExitCode, UsageError
from rfm_spark.steps.dates.drop import drop_date
from rfm_spark.steps.dates.perform import exit_code_of, perform_works, repaired_words
from rfm_spark.steps.dates.results import ResultState, State
from rfm_spark.steps.dates.segment_table import segment_table
from rfm_spark.steps.dates.summaries import summary_of
from rfm_spark.steps.dates.work import Work, chosen, demand_ended, demand_reason, inspect_dates
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Order, Outcome, Reprocess, Status
from rfm_spark.steps.run import MAKERS

SHOWN = 20


def perform(job: Job) -> Outcome:
    """Make every wanted date that is not published, and those that `--reprocess` names; or take one date away."""
    drop = asked_drop(job)
    if drop is not None:
        return drop_date(job, drop)
    works = wanted_works(job)
    demand_reason(job, works)
    ordered = works if job.request.order is Order.OLDEST else works[::-1]
    performed = perform_works(job, ordered, MAKERS)
    outcomes = sorted(performed.outcomes, key=lambda outcome: outcome.as_of)
    exit_code = exit_code_of(outcomes)
    lines = [outcome.message for outcome in outcomes if outcome.status is not Status.NOTHING_TO_DO]
    if outcomes and exit_code is ExitCode.DONE:
        lines = [*short(lines), *segment_table(summary_of(job, outcomes[-1].as_of))]
    return Outcome(
        Status.DONE if exit_code is ExitCode.DONE else Status.FAILED,
        closing(outcomes, len(asked_dates(job)), performed.repaired),
        dates=tuple(outcomes),
        lines=tuple(lines),
        exit_code=exit_code,
    )


def asked_drop(job: Job) -> date | None:
    """Return the date of `--drop`; it stands alone."""
    request = job.request
    if request.drop is not None and (request.as_of or request.first_day or request.last_day):
        raise UsageError("--drop", "given beside --as-of, --from or --to", "the one or the other")
    return request.drop


def asked_dates(job: Job) -> list[date]:
    """Return the as-of dates asked for: the one of `--as-of`, else those of `--from --to` on the calendar."""
    if job.request.as_of is not None:
        if job.request.first_day is not None or job.request.last_day is not None:
            raise UsageError("--as-of", "given beside --from or --to", "the one or the other")
        return [job.request.as_of]
    days = job.request.as_of_range()
    dates = tracked_days(days, job.request.every or job.config.history.every)
    if not dates:
        every = job.request.every or job.config.history.every
        raise UsageError("--from/--to", f"no end of a {every} from {days.first} to {days.last}", "at least one date")
    return dates


def wanted_works(job: Job) -> list[Work]:
    """Return the dates that are to be made and what of each, in order of time; the rest is left alone.

    This is what `plan` prints and `backfill` does.
    """
    dates = asked_dates(job)
    demand_ended(job, dates)
    published, failed = set(job.log.book.published_dates()), set(job.log.book.failed_dates())
    return [
        chosen(job, day, states, MAKERS)
        for day, states in inspect_dates(job, dates).items()
        if is_wanted(job.request.reprocess, day in published, day in failed, states)
    ]


def is_wanted(reprocess: Reprocess, is_published: bool, has_failed: bool, states: tuple[ResultState, ...]) -> bool:
    """Return whether a date is made: it is not published, or the flag names it.

    >>> is_wanted(Reprocess.NONE, False, False, ()), is_wanted(Reprocess.NONE, True, True, ())
    (True, False)
    """
    if not is_published or reprocess is Reprocess.ALL:
        return True
    if reprocess is Reprocess.NONE:
        return False
    is_stale = any(state.state is not State.FRESH for state in states)
    return has_failed or (reprocess is Reprocess.STALE and is_stale)


def closing(outcomes: Sequence[DateOutcome], asked: int, repaired: Sequence[date]) -> str:
    """Return the plain sentence that ends a backfill.

    >>> closing([], 3, [date(2024, 12, 31)])
    'all 3 dates are published already; history of 1 dates was not up to date, and is now'
    """
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    published = sum(outcome.status is Status.PUBLISHED for outcome in outcomes)
    if failed:
        return f"{len(failed)} of {asked} dates failed, {published} published; first: {failed[0].message}"
    if not published:
        what = f"; {repaired_words(repaired)}" if repaired else ", nothing to do"
        return f"all {asked} dates are published already{what}"
    return f"{published} of {asked} dates published, {asked - published} were there already"


def short(lines: list[str]) -> list[str]:
    """Return the lines, only the first and last of many."""
    if len(lines) <= SHOWN:
        return lines
    return [*lines[: SHOWN // 2], f"... {len(lines) - SHOWN} more ...", *lines[-SHOWN // 2 :]]
