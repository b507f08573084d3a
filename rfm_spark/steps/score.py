"""The verb `score`: the windows of as-of dates, with their boundaries."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
from rfm_spark.config.model import Checks
from rfm_spark.config.words import OnBreach
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, RFM_SCORE, SCORE_BOUNDARY
from rfm_spark.errors import DataCheckError
from rfm_spark.steps.dates.perform import perform_alone
from rfm_spark.steps.dates.publish import DatesPublisher
from rfm_spark.steps.dates.published import published_boundaries
from rfm_spark.steps.dates.results import Result, Stage, score_result
from rfm_spark.steps.dates.scoring import ScoredDates, one_task_per_file, score_dates
from rfm_spark.steps.dates.summaries import publish_summaries
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome

Totals = Mapping[tuple[date, str], tuple[int, Decimal]]
"""Members and net amount by as-of date and window."""


def perform(job: Job) -> Outcome:
    """Score one date, whatever else of it is missing."""
    return perform_alone(job, {Stage.SCORE: publish_scores, Stage.SUMMARISE: publish_summaries})


def publish_scores(job: Job, publisher: DatesPublisher, results: Sequence[Result]) -> None:
    """Compute every window of the dates, check the totals, and put scores and boundaries in place."""
    windows = job.config.computed_windows()
    with job.progress.stage("score", publisher.subject):
        scored = score_dates(
            job.store.read(MEMBER_DAY),
            windows,
            publisher.dates,
            job.run_id,
            publisher.files,
            job.staging.stage,
            ranged_ids=job.has_ranged_ids,
            published=published_boundaries(job),
            minimum=job.config.scores.minimum,
        )
        totals = window_totals(scored)
    for as_of in publisher.dates:
        check_date(job, publisher, as_of, scored, totals)
    kept = of_dates(publisher.dates)
    with one_task_per_file(job.spark):
        publisher.put(RFM_SCORE, scored.scores.where(kept) if publisher.refused else scored.scores, is_sorted=True)
    publisher.put(SCORE_BOUNDARY, scored.boundary_frame.where(kept).coalesce(1))
    for as_of in publisher.dates:
        for window, result in zip(windows, results, strict=True):
            members, amount = totals.get((as_of, window.name), (0, Decimal(0)))
            publisher.record(as_of, result.name, result.definition_hash, members, amount)


def window_totals(scored: ScoredDates) -> Totals:
    """Return members and net amount of each date and window, from two columns of the staged measures."""
    rows = scored.scores.groupBy(c.AS_OF_DATE, c.RFM_WINDOW).agg(
        F.count(F.lit(1)), F.sum(c.NET_AMOUNT).cast(c.TOTAL_NET_AMOUNT.type)
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows.collect()}


def check_date(job: Job, publisher: DatesPublisher, as_of: date, scored: ScoredDates, totals: Totals) -> None:
    """Tell what is doubtful about the scores of a date; refuse it where the configuration or `checks` say so."""
    breaches = scored.breaches.get(as_of, ())
    for note in (*scored.notes.get(as_of, ()), *breaches):
        job.progress.note(f"{as_of}: {note}")
    if breaches and job.config.scores.minimum.on_breach is OnBreach.STOP:
        step = "the date is not published; ingest more history, or set scores.minimum.on_breach: warn"
        publisher.refuse(
            as_of, DataCheckError(f"scores of {as_of}", "; ".join(breaches), "at least scores.minimum", step)
        )
        return
    found = jump_of(job, as_of, totals)
    if found is None:
        return
    if job.request.verb == "run":
        publisher.refuse(as_of, found)
    else:
        job.progress.note(f"{found.where}: {found.found}")


def jump_of(job: Job, as_of: date, totals: Totals) -> DataCheckError | None:
    """Return what is wrong where the main window lost more members or gained more amount than `checks` allow."""
    window = job.config.scores.main_window
    before = totals_before(job, as_of, totals)
    if before is None:
        return None
    day, members, amount = before
    problems = jumps((members, amount), totals.get((as_of, window), (0, Decimal(0))), job.config.checks)
    if not problems:
        return None
    return DataCheckError(
        f"window {window} of {as_of}, against {day}",
        "; ".join(problems),
        "less than checks allow",
        "the date is not published; look at the sources, or raise the limit for this run with --set",
    )


def totals_before(job: Job, as_of: date, totals: Totals) -> tuple[date, int, Decimal] | None:
    """Return the main window's totals at the last date before that is published or made in the same pass."""
    window = job.config.scores.main_window
    known = {
        day: (row.row_count or 0, row.net_amount or Decimal(0))
        for day in job.log.book.published_dates()
        if (row := job.log.book.state(day).get(score_result(window))) is not None
    }
    known |= {day: total for (day, name), total in totals.items() if name == window}
    day = max((day for day in known if day < as_of), default=None)
    return None if day is None else (day, *known[day])


def jumps(before: tuple[int, Decimal], now: tuple[int, Decimal], checks: Checks) -> list[str]:
    """Return one phrase per limit that the step from the earlier date to this one breaks."""
    problems = []
    (members_before, amount_before), (members, amount) = before, now
    if members_before and checks.max_member_fall is not None:
        fall = 1 - members / members_before
        if fall > checks.max_member_fall:
            problems.append(
                f"members fell from {members_before} to {members}, by {fall:.1%}"
                f" (checks.max_member_fall {checks.max_member_fall:.1%})"
            )
    if amount_before > 0 and checks.max_amount_rise is not None:
        rise = float(amount / amount_before) - 1
        if rise > checks.max_amount_rise:
            problems.append(
                f"net amount rose from {amount_before} to {amount}, by {rise:.1%}"
                f" (checks.max_amount_rise {checks.max_amount_rise:.1%})"
            )
    return problems
