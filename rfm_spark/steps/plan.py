"""The verb `plan`: what `backfill` with the same flags would do on each as-of date, and why; writes nothing."""

from collections.abc import Mapping, Sequence
from datetime import date

from rfm_spark.config.definition import source_hash
from rfm_spark.history.links import PublishedSet
from rfm_spark.io.logbook import DATE
from rfm_spark.steps.backfill import asked_dates, asked_drop, wanted_works
from rfm_spark.steps.dates.differences import Differences
from rfm_spark.steps.dates.drop import held_results, removals
from rfm_spark.steps.dates.lines import date_lines, history_lines
from rfm_spark.steps.dates.results import ResultState, Stage, State
from rfm_spark.steps.dates.staleness import facts_changed_by_others, has_other_facts
from rfm_spark.steps.dates.work import Work, demand_ended, inspect_dates, replaced_without_reason
from rfm_spark.steps.ingesting.sources import source_result
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.track import Due, due_history
from rfm_spark.steps.tracking.intervals import unfinished_sets
from rfm_spark.steps.tracking.remains import are_links_lost


def perform(job: Job) -> Outcome:
    """Tell the state of every result of every date asked for, what would be made of it, and what history needs."""
    drop = asked_drop(job)
    if drop is not None:
        return planned_drop(job, drop)
    dates = asked_dates(job)
    demand_ended(job, dates)
    works = {work.as_of: work for work in wanted_works(job)}
    states = {**inspect_dates(job, [day for day in dates if day not in works])}
    states |= {day: work.states for day, work in works.items()}
    planned = [one for work in works.values() for one in planned_sets(job, work)]
    due = due_history(job, [day for day, work in works.items() if work.is_whole], planned)
    hidden = to_publish(job, works)
    differences = Differences(job)
    told = {day: [describe(differences.explained(state), works.get(day)) for state in states[day]] for day in dates}
    lines = (
        *changed_sources(job),
        *changed_facts(job),
        *date_lines(told),
        *unfinished(job, dates),
        *failed(job, {day: states[day] for day in dates}),
        *date_lines({day: ["complete: published once its history is there"] for day in hidden}),
        *lost_links(job),
        *unfinished_intervals(job),
        *history_lines(due.plan),
        *asked_reason(replaced_without_reason(job, list(works.values()))),
    )
    return Outcome(Status.DONE, closing(works, states, due, len(hidden)), lines=lines)


def asked_reason(dates: Sequence[date]) -> list[str]:
    """Return the line that tells of the reason a backfill will ask for, where it will.

    >>> asked_reason([date(2024, 1, 31), date(2024, 2, 29)])
    ['2 dates are published and up to date, first 2024-01-31: backfill replaces them only with a --reason']
    """
    if not dates:
        return []
    told = f"{len(dates)} dates are published and up to date, first {min(dates)}"
    return [f"{told}: backfill replaces them only with a --reason"]


def planned_drop(job: Job, as_of: date) -> Outcome:
    """Tell what `backfill --drop` would take away, and what history would need then."""
    held = held_results(job, as_of)
    due = due_history(job, removed=removals(job, as_of, held) if held else ())
    if not held and not due.dates:
        return Outcome(Status.NOTHING_TO_DO, f"{as_of} is not computed, nothing to do")
    lines = [f"{as_of}  {name}  to take away" for name in held if name != DATE]
    told = "has something to take away" if held else "is taken away already"
    message = f"{as_of} {told}; history of {len(due.dates)} dates to track"
    return Outcome(Status.DONE, message, lines=(*lines, *history_lines(due.plan)))


def changed_sources(job: Job) -> list[str]:
    """Return one line per source whose rows were made by another mapping, calendar or order definition than today's.

    Only a new ingest mends that: what a changed mapping would have made of the old lines, nobody knows without them.
    """
    ingested = job.log.book.ingested()
    hashes = {source_result(source): source_hash(job.config, source) for source in job.config.sources.values()}
    return [
        f"{result}  definition changed: ingest the days again that it should hold for"
        for result, definition in hashes.items()
        if result in ingested and ingested[result].definition_hash != definition
    ]


def changed_facts(job: Job) -> list[str]:
    """Return what is told of facts that no date is made from: those of other orders or tags, or changed by others."""
    found = ["facts  definition changed"] if has_other_facts(job) else []
    found += [f"{table}  somebody else changed or restored it" for table in facts_changed_by_others(job)]
    return [f"{what}: no date is made before any ingest has made them again" for what in found]


def planned_sets(job: Job, work: Work) -> list[PublishedSet]:
    """Return the segments that a date will have once its work is done, by a run that has no id yet."""
    results = work.results.get(Stage.SEGMENT, ())
    return [
        PublishedSet(result.name.partition("/")[2], work.as_of, "", result.definition_hash, job.config_hash)
        for result in results
    ]


def describe(state: ResultState, work: Work | None) -> str:
    """Return what is told of one result of a date: how it stands, why, and whether it would be made.

    >>> from rfm_spark.steps.dates.results import Result, Stage
    >>> describe(ResultState(date(2024, 1, 31), Result(Stage.SCORE, "rfm_score/year", "f00"), State.MISSING), None)
    'rfm_score/year  missing, left as it is'
    """
    is_made = work is not None and any(state.result in results for results in work.results.values())
    reason = f": {state.reason}" if state.reason else ""
    left = ", left as it is" if not is_made and state.state is not State.FRESH else ""
    again = ", made again" if is_made and state.state is State.FRESH else ""
    return f"{state.result.name}  {state.state}{again}{left}{reason}"


def unfinished(job: Job, dates: list[date]) -> list[str]:
    """Return one line per date that a run began to replace and did not end."""
    begun = job.log.book.unfinished_dates()
    return [f"{day}  unfinished: run {begun[day].run_id} began to replace it" for day in dates if day in begun]


def to_publish(job: Job, works: Mapping[date, Work]) -> list[date]:
    """Return the dates that lack nothing but to be published: a run made all of them and did not end."""
    published = set(job.log.book.published_dates())
    return [day for day, work in works.items() if work.is_whole and not work.results and day not in published]


def failed(job: Job, states: Mapping[date, Sequence[ResultState]]) -> list[str]:
    """Return one line per date whose last run failed; not of one that it left published and up to date."""
    found, published = job.log.book.failed_dates(), set(job.log.book.published_dates())
    left_whole = {day for day in published & set(states) if all(state.state is State.FRESH for state in states[day])}
    wrong = [found[day] for day in states if day in found and day not in left_whole]
    return [f"{row.as_of_date}  run {row.run_id} failed: {row.message}" for row in wrong]


def lost_links(job: Job) -> list[str]:
    """Return the line that tells that somebody else changed what history says of moves."""
    told = "segment_transition  somebody else changed or restored it, or its counts: track makes all of it again"
    return [told] if are_links_lost(job.store, job.log.book) else []


def unfinished_intervals(job: Job) -> list[str]:
    """Return one line per set whose intervals are not what the last run left, or one that did not end."""
    return [f"segment_interval/{name}  unfinished: track makes it again" for name in sorted(unfinished_sets(job))]


def closing(works: Mapping[date, Work], states: Mapping[date, tuple[ResultState, ...]], due: Due, hidden: int) -> str:
    """Return the plain sentence that ends the plan; `hidden` dates are complete and have only to be published."""
    made = sum(bool(work.results) for work in works.values()) + hidden
    stale = sum(
        day not in works and any(state.state is not State.FRESH for state in of_day) for day, of_day in states.items()
    )
    left = f", {stale} left as they are (--reprocess stale makes them)" if stale else ""
    return f"{made} of {len(states)} dates have something to do{left}; history of {len(due.dates)} dates to track"
