"""Segments and their summary of several dates in one call: those of each date alone, and those of the twin."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import date
from functools import reduce
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_SEGMENT, SEGMENT_SUMMARY
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import read_rulebook, windows_of
from rfm_spark.segments.summary import summarise_segments
from tests.oracles.segments import summarise
from tests.spark.fact_frames import event_frame
from tests.spark.segment_frames import (
    DATES,
    EVENTS,
    NOTHING_LEFT,
    differences,
    facts_frame,
    once_each,
    score_frame,
    shop_config,
    shop_scores,
    shop_segments,
    shop_sets,
    shop_windows,
)

FEW = (date(2024, 1, 11), date(2024, 2, 29))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return shop_config(Path(tmp_path_factory.mktemp("shop")))


def scores_of(spark: SparkSession, config: Config) -> DataFrame:
    return score_frame(spark, shop_scores(tuple(shop_windows(config).values())))


def segments_at(spark: SparkSession, config: Config, dates: Sequence[date]) -> DataFrame:
    books = tuple(read_rulebook(config, one) for one in shop_sets(config))
    candidates = gather_candidates(
        facts_frame(spark),
        scores_of(spark, config).where(F.col(c.AS_OF_DATE).isin(list(dates))),
        event_frame(spark, EVENTS),
        books,
        windows_of(books, config),
        dates,
    )
    return assign_segments(candidates, books, "run-1")


def rows_of(segments: DataFrame) -> dict[tuple[date, str, int], str]:
    assert segments.columns == list(MEMBER_SEGMENT.columns)
    return once_each([tuple(row)[:4] for row in segments.collect()])


def twin_rows(config: Config) -> dict[tuple[date, str, int], str]:
    return {
        (*key, member): segment for key, found in shop_segments(config).items() for member, segment in found.items()
    }


def test_segments_of_several_dates_in_one_call_equal_the_twin(spark: SparkSession, config: Config):
    expected = twin_rows(config)
    used = {(key[1], segment) for key, segment in expected.items()}
    named = {(one.name, segment) for one in shop_sets(config) for segment in one.segments}
    assert used == named, "the shop must bring a member to every segment"
    assert differences(rows_of(segments_at(spark, config, DATES)), expected) == {}


def test_segments_of_one_date_alone_equal_the_twin(spark: SparkSession, config: Config):
    alone = reduce(DataFrame.unionByName, [segments_at(spark, config, [day]) for day in FEW])
    expected = {key: segment for key, segment in twin_rows(config).items() if key[0] in FEW}
    assert differences(rows_of(alone), expected) == {}


def test_who_gave_back_an_order_at_price_0_is_no_prospect(config: Config):
    found = {day: segment for (day, name, member), segment in twin_rows(config).items() if member == NOTHING_LEFT}
    assert found.keys() == {date(2024, 1, 10)}


def test_sets_without_a_name_for_prospects_need_no_events(spark: SparkSession, config: Config):
    book = read_rulebook(config, config.segment_sets["open_end"])
    candidates = gather_candidates(
        facts_frame(spark), scores_of(spark, config), None, (book,), windows_of((book,), config), DATES
    )
    expected = {key: segment for key, segment in twin_rows(config).items() if key[1] == "open_end"}
    assert differences(rows_of(assign_segments(candidates, (book,), "run-1")), expected) == {}


def summary_rows(frame: DataFrame) -> dict[tuple[date, str, str], tuple]:
    assert frame.columns == list(SEGMENT_SUMMARY.columns)
    return once_each([(*tuple(row)[:3], tuple(row)[3:-1]) for row in frame.collect()])


def test_the_summary_of_several_dates_equals_the_twin_and_each_date_alone(spark: SparkSession, config: Config):
    sets = shop_sets(config)
    placed = shop_segments(config)
    scored = shop_scores(tuple(shop_windows(config).values()))
    rows = [(day, name, m, segment, "run-1") for (day, name), of in placed.items() for m, segment in of.items()]
    members, scores = spark.createDataFrame(rows, MEMBER_SEGMENT.schema_text()), scores_of(spark, config)
    expected = {
        (day, one.name, segment): astuple(row)
        for day in DATES
        for one in sets
        for segment, row in summarise(one, placed[day, one.name], scored, day).items()
    }
    assert differences(summary_rows(summarise_segments(members, scores, sets, DATES, "run-1")), expected) == {}
    alone = [
        summarise_segments(
            members.where(F.col(c.AS_OF_DATE) == F.lit(day)), scores.where(F.col(c.AS_OF_DATE) == F.lit(day)), sets,
            [day], "run-1",
        )
        for day in FEW
    ]  # fmt: skip
    found = summary_rows(reduce(DataFrame.unionByName, alone))
    assert differences(found, {key: row for key, row in expected.items() if key[0] in FEW}) == {}
