"""The verb `prefer`: the preferences of one as-of date."""

from collections.abc import Sequence

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_TAG_DAY
from rfm_spark.preferences.prefer import prefer
from rfm_spark.steps.dates import perform_alone
from rfm_spark.steps.job import Job
from rfm_spark.steps.publish import DatePublisher, laid_out
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.results import Result, Stage


def perform(job: Job) -> Outcome:
    """Compute the preferences of one date, whatever else of it is missing."""
    return perform_alone(job, {Stage.PREFER: publish_preferences})


def publish_preferences(job: Job, publisher: DatePublisher, results: Sequence[Result]) -> None:
    """Compute the strongest tag values of every member and put them in place."""
    preferences = job.config.preferences
    window = job.config.windows[preferences.window]
    with job.progress.stage("prefer", publisher.as_of.isoformat()):
        found = prefer(job.store.read(MEMBER_TAG_DAY), preferences, window, publisher.as_of, job.run_id)
        staged = job.staging.stage(found, MEMBER_PREFERENCE.name)
    publisher.put(MEMBER_PREFERENCE, laid_out(staged, publisher.files, c.MEMBER_ID))
    (result,) = results
    publisher.record(result.name, result.definition_hash, staged.count())
