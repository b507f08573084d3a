"""The verb `segment`: every member of one as-of date in a segment of each set."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.errors import UsageError
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import Rulebook, read_rulebook, windows_of
from rfm_spark.steps.dates import perform_alone
from rfm_spark.steps.job import Job
from rfm_spark.steps.publish import DatePublisher, laid_out
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.results import Result, Stage, segment_result


def perform(job: Job) -> Outcome:
    """Place the members of one date in segments; its scores must be there."""
    unknown = [name for name in job.request.segment_sets if name not in job.config.active_segment_sets]
    if unknown:
        known = ", ".join(job.config.active_segment_sets)
        raise UsageError("--segment-set", f"{', '.join(unknown)} is not active", f"one of {known}")
    return perform_alone(job, {Stage.SEGMENT: publish_segments})


def publish_segments(job: Job, publisher: DatePublisher, results: Sequence[Result]) -> None:
    """Place every member of the population, in all sets that the results name, and put the rows in place."""
    as_of = publisher.as_of
    wanted = {result.name for result in results}
    names = [name for name in job.config.active_segment_sets if segment_result(name) in wanted]
    books = tuple(read_rulebook(job.config, job.config.segment_sets[name]) for name in names)
    with job.progress.stage("segment", as_of.isoformat()):
        candidates = gather_candidates(
            job.store.read(MEMBER_DAY),
            job.store.read(RFM_SCORE).where(F.col(c.AS_OF_DATE) == F.lit(as_of)),
            events_for_prospects(job, books),
            books,
            windows_of(books, job.config),
            as_of,
        )
        staged = job.staging.stage(assign_segments(candidates, books, as_of, job.run_id), MEMBER_SEGMENT.name)
        counts = {row[0]: row[1] for row in staged.groupBy(c.SEGMENT_SET).count().collect()}
    is_every_set = len(names) == len(job.config.active_segment_sets)
    place = None if is_every_set else {c.SEGMENT_SET: names}
    publisher.put(MEMBER_SEGMENT, laid_out(staged, publisher.files, c.SEGMENT_SET, c.MEMBER_ID), place)
    for result in results:
        publisher.record(result.name, result.definition_hash, counts.get(result.name.partition("/")[2], 0))


def events_for_prospects(job: Job, books: tuple[Rulebook, ...]) -> DataFrame | None:
    """Return the events, where a set has a name for members who only look."""
    has_prospects = any(book.segment_set.prospect is not None for book in books)
    return job.store.read(EVENT) if has_prospects else None
