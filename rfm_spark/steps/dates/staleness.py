"""Which results of which dates rest on facts that changed since they were computed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from rfm_spark.config.model import Window
from rfm_spark.config.words import Population
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY
from rfm_spark.dates import period_first_day
from rfm_spark.facts.staleness import COMPUTED_RESULT, committed_changes, stale_days
from rfm_spark.steps.dates.results import ResultState, Stage, State
from rfm_spark.steps.job import Job

ComputedResult = tuple[date, str, str, date | None, int]
"""As-of date, result, fact table, first day that it looked at (None = the whole life), ingest_no of its facts."""


def with_staleness(job: Job, states: Sequence[ResultState]) -> list[ResultState]:
    """Return the states, those whose facts changed since as stale; one small query for all of them."""
    computed = [one for state in states if state.state is State.FRESH and (one := computed_result(job, state))]
    found = changed_days(job, computed)
    return [marked(state, found.get((state.as_of, state.result.name), [])) for state in states]


def changed_days(job: Job, computed: Iterable[ComputedResult]) -> dict[tuple[date, str], list[tuple[date, int]]]:
    """Return by date and result the days whose facts changed since, each with its changed rows; none is left out."""
    newest = facts_ingest_no(job) or 0
    older = [one for one in computed if one[4] < newest]
    if not older:
        return {}
    frame = job.spark.createDataFrame(older, COMPUTED_RESULT.schema_text())
    versions = {table.name: job.store.version(table) for table in (MEMBER_DAY, MEMBER_TAG_DAY)}
    committed = committed_changes(job.store.read(FACT_CHANGE), versions)
    found: dict[tuple[date, str], list[tuple[date, int]]] = {}
    for row in stale_days(frame, committed).collect():
        found.setdefault((row.as_of_date, row.result), []).append((row.fact_day, row.changed_rows))
    return found


def computed_result(job: Job, state: ResultState) -> ComputedResult | None:
    """Return the facts that a result looked at; None when it was computed before any ingest."""
    row = job.log.book.state(state.as_of)[state.result.name]
    if row.ingest_no is None:
        return None
    table, first_day = MEMBER_DAY, None
    if state.result.stage is Stage.PREFER:
        table = MEMBER_TAG_DAY
        first_day = period_first_day(job.config.windows[job.config.preferences.window].period, state.as_of)
    elif state.result.stage is Stage.SCORE:
        first_day = first_day_read(job.config.windows[state.result.name.partition("/")[2]], state.as_of)
    return (state.as_of, state.result.name, table.name, first_day, row.ingest_no)


def first_day_read(window: Window, as_of: date) -> date | None:
    """Return the first day whose facts a window's scores depend on: with `population: ever` all of them."""
    return None if window.population is Population.EVER else period_first_day(window.period, as_of)


def marked(state: ResultState, days: Sequence[tuple[date, int]]) -> ResultState:
    """Return the state as stale where days changed, naming them in short."""
    if not days:
        return state
    changed = sum(rows for _, rows in days)
    first, last = min(day for day, _ in days), max(day for day, _ in days)
    where = f"{first}" if first == last else f"{len(days)} days from {first} to {last}"
    return replace(state, state=State.STALE, reason=f"facts of {where} changed, {changed:,} member-days")


def facts_ingest_no(job: Job) -> int | None:
    """Return the number of the last ingest that the facts can be of, None before the first.

    An ingest that died after member_day is not in the run log, but beside member_day.
    """
    logged = job.log.book.last_ingest()
    beside = (job.store.last_metadata(MEMBER_DAY) or {}).get(c.INGEST_NO)
    known = [number for number in (logged.ingest_no if logged else None, beside) if number is not None]
    return max(known, default=None)
