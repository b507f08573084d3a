"""Six quarters of real purchases: every member's scores, transitions and causes beside the naive twin."""

import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.load import load_config
from tests.jobs.commands import ROOT, command
from tests.oracles import history as twin
from tests.oracles.examples import example_lines
from tests.oracles.facts import member_days
from tests.oracles.scores import score_windows

pytestmark = pytest.mark.whole

QUARTERS = [
    date(1997, 3, 31),
    date(1997, 6, 30),
    date(1997, 9, 30),
    date(1997, 12, 31),
    date(1998, 3, 31),
    date(1998, 6, 30),
]
SETTINGS = (
    "history.every=quarter", "windows.active=[lifetime]", "scores.main_window=lifetime", "preferences.window=lifetime",
    "segments.active=[rfm_tier]", "segments.rfm_tier.window=lifetime",
)  # fmt: skip
CONFIGURATIONS = (str(ROOT / "conf"), str(ROOT / "conf" / "examples" / "cdnow"))


@pytest.fixture(scope="module")
def lake(spark: SparkSession, empty_lake: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the six quarters, filled by two commands."""
    assert spark.getActiveSession() is spark
    folder = tmp_path_factory.mktemp("quarters") / "lake"
    shutil.copytree(empty_lake, folder)
    source = shared_data / "cdnow" / "CDNOW_master.txt.gz"
    sets = (*SETTINGS, f"warehouse.path={folder}", f"sources.cdnow.path={source}")
    flags = [
        *(part for place in CONFIGURATIONS for part in ("--config", place)),
        *(part for setting in sets for part in ("--set", setting)),
    ]
    for argv in (
        ("ingest", "--to", "1998-06-30"),
        ("backfill", "--from", "1997-01-01", "--to", "1998-06-30"),
    ):
        said = command(*argv, *flags)
        assert said.exit_code == 0, said.err
    return folder


def read(spark: SparkSession, lake: Path, table: str) -> DataFrame:
    return spark.read.format("delta").load(str(lake / table))


def test_scores_of_every_quarter_equal_the_twin(spark: SparkSession, lake: Path, shared_data: Path):
    windows = load_config(CONFIGURATIONS, SETTINGS).computed_windows()
    facts = member_days(example_lines("cdnow", shared_data), "attribute_to_order")
    expected = {
        (day, row.member_id, row.rfm_label, row.measure.net_amount)
        for day in QUARTERS
        for row in score_windows(facts, windows, day)
    }
    rows = read(spark, lake, "rfm_score").select("as_of_date", "member_id", "rfm_label", "net_amount").collect()
    assert len(rows) == len(expected)
    assert sorted(map(str, expected - {tuple(row) for row in rows}))[:5] == []


def test_transitions_and_causes_equal_the_twin(spark: SparkSession, lake: Path, shared_data: Path):
    config = load_config(CONFIGURATIONS, SETTINGS)
    windows = {"lifetime": config.windows["lifetime"]}
    place = twin.shopper_places(config.segment_sets["rfm_tier"], windows, example_lines("cdnow", shared_data), [])
    states = {("rfm_tier", day): place(day, day, day) for day in QUARTERS}
    published = {day: states["rfm_tier", day] for day in QUARTERS}
    expected = {
        (move.as_of, move.member_id, move.from_segment, move.to_segment): twin.cause(
            move, published, dict.fromkeys(QUARTERS, "same"), place
        )
        for move in twin.transitions(states, QUARTERS)
    }
    found = {
        (row.as_of_date, row.member_id, row.from_segment, row.to_segment): row.cause
        for row in read(spark, lake, "segment_transition").collect()
    }
    assert Counter(found.values()) == Counter(expected.values())
    assert found == expected
