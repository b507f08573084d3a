"""What an ingest tells besides its counts: large files that one task reads, and days that could be others."""

from dataclasses import replace

import pytest

from rfm_spark.config.choices import Dataset, Format
from rfm_spark.config.source import Source
from rfm_spark.ingest.advice import large_file_advice
from rfm_spark.ingest.fates import LineCounts
from rfm_spark.ingest.trial import Trial, describe_trial
from tests.spark.ingest_cases import config_of

LARGE = {"in/may.csv": 1_000_000_001, "in/june.csv": 10**9, "in/may.csv.gz": 5_440_000_000}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, ["in/may.csv has 1.0 GB", "in/may.csv.gz has 5.4 GB"]),
        ({"multi_line": False}, ["in/may.csv.gz has 5.4 GB"]),
        ({"options": {"multiLine": "false"}}, ["in/may.csv.gz has 5.4 GB"]),
        ({"format": Format.PARQUET}, []),
    ],
)
def test_files_above_a_gigabyte_that_one_task_reads_are_named(settings: dict[str, object], named: list[str]):
    shop = Source(**{"name": "shop", "dataset": Dataset.TRANSACTIONS, "format": Format.CSV, "columns": {}, **settings})
    told = list(large_file_advice(shop, LARGE))
    assert [line.removeprefix("source shop: ").partition(" and is read")[0] for line in told] == named
    assert all(("multi_line: false" in line) == (".gz" not in line) for line in told)
    assert all(("not compressed" in line) == (".gz" in line) for line in told)


def test_a_trial_tells_of_lines_that_could_be_two_days():
    shop = Source("shop", Dataset.TRANSACTIONS, Format.CSV, {})
    counts = LineCounts(read=9, accepted=9, excluded=0, rejected=0, outside=0, two_days=1200)
    trial = Trial(shop, [], counts, config_of(), [], {})
    advice = "look at this: source shop: the time of 1,200 lines fits two formats of ordered_at and would be two days"
    assert [line.strip().startswith(advice) for line in describe_trial(trial)].count(True) == 1
    unsuspicious = describe_trial(replace(trial, counts=replace(counts, two_days=0)))
    assert not any("look at this" in line for line in unsuspicious)
