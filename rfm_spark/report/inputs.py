"""What the report is handed: how to read a table, and what only the run log knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from pyspark.sql import DataFrame

from rfm_spark.contracts.frame import Table

Read: TypeAlias = Callable[[Table], DataFrame]
"""Returns the rows of a table."""
TrackedDates: TypeAlias = Mapping[str, Sequence[date]]
"""The tracked dates that history holds of each segment set, in order."""


@dataclass(frozen=True)
class LastIngest:
    """The last ingest that changed a source, with its counts of lines."""

    source: str
    run_id: str
    ingested_at: datetime
    read: int
    accepted: int
    excluded: int
    rejected: int
    outside: int
