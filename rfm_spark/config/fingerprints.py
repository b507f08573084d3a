"""What decides a result: hashes of the keys that change its numbers, and the basis in plain words.

No path, title or credential is in a definition, so moving a file or correcting a text makes no date stale.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rfm_spark.config.choices import (
    Dataset,
    Frequency,
    Method,
    Metric,
    Monetary,
    Population,
    Refunds,
    UnknownRefunds,
)
from rfm_spark.config.lookup_names import lookup_and_column
from rfm_spark.config.model import Config, MetricScoring, SegmentSet, Window
from rfm_spark.config.source import KEY_FIELD, VERSION_FIELD, VERSION_NUMBER, Rule, Source
from rfm_spark.text import counted, without_trailing_zeros

NOT_IN_A_SOURCE = ("paths", "table", "jdbc", "where", "duplicates", "empty_batches")
UNLESS_USED = ("explode",)
"""Keys that came later: a source without them keeps its hash."""


def config_hash(config: Config) -> str:
    """Return the hash of the whole merged configuration, for audit."""
    return _hash(config.text)


def order_facts_definition(config: Config) -> dict[str, Any]:
    """Return what decides member_day apart from the sources: what an order, a day, an amount and a member are."""
    identity = {"method": config.identity.method, "overrides": sorted(config.identity.overrides)}
    orders = config.orders
    return {
        "refunds": orders.refunds,
        "unknown_refunds": orders.unknown_refunds if orders.refunds is Refunds.ATTRIBUTE_TO_ORDER else None,
        "amounts": [_number(orders.min_amount), _number(orders.max_amount)],
        "currency": orders.currency,
        "time_zone": config.calendar.time_zone,
        "identity": identity,
    }


def facts_definition(config: Config) -> dict[str, Any]:
    """Return what decides member_day and member_tag_day apart from the sources."""
    return {**order_facts_definition(config), "tags": _plain(config.tags)}


def source_definition(config: Config, source: Source) -> dict[str, Any]:
    """Return what decides how lines become transactions or events: a change asks for a new ingest of the source.

    It is in no other definition, so that a source may join without making every date another definition.
    """
    of_facts = ("refunds", "unknown_refunds")
    of_orders = {key: value for key, value in order_facts_definition(config).items() if key not in of_facts}
    is_asked = config.orders.refunds is Refunds.ATTRIBUTE_TO_ORDER
    rejects = is_asked and config.orders.unknown_refunds is UnknownRefunds.REJECT
    return {"source": _source(source), "rejects_unknown_refunds": rejects, **of_orders}


def versions_definition(config: Config, source: Source) -> dict[str, Any]:
    """Return what names the orders of a source with `delivery: changes`, and what their versions are read by."""
    wanted = {KEY_FIELD, VERSION_FIELD} & source.columns.keys()
    while more := {name for field in wanted for name in source.columns[field].names()} & source.columns.keys() - wanted:
        wanted |= more
    columns = {field: _plain(mapping) for field, mapping in source.columns.items() if field in wanted}
    named = {
        name for field in wanted for name in (source.columns[field].origin, *source.columns[field].names()) if name
    }
    asks_lookups = any(lookup_and_column(name, source.lookups) is not None for name in named)
    is_number = VERSION_NUMBER in source.columns[VERSION_FIELD].formats
    return {
        "columns": columns,
        "time_zone": None if is_number else source.time_zone or config.calendar.time_zone,
        "lookups": _lookups(source) if asks_lookups else None,
    }


def window_definition(window: Window) -> dict[str, Any]:
    """Return what decides the values and scores of a window; its name does not."""
    return {
        "period": list(window.period),
        "population": window.population,
        "frequency": window.frequency,
        "monetary": window.monetary,
        "half_life_days": window.half_life_days,
        **{metric.letter: _scoring(window.scoring(metric)) for metric in Metric},
    }


def facts_hash(config: Config) -> str:
    """Return the definition_hash of the facts."""
    return _hash(facts_definition(config))


def source_hash(config: Config, source: Source) -> str:
    """Return the definition_hash of a source's rows."""
    return _hash(source_definition(config, source))


def versions_hash(config: Config, source: Source) -> str:
    """Return the definition_hash of the versions of a source's orders."""
    return _hash(versions_definition(config, source))


def window_hash(config: Config, window: Window) -> str:
    """Return the definition_hash of a window at a date; it includes the hash of the orders, not the tags."""
    return _hash([order_facts_definition(config), window_definition(window)])


def segment_set_hash(config: Config, segment_set: SegmentSet) -> str:
    """Return the definition_hash of a segment set; it includes its windows' and the facts'."""
    return _hash(
        {
            "windows": {name: window_hash(config, config.windows[name]) for name in segment_set.windows},
            "window": segment_set.window,
            "rules": [[rule.segment, _plain(rule.when)] for rule in segment_set.rules],
            "special": [segment_set.otherwise, segment_set.lapsed, segment_set.prospect],
        }
    )


def preferences_hash(config: Config) -> str:
    """Return the definition_hash of the preferences; only the period of their window matters."""
    preferences = config.preferences
    period = list(config.windows[preferences.window].period)
    weights = [_number(preferences.amount_weight), _number(preferences.event_weight)]
    return _hash([facts_definition(config), period, preferences.top, weights])


def summaries_hash(config: Config) -> str:
    """Return the definition hash of profiles and summaries: the main window and the active sets."""
    sets = [[name, list(config.segment_sets[name].segments)] for name in config.active_segment_sets]
    return _hash([config.scores.main_window, sets])


def basis(config: Config) -> str:
    """Return in plain words what the numbers mean under this configuration."""
    excluded = sorted(name for name, source in config.sources.items() if source.rules.exclude is not None)
    parts = [
        f"Amounts in {config.orders.currency or 'the one currency of the sources'}",
        REFUND_WORDS[config.orders.refunds] + _unknown_refund_words(config),
        f"days in {config.calendar.time_zone}",
        f"lines left out by rule in {', '.join(excluded)}" if excluded else "no lines left out by rule",
        *([f"{ONE_ORDER_A_DAY} in {', '.join(by_day)}"] if (by_day := sources_by_day(config)) else []),
    ]
    windows = (f"{window.name}: {_window_words(window)}" for window in config.computed_windows())
    return ". ".join(["; ".join(parts), *windows]) + "."


def sources_by_day(config: Config) -> list[str]:
    """Return the sources without order numbers, whose lines of one member and day are one order, sorted."""
    lines = (source for source in config.sources.values() if source.dataset is Dataset.TRANSACTIONS)
    sales = (source for source in lines if source.orders_of is None and not source.each_line)
    return sorted(source.name for source in sales if "order_id" not in source.columns)


ONE_ORDER_A_DAY = "one order per member and day"
REFUND_WORDS: Mapping[Refunds, str] = {
    Refunds.ATTRIBUTE_TO_ORDER: "refunds lower the order that they name, from their day on",
    Refunds.ON_REFUND_DAY: "refunds lower the amount of their own day",
    Refunds.IGNORE: "refunds change nothing",
}
UNKNOWN_REFUND_WORDS: Mapping[UnknownRefunds, str] = {
    UnknownRefunds.LOWER_DAY: "",
    UnknownRefunds.IGNORE: "; refunds of unknown orders change nothing",
    UnknownRefunds.REJECT: "; refunds of unknown orders are rejected",
}
MONETARY_WORDS: Mapping[Monetary, str] = {
    Monetary.NET: "net amount",
    Monetary.GROSS: "gross amount",
    Monetary.AVERAGE_ORDER: "average net amount per order",
}


def period_words(window: Window) -> str:
    """Return the period of a window in words.

    >>> [period_words(window) for window in (Window("w", days=365), Window("w", days=1), Window("w", lifetime=True))]
    ['last 365 days', 'last 1 day', 'whole life']
    """
    kind, length = window.period
    return "whole life" if kind == "lifetime" else f"last {counted(int(length), kind.removesuffix('s'))}"


def _unknown_refund_words(config: Config) -> str:
    is_asked = config.orders.refunds is Refunds.ATTRIBUTE_TO_ORDER
    return UNKNOWN_REFUND_WORDS[config.orders.unknown_refunds] if is_asked else ""


def _window_words(window: Window) -> str:
    who = "members with an order in it" if window.population is Population.WINDOW else "everybody who ever ordered"
    what = "orders" if window.frequency is Frequency.ORDERS else "days with an order"
    decay = f", weighted by age with half-life {counted(window.half_life_days, 'day')}" if window.half_life_days else ""
    words = [_scoring_words(window.scoring(metric)) for metric in Metric]
    each = ", ".join(f"{metric.letter.upper()} by {word}" for metric, word in zip(Metric, words, strict=True))
    methods = each if len(set(words)) > 1 else f"scored by {words[0]}"
    measures = f"F = {what}, M = {MONETARY_WORDS[window.monetary]}{decay}"
    return f"{period_words(window)}, {who}, {measures}, {methods}"


def _scoring_words(scoring: MetricScoring) -> str:
    words = f"{scoring.method} in {scoring.bins}"
    if scoring.method is Method.NTILE:
        words += f", ties {scoring.ties}"
    if scoring.method is Method.THRESHOLDS:
        words += f" at {' '.join(scoring.thresholds)}"
    return words + (f" from {scoring.frozen_from}" if scoring.method is Method.FROZEN else "")


def _scoring(scoring: MetricScoring) -> dict[str, Any]:
    """Return what decides a score; ties only where the method asks for them."""
    return {
        "method": scoring.method,
        "ties": scoring.ties if scoring.method is Method.NTILE else None,
        "bins": scoring.bins,
        "weight": _number(scoring.weight),
        "thresholds": [_number(text) for text in scoring.thresholds],
        "frozen_from": str(scoring.frozen_from) if scoring.frozen_from else None,
    }


def _source(source: Source) -> dict[str, Any]:
    kept = {field.name: getattr(source, field.name) for field in fields(source) if field.name not in NOT_IN_A_SOURCE}
    kept = {name: value for name, value in kept.items() if name not in UNLESS_USED or value is not None}
    return {name: _plain(value) for name, value in kept.items()} | {"lookups": _lookups(source)}


def _lookups(source: Source) -> dict[str, Any]:
    return {name: {**_plain(lookup), "path": None} for name, lookup in source.lookups.items()}


def _plain(value: Any) -> Any:
    """Return a value as plain data without places; equal meanings give equal data."""
    if isinstance(value, Rule):
        return _plain(value.when)
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "where"}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else _number(str(value))
    return str(value) if isinstance(value, date) else value


def _number(text: str) -> str:
    """Return a number so that 1, 1.0 and 1.00 are the same text."""
    return without_trailing_zeros(format(Decimal(text), "f"))


def _hash(data: Any) -> str:
    """Return the first 32 hex digits of SHA-256 over sorted JSON."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
