"""A source tried on its first lines: what they become, and what looks wrong. No reference of a member is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.errors import PySparkException
from pyspark.sql import Row, SparkSession

from rfm_spark.config.choices import Dataset, IdMethod
from rfm_spark.config.model import Config
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.advice import not_found_advice, two_days_advice
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.fates import FATE, LINE_DAY, LineCounts
from rfm_spark.ingest.files import FileSet
from rfm_spark.ingest.first_lines import POSITION
from rfm_spark.ingest.missing import missing_lines
from rfm_spark.ingest.nested import ELEMENT_POSITION
from rfm_spark.ingest.positions import lines_of_rows
from rfm_spark.ingest.raw_lines import FILE
from rfm_spark.ingest.read import open_source
from rfm_spark.ingest.reasons import Fate, RejectReason, reason_counts
from rfm_spark.ingest.suspicions import has, is_rejected_for, suspicions, values
from rfm_spark.rules.source_columns import uses_of_columns
from rfm_spark.session_settings import one_task_per_file
from rfm_spark.text import aligned, counted

HEADINGS = {LINE_DAY: "day", c.MEMBER_ID: "member", c.ORDER_ID: "order"}
LINES_OF_A_FILE = 1000
SHOWN_ROWS = 10
NUMBERED: tuple[str, ...] = (c.MEMBER_ID, c.ORDER_ID)
"""Shown by a number among the rows: an integer member id is the reference itself, and an order id may hold one."""
ROW_COLUMNS: tuple[str, ...] = (
    LINE_DAY,
    c.MEMBER_ID,
    c.KIND,
    c.ORDER_ID,
    c.AMOUNT,
    c.EVENT_TYPE,
    c.CATEGORY,
    c.BRAND,
    c.CHANNEL,
)


@dataclass(frozen=True)
class Trial:
    """The lines that were tried: what became of each, and of all; `columns` are those that the source delivers.

    `examples`: for each reason the file and line of a line that was rejected for it.
    """

    source: Source
    rows: Sequence[Row]
    counts: LineCounts
    config: Config
    columns: Sequence[str]
    examples: Mapping[RejectReason, str]

    @property
    def accepted(self) -> list[Row]:
        """Return the accepted lines."""
        return [row for row in self.rows if row[FATE] == Fate.ACCEPTED.value]

    @property
    def rejected(self) -> list[Row]:
        """Return the rejected lines."""
        return [row for row in self.rows if row[FATE] == Fate.REJECTED.value]


def try_source(spark: SparkSession, source: Source, config: Config, key: bytes | None, today: date) -> Trial:
    """Read the first lines of the first and the last file of a source; nothing is written."""
    with one_task_per_file(spark):
        opened = open_source(spark, source, config, Asked(today=today), key, LINES_OF_A_FILE)
        try:
            rows = opened.lines.collect()
        except (PySparkException, Py4JError) as error:
            raise translate_read_error(error, f"source {source.name}") from None
    examples = examples_of(spark, source, opened.files, rows)
    return Trial(source, rows, opened.counts(), config, opened.columns, examples)


def examples_of(
    spark: SparkSession, source: Source, files: FileSet | None, rows: Sequence[Row]
) -> dict[RejectReason, str]:
    """Return for each reason where its first line is: the file, and the line or row in it."""
    if files is None:
        return {}
    first = {
        reason: min(found, key=lambda row: (row[FILE], row[POSITION] or 0))
        for reason in RejectReason
        if (found := [row for row in rows if row[FATE] == Fate.REJECTED.value and is_rejected_for(row, reason)])
    }
    named = {row[FILE] for row in first.values()}
    lines = {file.name: lines_of_rows(spark, source, file) for file in files.files if file.name in named}
    return {reason: _place(row, lines[row[FILE]]) for reason, row in first.items()}


def _place(row: Row, lines: Sequence[int]) -> str:
    position = row[POSITION]
    if position is None:
        return str(row[FILE])
    return f"{row[FILE]}, " + (f"line {lines[position]}" if position < len(lines) else f"row {position + 1}")


def describe_trial(trial: Trial) -> list[str]:
    """Return what to tell of a trial, in lines."""
    return [
        *_counts(trial),
        *(f"  {reason.value}: the first is in {place}" for reason, place in sorted(trial.examples.items())),
        *_columns(trial),
        *_rows(trial),
        *(f"  look at this: {line}" for line in _advice(trial)),
    ]


def _advice(trial: Trial) -> Iterator[str]:
    source, counts = trial.source, trial.counts
    limit = trial.config.checks.max_rejected_share
    if limit is not None and counts.rejected_share > limit:
        share = f"{counts.rejected_share:.1%} of these lines are rejected"
        yield f"an ingest would stop: {share}, more than checks.max_rejected_share {limit:.1%}"
    if counts.reasons.get(RejectReason.BAD_MEMBER.value) and trial.config.identity.method is IdMethod.INTEGER:
        yield (
            "identity.method: integer takes whole numbers without zeros before them: cut the others out by a pattern, "
            "or write hash, which takes any reference"
        )
    yield from not_found_advice(source, counts)
    yield from two_days_advice(source, counts)
    yield from suspicions(source, trial.accepted, trial.rejected)


def _counts(trial: Trial) -> list[str]:
    counts, rows = trial.counts, trial.accepted
    reasons = reason_counts(counts.reasons)
    lines = [
        f"{trial.source.name}: {counted(counts.read, 'line')} tried = {counts.accepted:,} accepted + "
        f"{counts.excluded:,} excluded + {counts.rejected:,} rejected{f' ({reasons})' if reasons else ''}"
        f"{f' + {counts.outside:,} outside' if counts.outside else ''}",
        *(f"  {line}" for line in missing_lines(trial.source.name, counts.missing)),
    ]
    if rows:
        days, amounts = [row[LINE_DAY] for row in rows], values(rows, c.AMOUNT)
        about = f", amounts {min(amounts):,} to {max(amounts):,}" if amounts else ""
        lines.append(f"  days {min(days)} to {max(days)}{about}, {_members(trial)}")
    return lines


def _members(trial: Trial) -> str:
    if not trial.source.has_member:
        return "members of the orders that the lines name, where the ingest knows them"
    return counted(len({row[c.MEMBER_ID] for row in trial.accepted}), "member")


def _columns(trial: Trial) -> list[str]:
    """Return what became of every column, and how much of a field that is often empty."""
    uses = uses_of_columns(trial.source)
    rows = trial.accepted
    filled = {field: len(values(rows, field)) for field in trial.source.columns if has(rows, field)}
    partly = [f"{field} in {number:,} of {len(rows):,}" for field, number in filled.items() if number < len(rows)]
    in_parts = {name for name in trial.columns if any(one.startswith(f"{name}.") for one in uses)}
    unused = [name for name in trial.columns if name not in (*uses, *in_parts)]
    unused = [name for name in unused if not name.endswith(ELEMENT_POSITION)]
    return [
        "  reads " + ", ".join(f"{name} ({', '.join(used)})" for name, used in sorted(uses.items())),
        *([f"  leaves {', '.join(unused)}"] if unused else []),
        *([f"  filled: {', '.join(partly)} accepted lines"] if partly else []),
    ]


def _rows(trial: Trial) -> list[str]:
    rows = trial.accepted[:SHOWN_ROWS]
    unsaid = c.KIND if trial.source.dataset is Dataset.EVENTS else ""
    shown = [name for name in ROW_COLUMNS if name != unsaid and has(rows, name)]
    known: dict[str, dict[Any, str]] = {
        name: {value: str(number) for number, value in enumerate(dict.fromkeys(values(rows, name)), 1)}
        for name in NUMBERED
    }
    cells = [
        tuple("-" if row[name] is None else known.get(name, {}).get(row[name], str(row[name])) for name in shown)
        for row in rows
    ]
    return (
        [f"  {line}" for line in aligned([tuple(HEADINGS.get(name, name) for name in shown), *cells])] if rows else []
    )
