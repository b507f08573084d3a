"""A trial shows what the first lines of a source become and what looks wrong, and never who somebody is."""

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.errors import DataCheckError
from rfm_spark.ingest.trial import Trial, describe_trial, suspicions, try_source
from tests.spark.ingest_cases import KEY, NAMED, SALES, Ingest, source_of

TODAY = date(2024, 12, 31)


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def tried(ingest: Ingest, lines: list[str], header: str = "cust,day,amount,order,note", **settings: object) -> Trial:
    path = ingest.write("in/a.csv", "\n".join([header, *lines]) + "\n")
    source = source_of(path.parent, {**SALES, "order_id": "order"}, **settings)
    return try_source(ingest.spark, source, NAMED, KEY, TODAY)


def test_a_trial_tells_counts_columns_and_rows_and_no_reference(ingest: Ingest) -> None:
    lines = ["canary-1,2024-01-05,10.00,o1,x", "canary-2,2024-02-06,7.50,o2,y", "canary-3,soon,1.00,o3,z"]
    told = describe_trial(tried(ingest, lines))
    assert told[:4] == [
        "shop: 3 lines tried = 2 accepted + 0 excluded + 1 rejected (bad date 1)",
        "  days 2024-01-05 to 2024-02-06, amounts 7.5000 to 10.0000, 2 members",
        "  reads amount, cust, day, order",
        "  leaves note",
    ]
    assert [line.split() for line in told[4:]] == [
        ["day", "member", "kind", "order", "amount"],
        ["2024-01-05", "1", "sale", "1", "10.0000"],
        ["2024-02-06", "2", "sale", "2", "7.5000"],
    ]
    assert "canary" not in "\n".join(told)


def test_only_the_first_lines_of_the_first_and_the_last_file_are_read(ingest: Ingest) -> None:
    for name, amount in (("b.csv", 2), ("z.csv", 3)):
        rows = "\n".join(f"C{number},2024-01-05,{amount},o{number}," for number in range(1500))
        ingest.write(f"in/{name}", f"cust,day,amount,order,note\n{rows}\n")
    trial = tried(ingest, ["C1,2024-01-05,1,o1,"])
    assert trial.counts.read == 1001
    assert {row["file"] for row in trial.rows} == {"a.csv", "z.csv"}


def test_what_is_likely_wrong_is_told(ingest: Ingest) -> None:
    nobody = [f"0,1970-01-01,5.00,o{number}," for number in range(90)]
    alike = ["Ann,2024-01-05,5.00,a,", "ann ,2024-01-05,5.00,b,", "12,2024-01-05,5.00,c,", "12.0,2024-01-05,5.00,d,"]
    others = [f"M{number},2024-01-05,5.00,m{number}," for number in range(6)]
    assert list(suspicions(tried(ingest, nobody + alike + others))) == [
        "a line is of 1970-01-01: is that the format of the day?",
        "all 100 amounts are equal",
        "one member has 90.0% of the lines: is its reference a word for nobody?",
        "2 references differ from another in capitals, blanks or a trailing .0 alone",
    ]
    per_member = [f"M{number % 7},2024-01-05,{number}.00,o{number % 7}," for number in range(1, 30)]
    assert list(suspicions(tried(ingest, per_member))) == [
        "every member has one order: is order_id the column of the order?"
    ]
    right = [f"M{number % 40},2024-01-05,{number}.00,o{number}," for number in range(1, 120)]
    assert list(suspicions(tried(ingest, right))) == []


def test_a_trial_names_the_file_that_cannot_be_read(ingest: Ingest) -> None:
    lines = ['A,2024-01-05,1.00,o1,"not closed', *(f"B,2024-01-05,1.00,o{number},x" for number in range(9))]
    with pytest.raises(DataCheckError, match=r"a\.csv: a value holds the lines after it"):
        tried(ingest, lines)
