"""Which configuration keys differ between what a result was computed under and today's configuration."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rfm_spark.config.model import Config
from rfm_spark.runs.due import ResultState, State
from rfm_spark.runs.ledger import Ledger

SHARED = ("orders", "calendar", "identity.method", "identity.overrides")
"""Roots of the keys that decide every result."""
NAMES_ONLY = (".title", ".names")
"""Data for people: it decides nothing."""
SHOWN = 5


class Differences:
    """Looks up the configurations of old runs, each once."""

    def __init__(self, ledger: Ledger, config: Config) -> None:
        self._ledger = ledger
        self._config = config
        self._known: dict[str, Mapping[str, Any]] = {}

    def explained(self, state: ResultState) -> ResultState:
        """Return the state, naming the keys that differ where its definition changed."""
        if state.state is not State.DEFINITION_CHANGED:
            return state
        row = self._ledger.book.state(state.as_of)[state.result.name]
        before, today = self._keys_of(row.config_hash), flattened(self._config.text)
        roots = [*SHARED, *state.result.declared.keys(self._config, state.result.part)]
        keys = [key for key in sorted({*before, *today}) if before.get(key) != today.get(key) and is_under(key, roots)]
        more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
        return replace(state, reason=", ".join(keys[:SHOWN]) + more if keys else state.reason)

    def _keys_of(self, config_hash: str) -> Mapping[str, Any]:
        if config_hash not in self._known:
            self._known[config_hash] = flattened(json.loads(self._ledger.config_text(config_hash) or "{}"))
        return self._known[config_hash]


def is_under(key: str, roots: list[str]) -> bool:
    """Return whether a key is one of the roots or below one, and decides anything.

    >>> is_under("windows.year.days", ["windows.year"]), is_under("windows.years.days", ["windows.year"])
    (True, False)
    >>> is_under("segments.tier.names.vip.title.en", ["segments.tier"])
    False
    """
    root = next((root for root in roots if key == root or key.startswith(f"{root}.")), None)
    return root is not None and not key[len(root) :].startswith(NAMES_ONLY)


def flattened(data: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, keys joined by dots; lists stay whole.

    >>> flattened({"windows": {"year": {"days": 365}}, "a": [1, 2]})
    {'windows.year.days': 365, 'a': [1, 2]}
    """
    return dict(_leaves(data, prefix))


def _leaves(data: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(data, Mapping):
        yield prefix, data
        return
    for key, value in data.items():
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
