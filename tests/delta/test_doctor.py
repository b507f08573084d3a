"""The doctor names what is wrong and the next step, and finds nothing in a healthy warehouse."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config, Warehouse
from rfm_spark.contracts.tables import MEMBER_DAY, REJECTED_ROW, RFM_SCORE, RUN_LOG, SEGMENT_SUMMARY, TRANSACTION
from rfm_spark.io.files import Staging, staging_folder
from rfm_spark.io.logbook import DATE, LogRow, Status
from rfm_spark.io.runs import RunLog
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.doctor import examine
from rfm_spark.steps.examining.finding import Finding, Severity
from rfm_spark.steps.init import init_tables
from tests.delta.samples import DAY, one_row


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("doctor") / "warehouse"
    return load_config(["conf"], [f"warehouse.path={folder}"])


def as_of_row(minute: int, status: Status, as_of: date) -> LogRow:
    return LogRow("r1", "run", DATE, status, "c1", datetime(2024, 2, 1, 0, minute, tzinfo=UTC), as_of_date=as_of)


def found(findings: list[Finding], table: object) -> list[str]:
    return [finding.found for finding in findings if finding.where.endswith(f"/{table}")]


@pytest.mark.whole
def test_the_doctor_names_everything_that_is_wrong(spark: SparkSession, config: Config):
    store = TableStore(spark, config.warehouse)
    init_tables(store)
    assert examine(store, config) == []

    store.append(RFM_SCORE, one_row(spark, RFM_SCORE).unionAll(one_row(spark, RFM_SCORE)), {})
    store.append(TRANSACTION, one_row(spark, TRANSACTION), {})
    name = store.sql_name(REJECTED_ROW)
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    RunLog(store).append([as_of_row(1, Status.REPLACING, DAY)])
    store.append(SEGMENT_SUMMARY, one_row(spark, SEGMENT_SUMMARY, as_of_date=date(2023, 1, 31)), {})
    Staging(spark, staging_folder(config.warehouse), "r0").stage(spark.range(1), "left")

    findings = examine(store, config)
    assert found(findings, RFM_SCORE.name) == ["1 keys with more than one row in as_of_date=2024-01-31"]
    assert "reader version is 3, not 1" in found(findings, REJECTED_ROW.name)
    assert found(findings, MEMBER_DAY.name) == [
        "was computed from another version of its inputs, or under another definition"
    ]
    assert found(findings, "r0") == ["stages of a run are still there"]
    unfinished = [finding for finding in findings if finding.where == "as-of date 2024-01-31"]
    assert [finding.next_step for finding in unfinished] == [
        "if no such run is at work: rfm-spark run --as-of 2024-01-31; if it took the date away, the same --drop again"
    ]
    assert found(findings, SEGMENT_SUMMARY.name) == ["holds 2023-01-31, which run_log does not know"]
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert Severity.WARNING in severities


def test_an_empty_place_lacks_every_table(spark: SparkSession, config: Config, tmp_path: Path):
    elsewhere = replace(config, warehouse=Warehouse(path=str(tmp_path / "nowhere")))
    findings = examine(TableStore(spark, elsewhere.warehouse), elsewhere)
    assert {finding.next_step for finding in findings} == {"run rfm-spark init"}
    assert found(findings, RUN_LOG.name) == ["no such table"]
