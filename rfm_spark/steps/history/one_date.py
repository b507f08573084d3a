"""One as-of date that was asked for: what is due of it, made, tracked and published."""

from collections.abc import Sequence

from rfm_spark.dates import is_tracked
from rfm_spark.report.summary_table import read_summary, segment_table
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.dates.work import inspected, is_before_orders, require_ended, require_reason, work_for_date
from rfm_spark.steps.history.publish import complete_dates, perform_works, repaired_words
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Outcome, Status


def perform_date(job: Job, stages: Sequence[str]) -> Outcome:
    """Make what is due of the date by these stages; a verb that tracks publishes it when it is whole."""
    as_of = job.request.required_as_of()
    require_ended(job, [as_of])
    if is_before_orders(job, as_of):
        complete_dates(job, [], {})
        return Outcome(Status.NOTHING_TO_DO, nothing_words(job), dates=(DateOutcome(as_of, Status.NOTHING_TO_DO),))
    states = inspected(job, RESULTS, [as_of])[as_of]
    work = work_for_date(job, as_of, states, stages)
    require_reason(job, [work])
    performed = perform_works(job, [work])
    (outcome,) = performed.outcomes
    lines = () if outcome.status is Status.FAILED else segment_table(read_summary(job.store.read, job.config, as_of))
    status, message = outcome.status, outcome.message
    if status is Status.NOTHING_TO_DO and performed.repaired:
        status, message = Status.DONE, f"{as_of} is complete; {repaired_words(performed.repaired)}"
    if status is Status.PUBLISHED and not is_tracked(as_of, job.config.history.every):
        message += f"; it is not the end of a {job.config.history.every}, so history does not hold it"
    return Outcome(status, message, dates=(outcome,), lines=tuple(lines), exit_code=outcome.exit_code)


def nothing_words(job: Job) -> str:
    """Return the sentence about a date before the first order."""
    as_of, (_, first) = job.request.required_as_of(), job.facts_size
    known = f"the first order is on {first}" if first else "there are no orders yet: run rfm-spark ingest first"
    return f"nothing to compute at {as_of}: {known}"
