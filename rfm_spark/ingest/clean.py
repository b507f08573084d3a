"""Cleaning: one pass gives every line its fate, and a rejected one its reasons.

malformed -> rejected | excluded by a rule | outside the asked days | any reject reason -> rejected | accepted
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Observation, Window
from pyspark.sql import functions as F

from rfm_spark.config.build_sources import AMOUNT_FIELDS
from rfm_spark.config.choices import Dataset, Delivery, IdMethod, Otherwise
from rfm_spark.config.model import Config
from rfm_spark.config.source import Rule, Source
from rfm_spark.contracts import columns as c
from rfm_spark.errors import RfmSparkError
from rfm_spark.ingest.identity import (
    hashed_member_id,
    is_bad_reference,
    line_fingerprint,
)
from rfm_spark.ingest.mapping import HAS_TWO_DAYS, Fields
from rfm_spark.ingest.reasons import Fate, RejectReason
from rfm_spark.ingest.schema import instant_field
from rfm_spark.ingest.sources import CORRUPT, FILE, RAW
from rfm_spark.ingest.times import day_in
from rfm_spark.rules.compile import compile_rule
from rfm_spark.rules.grammar import parse_rule

FATE = "fate"
FAULTS = "faults"
LINE_DAY = "line_day"
IS_EXCLUDED = "is_excluded"
COPY_NO = "copy_no"
MEMBER, CURRENCY = "member", "currency"
LARGEST_AMOUNT = Decimal("99999999999999.9999")
"""The limit of DECIMAL(18,4)."""


@dataclass(frozen=True)
class Asked:
    """What an ingest asks of a source: days for `delivery: days` (None = no limit), and which day it is today.

    A line of a later day than `today` is a wrong date; None asks nothing of the kind.
    """

    first: date | None = None
    last: date | None = None
    today: date | None = None


@dataclass(frozen=True)
class LineCounts:
    """What became of the lines of one source: read = accepted + excluded + rejected + outside.

    `first_day` and `last_day` come from accepted and excluded lines alone: the wrong date of one rejected line would
    empty years. `two_days`: accepted lines whose time fits two formats that give two days.
    """

    read: int
    accepted: int
    excluded: int
    rejected: int
    outside: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    two_days: int = 0
    first_day: date | None = None
    last_day: date | None = None

    @property
    def rejected_share(self) -> float:
        """Return the share of rejected lines among accepted and rejected ones."""
        asked_for = self.accepted + self.rejected
        return self.rejected / asked_for if asked_for else 0.0


def clean_lines(
    raw: DataFrame, pads: DataFrame, source: Source, config: Config, fields: Fields, asked: Asked
) -> DataFrame:
    """One row per line of the source with its fate, the bits of its faults and its fields.

    `raw` comes from `sources.read_lines`, with look-ups joined; `pads` from `identity.key_frame`.
    """
    line_day = day_in(F.col(instant_field(source)), config.calendar.time_zone)
    lines = fields.add_to(raw).withColumn(LINE_DAY, line_day).withColumn(c.BATCH_ID, _batch_id(source))
    lines = _with_kind(lines, source, fields)
    if source.drop_duplicates:
        lines = _number_copies(lines, [F.col(c.BATCH_ID), F.sha2(raw_line(), 256)], [F.col(FILE)])
    lines = lines.withColumn(FAULTS, _faults(source, config, asked))
    lines = lines.withColumn(FATE, _fate(asked))
    if "event_id" in source.columns:
        lines = _reject_repeated_events(lines, source)
    return _with_ids(lines.crossJoin(F.broadcast(pads)), source, config)


def raw_line() -> Column:
    """Return the line as it was delivered, as one text; it is only hashed, never stored."""
    return F.coalesce(F.col(CORRUPT), F.to_json(RAW, {"ignoreNullFields": "false", "timeZone": "UTC"}))


def observe_fates(lines: DataFrame, observation: Observation) -> DataFrame:
    """Return the same lines; writing them fills the observation with their counts."""
    is_rejected = F.col(FATE) == Fate.REJECTED.value
    usable_day = F.when(F.col(FATE).isin(Fate.ACCEPTED.value, Fate.EXCLUDED.value), F.col(LINE_DAY))
    two_days = (F.col(FATE) == Fate.ACCEPTED.value) & F.col(HAS_TWO_DAYS)
    two_ways = [F.count_if(two_days).alias(HAS_TWO_DAYS)] if HAS_TWO_DAYS in lines.columns else []
    observed = lines.observe(
        observation,
        F.count(F.lit(1)).alias("read"),
        *(F.count_if(F.col(FATE) == fate.value).alias(fate.value) for fate in Fate),
        *(F.count_if(is_rejected & _has(reason)).alias(reason.value) for reason in RejectReason),
        F.min(usable_day).alias("first_day"),
        F.max(usable_day).alias("last_day"),
        *two_ways,
    )
    return observed.drop(HAS_TWO_DAYS)


def counts_of(observed: Mapping[str, object], where: str) -> LineCounts:
    """Return the counts of an observation; RfmSparkError when a line has no fate or several."""
    numbers = {name: value for name, value in observed.items() if isinstance(value, int)}
    fates = {fate.value: numbers[fate.value] for fate in Fate}
    if numbers["read"] != sum(fates.values()):
        expected = "read = accepted + excluded + rejected + outside"
        raise RfmSparkError(where, f"{numbers['read']} lines read, {fates}", expected, "report this")
    reasons = {reason.value: numbers[reason.value] for reason in RejectReason if numbers[reason.value]}
    first, last = observed["first_day"], observed["last_day"]
    return LineCounts(
        read=numbers["read"],
        **fates,
        reasons=reasons,
        two_days=numbers.get(HAS_TWO_DAYS, 0),
        first_day=first if isinstance(first, date) else None,
        last_day=last if isinstance(last, date) else None,
    )


def reason_names() -> Column:
    """Return the names of a line's reject reasons, sorted."""
    return F.array_compact(F.array(*(F.when(_has(reason), F.lit(reason.value)) for reason in sorted(RejectReason))))


def _has(reason: RejectReason) -> Column:
    return F.col(FAULTS).bitwiseAND(F.lit(reason.bit)) != 0


def _batch_id(source: Source) -> Column:
    return F.col(FILE) if source.delivery is Delivery.BATCHES else F.lit("")


def _with_kind(lines: DataFrame, source: Source, fields: Fields) -> DataFrame:
    """Add sale, refund or NULL, and whether the line is left out: exclude, refund, sale, otherwise."""

    def holds(rule: Rule | None) -> Column:
        if rule is None:
            return F.lit(False)
        return compile_rule(parse_rule(rule, None), lambda n: F.col(n) if n in source.columns else fields.raw(n))

    rules = source.rules
    rest = rules.otherwise.value if rules.otherwise in (Otherwise.SALE, Otherwise.REFUND) else None
    kind = F.when(holds(rules.refund), "refund").when(holds(rules.sale), "sale").otherwise(F.lit(rest).cast("string"))
    excluded = holds(rules.exclude)
    if rules.otherwise is Otherwise.EXCLUDE:
        excluded = excluded | F.col(c.KIND).isNull()
    return lines.withColumn(c.KIND, kind).withColumn(IS_EXCLUDED, excluded)


def _faults(source: Source, config: Config, asked: Asked) -> Column:
    """Return one bit per reason to reject the line."""
    bits = F.lit(0)
    for reason, condition in _conditions(source, config, asked).items():
        bits = bits + F.when(condition, reason.bit).otherwise(0)
    return F.when(F.col(CORRUPT).isNotNull(), RejectReason.MALFORMED_LINE.bit).otherwise(bits)


def _conditions(source: Source, config: Config, asked: Asked) -> dict[RejectReason, Column]:
    member = F.col(MEMBER)
    missing = F.coalesce(member.isNull() | member.isin([text.strip() for text in source.missing_members]), F.lit(True))
    conditions = {
        RejectReason.MISSING_MEMBER: missing,
        RejectReason.BAD_MEMBER: ~missing & is_bad_reference(member, config.identity),
        RejectReason.BAD_DATE: F.col(LINE_DAY).isNull(),
    }
    if asked.today is not None:
        conditions[RejectReason.FUTURE_DATE] = F.col(LINE_DAY) > F.lit(asked.today)
    if source.drop_duplicates:
        conditions[RejectReason.DUPLICATE] = F.col(COPY_NO) > 1
    if source.dataset is Dataset.EVENTS:
        return conditions | {RejectReason.MISSING_EVENT_TYPE: F.col("event_type").isNull()}
    return conditions | _amount_conditions(source, config)


def _amount_conditions(source: Source, config: Config) -> dict[RejectReason, Column]:
    amount, orders = F.col("amount"), config.orders
    largest = min(Decimal(orders.max_amount), LARGEST_AMOUNT)
    in_range = F.abs(amount).between(F.lit(Decimal(orders.min_amount)), F.lit(largest))
    is_negative_sale = (F.col(c.KIND) == "sale") & (amount < 0)
    conditions = {
        RejectReason.BAD_AMOUNT: amount.isNull() | is_negative_sale,
        RejectReason.AMOUNT_OUT_OF_RANGE: ~in_range,
        RejectReason.UNCLASSIFIED: F.col(c.KIND).isNull(),
    }
    if orders.currency is not None and CURRENCY in source.columns:
        same = F.upper(F.col(CURRENCY)) == orders.currency.upper()
        conditions[RejectReason.WRONG_CURRENCY] = ~F.coalesce(same, F.lit(False))
    return conditions


def _fate(asked: Asked) -> Column:
    day, outside = F.col(LINE_DAY), F.lit(False)
    if asked.first is not None:
        outside = outside | (day < F.lit(asked.first))
    if asked.last is not None:
        outside = outside | (day > F.lit(asked.last))
    return (
        F.when(F.col(CORRUPT).isNotNull(), Fate.REJECTED.value)
        .when(F.col(IS_EXCLUDED), Fate.EXCLUDED.value)
        .when(outside, Fate.OUTSIDE.value)
        .when(F.col(FAULTS) != 0, Fate.REJECTED.value)
        .otherwise(Fate.ACCEPTED.value)
    )


def _number_copies(lines: DataFrame, alike: list[Column], order: list[Column]) -> DataFrame:
    return lines.withColumn(COPY_NO, F.row_number().over(Window.partitionBy(*alike).orderBy(*order)))


def _reject_repeated_events(lines: DataFrame, source: Source) -> DataFrame:
    """Reject all accepted events of one event_id but the earliest; the other fields decide between equal times."""
    is_accepted = F.col(FATE) == Fate.ACCEPTED.value
    alike = [is_accepted, F.coalesce(F.col("event_id"), F.sha2(raw_line(), 256))]
    fields = [F.col(name) for name in sorted(source.columns) if name != "event_at"]
    numbered = _number_copies(lines.drop(COPY_NO), alike, [F.col("event_at"), F.col(c.BATCH_ID), *fields])
    repeated = is_accepted & F.col("event_id").isNotNull() & (F.col(COPY_NO) > 1)
    marked = numbered.withColumn("is_repeated", repeated)
    faults = F.when(F.col("is_repeated"), RejectReason.DUPLICATE.bit).otherwise(F.col(FAULTS))
    fate = F.when(F.col("is_repeated"), Fate.REJECTED.value).otherwise(F.col(FATE))
    return marked.withColumn(FAULTS, faults).withColumn(FATE, fate).drop("is_repeated")


def _with_ids(lines: DataFrame, source: Source, config: Config) -> DataFrame:
    """Give accepted lines their member_id and rejected ones their fingerprint; drop the raw line and the pads."""
    member_id = hashed_member_id(F.lit(source.id_type), F.col(MEMBER), config.identity)
    keyed = config.identity.key is not None or config.identity.method is IdMethod.HASH
    fingerprint = line_fingerprint(source.name, raw_line(), keyed)
    kept = [F.col(name) for name in source.columns if name not in (MEMBER, CURRENCY, "unit_price", *AMOUNT_FIELDS)]
    amounts = [F.abs(F.col(name)) if name == "amount" else F.col(name) for name in ("amount", "quantity")]
    present = [
        column.try_cast(c.AMOUNT_TYPE).alias(name)
        for name, column in zip(("amount", "quantity"), amounts, strict=True)
        if name in source.columns
    ]
    is_accepted, is_rejected = F.col(FATE) == Fate.ACCEPTED.value, F.col(FATE) == Fate.REJECTED.value
    two_ways = [HAS_TWO_DAYS] if HAS_TWO_DAYS in lines.columns else []
    return lines.select(
        FATE, FAULTS, LINE_DAY, FILE, c.BATCH_ID, c.KIND, *kept, *present, *two_ways,
        F.when(is_accepted, member_id).alias(c.MEMBER_ID),
        F.when(is_accepted, F.col(MEMBER)).alias(c.ID_VALUE),
        F.when(is_rejected, fingerprint).alias(c.ROW_FINGERPRINT),
    )  # fmt: skip
