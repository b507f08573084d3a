"""The verb `plan`: what `run` would do on each as-of date, and why; writes nothing."""

from datetime import date

from rfm_spark.config.definition import source_hash
from rfm_spark.dates import tracked_days
from rfm_spark.steps.dates import inspect_date
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.results import ResultState, State
from rfm_spark.steps.sources import source_result


def perform(job: Job) -> Outcome:
    """Tell the state of every result of every date asked for."""
    dates = asked_dates(job)
    states = [state for as_of in dates for state in inspect_date(job, as_of)]
    due = {state.as_of for state in states if state.state is not State.FRESH}
    lines = (*changed_sources(job), *(describe(state) for state in states))
    return Outcome(Status.DONE, f"{len(due)} of {len(dates)} dates have something to do", lines=lines)


def changed_sources(job: Job) -> list[str]:
    """Return one line per source whose rows were made by another mapping, calendar or order definition than today's.

    Only a new ingest mends that: what a changed mapping would have made of the old lines, nobody knows without them.
    """
    ingested = job.log.ingested()
    hashes = {source_result(source): source_hash(job.config, source) for source in job.config.sources.values()}
    return [
        f"{result}  definition changed: ingest the days again that it should hold for"
        for result, definition in hashes.items()
        if result in ingested and ingested[result].definition_hash != definition
    ]


def asked_dates(job: Job) -> list[date]:
    """Return the as-of dates: the one of `--as-of`, else those of `--from --to` on the history calendar."""
    days = job.request.as_of_range()
    every = job.request.every or job.config.history.every
    return [job.request.as_of] if job.request.as_of else tracked_days(days, every)


def describe(state: ResultState) -> str:
    """Return one line about one result.

    >>> from rfm_spark.steps.results import Result, Stage
    >>> describe(ResultState(date(2024, 1, 31), Result(Stage.SCORE, "rfm_score/year", "f00"), State.MISSING))
    '2024-01-31  rfm_score/year  missing'
    """
    reason = f": {state.reason}" if state.reason else ""
    return f"{state.as_of}  {state.result.name}  {state.state}{reason}"
