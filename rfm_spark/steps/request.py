"""What a command was asked to do and what came of it: plain values, no Spark."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from rfm_spark.dates import DayRange, Every
from rfm_spark.errors import ExitCode, RfmSparkError, UsageError

RESULT_SCHEMA_VERSION = 1


class Reprocess(StrEnum):
    """Which dates that are already there are computed again."""

    NONE = "none"
    FAILED = "failed"
    STALE = "stale"
    ALL = "all"


class Order(StrEnum):
    """Which as-of dates of a backfill come first."""

    OLDEST = "oldest"
    NEWEST = "newest"


class Status(StrEnum):
    """What became of a date, a source or a whole command."""

    PUBLISHED = "published"
    REMOVED = "removed"
    INGESTED = "ingested"
    INCOMPLETE = "incomplete"
    NOTHING_TO_DO = "nothing_to_do"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Request:
    """One command line, read."""

    verb: str
    configurations: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    as_of: date | None = None
    today: date | None = None
    first_day: date | None = None
    last_day: date | None = None
    every: Every | None = None
    sources: tuple[str, ...] = ()
    segment_sets: tuple[str, ...] = ()
    init: bool = False
    ingest: bool = False
    reprocess: Reprocess = Reprocess.NONE
    order: Order = Order.OLDEST
    drop: date | None = None
    file: str | None = None
    member: str | None = field(default=None, repr=False)
    id_type: str | None = None
    out: str | None = None
    reason: str | None = None
    run_id: str = ""
    has_given_run_id: bool = False
    result_path: str | None = None
    log_format: str = "text"
    has_lines: bool = False
    verbose: bool = False

    def required_as_of(self) -> date:
        """Return the as-of date, or fail: no date is ever assumed."""
        if self.as_of is None:
            raise UsageError(self.verb, "no as-of date", "--as-of YYYY-MM-DD", "name the last day to include")
        return self.as_of

    def as_of_range(self) -> DayRange:
        """Return the as-of dates asked for: `--as-of` alone, or `--from` to `--to`."""
        if self.as_of is not None:
            return DayRange(self.as_of, self.as_of)
        if self.first_day is None or self.last_day is None:
            raise UsageError(self.verb, "no dates", "--as-of, or --from and --to", "name the as-of dates")
        return DayRange(self.first_day, self.last_day)


@dataclass(frozen=True)
class SourceOutcome:
    """Lines of one source in one ingest: read = accepted + excluded + rejected + outside.

    `missing`: for member, order_id and refunded_order_id, lines per word for nothing; `""` where there is not even one.
    `unknown_refunds`: accepted refunds that name an order without a sale line until their day.
    """

    source: str
    status: Status
    read: int = 0
    accepted: int = 0
    excluded: int = 0
    rejected: int = 0
    outside: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unknown_refunds: int = 0


@dataclass(frozen=True)
class DateOutcome:
    """What became of one as-of date: rows written per result, versions of the tables written."""

    as_of: date
    status: Status
    rows: Mapping[str, int] = field(default_factory=dict)
    table_versions: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""
    exit_code: ExitCode = ExitCode.DONE


@dataclass(frozen=True)
class Outcome:
    """What a command did. `lines` are for the person at the terminal, `message` is the last of them.

    `is_written`: the result file is written already.
    """

    status: Status
    message: str
    dates: tuple[DateOutcome, ...] = ()
    sources: tuple[SourceOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.DONE
    is_written: bool = False

    @classmethod
    def of_error(cls, error: RfmSparkError) -> "Outcome":
        """Return the outcome of a command that ended in this error."""
        return cls(Status.FAILED, error.sentence(), exit_code=error.exit_code)

    def with_failed_date(self, as_of: date | None) -> "Outcome":
        """Return the same outcome; a failure that tells of no date tells of the one that was asked for."""
        if self.exit_code is ExitCode.DONE or self.dates or as_of is None:
            return self
        failed = DateOutcome(as_of, Status.FAILED, message=self.message, exit_code=self.exit_code)
        return replace(self, dates=(failed,))

    def with_sources(self, sources: "tuple[SourceOutcome, ...]", lines: Sequence[str]) -> "Outcome":
        """Return the same outcome, with what was ingested before it and the lines that say so."""
        return replace(self, sources=sources, lines=(*lines, *self.lines))

    def with_notes(self, notes: Sequence[str]) -> "Outcome":
        """Return the same outcome, with what a person should know besides."""
        return replace(self, notes=(*self.notes, *notes))

    def as_json(self, request: Request, seconds: float) -> str:
        """Return the run result file; ids of members never stand in it."""
        body: dict[str, Any] = {
            "schema_version": RESULT_SCHEMA_VERSION,
            "run_id": request.run_id,
            "job": request.verb,
            "status": self.status,
            "exit_code": int(self.exit_code),
            "message": self.message,
            "seconds": round(seconds, 3),
            "dates": [{**asdict(outcome), "as_of": outcome.as_of.isoformat()} for outcome in self.dates],
            "sources": [asdict(outcome) for outcome in self.sources],
            "notes": list(self.notes),
        }
        if request.has_lines:
            body["lines"] = list(self.lines)
        return json.dumps(body, indent=2, ensure_ascii=False) + "\n"
