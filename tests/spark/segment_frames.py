"""A small shop at several dates: its facts and scores as frames, its segment sets, and what the twins say of them."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config, SegmentSet, TagClass, Window
from rfm_spark.contracts.tables import RFM_SCORE
from tests.oracles.facts import member_days, tag_days
from tests.oracles.lines import Event, Line, random_events, random_lines
from tests.oracles.scores import Scored, score_windows
from tests.oracles.segments import assign
from tests.spark.scoring_frames import member_day_frame

DATES = (
    date(2023, 12, 20), date(2024, 1, 10), date(2024, 1, 11), date(2024, 1, 31), date(2024, 2, 29), date(2024, 5, 31),
)  # fmt: skip
SETTINGS = """
windows:
  active: [short]
  short: {days: 20}
  one_month:
    {months: 1, method: thresholds, bins: {r: 3, f: 3, m: 3}, thresholds: {r: [5, 15], f: [2, 4], m: [5, 20.5]}}
  late: {days: 15, population: ever, ties: split}
  life: {days: all, frequency: days}
scores: {main_window: short}
preferences: {window: one_month}
segments:
  active: [by_score, open_end, by_share]
  by_score:
    window: short
    rules:
      - {segment: good, when: {r: high, f: [3, 4, 5]}}
      - {segment: spender, when: {life.m: high, net_amount: {above: 5}}}
    otherwise: other
    lapsed: gone
    prospect: looking
  open_end:
    window: one_month
    rules:
      - {segment: none_at_all, when: {order_count: {is_null: true}, life.f: low}}
      - {segment: once_more, when: {late.order_count: 0}}
      - {segment: dear, when: {average_order_amount: {at_least: 9}}}
      - {segment: twice, when: {purchase_days: {at_least: 2}}}
      - {segment: old, when: {days_since_first_order: {above: 20}}}
    otherwise: rest
  by_share:
    window: life
    rules:
      - {segment: taker_back, when: {refund_share: {at_least: 0.25}}}
      - {segment: hunter, when: {promotion_share: {at_least: 0.2}}}
      - {segment: regular, when: {purchase_days: {at_least: 4}}}
    otherwise: rest
    prospect: looking
"""
NOTHING_LEFT = 900
"""A member who gave back an order at price 0: nobody sees a sale any more, but no prospect either."""

LINES = [
    *random_lines(seed=5, members=40),
    Line("shop", NOTHING_LEFT, date(2024, 1, 5), "sale", Decimal("0.0000"), "z"),
    Line("shop", NOTHING_LEFT, date(2024, 1, 11), "refund", Decimal("0.0000"), refunded_order_id="z"),
]
EVENTS = [*random_events(seed=5, members=55), Event("site", "z", NOTHING_LEFT, date(2024, 1, 6), "view")]
FACTS = member_days(LINES, "attribute_to_order")
TAG_DAYS = tag_days(LINES, EVENTS, [TagClass("category", "category"), TagClass("channel", "channel")])


def shop_config(folder: Path) -> Config:
    """Return the shipped configuration under the shop's own windows and sets."""
    (folder / "shop.yaml").write_text(SETTINGS)
    return load_config([str(Path(__file__).resolve().parents[2] / "conf"), str(folder / "shop.yaml")])


def shop_sets(config: Config) -> list[SegmentSet]:
    return [config.segment_sets[name] for name in config.active_segment_sets]


def shop_windows(config: Config) -> dict[str, Window]:
    return {name: config.windows[name] for name in ("short", "one_month", "late", "life")}


@cache
def shop_scores(windows: tuple[Window, ...]) -> list[Scored]:
    """Return what the twin scores at every date."""
    return [row for day in DATES for row in score_windows(FACTS, windows, day)]


def shop_segments(config: Config) -> dict[tuple[date, str], dict[int, str]]:
    """Return the segments that the twin gives, by date and set."""
    windows = shop_windows(config)
    scored = shop_scores(tuple(windows.values()))
    return {
        (day, of.name): assign(of, windows, scored, FACTS, LINES, EVENTS, day)
        for day in DATES
        for of in shop_sets(config)
    }


def facts_frame(spark: SparkSession) -> DataFrame:
    return member_day_frame(spark, FACTS)


def score_frame(spark: SparkSession, scored: Iterable[Scored]) -> DataFrame:
    """One row per scored member, as the table `rfm_score` holds it."""
    rows = [
        (
            row.as_of, row.window, row.member_id, row.measure.recency_days, row.measure.order_count, None,
            row.measure.net_amount, None, None, None, row.r_score, row.f_score, row.m_score, row.rfm_label,
            row.composite_score, "run-0",
        )
        for row in scored
    ]  # fmt: skip
    return spark.createDataFrame(rows, RFM_SCORE.schema_text())


def differences(found: dict, expected: dict, most: int = 5) -> dict:
    """Return up to so many keys whose values differ, with both: (found, expected)."""
    keys = [key for key in found.keys() | expected if found.get(key) != expected.get(key)]
    return {key: (found.get(key), expected.get(key)) for key in sorted(keys, key=str)[:most]}


def once_each(rows: Sequence[tuple]) -> dict:
    """Return the last field by the others, and fail when two rows have the same key."""
    result = {row[:-1]: row[-1] for row in rows}
    assert len(result) == len(rows)
    return result
