"""The verb `backfill`: many as-of dates of the past in few passes over the facts, in any order, resumable."""

from collections.abc import Sequence
from datetime import date

from rfm_spark.errors import ExitCode
from rfm_spark.report.summary_table import read_summary, segment_table
from rfm_spark.steps.dates.drop import empty_date, held_results, removals
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.dates.work import asked_dates, asked_drop, is_before_orders, require_reason, wanted_works
from rfm_spark.steps.history.publish import complete_dates, perform_works, repaired_words
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Order, Outcome, Status
from rfm_spark.steps.verb import AS_OF, DROP, EVERY, FROM, ORDER, REPROCESS, TO, Verb
from rfm_spark.steps.writes import DATED_TABLES, HISTORY_TABLES, LOG_TABLES
from rfm_spark.text import counted

VERB = Verb(
    help="publish many as-of dates of the past, or take one away",
    flags=(AS_OF, FROM, TO, EVERY, ORDER, DROP, REPROCESS),
    writes=(*DATED_TABLES, *HISTORY_TABLES, *LOG_TABLES),
    never="replaces a published date, unless --reprocess says so",
    tracks=True,
)
SHOWN = 20


def perform(job: Job) -> Outcome:
    """Make every wanted date that is not published, and those that `--reprocess` names; or take one date away."""
    drop = asked_drop(job.request)
    if drop is not None:
        return drop_date(job, drop)
    asked = asked_dates(job)
    early = [day for day in asked if is_before_orders(job, day)]
    works, _ = wanted_works(job, RESULTS, [day for day in asked if day not in early])
    require_reason(job, works)
    performed = perform_works(job, works if job.request.order is Order.OLDEST else works[::-1])
    outcomes = sorted(performed.outcomes, key=lambda outcome: outcome.as_of)
    lines = [outcome.message for outcome in outcomes if outcome.status is not Status.NOTHING_TO_DO]
    if outcomes and performed.exit_code is ExitCode.DONE:
        lines = [*short(lines), *segment_table(read_summary(job.store.read, job.config, outcomes[-1].as_of))]
    return Outcome(
        Status.DONE if performed.exit_code is ExitCode.DONE else Status.FAILED,
        summary_line(outcomes, len(asked), len(early), performed.repaired),
        dates=tuple(outcomes),
        lines=tuple(lines),
        exit_code=performed.exit_code,
    )


def drop_date(job: Job, as_of: date) -> Outcome:
    """Empty the date in every table and repair history around it; nothing happens where there is no such date."""
    held = held_results(job, as_of)
    if not held:
        # A command that died after the date was gone left history to this one.
        repaired = bool(complete_dates(job, [], {}).tracked)
        words = "is taken away already, history is repaired" if repaired else "is not computed, nothing to do"
        return Outcome(Status.DONE if repaired else Status.NOTHING_TO_DO, f"{as_of} {words}")
    empty_date(job, as_of)
    job.ledger.note(removals(job, as_of, held))
    complete_dates(job, [], {})
    outcome = DateOutcome(as_of, Status.REMOVED)
    return Outcome(Status.REMOVED, f"{as_of} is taken away", dates=(outcome,))


def summary_line(outcomes: Sequence[DateOutcome], asked: int, early: int, repaired: Sequence[date]) -> str:
    """Return the plain sentence that ends a backfill.

    >>> summary_line([], 3, 0, [date(2024, 12, 31)])
    'all 3 dates are published already; updated the history of 1 date'
    >>> summary_line([], 3, 1, [])
    'all 2 dates are published already, nothing to do; 1 date before the first order: nothing to compute'
    """
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    published = sum(outcome.status is Status.PUBLISHED for outcome in outcomes)
    wanted = asked - early
    before = f"; {counted(early, 'date')} before the first order: nothing to compute" if early else ""
    dates = counted(wanted, "date")
    if failed:
        return f"{len(failed)} of {dates} failed, {published} published; first: {failed[0].message}"
    if published:
        there = wanted - published
        return f"{published} of {dates} published, {there} {'was' if there == 1 else 'were'} there already{before}"
    if not wanted:
        return before.removeprefix("; ")
    what = f"; {repaired_words(repaired)}" if repaired else ", nothing to do"
    return f"{'all ' if wanted > 1 else ''}{dates} {'are' if wanted > 1 else 'is'} published already{what}{before}"


def short(lines: list[str]) -> list[str]:
    """Return the lines, only the first and last of many."""
    if len(lines) <= SHOWN:
        return lines
    return [*lines[: SHOWN // 2], f"... {len(lines) - SHOWN} more ...", *lines[-SHOWN // 2 :]]
