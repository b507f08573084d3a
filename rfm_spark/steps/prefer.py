"""The verb `prefer`: the preferences of one as-of date alone."""

from rfm_spark.steps.dates.preferences import PREFER
from rfm_spark.steps.dates.profiles import SUMMARISE
from rfm_spark.steps.history.one_date import perform_date
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.verb import AS_OF, REPROCESS, Verb
from rfm_spark.steps.writes import LOG_TABLES

VERB = Verb(
    help="compute the preferences of one as-of date alone",
    flags=(AS_OF, REPROCESS),
    writes=("member_preference", "segment_summary", "member_profile", *LOG_TABLES),
    never="writes history: run, backfill or track does",
)


def perform(job: Job) -> Outcome:
    """Compute the preferences of one date, whatever else of it is missing."""
    return perform_date(job, (PREFER, SUMMARISE))
