"""Which results of which dates rest on facts that changed since they were computed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.definition import facts_hash
from rfm_spark.config.model import SegmentSet, Window
from rfm_spark.config.words import Population
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY
from rfm_spark.dates import period_first_day
from rfm_spark.errors import DataCheckError, UsageError
from rfm_spark.facts.staleness import COMPUTED_RESULT, committed_changes, stale_days
from rfm_spark.io.logbook import Status
from rfm_spark.scoring.boundaries import frozen_dates
from rfm_spark.steps.dates.results import ResultState, Stage, State
from rfm_spark.steps.ingesting.facts import current_facts
from rfm_spark.steps.job import Job

SHOWN_DAYS = 5
ComputedResult = tuple[date, str, str, date | None, int]
"""As-of date, result, fact table, first day that it looked at (None = the whole life), ingest_no of its facts."""


@dataclass(frozen=True)
class Changed:
    """The days of one result whose facts changed since it was computed: how many, the first few, and their rows.

    `member_days` are rows of member_day, `tags` of member_tag_day; a day that changed twice counts twice.
    """

    count: int
    first: date
    last: date
    shown: tuple[date, ...]
    member_days: int
    tags: int

    def words(self) -> str:
        """Return which days changed, all of a few.

        >>> one, other = date(2024, 1, 5), date(2024, 1, 9)
        >>> Changed(2, one, other, (one, other), 3, 0).words()
        'facts of 2024-01-05, 2024-01-09 changed, 3 member-days'
        >>> Changed(1, one, one, (one,), 1, 4).words()
        'facts of 2024-01-05 changed, 1 member-days, 4 tags of member-days'
        """
        few = ", ".join(str(day) for day in self.shown)
        days = few if self.count <= SHOWN_DAYS else f"{self.count} days from {self.first} to {self.last}"
        counts = {"member-days": self.member_days, "tags of member-days": self.tags}
        told = ", ".join(f"{count:,} {words}" for words, count in counts.items() if count)
        return f"facts of {days} changed, {told}"


def with_staleness(job: Job, states: Sequence[ResultState]) -> list[ResultState]:
    """Return the states, stale where facts or frozen boundaries changed since; one small query for all of them."""
    fresh = [state for state in states if state.state is State.FRESH]
    found = changed_days(job, [one for state in fresh for one in computed_results(job, state)])
    reasons = {place: changed.words() for place, changed in found.items()}
    reasons |= {(state.as_of, state.result.name): words for state in fresh if (words := thawed(job, state))}
    return [marked(state, reasons.get((state.as_of, state.result.name))) for state in states]


def thawed(job: Job, state: ResultState) -> str | None:
    """Return the reason why a score with frozen boundaries is stale: those of their date were found anew since.

    The date itself, made again with the boundaries that it has, changes nothing.
    """
    if state.result.stage is not Stage.SCORE:
        return None
    book, name = job.log.book, state.result.name
    own = book.state(state.as_of)[name]
    for day in sorted(frozen_dates([job.config.windows[name.partition("/")[2]]]) - {state.as_of}):
        of_day = [row for row in book.rows(day) if row.result == name and row.status is Status.PUBLISHED]
        if any(row.place > own.place and row.definition_hash != own.definition_hash for row in of_day):
            return f"the boundaries of {day}, which it takes, were made again"
    return None


def changed_days(job: Job, computed: Iterable[ComputedResult]) -> dict[tuple[date, str], Changed]:
    """Return by date and result the days whose facts changed since; results of unchanged facts are not there."""
    newest = facts_ingest_no(job) or 0
    older = [one for one in computed if one[4] < newest]
    if not older:
        return {}
    frame = job.spark.createDataFrame(older, COMPUTED_RESULT.schema_text())
    versions = {table.name: job.store.version(table) for table in (MEMBER_DAY, MEMBER_TAG_DAY)}
    days = stale_days(frame, committed_changes(job.store.read(FACT_CHANGE), versions))
    of_result = days.groupBy(c.AS_OF_DATE, c.RESULT).agg(
        F.count_distinct(c.FACT_DAY).alias("days"),
        F.min(c.FACT_DAY).alias("first"),
        F.max(c.FACT_DAY).alias("last"),
        F.slice(F.array_sort(F.collect_set(c.FACT_DAY)), 1, SHOWN_DAYS).alias("shown"),
        *(rows_of(table).alias(name) for name, table in (("member_days", MEMBER_DAY), ("tags", MEMBER_TAG_DAY))),
    )
    return {
        (row[0], row[1]): Changed(row.days, row.first, row["last"], tuple(row.shown), row.member_days, row.tags)
        for row in of_result.collect()
    }


def rows_of(table: Table) -> Column:
    """Return how many rows of one fact table changed."""
    return F.sum(F.when(F.col(c.FACT_TABLE) == F.lit(table.name), F.col(c.CHANGED_ROWS)).otherwise(0))


def computed_results(job: Job, state: ResultState) -> list[ComputedResult]:
    """Return the facts that a result looked at, one for each table; computed before any ingest it looked at none."""
    number = job.log.book.state(state.as_of)[state.result.name].ingest_no or 0
    name = state.result.name.partition("/")[2]
    tables: tuple[str, ...] = (MEMBER_DAY.name,)
    first_day = None
    if state.result.stage is Stage.PREFER:
        tables = (MEMBER_TAG_DAY.name,)
        first_day = period_first_day(job.config.windows[job.config.preferences.window].period, state.as_of)
    elif state.result.stage is Stage.SCORE:
        first_day = first_day_read(job.config.windows[name], state.as_of)
    elif state.result.stage is Stage.SEGMENT:
        tables = segment_facts(job.config.segment_sets.get(name))
    return [(state.as_of, state.result.name, table, first_day, number) for table in tables]


def segment_facts(segment_set: SegmentSet | None) -> tuple[str, ...]:
    """Return the fact tables that a set's segments rest on; events have a say where it names those who only look.

    None stands for a set that is no longer configured. An event without any tag leaves no fact.
    """
    if segment_set is not None and segment_set.prospect is None:
        return (MEMBER_DAY.name,)
    return (MEMBER_DAY.name, MEMBER_TAG_DAY.name)


def first_day_read(window: Window, as_of: date) -> date | None:
    """Return the first day whose facts a window's scores depend on: with `population: ever` all of them."""
    return None if window.population is Population.EVER else period_first_day(window.period, as_of)


def marked(state: ResultState, reason: str | None) -> ResultState:
    """Return the state as stale where there is a reason."""
    return state if reason is None else replace(state, state=State.STALE, reason=reason)


def demand_facts_of_today(job: Job) -> None:
    """Fail where the facts follow another definition than today's: what is made of them would be told as of today's."""
    if has_other_facts(job):
        raise UsageError(
            "member_day", "the facts were made under other orders or tags", "those of the configuration",
            "run rfm-spark ingest first: any ingest makes all facts again",
        )  # fmt: skip


def demand_facts_as_left(job: Job) -> None:
    """Fail where somebody else changed the facts since the last ingest: what is made of them would look right for ever.

    The ingest that repairs them finds the checksums of before, and so no date stale.
    """
    changed = facts_changed_by_others(job)
    if changed:
        raise DataCheckError(
            ", ".join(changed), "somebody else changed or restored its rows", "those that the last ingest left",
            "run rfm-spark ingest first: any ingest makes these facts again",
        )  # fmt: skip


def facts_changed_by_others(job: Job) -> list[str]:
    """Return the names of the fact tables that are not what the last ingest left; one that was put back is."""
    last = job.log.book.last_ingest()
    left = (last.table_versions if last else None) or {}
    changed = [
        table.name for table in (MEMBER_DAY, MEMBER_TAG_DAY) if not job.store.is_as_left(table, left.get(table.name, 0))
    ]
    return sorted({*changed} - current_facts(job.store, job.config, last)) if changed else []


def has_other_facts(job: Job) -> bool:
    """Return whether the last ingest made the facts under another definition than today's."""
    last = job.log.book.last_ingest()
    return last is not None and last.definition_hash != facts_hash(job.config)


def facts_ingest_no(job: Job) -> int | None:
    """Return the number of the last ingest that the facts can be of, None before the first.

    An ingest that died after it wrote facts is not in the run log, but beside the table that it wrote.
    """
    logged = job.log.book.last_ingest()
    beside = [(job.store.last_metadata(table) or {}).get(c.INGEST_NO) for table in (MEMBER_DAY, MEMBER_TAG_DAY)]
    known = [number for number in (logged.ingest_no if logged else None, *beside) if number is not None]
    return max(known, default=None)
