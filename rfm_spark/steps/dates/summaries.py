"""What every verb of a date ends with: what is told of all of its results together, from what the tables hold now."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Row
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
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
from rfm_spark.steps.dates.publish import DatesPublisher, laid_out
from rfm_spark.steps.dates.results import Result
from rfm_spark.steps.dates.segment_table import SummaryRow
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.names import former_names, named_today


def publish_summaries(job: Job, publisher: DatesPublisher, results: Sequence[Result]) -> None:
    """Rewrite segment_summary and member_profile of the dates, from the sets of today.

    A set that left the configuration keeps its segments and their summary, and is in no profile made since.
    """
    dates, names = publisher.dates, job.config.active_segment_sets
    sets = [job.config.segment_sets[name] for name in names]
    named = named_today(job.store.read(MEMBER_SEGMENT).where(of_dates(dates)), job.config)
    members = named.where(F.col(c.SEGMENT_SET).isin(*names))
    scores = job.store.read(RFM_SCORE).where(of_dates(dates))
    with job.progress.stage("profile", publisher.subject):
        profiles = build_profiles(
            members,
            scores,
            job.store.read(MEMBER_PREFERENCE).where(of_dates(dates)),
            job.store.read(MEMBER_DAY),
            job.config.scores.main_window,
            dates,
            job.run_id,
        )
        staged = job.staging.stage(profiles, MEMBER_PROFILE.name)
        counts = {row[0]: row[1] for row in staged.groupBy(c.AS_OF_DATE).agg(F.count(F.lit(1))).collect()}
    if names:
        summary = summarise_segments(members, scores, sets, dates, job.run_id).coalesce(1)
        publisher.put(SEGMENT_SUMMARY, summary, {c.SEGMENT_SET: [*names, *former_names(job.config, names)]})
    publisher.put(MEMBER_PROFILE, laid_out(staged, publisher.files * len(dates), c.AS_OF_DATE, c.MEMBER_ID))
    (result,) = results
    for as_of in dates:
        publisher.record(as_of, result.name, result.definition_hash, counts.get(as_of, 0))


def summary_of(job: Job, as_of: date) -> list[SummaryRow]:
    """Return segment_summary of a date as people read it: sets as configured, segments in the order of the rules."""
    order = {
        (name, segment): (set_no, segment_no)
        for set_no, name in enumerate(job.config.active_segment_sets)
        for segment_no, segment in enumerate(job.config.segment_sets[name].segments)
    }
    rows = job.store.read(SEGMENT_SUMMARY).where(of_dates([as_of])).collect()
    found = [shown(row) for row in rows if (row[c.SEGMENT_SET], row[c.SEGMENT]) in order]
    return sorted(found, key=lambda row: order[row.segment_set, row.segment])


def shown(row: Row) -> SummaryRow:
    """Return what the table for people shows of a row."""
    return SummaryRow(*(row[field] for field in SummaryRow._fields))
