"""The verb `run`: one as-of date from the facts to its published segments, reading the sources first if asked."""

from rfm_spark.steps import ingest
from rfm_spark.steps.dates.perform import perform_alone
from rfm_spark.steps.dates.results import Stage
from rfm_spark.steps.dates.summaries import publish_summaries
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
    """Make whatever is due of the date and publish it."""
    job.request.required_as_of()
    sources = ingest.ingest_sources(job) if job.request.ingest else ()
    outcome = perform_alone(job, MAKERS)
    return outcome.with_sources(sources)
