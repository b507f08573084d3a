"""How each result of a date is: missing, unfinished, changed, stale or up to date, and why.

Two questions decide, in this order: does the recorded stamp differ from the one that a run would give today
(`runs/stamps.py`), and did facts change that the result read (`runs/changed_facts.py`)?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.changed_facts import ComputedResult, changed_days
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.log_book import DATE, LogBook, LogRow
from rfm_spark.runs.registry import AT, DatedResult, Registry, Result
from rfm_spark.runs.stamps import Differs, Stamp


class State(StrEnum):
    """How a result of a date is against today's configuration and facts."""

    MISSING = "missing"
    UNFINISHED = "unfinished"
    DEFINITION_CHANGED = "definition changed"
    STALE = "stale"
    FRESH = "up to date"


@dataclass(frozen=True)
class ResultState:
    """How one result of one date is, and why."""

    as_of: date
    result: Result
    state: State
    reason: str = ""


def inspect_dates(
    store: TableStore, ledger: Ledger, registry: Registry, config: Config, dates: Sequence[date]
) -> dict[date, tuple[ResultState, ...]]:
    """Return how every result of each date is, in the order of the stages; reads only."""
    results = registry.results(config)
    unfinished = unfinished_results(store, ledger, registry, dates)
    states = [recorded_state(ledger.book, config, day, result, unfinished) for day in dates for result in results]
    fresh = [state for state in states if state.state is State.FRESH]
    asked = [one for state in fresh for one in facts_read(ledger.book, config, state)]
    changed = changed_days(store, ledger.book, asked)
    found: dict[date, list[ResultState]] = {day: [] for day in dates}
    for state in states:
        days = changed.get((state.as_of, state.result.name))
        found[state.as_of].append(replace(state, state=State.STALE, reason=days.words()) if days else state)
    return {day: tuple(of_day) for day, of_day in found.items()}


def recorded_state(
    book: LogBook, config: Config, as_of: date, result: Result, unfinished: Mapping[tuple[date, str], str]
) -> ResultState:
    """Return how one result is by its recorded stamp alone."""
    row = book.state(as_of).get(result.name)
    if (as_of, result.name) in unfinished:
        return ResultState(as_of, result, State.UNFINISHED, unfinished[as_of, result.name])
    if row is None:
        return ResultState(as_of, result, State.MISSING)
    inputs = result.declared.inputs(config, result.part, as_of, book)
    today = Stamp(result.definition_hash, inputs=inputs)
    difference = row.stamp.difference(today)
    if difference is Differs.DEFINITION:
        return ResultState(as_of, result, State.DEFINITION_CHANGED, "computed under another configuration")
    if difference is Differs.INPUTS:
        return ResultState(as_of, result, State.STALE, input_words(row.stamp.changed_inputs(today)))
    return ResultState(as_of, result, State.FRESH)


def input_words(names: Sequence[str]) -> str:
    """Return which inputs were computed again since.

    >>> input_words(["rfm_score/year"]), input_words(["rfm_score/year at 2024-01-31"])
    ('rfm_score/year was computed again', 'the boundaries of 2024-01-31, which it takes, were computed again')
    """
    read = [name for name in names if AT not in name]
    taken = [name.partition(AT)[2] for name in names if AT in name]
    words = [f"{', '.join(read)} {'was' if len(read) == 1 else 'were'} computed again"] if read else []
    words += [f"the boundaries of {day}, which it takes, were computed again" for day in taken]
    return "; ".join(words)


def facts_read(book: LogBook, config: Config, state: ResultState) -> list[ComputedResult]:
    """Return the facts that a result read, one entry for each table; computed before any ingest it read none."""
    declared, part = state.result.declared, state.result.part
    number = book.state(state.as_of)[state.result.name].ingest_no or 0
    first_day = declared.first_day(config, part, state.as_of)
    return [(state.as_of, state.result.name, table.name, first_day, number) for table in declared.facts(config, part)]


def unfinished_results(
    store: TableStore, ledger: Ledger, registry: Registry, dates: Sequence[date]
) -> dict[tuple[date, str], str]:
    """Return the results whose rows are not those of the run that recorded them, with the words that say so.

    Only a date that readers may not use can have such rows: it leaves published_date before its first table is
    replaced. A run that died in between left rows under its own id, and recorded nothing.
    """
    suspects = [day for day in dates if is_suspect(ledger, day)]
    if not suspects:
        return {}
    held: dict[tuple[date, str], set[str]] = {}
    for row in reduce(DataFrame.unionByName, [_run_ids(store, one, suspects) for one in registry.declared]).collect():
        held.setdefault((row[0], row[1]), set()).add(row[2])
    recorded = {
        (day, name): row
        for day in suspects
        for name, row in ledger.book.results(day).items()
        if any(name.partition("/")[0] == one.table.name for one in registry.declared)
    }
    wrong = {place for place in {*held, *recorded} if held.get(place, set()) != _recorded_ids(recorded.get(place))}
    return {place: _unfinished_words(held.get(place, set()), recorded.get(place)) for place in wrong}


def is_suspect(ledger: Ledger, day: date) -> bool:
    """Return whether rows of a recorded date may be others than run_log says: its last run did not publish it."""
    if not ledger.book.results(day):
        return False
    published, last = ledger.published.get(day), ledger.book.state(day).get(DATE)
    return published is None or last is None or published.run_id != last.run_id


def _run_ids(store: TableStore, declared: DatedResult, dates: Sequence[date]) -> DataFrame:
    """One row per date, result name and run id that the table of a result holds."""
    name = F.lit(declared.table.name)
    result = name if declared.part is None else F.concat(name, F.lit("/"), F.col(declared.part))
    rows = store.read(declared.table).where(of_dates(dates))
    return rows.select(c.AS_OF_DATE, result.alias(c.RESULT), c.RUN_ID).distinct()


def _recorded_ids(row: LogRow | None) -> set[str]:
    return {row.run_id} if row is not None and row.row_count else set()


def _unfinished_words(held: set[str], row: LogRow | None) -> str:
    others = sorted(held - ({row.run_id} if row is not None else set()))
    if others:
        return f"run {', '.join(others)} began to replace it and did not end"
    return "its rows are gone, and no run recorded that"
