"""The verb `try`: the first lines of every source, read as `ingest` would read them."""

from rfm_spark.ingest.secret import load_key
from rfm_spark.ingest.trial import describe_trial, try_source
from rfm_spark.steps.ingesting.sources import asked_sources
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import SOURCE, TODAY, Verb
from rfm_spark.text import counted

VERB = Verb(
    help="show what the first lines of a source become, and what looks wrong",
    flags=(SOURCE, TODAY),
    never="shows a member's reference, or changes a table",
    has_lines=True,
)


def perform(job: Job) -> Outcome:
    """Try every asked source and tell what its lines become."""
    key = load_key(job.config.identity.key) if job.config.identity.key else None
    trials = [try_source(job.spark, source, job.config, key, job.today) for source in asked_sources(job, is_trial=True)]
    lines = tuple(line for trial in trials for line in describe_trial(trial))
    return Outcome(Status.DONE, f"{counted(len(trials), 'source')} tried, nothing was written", lines=lines)
