"""The run log: what was written last decides, and only what decides."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rfm_spark.contracts.tables import FACT_CHANGE, RUN_CONFIG, RUN_LOG
from rfm_spark.io.runs import DATE, LogRow, RunLog, Status
from rfm_spark.io.tables import TableStore
from tests.delta.samples import one_row

JAN, FEB, MAR = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
START = datetime(2024, 4, 1, 8, 0, tzinfo=UTC)


def row(minute: int, status: Status, as_of: date | None = JAN, result: str = DATE, **more: Any) -> LogRow:
    return LogRow(
        run_id=f"r{minute}",
        job="run",
        result=result,
        status=status,
        config_hash="c1",
        computed_at=START + timedelta(minutes=minute),
        as_of_date=as_of,
        **more,
    )


@pytest.fixture
def log(store: TableStore) -> RunLog:
    for table in (RUN_LOG, RUN_CONFIG, FACT_CHANGE):
        store.create(table)
    return RunLog(store)


def test_a_date_is_published_from_its_last_replacement_on(log: RunLog):
    log.append([
        row(1, Status.REPLACING), row(2, Status.PUBLISHED),
        row(3, Status.REPLACING, FEB), row(4, Status.FAILED, FEB),
        row(5, Status.REPLACING, MAR), row(5, Status.PUBLISHED, MAR),
        row(6, Status.INGESTED, None, "transaction", ingest_no=4),
    ])  # fmt: skip
    assert log.published_dates() == [JAN, MAR]
    assert list(log.unfinished_dates()) == [FEB]
    assert log.failed_dates() == [FEB]
    assert log.last_published_before(MAR) == JAN
    assert log.last_published_before(JAN) is None


def test_a_failure_before_anything_was_replaced_leaves_the_date_published(log: RunLog):
    log.append([row(1, Status.PUBLISHED), row(2, Status.FAILED), row(3, Status.NOTHING_TO_DO)])
    assert log.published_dates() == [JAN]
    assert log.failed_dates() == [JAN]


def test_state_gives_the_deciding_row_of_each_result(log: RunLog):
    more: dict[str, Any] = {"definition_hash": "d2", "ingest_no": 7, "table_versions": {"member_day": 3}}
    kept = row(2, Status.PUBLISHED, result="rfm_score/year", **more)
    log.append([
        row(1, Status.PUBLISHED, result="rfm_score/year", definition_hash="d1"), kept,
        row(3, Status.FAILED, result="rfm_score/year", definition_hash="d3"),
        row(4, Status.PUBLISHED, FEB, result="rfm_score/year"),
        row(2, Status.PUBLISHED),
    ])  # fmt: skip
    assert log.state(JAN) == {"rfm_score/year": kept, DATE: row(2, Status.PUBLISHED)}


def test_the_next_ingest_follows_the_last_even_when_that_died(log: RunLog):
    assert log.next_ingest_no() == 1
    assert log.last_ingest() is None
    log.append([row(1, Status.INGESTED, None, "facts", ingest_no=4)])
    assert log.next_ingest_no() == 5
    log.store.append(FACT_CHANGE, one_row(log.store.spark, FACT_CHANGE, ingest_no=9), {})
    assert log.next_ingest_no() == 10
    last = log.last_ingest()
    assert last is not None
    assert last.ingest_no == 4


def test_a_configuration_is_kept_once(log: RunLog):
    assert log.record_config("h1", '{"a": 1}', "net of refunds", "r1", START)
    assert not log.record_config("h1", '{"a": 1}', "net of refunds", "r2", START)
    assert log.config_text("h1") == '{"a": 1}'
    assert log.config_text("h2") is None
