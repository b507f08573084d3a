"""The run log as a table: what is written is read again, and numbers of ingests never repeat."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rfm_spark.contracts.tables import FACT_CHANGE, RUN_CONFIG, RUN_LOG
from rfm_spark.io.logbook import DATE, LogRow, Status
from rfm_spark.io.runs import RunLog
from rfm_spark.io.tables import TableStore
from tests.delta.samples import one_row

JAN = date(2024, 1, 31)
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


def test_the_next_ingest_follows_the_last_even_when_that_died(log: RunLog):
    assert log.next_ingest_no() == 1
    assert log.book.last_ingest() is None
    log.append([row(1, Status.INGESTED, None, "facts", ingest_no=4)])
    assert log.next_ingest_no() == 5
    log.store.append(FACT_CHANGE, one_row(log.store.spark, FACT_CHANGE, ingest_no=9), {})
    assert log.next_ingest_no() == 10
    last = log.book.last_ingest()
    assert last is not None
    assert last.ingest_no == 4


def test_what_is_written_is_read_again(log: RunLog):
    published = row(2, Status.PUBLISHED, result="rfm_score/year", ingest_no=7, table_versions={"member_day": 3})
    assert log.book.dates() == []
    log.append([row(1, Status.REPLACING), published])
    assert log.book.state(JAN)["rfm_score/year"] == published
    assert RunLog(log.store).book.state(JAN) == log.book.state(JAN)


def test_a_configuration_is_kept_once(log: RunLog):
    assert log.record_config("h1", '{"a": 1}', "net of refunds", "r1", START)
    assert not log.record_config("h1", '{"a": 1}', "net of refunds", "r2", START)
    assert log.config_text("h1") == '{"a": 1}'
    assert log.config_text("h2") is None
