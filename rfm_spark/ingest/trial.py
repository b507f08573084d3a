"""A source tried on its first lines: what they become, and what looks wrong. No reference of a member is told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.errors import PySparkException
from pyspark.sql import Row, SparkSession

from rfm_spark.config.choices import Dataset
from rfm_spark.config.model import Config
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.advice import two_days_advice
from rfm_spark.ingest.clean import FATE, LINE_DAY, Asked, LineCounts
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.read import open_source
from rfm_spark.ingest.reasons import Fate, reason_counts
from rfm_spark.rules.source_columns import needed_columns
from rfm_spark.text import aligned, counted, percent

HEADINGS = {LINE_DAY: "day", c.MEMBER_ID: "member", c.ORDER_ID: "order"}
LINES_OF_A_FILE = 1000
SHOWN_ROWS = 10
FIRST_LIKELY_DAY = date(1990, 1, 1)
LEAST_LINES = 100
"""With fewer lines one member with a large share of them is nothing to speak of."""
LARGEST_SHARE = 0.05
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
    """The lines that were tried: what became of each, and of all; `columns` are those that the source delivers."""

    source: Source
    rows: Sequence[Row]
    counts: LineCounts
    columns: Sequence[str]

    @property
    def accepted(self) -> list[Row]:
        """Return the accepted lines."""
        return [row for row in self.rows if row[FATE] == Fate.ACCEPTED.value]


def try_source(spark: SparkSession, source: Source, config: Config, key: bytes | None, today: date) -> Trial:
    """Read the first lines of the first and the last file of a source; nothing is written."""
    opened = open_source(spark, source, config, Asked(today=today), key, LINES_OF_A_FILE)
    try:
        rows = opened.lines.collect()
    except (PySparkException, Py4JError) as error:
        raise translate_read_error(error, f"source {source.name}") from None
    return Trial(source, rows, opened.counts(), opened.columns)


def describe_trial(trial: Trial) -> list[str]:
    """Return what to tell of a trial, in lines."""
    return [
        *_counts(trial),
        *_columns(trial),
        *_rows(trial),
        *(f"  look at this: {line}" for line in suspicions(trial)),
    ]


def suspicions(trial: Trial) -> Iterator[str]:
    """Yield what is right by the rules and likely wrong all the same."""
    rows = trial.accepted
    days, amounts = [row[LINE_DAY] for row in rows], _values(rows, c.AMOUNT)
    members = Counter(row[c.MEMBER_ID] for row in rows)
    if days and min(days) < FIRST_LIKELY_DAY:
        yield f"a line is of {min(days)}: is that the format of the day?"
    if len(amounts) > 1 and len(set(amounts)) == 1:
        yield f"all {len(amounts)} amounts are equal"
    yield from two_days_advice(trial.source, trial.counts)
    amount = trial.source.columns.get("amount")
    if amount is not None and amount.pattern is not None:
        yield "a pattern cuts the amounts: `number` reads them whole, and rejects what it cannot read"
    orders = {(row[c.MEMBER_ID], row[c.ORDER_ID]) for row in rows} if _has(rows, c.ORDER_ID) else set()
    if len(orders) == len(members) > 1 and len(rows) > len(members):
        yield "every member has one order: is order_id the column of the order?"
    if len(rows) >= LEAST_LINES and max(members.values()) > LARGEST_SHARE * len(rows):
        share = percent(Fraction(max(members.values()), len(rows)))
        yield f"one member has {share} of the lines: is its reference a word for nobody?"
    alike = Counter(_plain(reference) for reference in {row[c.ID_VALUE] for row in rows})
    pairs = sum(number > 1 for number in alike.values())
    if pairs:
        yield f"{counted(pairs, 'reference')} differ from another in capitals, blanks or a trailing .0 alone"


def _counts(trial: Trial) -> list[str]:
    counts, rows = trial.counts, trial.accepted
    reasons = reason_counts(counts.reasons)
    lines = [
        f"{trial.source.name}: {counted(counts.read, 'line')} tried = {counts.accepted:,} accepted + "
        f"{counts.excluded:,} excluded + {counts.rejected:,} rejected{f' ({reasons})' if reasons else ''}"
    ]
    if rows:
        days, amounts = [row[LINE_DAY] for row in rows], _values(rows, c.AMOUNT)
        about = f", amounts {min(amounts):,} to {max(amounts):,}" if amounts else ""
        lines.append(
            f"  days {min(days)} to {max(days)}{about}, {counted(len({r[c.MEMBER_ID] for r in rows}), 'member')}"
        )
    return lines


def _columns(trial: Trial) -> list[str]:
    used = needed_columns(trial.source)
    unused = [name for name in trial.columns if name not in used]
    lines = [f"  reads {', '.join(used)}"]
    return [*lines, f"  leaves {', '.join(unused)}"] if unused else lines


def _rows(trial: Trial) -> list[str]:
    rows = trial.accepted[:SHOWN_ROWS]
    unsaid = c.KIND if trial.source.dataset is Dataset.EVENTS else ""
    shown = [name for name in ROW_COLUMNS if name != unsaid and _has(rows, name)]
    known: dict[str, dict[Any, str]] = {
        name: {value: str(number) for number, value in enumerate(dict.fromkeys(_values(rows, name)), 1)}
        for name in NUMBERED
    }
    cells = [
        tuple("-" if row[name] is None else known.get(name, {}).get(row[name], str(row[name])) for name in shown)
        for row in rows
    ]
    return (
        [f"  {line}" for line in aligned([tuple(HEADINGS.get(name, name) for name in shown), *cells])] if rows else []
    )


def _has(rows: Sequence[Row], name: str) -> bool:
    return bool(rows) and name in rows[0]


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None] if _has(rows, name) else []


def _plain(reference: str) -> str:
    return reference.strip().casefold().removesuffix(".0")
