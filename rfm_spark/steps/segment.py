"""The verb `segment`: every member of an as-of date in a segment of each set."""

from collections.abc import Sequence

from pyspark.sql import DataFrame

from rfm_spark.as_of import of_dates
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import Rulebook, has_prospects, read_rulebook, windows_of
from rfm_spark.steps.dates.perform import perform_alone
from rfm_spark.steps.dates.publish import DatesPublisher, laid_out
from rfm_spark.steps.dates.results import Result, Stage, segment_result
from rfm_spark.steps.dates.summaries import publish_summaries
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.track import demand_known_sets
from rfm_spark.steps.tracking.names import former_names


def perform(job: Job) -> Outcome:
    """Place the members of one date in segments; its scores must be there."""
    demand_known_sets(job)
    return perform_alone(job, {Stage.SEGMENT: publish_segments, Stage.SUMMARISE: publish_summaries})


def publish_segments(job: Job, publisher: DatesPublisher, results: Sequence[Result]) -> None:
    """Place every member of the population, in all sets that the results name, and put the rows in place.

    A set that left the configuration keeps the rows it has: its past is closed, not lost.
    """
    dates = publisher.dates
    wanted = {result.name for result in results}
    names = [name for name in job.config.active_segment_sets if segment_result(name) in wanted]
    books = tuple(read_rulebook(job.config, job.config.segment_sets[name]) for name in names)
    with job.progress.stage("segment", publisher.subject):
        candidates = gather_candidates(
            job.store.read(MEMBER_DAY),
            job.store.read(RFM_SCORE).where(of_dates(dates)),
            events_for_prospects(job, books),
            books,
            windows_of(books, job.config),
            dates,
        )
        staged = job.staging.stage(assign_segments(candidates, books, job.run_id), MEMBER_SEGMENT.name)
        counted = staged.groupBy(c.AS_OF_DATE, c.SEGMENT_SET).count().collect()
        counts = {(row[0], row[1]): row[2] for row in counted}
    former = former_names(job.config, names)
    publisher.supersede(segment_result(before) for before in former)
    place = {c.SEGMENT_SET: [*names, *former]}
    publisher.put(
        MEMBER_SEGMENT, laid_out(staged, publisher.files * len(dates), c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID), place
    )
    for as_of in dates:
        for result in results:
            row_count = counts.get((as_of, result.name.partition("/")[2]), 0)
            publisher.record(as_of, result.name, result.definition_hash, row_count)


def events_for_prospects(job: Job, books: tuple[Rulebook, ...]) -> DataFrame | None:
    """Return the events, where a set has a name for members who only look."""
    return job.store.read(EVENT) if has_prospects(books) else None
