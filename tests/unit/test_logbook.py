"""What the rows of the run log say: what was written last decides, and only what decides."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rfm_spark.io.logbook import DATE, LogBook, LogRow, Status

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


def test_a_date_is_published_from_its_last_replacement_on():
    log = LogBook([
        row(1, Status.REPLACING), row(2, Status.PUBLISHED),
        row(3, Status.REPLACING, FEB), row(4, Status.FAILED, FEB),
        row(5, Status.REPLACING, MAR), row(5, Status.PUBLISHED, MAR),
        row(6, Status.INGESTED, None, "transaction", ingest_no=4),
    ])  # fmt: skip
    assert log.published_dates() == [JAN, MAR]
    assert list(log.unfinished_dates()) == [FEB]
    assert list(log.failed_dates()) == [FEB]


def test_a_failure_before_anything_was_replaced_leaves_the_date_published():
    log = LogBook([row(1, Status.PUBLISHED), row(2, Status.FAILED)])
    assert log.published_dates() == [JAN]
    assert list(log.failed_dates()) == [JAN]


def test_state_gives_the_deciding_row_of_each_result():
    more: dict[str, Any] = {"definition_hash": "d2", "ingest_no": 7, "table_versions": {"member_day": 3}}
    kept = row(2, Status.PUBLISHED, result="rfm_score/year", **more)
    log = LogBook([
        row(1, Status.PUBLISHED, result="rfm_score/year", definition_hash="d1"), kept,
        row(3, Status.FAILED, result="rfm_score/year", definition_hash="d3"),
        row(4, Status.PUBLISHED, FEB, result="rfm_score/year"),
        row(2, Status.PUBLISHED),
    ])  # fmt: skip
    assert log.state(JAN) == {"rfm_score/year": kept, DATE: row(2, Status.PUBLISHED)}


def test_history_taken_away_does_not_end_a_replacement():
    """A run that replaced scores and failed at segments takes the date's links away, under its own id."""
    begun = replace(row(2, Status.REPLACING), run_id="r")
    log = LogBook([row(1, Status.PUBLISHED), begun])
    log.add([replace(row(3, Status.REMOVED, result="segment_transition/tier"), run_id="r")])
    assert log.last_unended(JAN) == begun
    log.add([replace(row(4, Status.PUBLISHED, result="rfm_score/year"), run_id="r")])
    assert log.last_unended(JAN) is None


def test_a_removed_date_is_no_date_and_may_come_back():
    log = LogBook([row(1, Status.PUBLISHED), row(1, Status.PUBLISHED, result="rfm_score/year")])
    log.add([row(3, Status.REMOVED), row(3, Status.REMOVED, result="rfm_score/year")])
    assert (log.published_dates(), log.state(JAN), log.failed_dates()) == ([], {}, {})
    log.add([row(4, Status.REPLACING)])
    assert list(log.unfinished_dates()) == [JAN]
