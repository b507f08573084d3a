"""The verb `plan`: what `backfill` with the same flags would do on each as-of date, and why; writes nothing."""

from collections.abc import Mapping, Sequence
from datetime import date

from rfm_spark.config.fingerprints import source_hash
from rfm_spark.history.comparisons import PublishedSet
from rfm_spark.runs.differences import Differences
from rfm_spark.runs.due import ResultState, State
from rfm_spark.runs.facts import facts_changed_by_others, has_other_definition
from rfm_spark.runs.history_due import DueHistory, due_history
from rfm_spark.steps.dates.drop import held_results, removals
from rfm_spark.steps.dates.plan_text import date_lines, history_lines
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.dates.segments import SEGMENT
from rfm_spark.steps.dates.work import (
    DateWork,
    asked_dates,
    asked_drop,
    is_before_orders,
    replaced_without_reason,
    wanted_works,
)
from rfm_spark.steps.ingesting.sources import source_result
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import AS_OF, DROP, EVERY, FROM, ORDER, REPROCESS, TO, Verb
from rfm_spark.text import counted

VERB = Verb(
    help="show what backfill would do per as-of date and table, and why",
    flags=(AS_OF, FROM, TO, EVERY, ORDER, DROP, REPROCESS),
    never="changes a table",
    has_lines=True,
)


def perform(job: Job) -> Outcome:
    """Say of every result of every date asked for what it is, what would be made of it, and what history needs."""
    drop = asked_drop(job.request)
    if drop is not None:
        return planned_drop(job, drop)
    asked = asked_dates(job)
    early = [day for day in asked if is_before_orders(job, day)]
    wanted, left = wanted_works(job, RESULTS, [day for day in asked if day not in early])
    works = {work.as_of: work for work in (*wanted, *left)}
    planned = [one for work in wanted for one in planned_sets(job, work)]
    waiting = [work.as_of for work in wanted if work.is_whole]
    due = due_history(job.store, job.ledger, job.config, waiting, planned)
    hidden = [day for day in waiting if not works[day].results and day not in job.ledger.published]
    lines = (
        *changed_sources(job),
        *changed_facts(job),
        *date_lines(described_dates(job, asked, works)),
        *failed_dates(job, works),
        *date_lines({day: ["complete: published once its history is there"] for day in hidden}),
        *changed_history(due),
        *history_lines(due.plan),
        *needed_reason(replaced_without_reason(job, wanted)),
    )
    to_do = sum(bool(work.results) for work in wanted) + len(hidden)
    return Outcome(Status.DONE, summary_line(to_do, left, len(early), len(asked), due), lines=lines)


def described_dates(job: Job, asked: Sequence[date], works: Mapping[date, DateWork]) -> dict[date, list[str]]:
    """Return the lines of each date."""
    differences = Differences(job.ledger, job.config)
    return {
        day: [describe(differences.explained(state), works[day]) for state in works[day].states]
        if day in works
        else ["nothing to compute: before the first order"]
        for day in asked
    }


def needed_reason(dates: Sequence[date]) -> list[str]:
    """Return the line about the reason that a backfill will ask for, where it will.

    >>> needed_reason([date(2024, 1, 31), date(2024, 2, 29)])
    ['2 dates are published and up to date, first 2024-01-31: backfill replaces them only with a --reason']
    """
    if not dates:
        return []
    are = "is" if len(dates) == 1 else "are"
    what = f"{counted(len(dates), 'date')} {are} published and up to date, first {min(dates)}"
    return [f"{what}: backfill replaces them only with a --reason"]


def planned_drop(job: Job, as_of: date) -> Outcome:
    """Say what `backfill --drop` would take away, and what history would need then."""
    held = held_results(job, as_of)
    removed = removals(job, as_of, held) if held else ()
    due = due_history(job.store, job.ledger, job.config, removed=removed)
    if not held and not due.plan.keys:
        return Outcome(Status.NOTHING_TO_DO, f"{as_of} is not computed, nothing to do")
    lines = [f"{as_of}  {name}  to take away" for name in held]
    what = "has something to take away" if held else "is taken away already"
    message = f"{as_of} {what}; history of {counted(len(due.plan.dates), 'date')} to track"
    return Outcome(Status.DONE, message, lines=(*lines, *changed_history(due), *history_lines(due.plan)))


def changed_sources(job: Job) -> list[str]:
    """Return one line per source whose rows were made by another mapping, calendar or order definition than today's.

    Only a new ingest changes that: what a changed mapping would have made of the old lines, nobody knows without them.
    """
    ingested = job.ledger.book.ingested()
    hashes = {source_result(source): source_hash(job.config, source) for source in job.config.sources.values()}
    return [
        f"{result}  definition changed: ingest the days again that it should hold for"
        for result, definition in hashes.items()
        if result in ingested and ingested[result].definition_hash != definition
    ]


def changed_facts(job: Job) -> list[str]:
    """Return the lines about facts that no date is made from: those of other orders or tags, or changed by others."""
    book = job.ledger.book
    found = ["facts  definition changed"] if has_other_definition(job.config, book) else []
    changed = facts_changed_by_others(job.store, job.config, book)
    found += [f"{table}  somebody else changed or restored it" for table in changed]
    return [f"{what}: no date is made before any ingest has made them again" for what in found]


def changed_history(due: DueHistory) -> list[str]:
    """Return one line per table of history that is not as the last run left it."""
    return [
        f"{table}  somebody else changed or restored it, or a run did not end: track makes all of history again"
        for table in due.changed_tables
    ]


def planned_sets(job: Job, work: DateWork) -> list[PublishedSet]:
    """Return the segments that a date will have once its work is done, by a run that has no id yet."""
    return [
        PublishedSet(result.part, work.as_of, "", result.definition_hash, job.config_hash)
        for result in work.results
        if result.stage == SEGMENT
    ]


def describe(state: ResultState, work: DateWork) -> str:
    """Return the line of one result of a date: how it is, why, and whether it would be made."""
    is_made = any(result.name == state.result.name for result in work.results)
    reason = f": {state.reason}" if state.reason else ""
    left = ", left as it is" if not is_made and state.state is not State.FRESH else ""
    again = ", made again" if is_made and state.state is State.FRESH else ""
    return f"{state.result.name}  {state.state}{again}{left}{reason}"


def failed_dates(job: Job, works: Mapping[date, DateWork]) -> list[str]:
    """Return one line per date whose last run failed; not of one that it left published and up to date."""
    failed, published = job.ledger.book.failed_dates(), job.ledger.published
    wrong = [failed[day] for day, work in works.items() if day in failed and not (day in published and work.is_fresh)]
    return [f"{row.as_of_date}  run {row.run_id} failed: {row.message}" for row in wrong]


def summary_line(to_do: int, left: Sequence[DateWork], early: int, asked: int, due: DueHistory) -> str:
    """Return the plain sentence that ends the plan."""
    stale = sum(not work.is_fresh for work in left)
    are = "is left as it is" if stale == 1 else "are left as they are"
    kept = f", {stale} {are} (--reprocess stale makes them)" if stale else ""
    before = f", {counted(early, 'date')} before the first order" if early else ""
    history = f"history of {counted(len(due.plan.dates), 'date')} to track"
    has = "has" if 1 in (to_do, asked) else "have"
    return f"{to_do} of {counted(asked, 'date')} {has} something to do{kept}{before}; {history}"
