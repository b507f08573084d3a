"""What a date holds of a window as a definition has it: what was published where it stands, else found again.

A date that is made again keeps the segments of sets that left the configuration, but not the scores of windows that
only they looked at; and a window of the same name may be another one by now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.definition import window_hash
from rfm_spark.config.model import Config, MetricScoring, Window
from rfm_spark.config.words import Method, Metric, Population
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY
from rfm_spark.scoring.boundaries import Boundary, frozen_dates
from rfm_spark.scoring.published import published_values
from rfm_spark.scoring.series import is_scored
from rfm_spark.scoring.windows import measure_members
from rfm_spark.steps.dates.published import boundaries_of
from rfm_spark.steps.dates.results import score_result
from rfm_spark.steps.dates.scoring import ScoredDates, StageFrame, score_dates
from rfm_spark.steps.dates.work import dates_at_once
from rfm_spark.steps.job import Job


def stands(job: Job, config: Config, window: Window, day: date) -> bool:
    """Return whether the date holds the window's scores and boundaries as the configuration defines them."""
    row = job.log.book.state(day).get(score_result(window.name))
    return row is not None and row.definition_hash == window_hash(config, window)


def boundaries_at(
    job: Job, config: Config, windows: Sequence[Window], days: Sequence[date], label: str
) -> list[Boundary]:
    """Return the boundaries of the windows at the dates; `label` names what is staged where they are found again."""
    rows = boundaries_of(job, days)
    for window in windows:
        lost = [day for day in days if not stands(job, config, window, day)]
        if not lost:
            continue
        rows = [row for row in rows if row.rfm_window != window.name or row.as_of_date not in lost]
        for scored in scored_again(job, config, window, lost, f"{label}_{window.name}"):
            rows += [row for of_date in scored.boundaries.values() for row in of_date]
    return rows


def amounts_again(job: Job, window: Window, days: Sequence[date]) -> DataFrame:
    """One row per date and member with those columns of rfm_score that need no boundaries, by today's facts."""
    at_once, facts = dates_at_once(job), job.store.read(MEMBER_DAY)
    parts = [list(days[start : start + at_once]) for start in range(0, len(days), at_once)]
    measured = [measure_members(facts, [window], part, job.dated_files, job.has_ranged_ids) for part in parts]
    amount = published_values(window)[c.NET_AMOUNT].alias(c.NET_AMOUNT)
    members = reduce(DataFrame.unionByName, measured).where(
        is_scored(window.period, window.population is Population.EVER)
    )
    return members.select(c.AS_OF_DATE, F.lit(window.name).alias(c.RFM_WINDOW), c.MEMBER_ID, amount)


def scored_again(job: Job, config: Config, window: Window, days: Sequence[date], label: str) -> Iterator[ScoredDates]:
    """Yield the scores of the dates, so many at once, by today's facts under a configuration of then."""
    at_once = dates_at_once(job)
    frozen = frozen_boundaries(job, config, [window])
    found = scorable([window], frozen)
    for start in range(0, len(days), at_once):
        yield score_dates(
            job.store.read(MEMBER_DAY), found, days[start : start + at_once], job.run_id, job.dated_files,
            staging_as(job, f"{label}_{start}"), ranged_ids=job.has_ranged_ids, published=frozen,
        )  # fmt: skip


def scorable(windows: Sequence[Window], frozen: Sequence[Boundary]) -> list[Window]:
    """Return the windows; those with frozen boundaries that no table has any more score by tiles of the date itself.

    That is the nearest to what is lost. `frozen` are those of `frozen_boundaries`.
    """
    return [window if are_frozen_known(window, frozen) else thawed(window) for window in windows]


def thawed(window: Window, method: Method = Method.NTILE) -> Window:
    """Return the window as the date that it names was scored: by tiles, or by another method, where it is frozen."""

    def of_date(scoring: MetricScoring) -> MetricScoring:
        is_frozen = scoring.method is Method.FROZEN
        return replace(scoring, method=method, frozen_from=None) if is_frozen else scoring

    return replace(
        window,
        recency_scoring=of_date(window.recency_scoring),
        frequency_scoring=of_date(window.frequency_scoring),
        monetary_scoring=of_date(window.monetary_scoring),
    )


def are_frozen_known(window: Window, published: Sequence[Boundary]) -> bool:
    """Return whether the boundaries say where every score of the window's frozen metrics begins, and no other."""
    begun: dict[tuple[date | None, str], list[int]] = {}
    for row in published:
        if row.rfm_window == window.name and row.cut_value is not None:
            begun.setdefault((row.as_of_date, row.metric), []).append(row.score)
    frozen = [(metric, window.scoring(metric)) for metric in Metric if window.scoring(metric).method is Method.FROZEN]
    return all(
        sorted(begun.get((scoring.frozen_from, metric.value), [])) == list(range(2, scoring.bins + 1))
        for metric, scoring in frozen
    )


def staging_as(job: Job, label: str) -> StageFrame:
    """Return what stages frames under names of their own, behind the label."""
    return lambda frame, name: job.staging.stage(frame, f"{label}_{name}")


def frozen_boundaries(job: Job, config: Config, windows: Sequence[Window]) -> list[Boundary]:
    """Return the boundaries that frozen windows take theirs from, as they were when dates were scored with them.

    Where the date that they name holds none of a window any more, or found them anew since, any date that was scored
    with them still has them.
    """
    rows = []
    for window in windows:
        for source in frozen_dates([window]):
            holder = holder_of(job, config, window, source)
            held = boundaries_of(job, [holder] if holder is not None else [])
            of_window = [row for row in held if row.rfm_window == window.name]
            rows += [row._replace(as_of_date=source) for row in of_window]
    return rows


def holder_of(job: Job, config: Config, window: Window, source: date) -> date | None:
    """Return the date that has the boundaries of the source as a frozen window took them; None where none has."""
    book, name = job.log.book, score_result(window.name)
    scored = [(book.state(day)[name].place, day) for day in book.dates() if stands(job, config, window, day)]
    own = book.state(source).get(name)
    if scored:
        last, holder = max(scored)
        return source if own is not None and own.place < last else holder
    # By then the window was not frozen; a window of the same name that scores another value is another one.
    as_then = {window_hash(config, thawed(window, method)) for method in Method if method is not Method.FROZEN}
    return source if own is not None and own.definition_hash in as_then else None
