"""What every stage of a date ends with: segment_summary and member_profile, from what the tables hold now."""

from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import (
    MEMBER_DAY,
    MEMBER_PREFERENCE,
    MEMBER_PROFILE,
    MEMBER_SEGMENT,
    RFM_SCORE,
    SEGMENT_SUMMARY,
)
from rfm_spark.preferences.profile import build_profiles
from rfm_spark.segments.summary import summarise_segments
from rfm_spark.steps.job import Job
from rfm_spark.steps.publish import DatePublisher, laid_out
from rfm_spark.steps.segment_table import SummaryRow


def publish_summaries(job: Job, publisher: DatePublisher) -> None:
    """Rewrite both tables of the date."""
    as_of = publisher.as_of
    of_date = F.col(c.AS_OF_DATE) == F.lit(as_of)
    sets = [job.config.segment_sets[name] for name in job.config.active_segment_sets]
    members = job.store.read(MEMBER_SEGMENT).where(of_date)
    scores = job.store.read(RFM_SCORE).where(of_date)
    with job.progress.stage("profile", as_of.isoformat()):
        summary = job.staging.stage(
            summarise_segments(members, scores, sets, as_of, job.run_id).coalesce(1), SEGMENT_SUMMARY.name
        )
        profiles = build_profiles(
            members,
            scores,
            job.store.read(MEMBER_PREFERENCE).where(of_date),
            job.store.read(MEMBER_DAY),
            job.config.scores.main_window,
            as_of,
            job.run_id,
        )
        staged = job.staging.stage(profiles, MEMBER_PROFILE.name)
    publisher.put(SEGMENT_SUMMARY, summary)
    publisher.put(MEMBER_PROFILE, laid_out(staged, publisher.files, c.MEMBER_ID))
    publisher.summary = summary_rows(job, summary.collect())


def summary_rows(job: Job, rows: list) -> list[SummaryRow]:  # type: ignore[type-arg]
    """Return the rows as a person reads them: sets as configured, segments in the order of their rules."""
    order = {
        (name, segment): (set_no, segment_no)
        for set_no, name in enumerate(job.config.active_segment_sets)
        for segment_no, segment in enumerate(job.config.segment_sets[name].segments)
    }
    found = [SummaryRow(*(row[field] for field in SummaryRow._fields)) for row in rows]
    return sorted(found, key=lambda row: order[row.segment_set, row.segment])
