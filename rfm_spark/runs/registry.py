"""The declaration of dated results: what an as-of date consists of, said once and read by everything else.

Plan, staleness, run, backfill, drop, doctor, the docs and the tests iterate over a `Registry`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame

from rfm_spark.config.model import Config
from rfm_spark.contracts.columns import Column
from rfm_spark.contracts.frame import Table
from rfm_spark.errors import RfmSparkError
from rfm_spark.runs.log_book import LogBook

AT = " at "
"""What separates a result from the other date whose boundaries are meant."""


@dataclass(frozen=True)
class Workspace:
    """What a computation may use: tables to read, a place to stage, and how much it may handle at once."""

    read: Callable[[Table], DataFrame]
    stage: Callable[..., DataFrame]
    run_id: str
    files: int
    dates_at_once: int
    has_ranged_ids: bool


@dataclass(frozen=True)
class Result:
    """One result of every date: its name in run_log, the stage that makes it, and the hash of what defines it."""

    name: str
    stage: str
    part: str
    definition_hash: str
    declared: "DatedResult" = field(repr=False, compare=False)


@dataclass(frozen=True)
class Pass:
    """What a stage is asked for: these results of these dates, in one pass over the facts.

    `totals_before`: members and net amount of a result at the last published date before another, None without one.
    """

    space: Workspace
    config: Config
    dates: tuple[date, ...]
    results: tuple[Result, ...]
    totals_before: Callable[[str, date], "tuple[date, Count] | None"]
    stops_on_breach: bool

    @property
    def parts(self) -> list[str]:
        """Return the windows or segment sets that are asked for."""
        return [result.part for result in self.results]


@dataclass(frozen=True)
class Output:
    """Rows to put in place of those of the dates, or of those of their `parts`.

    `is_sorted`: partitions are in the order of the files already, and each is read whole (`one_task_per_file`).
    """

    table: Table
    frame: DataFrame
    parts: Mapping[Column, Sequence[str]] = field(default_factory=dict)
    is_sorted: bool = False


@dataclass(frozen=True)
class Count:
    """How many rows a result has at a date, and the net amount of a window."""

    rows: int
    net_amount: Decimal | None = None


@dataclass(frozen=True)
class Made:
    """What a stage made: the outputs in the order in which they are written, and the counts by date and result name.

    `refused` dates broke a check and are in no output; `notes` are for the person who started the run.
    """

    outputs: tuple[Output, ...]
    counts: Mapping[tuple[date, str], Count]
    refused: Mapping[date, RfmSparkError] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Beside:
    """A table whose rows summarise those of a result: member_count adds up to the result's rows.

    `of`: the table of that result; `only`: a value of one column whose rows count, where others repeat the members.
    """

    table: Table
    of: Table
    part: Column | None = None
    only: tuple[Column, str] | None = None


def no_names(_: Config, __: str) -> Sequence[str]:
    """Return nothing: the result reads no other result."""
    return ()


def no_dates(_: Config, __: str) -> Sequence[date]:
    """Return nothing: the result takes boundaries of no other date."""
    return ()


@dataclass(frozen=True)
class DatedResult:
    """One kind of result that every as-of date has.

    `stage`: its place in the order of the registry, and the verb that makes it alone where there is one.
    `part`: the column that tells windows or segment sets apart; `parts`: their names under a configuration, `("",)` for
    a result without parts, none where the configuration asks for nothing.
    `definition`, `keys`: the hash of what decides a part, and the roots of the configuration keys behind it.
    `facts`, `first_day`: the fact tables that a part rests on, and the first day that it reads at a date (None = all).
    `reads`: names of earlier results of the same date; `frozen`: dates whose boundaries a part takes.
    `make`: the function of the stage. `beside`: tables written with it.
    """

    stage: str
    table: Table
    part: Column | None
    parts: Callable[[Config], Sequence[str]]
    definition: Callable[[Config, str], str]
    keys: Callable[[Config, str], Sequence[str]]
    facts: Callable[[Config, str], Sequence[Table]]
    first_day: Callable[[Config, str, date], date | None]
    make: Callable[[Pass], Made]
    reads: Callable[[Config, str], Sequence[str]] = no_names
    frozen: Callable[[Config, str], Sequence[date]] = no_dates
    beside: tuple[Beside, ...] = ()

    def inputs(self, config: Config, part: str, as_of: date, book: LogBook) -> dict[str, str]:
        """Return the run ids of what a part of a date reads, as the log has them now."""
        rows = book.state(as_of)
        read = {name: rows[name].run_id for name in self.reads(config, part) if name in rows}
        name = result_name(self.table, part)
        taken = {day: boundary_run(book, name, day) for day in self.frozen(config, part)}
        return read | {frozen_input(name, day): run for day, run in taken.items() if run is not None}


def result_name(table: Table, part: str = "") -> str:
    """Return the name of a result in run_log.

    >>> from rfm_spark.contracts.tables import MEMBER_PROFILE, RFM_SCORE
    >>> result_name(RFM_SCORE, "year"), result_name(MEMBER_PROFILE)
    ('rfm_score/year', 'member_profile')
    """
    return f"{table.name}/{part}" if part else table.name


def frozen_input(name: str, day: date) -> str:
    """Return the name under which a stamp keeps the boundaries of another date.

    >>> frozen_input("rfm_score/year", date(2024, 1, 31))
    'rfm_score/year at 2024-01-31'
    """
    return f"{name}{AT}{day}"


def boundary_run(book: LogBook, name: str, day: date) -> str | None:
    """Return the run that found the boundaries that a date has; None where the date holds none.

    A date that was scored again with the boundaries that it took has those of the first run still.
    """
    row = book.state(day).get(name)
    return None if row is None else row.stamp.inputs.get(frozen_input(name, day), row.run_id)


class Registry:
    """The kinds of results of a date, in the order in which their stages run."""

    def __init__(self, declared: Iterable[DatedResult] = ()) -> None:
        self.declared = list(declared)

    def results(self, config: Config) -> list[Result]:
        """Return every result of a date under this configuration, in the order of the stages."""
        return [
            Result(result_name(one.table, part), one.stage, part, one.definition(config, part), one)
            for one in self.declared
            for part in one.parts(config)
        ]

    @property
    def stages(self) -> list[str]:
        """Return the names of the stages, in order."""
        return list(dict.fromkeys(one.stage for one in self.declared))

    @property
    def tables(self) -> list[Table]:
        """Return every table of a computed date."""
        tables = [table for one in self.declared for table in (one.table, *(beside.table for beside in one.beside))]
        return list({table.name: table for table in tables}.values())
