"""Which comparisons are written again: those whose recorded stamp differs from what a run would give today."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

from rfm_spark.history.comparisons import Comparison, Key, PublishedSet, wanted_comparisons
from rfm_spark.runs.history_due import is_due
from rfm_spark.runs.log_book import LogRow, RowStatus
from rfm_spark.steps.history.write import row_with_stamp

JAN, FEB, MAR, APR = (date(2024, month, day) for month, day in ((1, 31), (2, 29), (3, 31), (4, 30)))
EVERY = [JAN, FEB, MAR, APR]
BLANK = LogRow("run", "track", "segment_transition/life", RowStatus.PUBLISHED, "c00", datetime(2024, 5, 1, tzinfo=UTC))


def published(*days: date, run: str = "run") -> list[PublishedSet]:
    return [PublishedSet("life", day, f"{run}-{day}", "one", "config", 1) for day in days]


def recorded(comparisons: Iterable[Comparison]) -> dict[Key, LogRow]:
    return {one.key: row_with_stamp(BLANK, one, 0) for one in comparisons}


def due(before: list[PublishedSet], after: list[PublishedSet]) -> list[tuple[date | None, date]]:
    """Return previous and later date of the comparisons that are due after the published sets changed."""
    rows = recorded(wanted_comparisons(before, [one.as_of for one in before]))
    wanted = wanted_comparisons(after, [one.as_of for one in after])
    return [(one.previous, one.as_of) for one in wanted if is_due(one, rows.get(one.key))]


def test_what_is_recorded_as_wanted_is_not_written_again() -> None:
    assert due(published(*EVERY), published(*EVERY)) == []


def test_a_recomputed_date_and_the_next_one_are_due() -> None:
    again = published(JAN, MAR, APR) + published(FEB, run="again")
    assert due(published(*EVERY), again) == [(JAN, FEB), (FEB, MAR)]


def test_after_a_removed_date_the_next_one_looks_further_back() -> None:
    assert due(published(JAN, FEB, MAR), published(JAN, MAR)) == [(JAN, MAR)]


def test_a_date_filled_in_later_and_the_next_one_are_due() -> None:
    assert due(published(JAN, MAR), published(JAN, FEB, MAR)) == [(JAN, FEB), (FEB, MAR)]


def test_when_the_first_date_goes_the_second_becomes_the_first() -> None:
    assert due(published(JAN, FEB), published(FEB)) == [(None, FEB)]


def test_another_ingest_under_the_same_run_id_is_due() -> None:
    [old] = published(JAN)
    assert due([old], [replace(old, ingest_no=2)]) == [(None, JAN)]
