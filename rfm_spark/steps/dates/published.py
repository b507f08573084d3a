"""What the tables hold of dates that were computed before."""

from collections.abc import Sequence
from datetime import date

from rfm_spark.as_of import of_dates
from rfm_spark.contracts.tables import SCORE_BOUNDARY
from rfm_spark.scoring.boundaries import Boundary, frozen_dates
from rfm_spark.steps.job import Job


def published_boundaries(job: Job) -> list[Boundary]:
    """Return the boundaries of the dates that `frozen` windows take theirs from."""
    return boundaries_of(job, sorted(frozen_dates(job.config.computed_windows())))


def boundaries_of(job: Job, days: Sequence[date]) -> list[Boundary]:
    """Return the published boundaries of some dates."""
    if not days:
        return []
    return [Boundary(*row) for row in job.store.read(SCORE_BOUNDARY).where(of_dates(days)).collect()]
