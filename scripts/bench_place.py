"""What the contenders of the benchmark share: where files are, which dates and periods, and a stopwatch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame

from rfm_spark.dates import DayRange, Every

AS_OF = date(2025, 6, 30)
DAYS = 760
PERIODS = {"month": 30, "quarter": 90, "half_year": 182, "year": 365}


def last_dates(count: int, every: str) -> list[date]:
    """Return the last so many dates of a calendar up to the last day of the data.

    >>> [str(day) for day in last_dates(3, "quarter")]
    ['2024-12-31', '2025-03-31', '2025-06-30']
    """
    found = DayRange(AS_OF - timedelta(days=DAYS), AS_OF).steps(Every(every))[-count:]
    if len(found) < count:
        raise SystemExit(f"--dates {count}: the data of {DAYS} days have {len(found)} ends of a {every}")
    return found


@dataclass(frozen=True)
class Place:
    """Where the benchmark keeps its tables, and where a contender puts its rows."""

    folder: Path

    @property
    def warehouse(self) -> str:
        """Return the warehouse of member_day."""
        return str(self.folder / "warehouse")

    @property
    def facts(self) -> str:
        """Return the Parquet files of member_day."""
        return f"{self.warehouse}/member_day/**/*.parquet"

    def scores(self, contender: str) -> Path:
        """Return the folder or file of a contender's scores."""
        return self.folder / contender

    def files(self, contender: str) -> str:
        """Return the Parquet files of a contender's scores."""
        folder = self.scores(contender)
        is_delta = (folder / "rfm_score").is_dir()
        return str(folder / "rfm_score" / "**" / "*.parquet" if is_delta else folder / "*.parquet")


class Stopwatch:
    """Seconds of work since it was made, in all and by stage."""

    def __init__(self) -> None:
        self.started = self.last = time.monotonic()
        self.seconds: dict[str, float] = {"work": 0.0}

    def mark(self, stage: str) -> None:
        """End a stage; one that comes again adds up."""
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.last
        self.seconds["work"] = now - self.started
        self.last = now

    def timed(self, stage: str, call: Callable[[DataFrame, str], DataFrame]) -> Callable[[DataFrame, str], DataFrame]:
        """Return the call, which ends a stage of this name."""

        def measured(frame: DataFrame, name: str) -> DataFrame:
            result = call(frame, name)
            self.mark(stage)
            return result

        return measured
