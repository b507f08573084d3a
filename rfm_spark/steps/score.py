"""The verb `score`: the windows of one as-of date, with their boundaries."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pyspark.sql import functions as F

from rfm_spark.config.model import Checks
from rfm_spark.config.words import Metric, OnBreach
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, RFM_SCORE, SCORE_BOUNDARY
from rfm_spark.errors import DataCheckError
from rfm_spark.io.runs import LogRow
from rfm_spark.scoring.boundaries import Boundary, frozen_dates
from rfm_spark.steps.dates import perform_alone
from rfm_spark.steps.job import Job
from rfm_spark.steps.publish import DatePublisher
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.results import Result, Stage, score_result
from rfm_spark.steps.scoring import ScoredDate, one_task_per_file, score_date


def perform(job: Job) -> Outcome:
    """Score one date, whatever else of it is missing."""
    return perform_alone(job, {Stage.SCORE: publish_scores})


def publish_scores(job: Job, publisher: DatePublisher, results: Sequence[Result]) -> None:
    """Compute every window of the date, check the totals, and put scores and boundaries in place."""
    as_of = publisher.as_of
    windows = job.config.computed_windows()
    with job.progress.stage("score", as_of.isoformat()):
        scored = score_date(
            job.store.read(MEMBER_DAY),
            windows,
            as_of,
            job.run_id,
            publisher.files,
            job.staging.stage,
            ranged_ids=job.has_ranged_ids,
            published=published_boundaries(job),
            minimum=job.config.scores.minimum,
        )
        amounts = window_amounts(scored)
    members = members_by_window(scored.boundaries)
    stop_on_breach(job, as_of, scored)
    stop_on_jump(job, as_of, members, amounts)
    with one_task_per_file(job.spark):
        publisher.put(RFM_SCORE, scored.scores, is_sorted=True)
    publisher.put(SCORE_BOUNDARY, scored.boundary_frame.coalesce(1))
    for window, result in zip(windows, results, strict=True):
        total = amounts.get(window.name, Decimal(0))
        publisher.record(result.name, result.definition_hash, members.get(window.name, 0), total)


def published_boundaries(job: Job) -> list[Boundary]:
    """Return the boundaries of the dates that `frozen` windows take theirs from."""
    days = sorted(frozen_dates(job.config.computed_windows()))
    if not days:
        return []
    rows = job.store.read(SCORE_BOUNDARY).where(F.col(c.AS_OF_DATE).isin(days)).collect()
    return [Boundary(*row) for row in rows]


def members_by_window(boundaries: tuple[Boundary, ...]) -> dict[str, int]:
    """Return the number of scored members of each window."""
    members: dict[str, int] = {}
    for row in boundaries:
        if row.metric == Metric.RECENCY:
            members[row.rfm_window] = members.get(row.rfm_window, 0) + row.member_count
    return members


def window_amounts(scored: ScoredDate) -> dict[str, Decimal]:
    """Return the net amount of each window, from two columns of the staged measures."""
    totals = scored.scores.groupBy(c.RFM_WINDOW).agg(F.sum(c.NET_AMOUNT).cast(c.TOTAL_NET_AMOUNT.type)).collect()
    return {row[0]: row[1] for row in totals}


def stop_on_breach(job: Job, as_of: date, scored: ScoredDate) -> None:
    """Tell what is doubtful about the scores; stop where the configuration says so."""
    for note in (*scored.notes, *scored.breaches):
        job.progress.note(f"{as_of}: {note}")
    if scored.breaches and job.config.scores.minimum.on_breach is OnBreach.STOP:
        raise DataCheckError(
            f"scores of {as_of}",
            "; ".join(scored.breaches),
            "at least scores.minimum",
            "the date is not published; ingest more history, or set scores.minimum.on_breach: warn",
        )


def stop_on_jump(job: Job, as_of: date, members: dict[str, int], amounts: dict[str, Decimal]) -> None:
    """Stop where the main window lost more members or its amount jumped higher than `checks` allow."""
    window = job.config.scores.main_window
    before = job.log.last_published_before(as_of)
    if before is None or window not in members:
        return
    row = job.log.state(before).get(score_result(window))
    if row is None:
        return
    problems = jumps(row, members[window], amounts.get(window, Decimal(0)), job.config.checks)
    if problems:
        raise DataCheckError(
            f"window {window} of {as_of}, against {before}",
            "; ".join(problems),
            "less than checks allow",
            "the date is not published; look at the sources, or raise the limit for this run with --set",
        )


def jumps(before: LogRow, members: int, amount: Decimal, checks: Checks) -> list[str]:
    """Return one phrase per limit that the step from the earlier date to this one breaks."""
    problems = []
    if before.row_count and checks.max_member_fall is not None:
        fall = 1 - members / before.row_count
        if fall > checks.max_member_fall:
            problems.append(
                f"members fell from {before.row_count} to {members}, by {fall:.1%}"
                f" (checks.max_member_fall {checks.max_member_fall:.1%})"
            )
    if before.net_amount and before.net_amount > 0 and checks.max_amount_rise is not None:
        rise = float(amount / before.net_amount) - 1
        if rise > checks.max_amount_rise:
            problems.append(
                f"net amount rose from {before.net_amount} to {amount}, by {rise:.1%}"
                f" (checks.max_amount_rise {checks.max_amount_rise:.1%})"
            )
    return problems
