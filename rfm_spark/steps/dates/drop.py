"""One as-of date taken away from every table, as if it had never been computed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from rfm_spark.contracts import columns as c
from rfm_spark.driver_rows import driver_rows
from rfm_spark.runs.log_book import DATE, LogRow, RowStatus
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.job import Job


def held_results(job: Job, as_of: date) -> list[str]:
    """Return the results of the date that run_log knows; history is none of its own."""
    return list(job.ledger.book.results(as_of))


def removals(job: Job, as_of: date, held: Sequence[str]) -> list[LogRow]:
    """Return what run_log says of results that were taken away."""
    removed = replace(job.log_row(DATE, RowStatus.REMOVED), as_of_date=as_of)
    return [replace(removed, result=name) for name in dict.fromkeys([*held, DATE])]


def empty_date(job: Job, as_of: date) -> None:
    """Empty the date in every table of dated results; readers pass over it before the first is emptied."""
    job.ledger.withdraw([as_of], job.metadata)
    for table in RESULTS.tables:
        with job.progress.stage(f"empty {table.name}", as_of.isoformat()):
            nothing = driver_rows(job.spark, [], table.schema_text())
            job.store.replace(table, nothing, {c.AS_OF_DATE: as_of}, job.metadata)
