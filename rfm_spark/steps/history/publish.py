"""From dates to an outcome, chunk by chunk: computed, compared for history, recorded in run_log, then published."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.errors import ExitCode, worst_exit_code
from rfm_spark.history.comparisons import HistoryPlan
from rfm_spark.runs.due import State
from rfm_spark.runs.facts import facts_ingest_no, require_current_facts
from rfm_spark.runs.history_due import due_history
from rfm_spark.runs.log_book import DATE, HISTORY, LogRow, RowStatus
from rfm_spark.runs.registry import result_name
from rfm_spark.runs.stamps import version_inputs
from rfm_spark.steps.dates.compute import compute_dates
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.dates.work import DateWork, chunks, inspected
from rfm_spark.steps.history.causes import Causes
from rfm_spark.steps.history.write import HistoryWriter, Written, row_with_stamp
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Status
from rfm_spark.text import counted

NOTHING = HistoryPlan()


@dataclass(frozen=True)
class Completed:
    """What became of history: dates whose transitions were written, dates newly published, tables made whole again."""

    tracked: tuple[date, ...] = ()
    published: tuple[date, ...] = ()
    rebuilt: tuple[str, ...] = ()


@dataclass(frozen=True)
class Performed:
    """What became of each date, in the order given, and of history."""

    outcomes: tuple[DateOutcome, ...]
    completed: tuple[Completed, ...]

    @property
    def repaired(self) -> tuple[date, ...]:
        """Return the tracked dates whose history was written."""
        return tuple(sorted({day for one in self.completed for day in one.tracked}))

    @property
    def exit_code(self) -> ExitCode:
        """Return the one exit code of several dates."""
        return worst_exit_code([outcome.exit_code for outcome in self.outcomes])


def perform_works(job: Job, works: Sequence[DateWork]) -> Performed:
    """Make, track and publish the dates, chunk by chunk; run_log is written at the end of each."""
    outcomes: dict[date, DateOutcome] = {}
    completed = []
    started = time.monotonic()
    due = [work for work in works if work.results]
    idle = [work.as_of for work in works if not work.results and work.is_whole and job.verb.tracks]
    if due:
        require_current_facts(job.store, job.config, job.ledger.book)
    for chunk in chunks(job, due):
        made = recorded(job, chunk)
        outcomes |= {outcome.as_of: outcome for outcome in made}
        kept = {outcome.as_of: outcome for outcome in made if outcome.status is not Status.FAILED}
        whole = [work.as_of for work in chunk if job.verb.tracks and work.is_whole and work.as_of in kept]
        completed.append(complete_dates(job, whole, kept))
        show_progress(job, len(outcomes), len(due), time.monotonic() - started)
    if idle or not due:
        completed.append(complete_dates(job, idle, {}))
    published = {day for one in completed for day in one.published}
    ended = tuple(final_outcome(work.as_of, outcomes.get(work.as_of), work.as_of in published) for work in works)
    return Performed(ended, tuple(completed))


def recorded(job: Job, chunk: Sequence[DateWork]) -> list[DateOutcome]:
    """Return what became of a chunk; what stops the whole run is in run_log all the same."""
    try:
        return compute_dates(job, chunk)
    except Exception:
        # What stopped the dates is what the caller must see, also where run_log cannot be written either.
        with suppress(Exception):
            job.write_log()
        raise


def complete_dates(job: Job, whole: Iterable[date], made: Mapping[date, DateOutcome]) -> Completed:
    """Bring history up to date, record the run, and publish the whole dates.

    A tracked date is published with the history of all of its sets; `score`, `prefer` and `segment` leave both to
    `track` or `run`.
    """
    ledger = job.ledger
    waiting = [day for day in whole if day not in ledger.published]
    due = due_history(job.store, ledger, job.config, waiting)
    if due.changed_tables:
        # Another run may have written history since this one read the ledger: then nothing was changed by others.
        ledger.refresh()
        waiting = [day for day in waiting if day not in ledger.published]
        due = due_history(job.store, ledger, job.config, waiting)
    asked = due.plan.of_sets(job.request.segment_sets) if job.verb.tracks else NOTHING
    if asked.keys:
        is_rebuild = bool(due.changed_tables)
        written, number = write_history(job, asked, is_rebuild)
        is_all = asked == due.plan
        ledger.note(history_rows(job, asked, written, number, keep_versions=is_rebuild and not is_all))
    behind = set(due.plan.keys) - set(asked.keys)
    ready = [day for day in waiting if all(key[1] != day for key in behind)]
    ledger.note(date_row(job, day, made.get(day)) for day in ready)
    job.write_log()
    ledger.publish(ready, job.config.history.every, job.run_id, job.metadata)
    rebuilt = due.changed_tables if asked.keys else ()
    return Completed(asked.dates, tuple(ready), rebuilt)


def write_history(job: Job, plan: HistoryPlan, is_rebuild: bool) -> tuple[Written, int | None]:
    """Write the plan; return what was written and the ingest whose facts the causes saw.

    The number is asked for before: another writer may ingest meanwhile.
    """
    if plan.to_write:
        require_current_facts(job.store, job.config, job.ledger.book)
    number = facts_ingest_no(job.store, job.ledger.book)
    causes = Causes(job.store, job.workspace, job.ledger, job.config)
    writer = HistoryWriter(job.store, job.workspace, causes, job.metadata)
    first, last = plan.dates[0], plan.dates[-1]
    with job.progress.stage("track", f"{first}" if first == last else f"{first} to {last}"):
        return writer.write(plan, is_rebuild, job.now()), number


def history_rows(
    job: Job, plan: HistoryPlan, written: Written, number: int | None, keep_versions: bool
) -> list[LogRow]:
    """Return one row per comparison, one per key that is no more, and one for the tables of history.

    `keep_versions`: tables that somebody changed are not whole yet, so the versions that run_log has stay.
    """
    rows = []
    by_key = {one.key: one for one in plan.to_write}
    for name, day in plan.keys:
        status = RowStatus.PUBLISHED if (name, day) in by_key else RowStatus.REMOVED
        row = job.log_row(result_name(SEGMENT_TRANSITION, name), status)
        row = replace(row, as_of_date=day, ingest_no=number)
        one = by_key.get((name, day))
        rows.append(row_with_stamp(row, one, written.counts[name, day]) if one is not None else row)
    if not keep_versions:
        left = replace(job.log_row(HISTORY, RowStatus.PUBLISHED), inputs=version_inputs(written.versions))
        rows.append(left)
    return rows


def date_row(job: Job, as_of: date, outcome: DateOutcome | None) -> LogRow:
    """Return the row that says that a run published a date."""
    row = replace(job.log_row(DATE, RowStatus.PUBLISHED), as_of_date=as_of)
    if outcome is None:
        return row
    return replace(row, seconds=outcome.seconds, table_versions=outcome.table_versions)


def whole_dates(job: Job) -> list[date]:
    """Return the computed dates that lack only to be published: every result is up to date, also for today's facts."""
    unpublished = [day for day in job.ledger.book.computed_dates() if day not in job.ledger.published]
    if not unpublished:
        return []
    states = inspected(job, RESULTS, unpublished)
    return [day for day, of_day in states.items() if all(state.state is State.FRESH for state in of_day)]


def repaired_words(dates: Sequence[date]) -> str:
    """Return the words about history that a command brought up to date where its dates had nothing to do.

    >>> repaired_words([date(2024, 12, 31)])
    'updated the history of 1 date'
    """
    return f"updated the history of {counted(len(dates), 'date')}"


def final_outcome(as_of: date, made: DateOutcome | None, is_published: bool) -> DateOutcome:
    """Return what finally became of a date, with the plain sentence that says it.

    >>> final_outcome(date(2024, 12, 31), None, False).message
    '2024-12-31 is up to date, nothing to do'
    """
    if made is None:
        done = f"{as_of} was complete and is published now" if is_published else f"{as_of} is up to date, nothing to do"
        return DateOutcome(as_of, Status.PUBLISHED if is_published else Status.NOTHING_TO_DO, message=done)
    if made.status is Status.FAILED:
        return made
    rows = sum(made.rows.values())
    if is_published:
        message = f"{as_of} is published: {counted(rows, 'row')} in {made.seconds:.1f} s"
        return replace(made, status=Status.PUBLISHED, message=message)
    message = f"{as_of}: {counted(rows, 'row')} written; not published until its other stages have run"
    return replace(made, status=Status.INCOMPLETE, message=message)


def show_progress(job: Job, done: int, wanted: int, seconds: float) -> None:
    """Show how many dates are done and how long the others will take, where there are several."""
    if wanted > 1:
        left = round(seconds / done * (wanted - done)) if done else 0
        job.progress.count(done, wanted, left)
