"""What a result was made from, as one value: recorded in run_log, and compared here and nowhere else.

Facts, the results of a date, comparisons of history and the tables of history all have a stamp. A result is current
while the stamp that a run would give it today differs in nothing from the recorded one, and no fact changed since the
recorded ingest (`changed_facts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Differs(StrEnum):
    """In what two stamps differ; the first that holds."""

    DEFINITION = "definition"
    INPUTS = "inputs"


@dataclass(frozen=True)
class Stamp:
    """What a result was made from.

    `definition_hash`: the configuration keys that decide it. `ingest_no`: the last ingest whose facts it saw; facts are
    compared by what changed since, not by this number. `inputs`: by name the run id of each result that it read, or the
    version of a table.
    """

    definition_hash: str | None = None
    ingest_no: int | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)

    def difference(self, today: "Stamp") -> Differs | None:
        """Return in what the stamp of today differs from this recorded one; None where the result is current.

        An input that is gone since changes nothing: what it gave is in the result.

        >>> made = Stamp("f00", 1, {"rfm_score/year": "run-1"})
        >>> made.difference(Stamp("f00", 2, {"rfm_score/year": "run-1"})) is None
        True
        >>> made.difference(Stamp("f00", 2, {"rfm_score/year": "run-2"})).value
        'inputs'
        >>> made.difference(Stamp("f11", 2, {})).value
        'definition'
        """
        if self.definition_hash != today.definition_hash:
            return Differs.DEFINITION
        return Differs.INPUTS if self.changed_inputs(today) else None

    def changed_inputs(self, today: "Stamp") -> tuple[str, ...]:
        """Return the names of the inputs that are others today, in order."""
        return tuple(sorted(name for name, value in today.inputs.items() if self.inputs.get(name) != value))


def version_inputs(versions: Mapping[str, int]) -> dict[str, str]:
    """Return versions of tables as inputs of a stamp.

    >>> version_inputs({"member_day": 7})
    {'member_day': '7'}
    """
    return {name: str(version) for name, version in versions.items()}
