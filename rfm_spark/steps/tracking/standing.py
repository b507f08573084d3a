"""What a date holds of a window as a definition has it: what was published where it stands, else found again.

A date that is made again keeps the segments of sets that left the configuration, but not the scores of windows that
only they looked at; and a window of the same name may be another one by now.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame

from rfm_spark.config.definition import window_hash
from rfm_spark.config.model import Config, Window
from rfm_spark.contracts.tables import MEMBER_DAY
from rfm_spark.scoring.boundaries import Boundary, frozen_dates
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


def scores_again(job: Job, config: Config, window: Window, days: Sequence[date], label: str) -> DataFrame:
    """One row per date and member as of rfm_score, by today's facts; `label` names what is staged."""
    parts = [scored.scores for scored in scored_again(job, config, window, days, label)]
    return reduce(DataFrame.unionByName, parts)


def scored_again(job: Job, config: Config, window: Window, days: Sequence[date], label: str) -> Iterator[ScoredDates]:
    """Yield the scores of the dates, so many at once, by today's facts under a configuration of then."""
    at_once = dates_at_once(job)
    frozen = frozen_boundaries(job, config, [window])
    for start in range(0, len(days), at_once):
        yield score_dates(
            job.store.read(MEMBER_DAY), [window], days[start : start + at_once], job.run_id, job.dated_files,
            staging_as(job, f"{label}_{start}"), ranged_ids=job.has_ranged_ids, published=frozen,
        )  # fmt: skip


def staging_as(job: Job, label: str) -> StageFrame:
    """Return what stages frames under names of their own, behind the label."""
    return lambda frame, name: job.staging.stage(frame, f"{label}_{name}")


def frozen_boundaries(job: Job, config: Config, windows: Sequence[Window]) -> list[Boundary]:
    """Return the boundaries that frozen windows take theirs from.

    Where the date that they name holds none of a window any more, any date that was scored with them still does.
    """
    rows = boundaries_of(job, sorted(frozen_dates(windows)))
    there = {(row.as_of_date, row.rfm_window) for row in rows}
    for window in windows:
        for lost in (day for day in frozen_dates([window]) if (day, window.name) not in there):
            other = next((day for day in job.log.book.dates() if stands(job, config, window, day)), None)
            of_other = boundaries_of(job, [other]) if other is not None else []
            rows += [row._replace(as_of_date=lost) for row in of_other if row.rfm_window == window.name]
    return rows
