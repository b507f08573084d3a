"""Preferences and profiles of members, at one date and at several in one call."""

from datetime import date
from decimal import Decimal
from functools import reduce
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.model import Preferences, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_PROFILE, MEMBER_SEGMENT, MEMBER_TAG_DAY
from rfm_spark.preferences.prefer import prefer
from rfm_spark.profiles.profile import build_profiles
from tests.oracles.preferences import Preference, Profile, profiles
from tests.oracles.preferences import preferences as twin_preferences
from tests.spark.segment_frames import (
    DATES,
    FACTS,
    TAG_DAYS,
    differences,
    facts_frame,
    once_each,
    score_frame,
    shop_config,
    shop_scores,
    shop_segments,
    shop_windows,
)

YEAR = Window("year", days=365)
AS_OF = date(2024, 12, 31)


def tag_day(member_id: int, day: date, value: str, amount: str, orders: int, events: int, tag_class: str = "category"):
    return (member_id, day, tag_class, value, events, orders, Decimal(amount), day.replace(day=1))


def preferred(spark: SparkSession, rows: list, preferences: Preferences | None = None) -> list[tuple]:
    frame = spark.createDataFrame(rows, MEMBER_TAG_DAY.schema_text())
    result = prefer(frame, preferences or Preferences(), YEAR, [AS_OF], "run-1")
    assert result.columns == list(MEMBER_PREFERENCE.columns)
    ordered = sorted(result.collect(), key=lambda row: (row.member_id, row.tag_class, row.rank_in_class))
    return [(row.member_id, row.tag_value, row.rank_in_class, row.strength, row.share) for row in ordered]


def test_shares_of_amount_and_events_weigh_alike_unless_one_is_missing(spark: SparkSession):
    day = date(2024, 12, 1)
    rows = [
        tag_day(1, day, "tea", "30", 1, 1),
        tag_day(1, day, "milk", "10", 1, 3),
        tag_day(2, day, "tea", "2", 1, 0),
        tag_day(2, day, "milk", "1", 1, 0),
        tag_day(3, day, "tea", "0", 0, 2),
        tag_day(3, day, "rice", "0", 0, 4),
        tag_day(4, day, "gift", "0", 1, 0),
    ]
    assert preferred(spark, rows) == [
        (1, "tea", 1, Decimal("50.000"), Decimal("0.750000")),
        (1, "milk", 2, Decimal("50.000"), Decimal("0.250000")),
        (2, "tea", 1, Decimal("66.667"), Decimal("0.666667")),
        (2, "milk", 2, Decimal("33.333"), Decimal("0.333333")),
        (3, "rice", 1, Decimal("66.667"), None),
        (3, "tea", 2, Decimal("33.333"), None),
        (4, "gift", 1, Decimal("0.000"), None),
    ]


def test_the_strongest_values_of_the_window_are_kept_and_later_days_do_not_count(spark: SparkSession):
    rows = [
        tag_day(1, date(2024, 12, 1), "a", "4", 1, 0),
        tag_day(1, date(2024, 11, 1), "b", "3", 1, 0),
        tag_day(1, date(2024, 10, 1), "c", "3", 1, 0),
        tag_day(1, date(2025, 1, 1), "future", "900", 1, 0),
        tag_day(1, date(2023, 12, 31), "long_ago", "900", 1, 0),
    ]
    assert preferred(spark, rows, Preferences(top=2)) == [
        (1, "a", 1, Decimal("40.000"), Decimal("0.400000")),
        (1, "b", 2, Decimal("30.000"), Decimal("0.300000")),
    ]


PERIODS = (Window("days", days=20), Window("months", months=1), Window("life", lifetime=True))
NAMES = (
    "member_id", "tag_class", "tag_value", "strength", "rank_in_class", "share", "last_day", "order_count",
    "event_count",
)  # fmt: skip


def tag_day_frame(spark: SparkSession) -> DataFrame:
    rows = [
        (
            t.member_id, t.tag_day, t.tag_class, t.tag_value, t.event_count, t.order_count, t.amount,
            t.tag_day.replace(day=1),
        )
        for t in TAG_DAYS
    ]  # fmt: skip
    return spark.createDataFrame(rows, MEMBER_TAG_DAY.schema_text())


@pytest.mark.parametrize("window", PERIODS, ids=lambda window: window.name)
def test_preferences_of_several_dates_in_one_call_equal_the_twin(spark: SparkSession, window: Window):
    expected = {
        (day, row.member_id, row.tag_class, row.tag_value): tuple(getattr(row, name) for name in NAMES[3:])
        for day in DATES
        for row in twin_preferences(TAG_DAYS, window, day, top=2)
    }
    few = DATES[3:5]
    tag_days = tag_day_frame(spark)
    together = prefer(tag_days, Preferences(top=2), window, DATES, "all")
    alone = [prefer(tag_days, Preferences(top=2), window, [day], day.isoformat()) for day in few]
    rows = reduce(DataFrame.unionByName, alone, together).collect()
    key = ("run_id", "as_of_date", *NAMES[:3])
    found = once_each([(*(row[k] for k in key), tuple(row[name] for name in NAMES[3:])) for row in rows])
    runs = {"all": DATES, **{day.isoformat(): (day,) for day in few}}
    of_runs = {(run, *k): row for run, dates in runs.items() for k, row in expected.items() if k[0] in dates}
    assert differences(found, of_runs) == {}


def preference_frame(spark: SparkSession, preferred: dict[date, list[Preference]]) -> DataFrame:
    rows = [
        (
            day, row.member_id, row.tag_class, row.tag_value, row.strength, row.rank_in_class, row.share,
            row.last_day, row.order_count, row.event_count, "run-0",
        )
        for day, of_day in preferred.items()
        for row in of_day
    ]  # fmt: skip
    return spark.createDataFrame(rows, MEMBER_PREFERENCE.schema_text())


def profile_rows(frame: DataFrame) -> dict[tuple[date, int], Profile]:
    assert frame.columns == list(MEMBER_PROFILE.columns)
    rows = []
    for row in frame.collect():
        scores = None if row.r_score is None else (row.r_score, row.f_score, row.m_score)
        preferences = [
            (one.tag_class, one.tag_value, one.rank_in_class, one.strength) for one in row.top_preferences or []
        ]
        profile = Profile(row.rfm_label, scores, row.composite_score, row.first_order_day, row.segments, preferences)
        rows.append((row.as_of_date, row.member_id, profile))
    return once_each(rows)


def test_profiles_of_several_dates_in_one_call_equal_the_twin_and_each_date_alone(spark: SparkSession, tmp_path: Path):
    config = shop_config(tmp_path)
    scored = shop_scores(tuple(shop_windows(config).values()))
    placed = shop_segments(config)
    preferred = {day: twin_preferences(TAG_DAYS, PERIODS[0], day) for day in DATES}
    expected = {
        (day, member): profile
        for day in DATES
        for member, profile in profiles(
            {name: of for (at, name), of in placed.items() if at == day}, scored, preferred[day], FACTS, "short", day
        ).items()
    }
    rows = [(day, name, m, segment, "run-1") for (day, name), of in placed.items() for m, segment in of.items()]
    segments = spark.createDataFrame(rows, MEMBER_SEGMENT.schema_text())
    scores, preferences = score_frame(spark, scored), preference_frame(spark, preferred)
    together = build_profiles(segments, scores, preferences, facts_frame(spark), "short", DATES, "run-1")
    assert differences(profile_rows(together), expected) == {}
    day = DATES[4]
    of_day = [frame.where(F.col(c.AS_OF_DATE) == F.lit(day)) for frame in (segments, scores, preferences)]
    alone = build_profiles(*of_day, facts_frame(spark), "short", [day], "run-1")
    assert differences(profile_rows(alone), {key: row for key, row in expected.items() if key[0] == day}) == {}
