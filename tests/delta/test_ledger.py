"""The ledger as tables: what is noted is written once and read again, and numbers of ingests never repeat."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rfm_spark.config.fingerprints import config_hash
from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config
from rfm_spark.contracts.tables import FACT_CHANGE, PUBLISHED_DATE, RUN_CONFIG, RUN_LOG
from rfm_spark.dates import Every
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.log_book import DATE, LogRow, RowStatus
from tests.delta.samples import one_row
from tests.jobs.commands import ROOT

JAN, FEB = date(2024, 1, 31), date(2024, 2, 29)
START = datetime(2024, 4, 1, 8, 0, tzinfo=UTC)
RUN = {"run_id": "r1"}


def row(minute: int, status: RowStatus, as_of: date | None = JAN, result: str = DATE, **more: Any) -> LogRow:
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
def ledger(store: TableStore) -> Ledger:
    for table in (RUN_LOG, RUN_CONFIG, FACT_CHANGE, PUBLISHED_DATE):
        store.create(table)
    return Ledger(store)


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config([str(ROOT / "conf")], ["warehouse.path=/lake", "identity.method=integer"])


def test_the_next_ingest_follows_the_last_even_when_that_died(ledger: Ledger):
    assert ledger.next_ingest_no() == 1
    assert ledger.book.last_ingest() is None
    ledger.note([row(1, RowStatus.INGESTED, None, "facts", ingest_no=4)])
    assert ledger.next_ingest_no() == 5
    ledger.store.append(FACT_CHANGE, one_row(ledger.store.spark, FACT_CHANGE, ingest_no=9), {})
    assert ledger.next_ingest_no() == 10
    last = ledger.book.last_ingest()
    assert last is not None
    assert last.ingest_no == 4


def test_what_is_noted_is_known_at_once_and_written_in_one_commit(ledger: Ledger, config: Config):
    scores = row(2, RowStatus.PUBLISHED, result="rfm_score/year", ingest_no=7, inputs={"rfm_score/year": "r1"})
    ledger.note([row(1, RowStatus.PUBLISHED), scores])
    assert ledger.book.state(JAN)["rfm_score/year"] == scores
    assert Ledger(ledger.store).book.dates() == []
    before = ledger.store.version(RUN_LOG)
    ledger.write(config, "r2", START)
    ledger.write(config, "r2", START)
    assert ledger.store.version(RUN_LOG) == before + 1
    assert Ledger(ledger.store).book.state(JAN) == ledger.book.state(JAN)


def test_what_did_not_come_true_is_not_written(ledger: Ledger, config: Config):
    kept, dropped = row(1, RowStatus.PUBLISHED), row(2, RowStatus.PUBLISHED, result="rfm_score/year")
    ledger.note([kept])
    since = ledger.noted_count
    ledger.note([dropped])
    ledger.forget_noted(since)
    assert ledger.book.state(JAN) == {DATE: kept}
    ledger.write(config, "r2", START)
    assert Ledger(ledger.store).book.state(JAN) == {DATE: kept}


def test_a_configuration_is_kept_once(ledger: Ledger, config: Config):
    for minute in (1, 2):
        ledger.note([row(minute, RowStatus.PUBLISHED)])
        ledger.write(config, f"r{minute}", START)
    assert ledger.store.read(RUN_CONFIG).count() == 1
    read = ledger.config(config_hash(config))
    assert read is not None
    assert read.text == config.text
    assert ledger.config("unknown") is None


def test_a_date_leaves_and_returns_and_the_others_stay(ledger: Ledger):
    ledger.publish([JAN, FEB], Every.MONTH, "r1", RUN)
    ledger.withdraw([JAN], RUN)
    assert list(Ledger(ledger.store).published) == list(ledger.published) == [FEB]
    ledger.publish([JAN], Every.MONTH, "r2", RUN)
    published = Ledger(ledger.store).published
    assert {day: one.run_id for day, one in published.items()} == {JAN: "r2", FEB: "r1"}


def test_the_published_dates_follow_the_history_calendar(ledger: Ledger):
    ledger.publish([JAN, FEB], Every.MONTH, "r1", RUN)
    ledger.publish([], Every.QUARTER, "r2", RUN)
    assert [one.is_tracked for one in Ledger(ledger.store).published.values()] == [False, False]
    before = ledger.store.version(PUBLISHED_DATE)
    ledger.publish([], Every.QUARTER, "r3", RUN)
    assert ledger.store.version(PUBLISHED_DATE) == before
