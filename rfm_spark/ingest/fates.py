"""What became of the lines of a source: their fates and reasons, counted while they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from rfm_spark.config.choices import Kind
from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.errors import RfmSparkError
from rfm_spark.ingest.lookups import NO_ROW
from rfm_spark.ingest.mapping import HAS_TWO_DAYS
from rfm_spark.ingest.missing import word_counts
from rfm_spark.ingest.reasons import Fate, RejectReason
from rfm_spark.ingest.versions import IN_SEVERAL_FILES
from rfm_spark.text import counted

FATE = "fate"
FAULTS = "faults"
LINE_DAY = "line_day"
NAMING_REFUNDS = "naming_refunds"
EPOCH = date(1970, 1, 1)
ASKED_FOR = (Fate.ACCEPTED.value, Fate.REJECTED.value)
DOUBTS = (HAS_TWO_DAYS, IN_SEVERAL_FILES)
"""Marks of lines that are counted, and told, and decide nothing."""


@dataclass(frozen=True)
class LineCounts:
    """What became of the lines of one source: read = accepted + excluded + rejected + outside.

    `missing`: the lines per word for nothing in each reference. `two_days`: accepted lines whose time fits two formats
    that give two days; `shared`: those of an order that came with one version in several files. `not_found`: lines,
    accepted or rejected, whose key a look-up does not have. `first_day` and
    `last_day` come from accepted and excluded lines alone: the wrong date of one rejected line would empty years.
    `naming_refunds`: accepted refunds that name an order.
    """

    read: int
    accepted: int
    excluded: int
    rejected: int
    outside: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    two_days: int = 0
    shared: int = 0
    not_found: Mapping[str, int] = field(default_factory=dict)
    first_day: date | None = None
    last_day: date | None = None
    naming_refunds: int = 0

    @property
    def rejected_share(self) -> float:
        """Return the share of rejected lines among accepted and rejected ones."""
        asked_for = self.accepted + self.rejected
        return self.rejected / asked_for if asked_for else 0.0


def observe_fates(lines: DataFrame, source: Source, observation: Observation) -> DataFrame:
    """Return the same lines; writing them fills the observation with their counts."""
    is_rejected = F.col(FATE) == Fate.REJECTED.value
    # As a number: Spark 4.0 gives a day of an observation as an object of the JVM.
    usable_day = F.when(F.col(FATE).isin(Fate.ACCEPTED.value, Fate.EXCLUDED.value), F.unix_date(LINE_DAY))
    marks = [name for name in lines.columns if name in DOUBTS or name.startswith(NO_ROW)]
    counted_in = {name: [Fate.ACCEPTED.value] if name in DOUBTS else [*ASKED_FOR] for name in marks}
    observed = lines.observe(
        observation,
        F.count(F.lit(1)).alias("read"),
        *(F.count_if(F.col(FATE) == fate.value).alias(fate.value) for fate in Fate),
        *(F.count_if(is_rejected & has_reason(reason)).alias(reason.value) for reason in RejectReason),
        *word_counts(source),
        F.min(usable_day).alias("first_day"),
        F.max(usable_day).alias("last_day"),
        F.count_if(_names_refunded_order(lines)).alias(NAMING_REFUNDS),
        *(F.count_if(F.col(FATE).isin(fates) & F.col(name)).alias(name) for name, fates in counted_in.items()),
    )
    return observed.drop(*marks)


def _names_refunded_order(lines: DataFrame) -> Column:
    if c.REFUNDED_ORDER_ID not in lines.columns:
        return F.lit(False)
    is_refund = (F.col(FATE) == Fate.ACCEPTED.value) & (F.col(c.KIND) == Kind.REFUND.value)
    return is_refund & F.col(c.REFUNDED_ORDER_ID).isNotNull()


def counts_of(observed: Mapping[str, object], where: str) -> LineCounts:
    """Return the counts of an observation; RfmSparkError when a line has no fate or several."""
    numbers = {name: value for name, value in observed.items() if isinstance(value, int)}
    fates = {fate.value: numbers[fate.value] for fate in Fate}
    if numbers["read"] != sum(fates.values()):
        expected = "read = accepted + excluded + rejected + outside"
        raise RfmSparkError(where, f"{counted(numbers['read'], 'line')} read, {fates}", expected, "report this")
    reasons = {reason.value: numbers[reason.value] for reason in RejectReason if numbers[reason.value]}
    return LineCounts(
        numbers["read"],
        numbers[Fate.ACCEPTED],
        numbers[Fate.EXCLUDED],
        numbers[Fate.REJECTED],
        numbers[Fate.OUTSIDE],
        reasons=reasons,
        two_days=numbers.get(HAS_TWO_DAYS, 0),
        shared=numbers.get(IN_SEVERAL_FILES, 0),
        not_found={name.removeprefix(NO_ROW): count for name, count in numbers.items() if name.startswith(NO_ROW)},
        first_day=_day(numbers.get("first_day")),
        last_day=_day(numbers.get("last_day")),
        naming_refunds=numbers[NAMING_REFUNDS],
    )


def _day(since_1970: int | None) -> date | None:
    return None if since_1970 is None else EPOCH + timedelta(days=since_1970)


def reason_names() -> Column:
    """Return the names of a line's reject reasons, sorted."""
    return F.array_compact(
        F.array(*(F.when(has_reason(reason), F.lit(reason.value)) for reason in sorted(RejectReason)))
    )


def has_reason(reason: RejectReason) -> Column:
    """Return whether a line was rejected for a reason."""
    return F.col(FAULTS).bitwiseAND(F.lit(reason.bit)) != 0
