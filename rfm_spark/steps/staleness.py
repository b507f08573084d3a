"""Whether the facts that a result was computed from have changed since."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from rfm_spark.config.model import Window
from rfm_spark.config.words import Population
from rfm_spark.contracts.tables import FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY
from rfm_spark.dates import period_first_day
from rfm_spark.facts.staleness import COMPUTED_RESULT, committed_changes, stale_days
from rfm_spark.io.runs import LogRow
from rfm_spark.steps.job import Job
from rfm_spark.steps.results import ResultState, Stage, State

ComputedResult = tuple[date, str, str, date | None, int]


def with_staleness(job: Job, states: Sequence[ResultState], rows: Mapping[str, LogRow]) -> list[ResultState]:
    """Return the states, those whose facts changed since as stale; one small query for all of them."""
    fresh = [state for state in states if state.state is State.FRESH]
    computed = [one for state in fresh if (one := computed_result(job, state, rows[state.result.name])) is not None]
    if not computed:
        return list(states)
    frame = job.spark.createDataFrame(computed, COMPUTED_RESULT.schema_text())
    versions = {table.name: job.store.version(table) for table in (MEMBER_DAY, MEMBER_TAG_DAY)}
    committed = committed_changes(job.store.read(FACT_CHANGE), versions)
    found: dict[tuple[date, str], list[tuple[date, int]]] = {}
    for row in stale_days(frame, committed).collect():
        found.setdefault((row.as_of_date, row.result), []).append((row.fact_day, row.changed_rows))
    return [marked(state, found.get((state.as_of, state.result.name), [])) for state in states]


def computed_result(job: Job, state: ResultState, row: LogRow) -> ComputedResult | None:
    """Return the facts that a result looked at; None when it was computed before any ingest."""
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
