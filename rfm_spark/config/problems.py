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
    >>> did_you_mean("avg_amount", ["net_amount", "average_order_amount"])
    "did you mean 'average_order_amount'?"
    >>> did_you_mean("x", ["b", "a"])
    'known are a, b'
    >>> did_you_mean("x", [])
    'none is declared'
    """
    names = in_order(known)
    near = nearest(name, names)
    if near:
        return near
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"known are {', '.join(names[:MAX_NAMES])}{more}" if names else "none is declared"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known name, empty when none is near.

    >>> nearest("Europe/Berln", ["Europe/Berlin", "UTC"]), nearest("x", ["UTC"])
    ("did you mean 'Europe/Berlin'?", '')
    """
    names = in_order(known)
    near = _abbreviated(name, names) or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names as a hint lists them: those of another window last."""
    return sorted(names, key=lambda name: ("." in name, name))


def _abbreviated(name: str, names: list[str]) -> list[str]:
    """Return the first name that has every word of the given one, whole or shortened, in order."""
    words = name.split("_")
    if len(words) < 2:
        return []
    return [one for one in names if _has_words(one.split("_"), words)][:1]


def _has_words(parts: list[str], words: list[str]) -> bool:
    left = iter(parts)
    return all(any(_is_short_for(word, part) for part in left) for word in words)


def _is_short_for(word: str, part: str) -> bool:
    """Return whether a word is another without some of its letters.

    >>> _is_short_for("avg", "average"), _is_short_for("amount", "amount"), _is_short_for("net", "amount")
    (True, True, False)
    """
    letters = iter(part)
    return word[:1] == part[:1] and all(letter in letters for letter in word)
