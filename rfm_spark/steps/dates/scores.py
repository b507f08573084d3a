"""Scores of windows at as-of dates, with their boundaries: what they are made from, and how."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
from rfm_spark.config.choices import Metric, OnBreach, Population
from rfm_spark.config.fingerprints import window_hash
from rfm_spark.config.model import Checks, Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, RFM_SCORE, SCORE_BOUNDARY
from rfm_spark.dates import period_first_day
from rfm_spark.errors import DataCheckError
from rfm_spark.runs.registry import Beside, Count, DatedResult, Made, Output, Pass, Workspace, result_name
from rfm_spark.scoring.boundaries import Boundary, frozen_dates
from rfm_spark.scoring.score_dates import ScoredDates, score_dates

SCORE = "score"
Totals = Mapping[tuple[date, str], Count]
"""Members and net amount by as-of date and window."""


def windows_of(config: Config) -> Sequence[str]:
    """Return the names of the windows that are computed."""
    return [window.name for window in config.computed_windows()]


def first_day_read(config: Config, window: str, as_of: date) -> date | None:
    """Return the first day whose facts a window's scores depend on: with `population: ever` all of them."""
    scored = config.windows[window]
    return None if scored.population is Population.EVER else period_first_day(scored.period, as_of)


def make_scores(asked: Pass) -> Made:
    """Score the dates in the windows; a date that breaks `scores.minimum` or `checks` is refused or noted."""
    space, windows = asked.space, [asked.config.windows[name] for name in asked.parts]
    scored = score_dates(
        space.read(MEMBER_DAY),
        windows,
        asked.dates,
        space.run_id,
        space.files,
        space.stage,
        ranged_ids=space.has_ranged_ids,
        published=boundaries_of(space, sorted(frozen_dates(windows))),
        minimum=asked.config.scores.minimum,
    )
    totals = window_totals(scored)
    refused: dict[date, DataCheckError] = {}
    notes: list[str] = []
    for as_of in asked.dates:
        problem = check_date(asked, as_of, scored, totals, notes)
        if problem is not None:
            refused[as_of] = problem
    kept = [as_of for as_of in asked.dates if as_of not in refused]
    parts = {c.RFM_WINDOW: asked.parts}
    scores = scored.scores.where(of_dates(kept)) if refused else scored.scores
    boundaries = scored.boundary_frame.where(of_dates(kept)).coalesce(1)
    return Made(
        outputs=(Output(RFM_SCORE, scores, parts, is_sorted=True), Output(SCORE_BOUNDARY, boundaries, parts)),
        counts={
            (as_of, result.name): totals.get((as_of, result.part), Count(0, Decimal(0)))
            for as_of in kept
            for result in asked.results
        },
        refused=refused,
        notes=tuple(notes),
    )


def boundaries_of(space: Workspace, days: Sequence[date]) -> list[Boundary]:
    """Return the published boundaries of some dates."""
    if not days:
        return []
    return [Boundary(*row) for row in space.read(SCORE_BOUNDARY).where(of_dates(days)).collect()]


def window_totals(scored: ScoredDates) -> Totals:
    """Return members and net amount of each date and window, from two columns of the staged measures."""
    rows = scored.scores.groupBy(c.AS_OF_DATE, c.RFM_WINDOW).agg(
        F.count(F.lit(1)), F.sum(c.NET_AMOUNT).cast(c.TOTAL_NET_AMOUNT.type)
    )
    return {(row[0], row[1]): Count(row[2], row[3]) for row in rows.collect()}


def check_date(
    asked: Pass, as_of: date, scored: ScoredDates, totals: Totals, notes: list[str]
) -> DataCheckError | None:
    """Note what is doubtful about the scores of a date; return the error that refuses it, None where none does."""
    breaches = scored.breaches.get(as_of, ())
    notes += [f"{as_of}: {note}" for note in (*scored.notes.get(as_of, ()), *breaches)]
    if breaches and asked.config.scores.minimum.on_breach is OnBreach.STOP:
        step = "the date is not published; ingest more history, or set scores.minimum.on_breach: warn"
        return DataCheckError(f"scores of {as_of}", "; ".join(breaches), "at least scores.minimum", step)
    error = total_change_error(asked, as_of, totals)
    if error is not None and not asked.stops_on_breach:
        notes.append(f"{error.where}: {error.found}")
        return None
    return error


def total_change_error(asked: Pass, as_of: date, totals: Totals) -> DataCheckError | None:
    """Return the error where the main window lost more members or gained more amount than `checks` allow."""
    window = asked.config.scores.main_window
    if window not in asked.parts:
        return None
    before = totals_before(asked, as_of, totals)
    if before is None:
        return None
    day, count = before
    problems = total_change_breaches(count, totals.get((as_of, window), Count(0, Decimal(0))), asked.config.checks)
    if not problems:
        return None
    return DataCheckError(
        f"window {window} of {as_of}, against {day}",
        "; ".join(problems),
        "less than checks allow",
        "the date is not published; look at the sources, or raise the limit for this run with --set",
    )


def totals_before(asked: Pass, as_of: date, totals: Totals) -> tuple[date, Count] | None:
    """Return the main window's totals at the last date before that is published or made in the same pass."""
    window = asked.config.scores.main_window
    known = {day: count for (day, name), count in totals.items() if name == window and day < as_of}
    published = asked.totals_before(result_name(RFM_SCORE, window), as_of)
    if published is not None:
        known.setdefault(*published)
    day = max(known, default=None)
    return None if day is None else (day, known[day])


def total_change_breaches(before: Count, now: Count, checks: Checks) -> list[str]:
    """Return one phrase per limit that the step from the earlier date to this one breaks."""
    problems = []
    amount_before, amount = before.net_amount or Decimal(0), now.net_amount or Decimal(0)
    if before.rows and checks.max_member_fall is not None:
        fall = 1 - now.rows / before.rows
        if fall > checks.max_member_fall:
            problems.append(
                f"members fell from {before.rows} to {now.rows}, by {fall:.1%}"
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


SCORES = DatedResult(
    stage=SCORE,
    table=RFM_SCORE,
    part=c.RFM_WINDOW,
    parts=windows_of,
    definition=lambda config, window: window_hash(config, config.windows[window]),
    keys=lambda _, window: ("scores", f"windows.{window}"),
    facts=lambda _, __: (MEMBER_DAY,),
    first_day=first_day_read,
    frozen=lambda config, window: sorted(frozen_dates([config.windows[window]])),
    make=make_scores,
    beside=(Beside(SCORE_BOUNDARY, RFM_SCORE, c.RFM_WINDOW, (c.METRIC, Metric.RECENCY.value)),),
)
