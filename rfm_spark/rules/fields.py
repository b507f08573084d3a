"""The fields that a segment rule may read, with the values that each can have."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rfm_spark.config.choices import Metric, Population
from rfm_spark.config.model import Config, SegmentSet, Window
from rfm_spark.dates import longest_span
from rfm_spark.rules.grammar import Field, FieldKind

COMPOSITE = "composite_score"
RECENCY_DAYS = "recency_days"
DAYS_SINCE_FIRST_ORDER = "days_since_first_order"
ORDER_COUNT = "order_count"
PURCHASE_DAYS = "purchase_days"
NET_AMOUNT = "net_amount"
AVERAGE_ORDER_AMOUNT = "average_order_amount"
PROMOTION_SHARE = "promotion_share"
REFUND_SHARE = "refund_share"
WHOLE_FIELDS = (RECENCY_DAYS, DAYS_SINCE_FIRST_ORDER, ORDER_COUNT, PURCHASE_DAYS)


@dataclass(frozen=True)
class Domain:
    """The numbers from `least` to `most`, both included (None = no bound), and NULL where `nullable`."""

    least: Decimal | None = None
    most: Decimal | None = None
    whole: bool = False
    nullable: bool = False


def segment_fields(config: Config, segment_set: SegmentSet) -> Mapping[str, Field]:
    """Return the fields by name: `field` for the set's window, `window.field` for every other window."""
    return {name: _field_of(config, segment_set, name) for name in segment_domains(config, segment_set)}


def segment_domains(config: Config, segment_set: SegmentSet) -> Mapping[str, Domain]:
    """Return the values of each field for the members that reach the rules; outside the field's window it is NULL."""
    window = config.windows[segment_set.window]
    sees_lapsed = rules_see_lapsed(config, segment_set)
    domains = {**_window_domains(window, nullable=sees_lapsed), **_life_domains(window, nullable=sees_lapsed)}
    for name, other in config.windows.items():
        if name != window.name:
            nullable = not (scores_everybody(other) or (covers(other, window) and not sees_lapsed))
            found = _window_domains(other, nullable)
            domains.update({f"{name}.{field}": domain for field, domain in found.items()})
    return domains


def rules_see_lapsed(config: Config, segment_set: SegmentSet) -> bool:
    """Return whether members outside the set's window reach its rules: such members exist and the set has no lapsed."""
    return segment_set.lapsed is None and not scores_everybody(config.windows[segment_set.window])


def scores_everybody(window: Window) -> bool:
    """Return whether the window scores every member with an order, however old."""
    return window.lifetime or window.population is Population.EVER


def covers(other: Window, window: Window) -> bool:
    """Return whether every member scored in `window` must be scored in `other` too.

    | other          | window                  | covers |
    |----------------|-------------------------|--------|
    | days: 365      | days: 90                | yes    |
    | days: 90       | days: 365               | no     |
    | lifetime       | any                     | yes    |
    | days: 365      | days: 90, ever          | no     |
    | months: 12     | days: 365               | no (365 days can be longer) |

    >>> year, quarter, life = Window("year", days=365), Window("quarter", days=90), Window("life", lifetime=True)
    >>> [covers(year, quarter), covers(quarter, year), covers(life, year)]
    [True, False, True]
    >>> [covers(year, Window("quarter", days=90, population=Population.EVER)), covers(Window("y", months=12), year)]
    [False, False]
    """
    if scores_everybody(other):
        return True
    if window.population is Population.EVER:
        return False
    (kind, length), (inner_kind, inner_length) = other.period, window.period
    return kind == inner_kind and length >= inner_length


def _field_of(config: Config, segment_set: SegmentSet, name: str) -> Field:
    window_name, dot, bare = name.rpartition(".")
    window = config.windows[window_name if dot else segment_set.window]
    for metric in Metric:
        if bare == metric.letter:
            return Field(FieldKind.SCORE, bins=window.scoring(metric).bins, whole=True)
    return Field(FieldKind.NUMBER, whole=bare in WHOLE_FIELDS)


def _window_domains(window: Window, nullable: bool) -> dict[str, Domain]:
    """Return the values of the fields in rfm_score; `nullable`: some members are outside the window and have NULL."""
    ever = window.population is Population.EVER
    least_orders = Decimal(0 if ever else 1)
    span = None if ever else longest_span(window.period)
    longest = None if span is None else Decimal(span - 1)
    domains = {
        metric.letter: Domain(Decimal(1), Decimal(window.scoring(metric).bins), whole=True, nullable=nullable)
        for metric in Metric
    }
    domains[COMPOSITE] = Domain(Decimal(0), Decimal(100), nullable=nullable)
    domains[RECENCY_DAYS] = Domain(Decimal(0), longest, whole=True, nullable=nullable)
    domains[ORDER_COUNT] = Domain(least_orders, None, whole=True, nullable=nullable)
    domains[NET_AMOUNT] = Domain(nullable=nullable)
    domains[AVERAGE_ORDER_AMOUNT] = Domain(nullable=nullable or ever)
    domains[PURCHASE_DAYS] = Domain(least_orders, None, whole=True, nullable=nullable)
    return domains


def _life_domains(window: Window, nullable: bool) -> dict[str, Domain]:
    """Return the values of the fields that only the set's own window has, or that count over the whole life."""
    ever = window.population is Population.EVER
    return {
        PROMOTION_SHARE: Domain(Decimal(0), Decimal(1), nullable=nullable or ever),
        REFUND_SHARE: Domain(Decimal(0), None, nullable=True),
        DAYS_SINCE_FIRST_ORDER: Domain(Decimal(0), None, whole=True),
    }
