"""What the rows of run_log say: what was written last decides, and only what decides."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from rfm_spark.runs.log_book import DATE, LogBook, LogRow, RowStatus

JAN, FEB, MAR = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
START = datetime(2024, 4, 1, 8, 0, tzinfo=UTC)
SCORES = "rfm_score/year"


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


def test_a_date_has_failed_when_its_last_run_did():
    log = LogBook([
        row(1, RowStatus.PUBLISHED), row(2, RowStatus.FAILED),
        row(3, RowStatus.FAILED, FEB), row(4, RowStatus.PUBLISHED, FEB),
        row(6, RowStatus.INGESTED, None, "transaction", ingest_no=4),
    ])  # fmt: skip
    assert list(log.failed_dates()) == [JAN]


def test_state_gives_the_deciding_row_of_each_result():
    more: dict[str, Any] = {"definition_hash": "d2", "ingest_no": 7, "table_versions": {"member_day": 3}}
    kept = row(2, RowStatus.PUBLISHED, result=SCORES, **more)
    log = LogBook([
        row(1, RowStatus.PUBLISHED, result=SCORES, definition_hash="d1"), kept,
        row(3, RowStatus.FAILED, result=SCORES, definition_hash="d3"),
        row(4, RowStatus.PUBLISHED, FEB, result=SCORES),
        row(2, RowStatus.PUBLISHED),
    ])  # fmt: skip
    assert log.state(JAN) == {SCORES: kept, DATE: row(2, RowStatus.PUBLISHED)}


def test_history_and_the_date_itself_are_not_results_that_a_date_holds():
    held = row(1, RowStatus.PUBLISHED, result=SCORES)
    moves = row(1, RowStatus.PUBLISHED, result="segment_transition/tier")
    log = LogBook([held, moves, row(1, RowStatus.PUBLISHED), row(2, RowStatus.PUBLISHED, FEB, moves.result)])
    assert log.results(JAN) == {SCORES: held}
    assert log.computed_dates() == [JAN]


def test_a_removed_date_holds_nothing_and_may_come_back():
    log = LogBook([row(1, RowStatus.PUBLISHED), row(1, RowStatus.PUBLISHED, result=SCORES)])
    log.add([row(3, RowStatus.REMOVED), row(3, RowStatus.REMOVED, result=SCORES)])
    assert (log.computed_dates(), log.state(JAN), log.failed_dates()) == ([], {}, {})
    log.add([row(4, RowStatus.PUBLISHED, result=SCORES)])
    assert log.computed_dates() == [JAN]


def test_a_run_id_that_was_used_gets_a_number():
    log = LogBook([row(1, RowStatus.PUBLISHED)])
    assert (log.free_run_id("r1"), log.free_run_id("r2")) == ("r1-2", "r2")
