"""The rows of run_log, and what they say about dates, results and ingests: plain values, no Spark."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, count

from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.runs.stamps import Stamp

DATE = "date"
"""The result that stands for a whole as-of date: how its last run ended."""
HISTORY = "history"
"""The result that stands for the tables of history: their versions when the last run left them."""
FACTS = "facts"
"""The result that stands for the facts after an ingest; its other results are those of single sources."""


class RowStatus(StrEnum):
    """What a row of run_log says; the order settles two rows of one instant."""

    FAILED = "failed"
    INGESTED = "ingested"
    PUBLISHED = "published"
    REMOVED = "removed"


DECIDING = (RowStatus.PUBLISHED, RowStatus.REMOVED)
"""A run that failed leaves the last result that a run made."""


def is_of_history(result: str) -> bool:
    """Return whether a result of a date belongs to its history.

    >>> is_of_history("segment_transition/rfm_tier"), is_of_history("member_segment/rfm_tier")
    (True, False)
    """
    return result.partition("/")[0] == SEGMENT_TRANSITION.name


@dataclass(frozen=True)
class LogRow:
    """One row of run_log, field by field of its contract."""

    run_id: str
    job: str
    result: str
    status: RowStatus
    config_hash: str
    computed_at: datetime
    as_of_date: date | None = None
    definition_hash: str | None = None
    ingest_no: int | None = None
    inputs: Mapping[str, str] | None = None
    previous_run_id: str | None = None
    previous_as_of_date: date | None = None
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
    def order(self) -> tuple[datetime, int]:
        """Return what puts rows in order of time."""
        return self.computed_at, list(RowStatus).index(self.status)

    @property
    def stamp(self) -> Stamp:
        """Return what the result was made from."""
        return Stamp(self.definition_hash, self.ingest_no, self.inputs or {})


def latest_by_result(rows: Iterable[LogRow]) -> dict[str, LogRow]:
    """Return the last row of each result."""
    found: dict[str, LogRow] = {}
    for row in rows:
        before = found.get(row.result)
        if before is None or row.order >= before.order:
            found[row.result] = row
    return found


class LogBook:
    """All rows of run_log, in order of time within each as-of date."""

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
            self._by_date[day].sort(key=lambda row: row.order)
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
        """Return the rows about one as-of date, or about what has no date: ingests and the tables of history."""
        return list(self._by_date.get(as_of, ()))

    def dates(self) -> list[date]:
        """Return every as-of date that the log knows, in order."""
        return sorted(day for day in self._by_date if day is not None)

    def state(self, as_of: date | None) -> Mapping[str, LogRow]:
        """Return the row that decides about each result of a date: the last one that a run made.

        A result that was removed since, with its date or because nobody wants it any more, is not there.
        """
        if as_of not in self._states:
            found = latest_by_result(row for row in self.rows(as_of) if row.status in DECIDING)
            self._states[as_of] = {name: row for name, row in found.items() if row.status is not RowStatus.REMOVED}
        return self._states[as_of]

    def results(self, as_of: date) -> dict[str, LogRow]:
        """Return the rows of the results that a date holds; history is not among them."""
        return {name: row for name, row in self.state(as_of).items() if name != DATE and not is_of_history(name)}

    def computed_dates(self) -> list[date]:
        """Return the dates that hold some result, in order."""
        return [day for day in self.dates() if self.results(day)]

    def failed_dates(self) -> dict[date, LogRow]:
        """Return the dates whose last run failed, with its row; some of them may still be published."""
        last = {day: row for day in self.dates() for row in self.rows(day) if row.result == DATE}
        return {day: row for day, row in last.items() if row.status is RowStatus.FAILED}

    def ingested(self) -> dict[str, LogRow]:
        """Return the last row of an ingest that ended well, of the facts and of every source."""
        return latest_by_result(row for row in self.rows(None) if row.status is RowStatus.INGESTED)

    def last_ingest(self) -> LogRow | None:
        """Return the last ingest that ended well."""
        return self.ingested().get(FACTS)

    def highest_ingest_no(self) -> int:
        """Return the highest number of an ingest that ended well, 0 before the first."""
        return max((row.ingest_no or 0 for row in self.rows(None)), default=0)
