"""The verb `segment`: every member of one as-of date in a segment of each set."""

from rfm_spark.steps.dates.profiles import SUMMARISE
from rfm_spark.steps.dates.segments import SEGMENT, require_active_sets
from rfm_spark.steps.history.one_date import perform_date
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.verb import AS_OF, REPROCESS, SEGMENT_SET, Verb
from rfm_spark.steps.writes import LOG_TABLES

VERB = Verb(
    help="place the members of one as-of date in segments alone",
    flags=(AS_OF, REPROCESS, SEGMENT_SET),
    writes=("member_segment", "segment_summary", "member_profile", *LOG_TABLES),
    never="writes history: run, backfill or track does",
)


def perform(job: Job) -> Outcome:
    """Place the members of one date in segments; its scores must be there."""
    require_active_sets(job.config, job.request.segment_sets)
    return perform_date(job, (SEGMENT, SUMMARISE))
