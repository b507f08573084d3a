"""What the doctor finds: one thing that is wrong, where it is, and the next step."""

from dataclasses import dataclass
from enum import StrEnum

SHOWN = 3


class Severity(StrEnum):
    """How bad a finding is: an error makes numbers wrong or tables unreadable, a warning wants tidying."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, where it is, and the next step."""

    severity: Severity
    where: str
    found: str
    next_step: str

    def sentence(self) -> str:
        """Return the finding as one line."""
        return f"{self.severity}: {self.where}: {self.found}; {self.next_step}"


def shown(places: list[str]) -> str:
    """Return the first places in one phrase.

    >>> shown(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more
