"""Computes as-of dates: stage by stage, many dates at once, each table in one commit; a date that breaks a check fails
alone and stays as it was."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date

from rfm_spark.contracts import columns as c
from rfm_spark.errors import ConflictError, DataCheckError, RfmSparkError
from rfm_spark.io.sql_text import Condition
from rfm_spark.runs.facts import facts_ingest_no
from rfm_spark.runs.log_book import DATE, LogRow, RowStatus
from rfm_spark.runs.registry import Count, Made, Output, Pass, Result
from rfm_spark.session_settings import one_task_per_file
from rfm_spark.steps.dates.segments import SEGMENT
from rfm_spark.steps.dates.work import DateWork, missing_reads
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Status


class DatesComputation:
    """The computation of some dates of one kind: what is left of them, and what run_log will say of each."""

    def __init__(self, job: Job, works: Sequence[DateWork]) -> None:
        self.job = job
        self.stages = works[0].by_stage()
        self.dates = tuple(sorted(work.as_of for work in works))
        self.ingest_no = facts_ingest_no(job.store, job.ledger.book)
        self.started = time.monotonic()
        self.refused: dict[date, RfmSparkError] = {}
        self.rows: dict[date, dict[str, int]] = {day: {} for day in self.dates}
        self.versions: dict[str, int] = {}

    @property
    def subject(self) -> str:
        """Return the dates in short, for progress lines."""
        first, last = self.dates[0], self.dates[-1]
        return f"{first}" if first == last else f"{first} to {last} ({len(self.dates)} dates)"

    def run(self) -> list[DateOutcome]:
        """Make the stages in order; return what became of each date, still unpublished."""
        for stage, results in self.stages.items():
            asked = Pass(
                self.job.workspace, self.job.config, self.dates, results, self._totals_before,
                self.job.verb.stops_on_breach,
            )  # fmt: skip
            with self.job.progress.stage(stage, self.subject):
                made = results[0].declared.make(asked)
            self._keep(made, results)
            if not self.dates:
                break
        return [*self._outcomes(), *(failed(day, error) for day, error in self.refused.items())]

    def _keep(self, made: Made, results: Sequence[Result]) -> None:
        """Write what a stage made, and note it; the dates that it refused stay as they were."""
        for note in made.notes:
            self.job.progress.note(note)
        self.refused |= made.refused
        self.dates = tuple(day for day in self.dates if day not in made.refused)
        if not self.dates:
            return
        self.job.ledger.withdraw(self.dates, self.job.metadata)
        for output in made.outputs:
            self._write(output)
        for result in results:
            self.job.ledger.note(self._log_row(day, result, made.counts[day, result.name]) for day in self.dates)

    def _write(self, output: Output) -> None:
        """Put an output in place of the rows of the dates in one commit."""
        place: dict[c.Column, Condition] = {c.AS_OF_DATE: list(self.dates)}
        place |= {column: list(names) for column, names in output.parts.items()}
        with self.job.progress.stage(f"write {output.table.name}", self.subject), ExitStack() as stack:
            if output.is_sorted:
                stack.enter_context(one_task_per_file(self.job.spark))
            self.versions[output.table.name] = self.job.store.replace(
                output.table, output.frame, place, self.job.metadata, output.is_sorted
            )

    def _log_row(self, as_of: date, result: Result, count: Count) -> LogRow:
        """Return what run_log says of one result of a date, with its stamp."""
        self.rows[as_of][result.name] = count.rows
        return replace(
            self.job.log_row(result.name, RowStatus.PUBLISHED),
            as_of_date=as_of,
            ingest_no=self.ingest_no,
            definition_hash=result.definition_hash,
            inputs=result.declared.inputs(self.job.config, result.part, as_of, self.job.ledger.book),
            row_count=count.rows,
            net_amount=count.net_amount,
        )

    def _totals_before(self, name: str, as_of: date) -> tuple[date, Count] | None:
        """Return the counts of a result at the last published date before another."""
        book = self.job.ledger.book
        known = {day: row for day in self.job.ledger.published if day < as_of and (row := book.state(day).get(name))}
        day = max(known, default=None)
        return None if day is None else (day, Count(known[day].row_count or 0, known[day].net_amount))

    def _outcomes(self) -> list[DateOutcome]:
        seconds = round((time.monotonic() - self.started) / max(1, len(self.dates)), 3)
        return [DateOutcome(day, Status.INCOMPLETE, self.rows[day], self.versions, seconds) for day in self.dates]


def compute_dates(job: Job, works: Sequence[DateWork]) -> list[DateOutcome]:
    """Return what became of some dates of one kind; one that broke a check, or met another writer, failed alone.

    What is noted in the ledger of dates that failed is taken back: run_log says of them only that they failed.
    """
    for work in works:
        require_reads(job, work)
    noted = job.ledger.noted_count
    computation = DatesComputation(job, works)
    try:
        outcomes = computation.run()
    except Exception as error:
        job.ledger.forget_noted(noted)
        words = error.sentence() if isinstance(error, RfmSparkError) else type(error).__name__
        note_failures(job, [*computation.dates], words)
        if not isinstance(error, (DataCheckError, ConflictError)):
            raise
        outcomes = [failed(day, error) for day in computation.dates]
        outcomes += [failed(day, refusal) for day, refusal in computation.refused.items()]
    for day, refusal in computation.refused.items():
        note_failures(job, [day], refusal.sentence())
    return outcomes


def failed(as_of: date, error: RfmSparkError) -> DateOutcome:
    """Return the outcome of a date that was refused."""
    return DateOutcome(as_of, Status.FAILED, message=error.sentence(), exit_code=error.exit_code)


def note_failures(job: Job, dates: Sequence[date], message: str) -> None:
    """Note that the run of these dates failed, whether or not anything of them was replaced."""
    row = job.log_row(DATE, RowStatus.FAILED)
    job.ledger.note(replace(row, as_of_date=day, message=message) for day in dates)


def require_reads(job: Job, work: DateWork) -> None:
    """Fail where segments are asked for but the scores that they read are not there."""
    if not any(result.stage == SEGMENT for result in work.results):
        return
    segments = DateWork(work.as_of, tuple(one for one in work.results if one.stage == SEGMENT), work.states)
    made = {result.name for result in work.results}
    missing = {name: state for name, state in missing_reads(job, segments).items() if name not in made}
    if missing:
        found = ", ".join(f"{name} is {state}" for name, state in missing.items())
        raise RfmSparkError(f"{work.as_of}", found, "scores of today", "run rfm-spark score for the date first")
