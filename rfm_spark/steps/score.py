"""The verb `score`: the windows of one as-of date alone."""

from rfm_spark.steps.dates.profiles import SUMMARISE
from rfm_spark.steps.dates.scores import SCORE
from rfm_spark.steps.history.one_date import perform_date
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.verb import AS_OF, REPROCESS, Verb
from rfm_spark.steps.writes import LOG_TABLES

VERB = Verb(
    help="compute the scores of one as-of date alone",
    flags=(AS_OF, REPROCESS),
    writes=("rfm_score", "score_boundary", "segment_summary", "member_profile", *LOG_TABLES),
    never="writes history: run, backfill or track does",
)


def perform(job: Job) -> Outcome:
    """Score one date, whatever else of it is missing."""
    return perform_date(job, (SCORE, SUMMARISE))
