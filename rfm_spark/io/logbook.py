"""The rows of the run log, and what they say about dates, results and ingests: plain values, no Spark."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, count

from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION

DATE = "date"
"""The result that stands for a whole as-of date."""
OF_HISTORY = (SEGMENT_TRANSITION.name,)
"""Tables whose results follow from which dates there are: they tell nothing of how a date itself stands."""
FACTS = "facts"
"""The result that stands for the facts after an ingest; its other results are those of single sources."""


class Status(StrEnum):
    """What a row of the run log says; the order settles two rows of one instant."""

    FAILED = "failed"
    REPLACING = "replacing"
    INGESTED = "ingested"
    PUBLISHED = "published"
    REMOVED = "removed"


DECIDING = (Status.REPLACING, Status.PUBLISHED, Status.REMOVED)
"""A run that failed before it replaced anything leaves a published date as it was."""


def is_of_history(result: str) -> bool:
    """Return whether a result of a date is one of its history.

    >>> is_of_history("segment_transition/rfm_tier"), is_of_history("member_segment/rfm_tier")
    (True, False)
    """
    return result.partition("/")[0] in OF_HISTORY


@dataclass(frozen=True)
class LogRow:
    """One row of run_log, field by field of its contract."""

    run_id: str
    job: str
    result: str
    status: Status
    config_hash: str
    computed_at: datetime
    as_of_date: date | None = None
    definition_hash: str | None = None
    ingest_no: int | None = None
    previous_run_id: str | None = None
    previous_as_of_date: date | None = None
    segment_run_id: str | None = None
    row_count: int | None = None
    read_count: int | None = None
    accepted_count: int | None = None
    excluded_count: int | None = None
    rejected_count: int | None = None
    outside_count: int | None = None
    net_amount: Decimal | None = None
    seconds: float | None = None
    table_versions: Mapping[str, int] | None = None
    reason: str | None = None
    message: str | None = None

    @property
    def place(self) -> tuple[datetime, int]:
        """Return what puts rows in order of time."""
        return self.computed_at, list(Status).index(self.status)


def latest_by_result(rows: Iterable[LogRow]) -> dict[str, LogRow]:
    """Return the last row of each result."""
    found: dict[str, LogRow] = {}
    for row in rows:
        before = found.get(row.result)
        if before is None or row.place >= before.place:
            found[row.result] = row
    return found


class LogBook:
    """All rows of the run log, in order of time within each as-of date."""

    def __init__(self, rows: Iterable[LogRow] = ()) -> None:
        self._by_date: dict[date | None, list[LogRow]] = {}
        self._states: dict[date | None, dict[str, LogRow]] = {}
        self.add(rows)

    def add(self, rows: Iterable[LogRow]) -> None:
        """Add rows that were written since."""
        touched = set()
        for row in rows:
            self._by_date.setdefault(row.as_of_date, []).append(row)
            touched.add(row.as_of_date)
        for day in touched:
            self._by_date[day].sort(key=lambda row: row.place)
            self._states.pop(day, None)

    def with_rows(self, rows: Iterable[LogRow]) -> "LogBook":
        """Return another book, as this one would be with these rows added."""
        return LogBook([*(row for of_date in self._by_date.values() for row in of_date), *rows])

    def free_run_id(self, wanted: str) -> str:
        """Return the id, with a number behind it where a run has it already: history tells runs apart by their ids.

        >>> LogBook().free_run_id("nightly-7")
        'nightly-7'
        """
        taken = {row.run_id for of_date in self._by_date.values() for row in of_date}
        numbered = (f"{wanted}-{number}" for number in count(2))
        return next(name for name in chain([wanted], numbered) if name not in taken)

    def rows(self, as_of: date | None = None) -> list[LogRow]:
        """Return the rows about one as-of date, or about what has no date: ingests and whole sets."""
        return list(self._by_date.get(as_of, ()))

    def dates(self) -> list[date]:
        """Return every as-of date that the log knows, in order."""
        return sorted(day for day in self._by_date if day is not None)

    def state(self, as_of: date | None) -> Mapping[str, LogRow]:
        """Return the row that decides about each result of a date: its last one that replaced or published it.

        A result that was removed since, with its date or because it is no longer wanted, is not there.
        """
        if as_of not in self._states:
            found = latest_by_result(row for row in self.rows(as_of) if row.status in DECIDING)
            self._states[as_of] = {name: row for name, row in found.items() if row.status is not Status.REMOVED}
        return self._states[as_of]

    def last_unended(self, as_of: date | None) -> LogRow | None:
        """Return the last marker of a run that began to replace the date and never told what it made.

        A run tells all of its results at once, when it is done: what it did not tell of, it left as it was.
        """
        rows = self.rows(as_of)
        told = [row for row in rows if row.result != DATE and not is_of_history(row.result)]

        def has_ended(marker: LogRow) -> bool:
            return any(row.run_id == marker.run_id and row.place > marker.place for row in told)

        begun = [row for row in rows if row.result == DATE and row.status is Status.REPLACING]
        return next((row for row in reversed(begun) if not has_ended(row)), None)

    def markers(self) -> dict[date, LogRow]:
        """Return for each as-of date the marker that decides whether it exists for readers."""
        return {day: marker for day in self.dates() if (marker := self.state(day).get(DATE)) is not None}

    def published_dates(self) -> list[date]:
        """Return the dates that exist for readers, in order."""
        return [day for day, row in self.markers().items() if row.status is Status.PUBLISHED]

    def unfinished_dates(self) -> dict[date, LogRow]:
        """Return the dates whose replacement began and did not end."""
        return {day: row for day, row in self.markers().items() if row.status is Status.REPLACING}

    def failed_dates(self) -> dict[date, LogRow]:
        """Return the dates whose last run failed, with what it told; some of them may still be published."""
        last = {day: row for day in self.dates() for row in self.rows(day) if row.result == DATE}
        return {day: row for day, row in last.items() if row.status is Status.FAILED}

    def ingested(self) -> dict[str, LogRow]:
        """Return the last row of an ingest that ended well, of the facts and of every source."""
        return latest_by_result(row for row in self.rows(None) if row.status is Status.INGESTED)

    def last_ingest(self) -> LogRow | None:
        """Return the last ingest that ended well."""
        return self.ingested().get(FACTS)

    def highest_ingest_no(self) -> int:
        """Return the highest number of an ingest that ended well, 0 before the first."""
        return max((row.ingest_no or 0 for row in self.rows(None)), default=0)
