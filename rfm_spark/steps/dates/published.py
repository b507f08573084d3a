"""Which published dates a command may read, and which sets they have."""

from collections.abc import Iterable
from datetime import date

from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.errors import UsageError
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.log_book import LogBook
from rfm_spark.runs.registry import result_name


def require_published(ledger: Ledger, days: Iterable[date]) -> None:
    """Fail where readers may not use a date."""
    for day in days:
        if day not in ledger.published:
            raise UsageError(f"{day}", "the date is not published", "a published date", f"rfm-spark run --as-of {day}")


def require_set(book: LogBook, name: str, days: Iterable[date]) -> None:
    """Fail where a date was published without the set."""
    for day in days:
        if not has_set(book, name, day):
            step = f"rfm-spark run --as-of {day}, or leave the set out"
            raise UsageError(f"{day}", f"published without segment set {name}", "a date that has it", step)


def has_set(book: LogBook, name: str, day: date) -> bool:
    """Return whether a date has segments of the set."""
    return result_name(MEMBER_SEGMENT, name) in book.state(day)
