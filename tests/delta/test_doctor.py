"""The doctor names what is wrong and the next step, and finds nothing in a healthy warehouse."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config, Warehouse
from rfm_spark.contracts.tables import MEMBER_DAY, REJECTED_ROW, RFM_SCORE, RUN_LOG, SEGMENT_SUMMARY, TRANSACTION
from rfm_spark.examining.finding import Finding, Severity
from rfm_spark.examining.warehouse import examine
from rfm_spark.io.files import Staging, staging_folder
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.log_book import LogRow, RowStatus
from rfm_spark.steps.create_tables import create_tables
from rfm_spark.steps.dates.registered import RESULTS, all_tables
from tests.delta.samples import DAY, one_row


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("doctor") / "warehouse"
    return load_config(["conf"], [f"warehouse.path={folder}"])


def recorded_scores(run_id: str) -> LogRow:
    """Return what run_log says of the scores of one window, which has one member."""
    moment = datetime(2024, 2, 1, tzinfo=UTC)
    return LogRow(run_id, "run", "rfm_score/year", RowStatus.PUBLISHED, "c1", moment, as_of_date=DAY, row_count=1)


def found(findings: list[Finding], table: object) -> list[str]:
    return [finding.found for finding in findings if finding.where.endswith(f"/{table}")]


@pytest.fixture(scope="module")
def findings(spark: SparkSession, config: Config) -> list[Finding]:
    """What the doctor finds in a warehouse with one fault of each kind; before the faults it finds nothing."""
    store = TableStore(spark, config.warehouse)
    create_tables(store, all_tables())
    assert examine(store, config, RESULTS, all_tables()) == []
    store.append(RFM_SCORE, one_row(spark, RFM_SCORE).unionAll(one_row(spark, RFM_SCORE)), {})
    store.append(TRANSACTION, one_row(spark, TRANSACTION), {})
    name = store.sql_name(REJECTED_ROW)
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    ledger = Ledger(store)
    ledger.note([recorded_scores("an older run")])
    ledger.write(config, "r1", datetime(2024, 2, 1, tzinfo=UTC))
    store.append(SEGMENT_SUMMARY, one_row(spark, SEGMENT_SUMMARY, as_of_date=date(2023, 1, 31)), {})
    Staging(spark, staging_folder(config.warehouse), "r0").stage(spark.range(1), "left")
    return examine(store, config, RESULTS, all_tables())


@pytest.mark.whole
def test_a_key_with_two_rows_is_found_with_its_partition(findings: list[Finding]):
    assert found(findings, RFM_SCORE.name) == ["1 key with more than one row in as_of_date=2024-01-31, rfm_window=x"]


@pytest.mark.whole
def test_a_table_that_old_readers_refuse_is_found(findings: list[Finding]):
    assert "reader version is 3, not 1" in found(findings, REJECTED_ROW.name)


@pytest.mark.whole
def test_facts_that_are_behind_the_transactions_are_found(findings: list[Finding]):
    assert found(findings, MEMBER_DAY.name) == [
        "was computed from another version of its inputs, or under another definition"
    ]


@pytest.mark.whole
def test_stages_of_a_run_that_died_are_found(findings: list[Finding]):
    assert found(findings, "r0") == ["stages of a run are still there"]


@pytest.mark.whole
def test_a_date_whose_rows_are_of_a_run_that_did_not_end_is_found(findings: list[Finding]):
    [unfinished] = [finding for finding in findings if finding.where == f"as-of date {DAY}"]
    assert "began to replace it and did not end" in unfinished.found
    assert unfinished.next_step == (
        f"if no such run is at work: rfm-spark run --as-of {DAY}; if it took the date away, the same --drop again"
    )


@pytest.mark.whole
def test_a_date_that_no_run_recorded_is_found(findings: list[Finding]):
    assert found(findings, SEGMENT_SUMMARY.name) == ["holds 2023-01-31, which run_log does not know"]


@pytest.mark.whole
def test_errors_come_before_warnings(findings: list[Finding]):
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert Severity.WARNING in severities


def test_an_empty_place_lacks_every_table(spark: SparkSession, config: Config, tmp_path: Path):
    elsewhere = replace(config, warehouse=Warehouse(path=str(tmp_path / "nowhere")))
    findings = examine(TableStore(spark, elsewhere.warehouse), elsewhere, RESULTS, all_tables())
    assert {finding.next_step for finding in findings} == {"run rfm-spark init"}
    assert found(findings, RUN_LOG.name) == ["no such table"]
