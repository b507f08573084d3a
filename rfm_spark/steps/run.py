"""The verb `run`: one as-of date from the facts to its published segments, reading the sources first if asked."""

from rfm_spark.errors import RfmSparkError, UsageError
from rfm_spark.steps import ingest
from rfm_spark.steps.dates.perform import perform_alone
from rfm_spark.steps.dates.results import Stage
from rfm_spark.steps.dates.summaries import publish_summaries
from rfm_spark.steps.dates.work import demand_ended
from rfm_spark.steps.job import Job
from rfm_spark.steps.prefer import publish_preferences
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.score import publish_scores
from rfm_spark.steps.segment import publish_segments

MAKERS = {
    Stage.SCORE: publish_scores,
    Stage.PREFER: publish_preferences,
    Stage.SEGMENT: publish_segments,
    Stage.SUMMARISE: publish_summaries,
}


def perform(job: Job) -> Outcome:
    """Make whatever is due of the date and publish it.

    What is wrong with the command line is told before anything is written; what only the facts can tell of the date
    fails it with the counts of the lines that are in the tables by then.
    """
    as_of = job.request.required_as_of()
    demand_ingest(job)
    demand_ended(job, [as_of])
    if not job.request.ingest:
        return perform_alone(job, MAKERS)
    sources = ingest.ingest_sources(job)
    try:
        outcome = perform_alone(job, MAKERS)
    except RfmSparkError as error:
        outcome = Outcome.of_error(error)
    return outcome.with_sources(sources)


def demand_ingest(job: Job) -> None:
    """Fail where flags of an ingest are given without one: somebody may mean as-of dates by them."""
    request = job.request
    given = {"--from": request.first_day, "--to": request.last_day, "--source": request.sources}
    named = [flag for flag, value in given.items() if value]
    if named and not request.ingest:
        raise UsageError(
            " ".join(named), "no lines are read by this run", "--ingest beside them",
            "add --ingest, or name many as-of dates with rfm-spark backfill --from --to",
        )  # fmt: skip
