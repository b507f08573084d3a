"""Scores are published by date and window: a reader of one window of one date opens its files and no others."""

import itertools
from datetime import date
from pathlib import Path

import polars
import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.model import Warehouse, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import RFM_SCORE
from rfm_spark.io.session import SAFETY
from rfm_spark.io.tables import TableStore
from rfm_spark.session_settings import one_task_per_file
from rfm_spark.steps.job import DATES_AT_ONCE
from tests.delta.readers import by_delta_rs, duckdb_with_delta
from tests.spark.scoring_frames import random_facts, scored

APRIL, MAY, JUNE = DATES = [date(2024, 4, 30), date(2024, 5, 31), date(2024, 6, 30)]
WINDOWS = [Window("year", days=365), Window("life", lifetime=True)]
TASKS = 4


@pytest.fixture(scope="module")
def scores(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of rfm_score after one commit of three dates and two windows, written as commands write it."""
    folder = tmp_path_factory.mktemp("scores")
    store = TableStore(spark, Warehouse(path=str(folder / "lake")))
    store.create(RFM_SCORE)
    result = scored(spark, folder, random_facts(400, seed=5), WINDOWS, TASKS, DATES)
    place = {c.AS_OF_DATE: DATES, c.RFM_WINDOW: [window.name for window in WINDOWS]}
    with one_task_per_file(spark):
        store.replace(RFM_SCORE, result.scores, place, {}, is_sorted=True)
    return store.location(RFM_SCORE)


def test_every_file_of_a_date_and_window_is_a_sorted_range_of_members_of_its_own(scores: str):
    for day, window in itertools.product(DATES, WINDOWS):
        files = list(Path(scores, f"as_of_date={day}", f"rfm_window={window.name}").glob("*.parquet"))
        members = [polars.read_parquet(file, columns=["member_id"])["member_id"].to_list() for file in files]
        assert len(files) == TASKS
        assert members == [sorted(ids) for ids in members]
        ranges = sorted((ids[0], ids[-1]) for ids in members)
        assert all(left[1] < right[0] for left, right in itertools.pairwise(ranges))


def test_a_task_may_write_every_date_of_a_pass_at_once_so_that_none_is_sorted_again():
    assert int(SAFETY["spark.sql.maxConcurrentOutputFileWriters"]) >= DATES_AT_ONCE


def test_duckdb_opens_the_files_of_one_window_of_one_date(scores: str):
    where = f"as_of_date = '{MAY}' AND rfm_window = 'year'"
    asked = f"EXPLAIN ANALYZE SELECT sum(r_score) FROM delta_scan('{scores}') WHERE {where}"
    plan = duckdb_with_delta().execute(asked).fetchall()[0][1]
    assert f"Scanning Files: {TASKS}/{TASKS * len(DATES) * len(WINDOWS)}" in plan
    assert f"Total Files Read: {TASKS}" in plan


def test_delta_rs_names_the_files_of_one_window_of_one_date(scores: str):
    table, _ = by_delta_rs(scores)
    files = table.file_uris(file_pruning_predicate=f"as_of_date = '{MAY}' AND rfm_window = 'year'")
    assert len(files) == TASKS
    assert {tuple(file.split("/")[-3:-1]) for file in files} == {(f"as_of_date={MAY}", "rfm_window=year")}
