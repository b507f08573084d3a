"""The verb `prefer`: the preferences of as-of dates."""

from collections.abc import Sequence

from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_TAG_DAY
from rfm_spark.preferences.prefer import prefer
from rfm_spark.steps.dates.perform import perform_alone
from rfm_spark.steps.dates.publish import DatesPublisher, laid_out
from rfm_spark.steps.dates.results import Result, Stage
from rfm_spark.steps.dates.summaries import publish_summaries
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome


def perform(job: Job) -> Outcome:
    """Compute the preferences of one date, whatever else of it is missing."""
    return perform_alone(job, {Stage.PREFER: publish_preferences, Stage.SUMMARISE: publish_summaries})


def publish_preferences(job: Job, publisher: DatesPublisher, results: Sequence[Result]) -> None:
    """Compute the strongest tag values of every member and put them in place."""
    preferences = job.config.preferences
    window = job.config.windows[preferences.window]
    with job.progress.stage("prefer", publisher.subject):
        found = prefer(job.store.read(MEMBER_TAG_DAY), preferences, window, publisher.dates, job.run_id)
        staged = job.staging.stage(found, MEMBER_PREFERENCE.name)
        counts = {row[0]: row[1] for row in staged.groupBy(c.AS_OF_DATE).agg(F.count(F.lit(1))).collect()}
    publisher.put(
        MEMBER_PREFERENCE, laid_out(staged, publisher.files * len(publisher.dates), c.AS_OF_DATE, c.MEMBER_ID)
    )
    (result,) = results
    for as_of in publisher.dates:
        publisher.record(as_of, result.name, result.definition_hash, counts.get(as_of, 0))
