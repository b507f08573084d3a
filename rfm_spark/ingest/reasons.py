"""Why a line was rejected: the one list of reasons, and where a line ends."""

from enum import StrEnum


class Fate(StrEnum):
    """Where a line of a source ends; every line read has exactly one."""

    ACCEPTED = "accepted"
    EXCLUDED = "excluded"
    REJECTED = "rejected"
    OUTSIDE = "outside"


class RejectReason(StrEnum):
    """Why a line could not be used. A line may have several, a malformed one only that."""

    AMOUNT_OUT_OF_RANGE = "amount out of range"
    BAD_AMOUNT = "bad amount"
    BAD_DATE = "bad date"
    BAD_MEMBER = "bad member"
    DUPLICATE = "duplicate"
    FUTURE_DATE = "future date"
    MALFORMED_LINE = "malformed line"
    MISSING_EVENT_TYPE = "missing event type"
    MISSING_MEMBER = "missing member"
    UNCLASSIFIED = "unclassified"
    WRONG_CURRENCY = "wrong currency"

    @property
    def bit(self) -> int:
        """Return the bit of the reason in the column `faults`."""
        return 1 << list(RejectReason).index(self)
