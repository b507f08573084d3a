"""`backfill --drop`: one as-of date taken away from every table, as if it had never been computed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import (
    MEMBER_PREFERENCE,
    MEMBER_PROFILE,
    MEMBER_SEGMENT,
    RFM_SCORE,
    SCORE_BOUNDARY,
    SEGMENT_SUMMARY,
)
from rfm_spark.io.logbook import DATE, LogRow, Status, is_of_history
from rfm_spark.steps import request
from rfm_spark.steps.dates.record import record_config
from rfm_spark.steps.dates.staleness import demand_facts_as_left
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Outcome
from rfm_spark.steps.track import complete_dates

HELD: tuple[Table, ...] = (
    RFM_SCORE, SCORE_BOUNDARY, MEMBER_PREFERENCE, MEMBER_SEGMENT, SEGMENT_SUMMARY,
    MEMBER_PROFILE,
)  # fmt: skip
"""The tables of a computed date; those of history follow from which dates there are."""


def held_results(job: Job, as_of: date) -> list[str]:
    """Return the results of the date that the tables hold, its marker among them; history is none of its own."""
    return [name for name in job.log.book.state(as_of) if not is_of_history(name)]


def removals(job: Job, as_of: date, held: Sequence[str]) -> list[LogRow]:
    """Return what the log says of results that were taken away."""
    removed = replace(job.log_row(DATE, Status.REMOVED), as_of_date=as_of)
    return [replace(removed, result=name) for name in dict.fromkeys([*held, DATE])]


def drop_date(job: Job, as_of: date) -> Outcome:
    """Empty the date in every table and repair history around it; nothing happens where there is no such date."""
    held = held_results(job, as_of)
    if not held:
        # A command that died after the date was gone left history to this one.
        repaired = bool(complete_dates(job, [], {}).tracked)
        told = "is taken away already, history is repaired" if repaired else "is not computed, nothing to do"
        status = request.Status.DONE if repaired else request.Status.NOTHING_TO_DO
        return Outcome(status, f"{as_of} {told}")
    demand_facts_as_left(job)
    record_config(job)
    row = replace(job.log_row(DATE, Status.REPLACING), as_of_date=as_of)
    job.log.append([row])
    for table in HELD:
        with job.progress.stage(f"empty {table.name}", as_of.isoformat()):
            nothing = job.spark.createDataFrame([], table.schema_text())
            job.store.replace(table, nothing, {c.AS_OF_DATE: as_of}, job.metadata)
    job.log.append(removals(job, as_of, held))
    complete_dates(job, [], {})
    outcome = DateOutcome(as_of, request.Status.REMOVED)
    return Outcome(request.Status.REMOVED, f"{as_of} is taken away", dates=(outcome,))
