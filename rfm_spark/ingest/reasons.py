"""Why a line was rejected: the one list of reasons, and where a line ends."""

from collections.abc import Mapping
from enum import StrEnum


class Fate(StrEnum):
    """Where a line of a source ends; every line read has exactly one."""

    ACCEPTED = "accepted"
    EXCLUDED = "excluded"
    REJECTED = "rejected"
    OUTSIDE = "outside"


def reason_counts(reasons: Mapping[str, int]) -> str:
    """Return how many lines each reason took, as one text.

    >>> reason_counts({"bad date": 1200, "bad amount": 2})
    'bad amount 2, bad date 1,200'
    """
    return ", ".join(f"{name} {count:,}" for name, count in sorted(reasons.items()))


class RejectReason(StrEnum):
    """Why a line could not be used. A line may have several, a malformed one only that."""

    AMOUNT_OUT_OF_RANGE = "amount out of range"
    BAD_AMOUNT = "bad amount"
    BAD_DATE = "bad date"
    BAD_MEMBER = "bad member"
    BAD_VERSION = "bad version"
    DUPLICATE = "duplicate"
    FUTURE_DATE = "future date"
    MALFORMED_LINE = "malformed line"
    MISSING_EVENT_TYPE = "missing event type"
    MISSING_KEY = "missing key"
    MISSING_MEMBER = "missing member"
    UNCLASSIFIED = "unclassified"
    UNKNOWN_ORDER = "unknown order"
    WRONG_CURRENCY = "wrong currency"

    @property
    def bit(self) -> int:
        """Return the bit of the reason in the column `faults`."""
        return 1 << list(RejectReason).index(self)
