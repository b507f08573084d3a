"""The list that every reader of the configuration adds to, so that all errors are shown at once."""

import difflib
from collections.abc import Iterable

from rfm_spark.errors import ConfigurationError, RfmSparkError, UsageError

MAX_NAMES = 20
"""A hint lists no more names than this."""


class Problems:
    """Errors in the order in which they were found."""

    def __init__(self) -> None:
        self.found: list[RfmSparkError] = []

    def add(self, where: str, found: str, expected: str = "", next_step: str = "") -> None:
        """Note one error; the arguments are those of every error of the project."""
        self.found.append(UsageError(where, found, expected, next_step))

    def raise_if_any(self) -> None:
        """Raise one ConfigurationError that holds them all."""
        if self.found:
            raise ConfigurationError(self.found)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known name, or all of them when none is near.

    >>> did_you_mean("windwos", ["windows", "scores"])
    "did you mean 'windows'?"
    >>> did_you_mean("x", ["b", "a"])
    'known are a, b'
    >>> did_you_mean("x", [])
    'none is declared'
    """
    names = sorted(known, key=lambda name: ("." in name, name))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"known are {', '.join(names[:MAX_NAMES])}{more}" if names else "none is declared"
