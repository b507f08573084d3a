"""The verb `track`: history up to date with the published dates, and dates published that lacked only that."""

from rfm_spark.dates import is_tracked
from rfm_spark.steps.dates.segments import require_active_sets
from rfm_spark.steps.history.publish import Completed, complete_dates, whole_dates
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import DateOutcome, Outcome, Status
from rfm_spark.steps.verb import AS_OF, SEGMENT_SET, Verb
from rfm_spark.steps.writes import HISTORY_TABLES, LOG_TABLES
from rfm_spark.text import counted

VERB = Verb(
    help="bring the history of segments up to date with the published dates",
    flags=(
        AS_OF.meaning("only checks that DATE is on the history calendar; track always updates all dates"),
        SEGMENT_SET,
    ),
    writes=(*HISTORY_TABLES, *LOG_TABLES),
    never="computes scores or segments",
    tracks=True,
    has_lines=True,
)


def perform(job: Job) -> Outcome:
    """Bring history up to date with the published dates, and publish those that only lacked it."""
    require_active_sets(job.config, job.request.segment_sets)
    asked, every = job.request.as_of, job.config.history.every
    if asked is not None and not is_tracked(asked, every):
        message = f"{asked} is not the end of a {every}: history does not hold it, nothing to do"
        return Outcome(Status.NOTHING_TO_DO, message)
    done = complete_dates(job, whole_dates(job), {})
    days = sorted({*done.tracked, *done.published})
    left = [day for day in job.ledger.book.computed_dates() if day not in job.ledger.published]
    lines = [f"{table} was changed by somebody else: all of history is made again" for table in done.rebuilt]
    lines += [f"{day} is not published: rfm-spark plan says what it lacks" for day in left]
    if not days:
        of_sets = f" of {', '.join(job.request.segment_sets)}" if job.request.segment_sets else ""
        return Outcome(Status.NOTHING_TO_DO, f"history{of_sets} is up to date, nothing to do", lines=tuple(lines))
    dates = tuple(DateOutcome(day, status_of(job, day)) for day in days)
    return Outcome(Status.DONE, words(done, len(days)), dates=dates, lines=tuple(lines))


def words(done: Completed, days: int) -> str:
    """Return the sentence about what was done.

    >>> words(Completed(), 2)
    'history of 2 dates is up to date now'
    """
    again = "was made again" if done.rebuilt else "is up to date now"
    return f"history of {counted(days, 'date')} {again}"


def status_of(job: Job, day: object) -> Status:
    """Return what a date is for readers once its history is up to date."""
    if day in job.ledger.published:
        return Status.PUBLISHED
    return Status.INCOMPLETE if day in job.ledger.book.computed_dates() else Status.REMOVED
