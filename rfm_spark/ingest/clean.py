"""Cleaning: one pass gives every line its fate, and a rejected one its reasons.

malformed -> rejected | excluded by a rule | outside the asked days | any reject reason -> rejected | accepted
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.config.build_sources import AMOUNT_FIELDS
from rfm_spark.config.choices import Dataset, Delivery, IdMethod, Kind, Otherwise
from rfm_spark.config.model import Config
from rfm_spark.config.source import KEY_FIELD, VERSION_FIELD, AlsoLine, Rule, Source
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.batches import batch_column
from rfm_spark.ingest.fates import DOUBTS, FATE, FAULTS, LINE_DAY, has_reason
from rfm_spark.ingest.first_lines import OF_A_TRIAL
from rfm_spark.ingest.identity import (
    hashed_member_id,
    is_bad_reference,
    line_fingerprint,
)
from rfm_spark.ingest.lookups import NO_ROW
from rfm_spark.ingest.mapping import Fields, nobodies
from rfm_spark.ingest.missing import taken_words
from rfm_spark.ingest.order_names import asks_orders, named_order
from rfm_spark.ingest.raw_lines import CORRUPT, FILE, raw_line
from rfm_spark.ingest.reasons import Fate, RejectReason
from rfm_spark.ingest.schema import instant_field
from rfm_spark.ingest.times import day_in
from rfm_spark.ingest.versions import IS_SUPERSEDED
from rfm_spark.rules.compile import compile_rule
from rfm_spark.rules.grammar import parse_rule

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


def clean_lines(
    raw: DataFrame, pads: DataFrame, source: Source, config: Config, fields: Fields, asked: Asked
) -> DataFrame:
    """One row per line of the source with its fate, the bits of its faults and its fields.

    `raw` comes from `sources.read_lines`, with look-ups joined; `pads` from `identity.key_frame`. With
    `delivery: changes` its versions are marked.
    """
    if source.made is not None:
        raw = raw.where(_makes_line(source.made, fields))
    line_day = day_in(F.col(instant_field(source)), config.calendar.time_zone)
    lines = fields.add_to(raw).withColumn(LINE_DAY, line_day)
    if source.delivery is not Delivery.CHANGES:
        lines = lines.withColumn(c.BATCH_ID, batch_column(source, F.col(FILE)))
    lines = _with_kind(lines, source, fields)
    if source.made is not None:
        lines = lines.where(F.col("amount").isNull() | (F.col("amount") != 0))
    if source.drop_duplicates:
        lines = _number_copies(lines, [F.col(c.BATCH_ID), F.sha2(raw_line(), 256)], [F.col(FILE)])
    lines = lines.withColumn(FAULTS, _faults(source, config, asked))
    lines = lines.withColumn(FATE, _fate(asked, source))
    if "event_id" in source.columns:
        lines = _reject_repeated_events(lines, source)
    return _with_ids(lines.crossJoin(F.broadcast(pads)), source, config)


def _with_kind(lines: DataFrame, source: Source, fields: Fields) -> DataFrame:
    """Add sale, refund, discount or NULL, and whether the line is left out."""

    def holds(rule: Rule | None) -> Column:
        if rule is None:
            return F.lit(False)
        return compile_rule(parse_rule(rule, None), column)

    # What the line is decides, not what is made of it.
    own = Fields(replace(source, columns=source.made_from), fields.types, fields.zones)
    changed = source.made_from.keys() & (source.made.columns.keys() if source.made is not None else ())

    def column(name: str) -> Column:
        if name in changed:
            return own.field(name)
        return F.col(name) if name in source.columns else fields.raw(name)

    rules = source.rules
    rest = rules.otherwise.value if rules.otherwise.value in tuple(Kind) else None
    kinds = {Kind.REFUND: rules.refund, Kind.DISCOUNT: rules.discount, Kind.SALE: rules.sale}
    kind = F.coalesce(*(F.when(holds(rule), kind.value) for kind, rule in kinds.items()), F.lit(rest).cast("string"))
    excluded = holds(rules.exclude)
    if rules.otherwise is Otherwise.EXCLUDE:
        excluded = excluded | F.col(c.KIND).isNull()
    if source.made is not None:
        kind = F.when(kind.isNotNull(), F.lit(source.made.kind.value))
    return lines.withColumn(c.KIND, kind).withColumn(IS_EXCLUDED, excluded)


def _makes_line(made: AlsoLine, fields: Fields) -> Column:
    """Return whether a line makes one more line: its rule holds, and something is written in its amount."""
    is_written = fields.is_written("amount")
    return is_written if made.when is None else is_written & compile_rule(parse_rule(made.when, None), fields.resolve)


def _faults(source: Source, config: Config, asked: Asked) -> Column:
    """Return one bit per reason to reject the line."""
    bits = F.lit(0)
    for reason, condition in _conditions(source, config, asked).items():
        bits = bits + F.when(condition, reason.bit).otherwise(0)
    return F.when(F.col(CORRUPT).isNotNull(), RejectReason.MALFORMED_LINE.bit).otherwise(bits)


def _conditions(source: Source, config: Config, asked: Asked) -> dict[RejectReason, Column]:
    conditions = {RejectReason.BAD_DATE: F.col(LINE_DAY).isNull()}
    if source.has_member:
        member = F.col(MEMBER)
        missing = F.coalesce(member.isNull() | member.isin(*nobodies(source)), F.lit(True))
        conditions[RejectReason.MISSING_MEMBER] = missing
        conditions[RejectReason.BAD_MEMBER] = ~missing & is_bad_reference(member, config.identity)
    else:
        conditions[RejectReason.UNKNOWN_ORDER] = named_order(source.fields).isNull()
    if asked.today is not None:
        conditions[RejectReason.FUTURE_DATE] = F.col(LINE_DAY) > F.lit(asked.today)
    if source.delivery is Delivery.CHANGES:
        conditions[RejectReason.MISSING_KEY] = F.col(c.BATCH_ID).isNull()
        conditions[RejectReason.BAD_VERSION] = F.col(c.ORDER_VERSION).isNull()
    if source.drop_duplicates:
        conditions[RejectReason.DUPLICATE] = F.col(COPY_NO) > 1
    if source.dataset is Dataset.EVENTS:
        return conditions | {RejectReason.MISSING_EVENT_TYPE: F.col("event_type").isNull()}
    return conditions | _amount_conditions(source, config)


def _amount_conditions(source: Source, config: Config) -> dict[RejectReason, Column]:
    amount, orders = F.col("amount"), config.orders
    largest = min(Decimal(orders.max_amount), LARGEST_AMOUNT)
    in_range = F.abs(amount).between(F.lit(Decimal(orders.min_amount)), F.lit(largest))
    is_negative_sale = (F.col(c.KIND) == Kind.SALE.value) & (amount < 0)
    conditions = {
        RejectReason.BAD_AMOUNT: amount.isNull() | is_negative_sale,
        RejectReason.AMOUNT_OUT_OF_RANGE: ~in_range,
        RejectReason.UNCLASSIFIED: F.col(c.KIND).isNull(),
    }
    if orders.currency is not None and CURRENCY in source.columns:
        same = F.upper(F.col(CURRENCY)) == orders.currency.upper()
        conditions[RejectReason.WRONG_CURRENCY] = ~F.coalesce(same, F.lit(False))
    return conditions


def _fate(asked: Asked, source: Source) -> Column:
    day, outside = F.col(LINE_DAY), F.lit(False)
    if asked.first is not None:
        outside = outside | (day < F.lit(asked.first))
    if asked.last is not None:
        outside = outside | (day > F.lit(asked.last))
    is_superseded = F.col(IS_SUPERSEDED) if source.delivery is Delivery.CHANGES else F.lit(False)
    return (
        F.when(F.col(CORRUPT).isNotNull(), Fate.REJECTED.value)
        .when(is_superseded, Fate.OUTSIDE.value)
        .when(F.col(IS_EXCLUDED), Fate.EXCLUDED.value)
        .when(outside, Fate.OUTSIDE.value)
        .when(F.col(FAULTS) != 0, Fate.REJECTED.value)
        .otherwise(Fate.ACCEPTED.value)
    )


def _number_copies(lines: DataFrame, alike: list[Column], order: list[Column]) -> DataFrame:
    return lines.withColumn(COPY_NO, F.row_number().over(Window.partitionBy(*alike).orderBy(*order)))


def _reject_repeated_events(lines: DataFrame, source: Source) -> DataFrame:
    """Reject all accepted events of one event_id but the newest delivery.

    That is the one of the last batch in the order of names, in it the latest; the other fields decide between equal
    times.
    """
    is_accepted = F.col(FATE) == Fate.ACCEPTED.value
    alike = [is_accepted, F.coalesce(F.col("event_id"), F.sha2(raw_line(), 256))]
    fields = [F.desc(name) for name in sorted(source.columns) if name != "event_at"]
    numbered = _number_copies(lines.drop(COPY_NO), alike, [F.desc(c.BATCH_ID), F.desc("event_at"), *fields])
    repeated = is_accepted & F.col("event_id").isNotNull() & (F.col(COPY_NO) > 1)
    marked = numbered.withColumn("is_repeated", repeated)
    faults = F.when(F.col("is_repeated"), RejectReason.DUPLICATE.bit).otherwise(F.col(FAULTS))
    fate = F.when(F.col("is_repeated"), Fate.REJECTED.value).otherwise(F.col(FATE))
    return marked.withColumn(FAULTS, faults).withColumn(FATE, fate).drop("is_repeated")


def _with_ids(lines: DataFrame, source: Source, config: Config) -> DataFrame:
    """Give accepted lines their member_id and rejected ones their fingerprint; drop the raw line and the pads."""
    member = F.col(MEMBER) if source.has_member else F.lit(None).cast("string")
    member_id = hashed_member_id(F.lit(source.id_type), member, config.identity).cast(c.MEMBER_ID.type)
    keyed = config.identity.key is not None or config.identity.method is IdMethod.HASH
    fingerprint = line_fingerprint(source.name, raw_line(), keyed)
    not_kept = (MEMBER, CURRENCY, "unit_price", *AMOUNT_FIELDS, KEY_FIELD, VERSION_FIELD)
    kept = [F.col(name) for name in source.columns if name not in not_kept]
    if source.delivery is Delivery.CHANGES:
        kept.append(F.col(c.ORDER_VERSION))
    amounts = [F.abs(F.col(name)) if name == "amount" else F.col(name) for name in ("amount", "quantity")]
    present = [
        column.try_cast(c.AMOUNT_TYPE).alias(name)
        for name, column in zip(("amount", "quantity"), amounts, strict=True)
        if name in source.columns
    ]
    is_accepted, is_rejected = F.col(FATE) == Fate.ACCEPTED.value, F.col(FATE) == Fate.REJECTED.value
    without_row = [name for name in lines.columns if name.startswith(NO_ROW)]
    return lines.select(
        FATE, FAULTS, LINE_DAY, FILE, c.BATCH_ID, c.KIND, *kept, *present,
        *(name for name in DOUBTS if name in lines.columns),
        # A line that is made of another one has the key of that one.
        *(F.col(name) if source.made is None else F.lit(False).alias(name) for name in without_row),
        F.when(is_accepted, member_id).alias(c.MEMBER_ID),
        F.when(is_accepted, member).alias(c.ID_VALUE),
        F.when(is_rejected | F.lit(asks_orders(source, config)), fingerprint).alias(c.ROW_FINGERPRINT),
        *(F.col(name) for name in OF_A_TRIAL if name in lines.columns),
        *taken_words(lines, source, is_accepted, is_rejected & has_reason(RejectReason.MISSING_MEMBER)),
    )  # fmt: skip
