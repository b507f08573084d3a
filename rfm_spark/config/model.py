"""The shape of the configuration: frozen dataclasses, one per section.

`load.py` fills them from YAML and checks every value on its own; what needs the rule grammar (`Rule.when`)
is parsed in `rules`, which lies above. A `where` is the `file:line` that an error about the value names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rfm_spark.config.choices import (
    Frequency,
    IdMethod,
    Method,
    Metric,
    Monetary,
    OnBreach,
    Population,
    Refunds,
    Ties,
    UnknownRefunds,
)
from rfm_spark.config.source import EMPTY, Rule, Secret, Source
from rfm_spark.dates import Every


@dataclass(frozen=True)
class Warehouse:
    """Where the tables are: a folder, or a catalog and schema. `files` per partition, a power of two; None = chosen."""

    path: str | None = None
    catalog: str | None = None
    schema: str | None = None
    staging_path: str | None = None
    files: int | None = None


@dataclass(frozen=True)
class Calendar:
    """The one calendar of all sources."""

    time_zone: str = "UTC"


@dataclass(frozen=True)
class Orders:
    """What an order and a refund are, and the limits of an amount."""

    refunds: Refunds = Refunds.ATTRIBUTE_TO_ORDER
    unknown_refunds: UnknownRefunds = UnknownRefunds.LOWER_DAY
    min_amount: str = "0"
    max_amount: str = "1000000000"
    currency: str | None = None


@dataclass(frozen=True)
class Identity:
    """How references become member ids. `overrides`: fingerprints (hex) of references that take their second id."""

    method: IdMethod = IdMethod.HASH
    key: Secret | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class TagClass:
    """A class of tags and the column of lines and events that holds its values."""

    name: str
    column: str


@dataclass(frozen=True)
class Tags:
    """The tag classes, and the event types that count (None = every type)."""

    classes: tuple[TagClass, ...] = ()
    event_types: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Preferences:
    """What `prefer` computes: the `top` values of each class in a window, by weighted shares of amount and events."""

    window: str = "year"
    top: int = 3
    amount_weight: str = "1"
    event_weight: str = "1"


@dataclass(frozen=True)
class Minimum:
    """What a window needs before its scores mean anything."""

    members: int = 100
    days_of_history: int = 90
    on_breach: OnBreach = OnBreach.WARN


@dataclass(frozen=True)
class MetricScoring:
    """How one metric of one window is scored. `thresholds` as text numbers, in the order written."""

    method: Method = Method.NTILE
    ties: Ties = Ties.TOGETHER
    bins: int = 5
    weight: str = "1"
    thresholds: tuple[str, ...] = ()
    frozen_from: date | None = None


@dataclass(frozen=True)
class Window:
    """A named scoring profile over a period that ends on the as-of date.

    Exactly one of `days`, `months` and `lifetime`. `half_life_days` makes F and M count orders and amounts
    weighted by age.
    """

    name: str
    days: int | None = None
    months: int | None = None
    lifetime: bool = False
    population: Population = Population.WINDOW
    frequency: Frequency = Frequency.ORDERS
    monetary: Monetary = Monetary.NET
    half_life_days: int | None = None
    recency_scoring: MetricScoring = MetricScoring()
    frequency_scoring: MetricScoring = MetricScoring()
    monetary_scoring: MetricScoring = MetricScoring()
    where: str = ""

    def scoring(self, metric: Metric) -> MetricScoring:
        """Return how the metric is scored."""
        return {
            Metric.RECENCY: self.recency_scoring,
            Metric.FREQUENCY: self.frequency_scoring,
            Metric.MONETARY: self.monetary_scoring,
        }[metric]

    @property
    def period(self) -> tuple[str, int]:
        """Return what decides the period; windows with equal periods share one aggregation."""
        if self.days is not None:
            return ("days", self.days)
        return ("months", self.months) if self.months is not None else ("lifetime", 0)


@dataclass(frozen=True)
class Scores:
    """Defaults of every window are already in the windows; here is what concerns a run as a whole."""

    main_window: str = "year"
    minimum: Minimum = Minimum()


@dataclass(frozen=True)
class SegmentRule:
    """One line of a segment set: the segment, and when a scored member is in it."""

    segment: str
    when: Rule


@dataclass(frozen=True)
class SegmentName:
    """What people read about a segment."""

    title: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    meaning: str = ""
    advice: str = ""
    channel: str = ""
    frequency: str = ""


@dataclass(frozen=True)
class SegmentSet:
    """An ordered rule list over one window, first match wins.

    `windows`: the set's window first, then those that its rules name (`quarter.f`).
    `otherwise`: scored members that no rule matches; `lapsed`: earlier orders, none in the window;
    `prospect`: no sale line by the date, but an event. None: no prospects in the set; without `lapsed` such members
    go through the rules, where the fields of the set's window are NULL; without `otherwise` the rules must be total.
    """

    name: str
    window: str
    rules: tuple[SegmentRule, ...]
    windows: tuple[str, ...] = ()
    otherwise: str | None = None
    lapsed: str | None = None
    prospect: str | None = None
    names: Mapping[str, SegmentName] = field(default_factory=lambda: EMPTY)
    title: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    where: str = ""

    @property
    def segments(self) -> tuple[str, ...]:
        """Return every name the set can give, in the order of the rules and then the three special ones."""
        named = [rule.segment for rule in self.rules]
        special = [name for name in (self.otherwise, self.lapsed, self.prospect) if name is not None]
        return tuple(dict.fromkeys(named + special))


@dataclass(frozen=True)
class History:
    """Which dates are tracked."""

    every: Every = Every.MONTH


@dataclass(frozen=True)
class Checks:
    """Above these a `run` stops with exit 3; None = not checked."""

    max_rejected_share: float | None = 0.05
    max_member_fall: float | None = 0.5
    max_amount_rise: float | None = 5.0


@dataclass(frozen=True)
class Config:
    """The whole configuration of a run. `windows` and `segment_sets` are all that are declared, active or not."""

    warehouse: Warehouse
    calendar: Calendar
    sources: Mapping[str, Source]
    orders: Orders
    identity: Identity
    tags: Tags
    windows: Mapping[str, Window]
    active_windows: tuple[str, ...]
    scores: Scores
    segment_sets: Mapping[str, SegmentSet]
    active_segment_sets: tuple[str, ...]
    history: History
    preferences: Preferences
    checks: Checks
    text: Mapping[str, Any]
    """The merged configuration as plain data, without secrets: what config_hash and run_config hold."""

    def computed_windows(self) -> tuple[Window, ...]:
        """Return the active windows and then those that an active segment set names, once each."""
        needed = [window for name in self.active_segment_sets for window in self.segment_sets[name].windows]
        return tuple(self.windows[name] for name in dict.fromkeys([*self.active_windows, *needed]))
