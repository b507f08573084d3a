"""What became of a commit: our own one in a table's history, and what an error of Delta means for a scheduler."""

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.errors import PySparkException

from rfm_spark.errors import ConflictError, DataCheckError, RfmSparkError

with contextlib.suppress(ImportError):
    # Turns Delta's conflicts into classes of their own; a cluster without the Python package still names them in text.
    import delta.exceptions.captured  # noqa: F401  # imported for what it does

WRITE_ID = "write_id"
CONFLICTS = (
    "DeltaConcurrentModificationException", "ConcurrentWriteException", "MetadataChangedException",
    "ProtocolChangedException", "ConcurrentAppendException", "ConcurrentDeleteReadException",
    "ConcurrentDeleteDeleteException", "ConcurrentTransactionException",
)  # fmt: skip
CONFLICT_TEXT = re.compile(r"\b(?:io\.delta\.exceptions|org\.apache\.spark\.sql\.delta)\.(\w+)")
VIOLATED_CHECK = re.compile(r"CHECK constraint (\w+) ")
CONDITION = re.compile(r"\s*\[([A-Z_.]+)\]")
REPLACED = "DELTA_REPLACE_WHERE_MISMATCH"
NULL_FOUND = re.compile(r"NOT NULL constraint violated for column: ([\w.]*\w)")
KEEPS_ROWS = (
    "OPTIMIZE", "VACUUM", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "ADD CONSTRAINT", "DROP CONSTRAINT",
    "CHANGE COLUMN", "UPGRADE PROTOCOL", "REORG", "COMPUTE STATS",
)  # fmt: skip


def metadata_of(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what we wrote beside a commit, or None for a commit of somebody else."""
    try:
        found = json.loads(entry["userMetadata"] or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and WRITE_ID in found else None


def version_of_write(history: Iterable[Mapping[str, Any]], write_id: str) -> int | None:
    """Return the version of our own commit, or None when it is not in the history."""
    for entry in history:
        metadata = metadata_of(entry)
        if metadata is not None and metadata[WRITE_ID] == write_id:
            return int(entry["version"])
    return None


def latest_write(history: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the commit that made the rows that the table holds now, from its history, newest first.

    None where that is no longer in the history.

    | newest commits                 | result            |
    |--------------------------------|-------------------|
    | ours                           | ours              |
    | OPTIMIZE, ours                 | ours              |
    | DELETE by somebody, ours       | that DELETE       |
    | RESTORE to 3, ours (4), ours(3)| version 3         |
    """
    target: int | None = None
    for entry in history:
        if target is not None and entry["version"] > target:
            continue
        operation = str(entry["operation"])
        if operation == "RESTORE":
            restored = (entry["operationParameters"] or {}).get("version")
            if restored is None or not str(restored).isdigit():
                return None
            target = int(restored)
        elif not operation.startswith(KEEPS_ROWS):
            return entry
    return None


def is_change_by_others(entry: Mapping[str, Any]) -> bool:
    """Return whether a commit changed rows and is not ours; a RESTORE is such a change.

    >>> entry = {"operation": "RESTORE", "userMetadata": None}
    >>> is_change_by_others(entry), is_change_by_others({**entry, "operation": "OPTIMIZE"})
    (True, False)
    """
    return not str(entry["operation"]).startswith(KEEPS_ROWS) and metadata_of(entry) is None


def conflict_name(error: Exception) -> str | None:
    """Return the kind of conflict with another writer, or None when the error is none."""
    if type(error).__name__ in CONFLICTS:
        return type(error).__name__
    named = [name for name in CONFLICT_TEXT.findall(str(error)) if name in CONFLICTS]
    if named:
        return str(named[0])
    condition = condition_of(error)
    return condition if condition.startswith("DELTA_CONCURRENT") else None


def condition_of(error: Exception) -> str:
    """Return the error condition of Spark or Delta, or an empty text."""
    if not isinstance(error, PySparkException):
        return ""
    match = CONDITION.match(str(error))
    return str(error.getCondition() or (match.group(1) if match else ""))


def broken_checks(error: Exception, checks: Mapping[str, str]) -> list[str]:
    """Return the names of the checks that an error reports, never the rows it quotes."""
    text = str(error)
    named = sorted({name for name in VIOLATED_CHECK.findall(text) if name in {check.lower() for check in checks}})
    return named + [f"{column} is never NULL" for column in sorted(set(NULL_FOUND.findall(text)))]


def translated(error: Exception, where: str, checks: Mapping[str, str]) -> RfmSparkError | None:
    """Return the error that a scheduler and a person understand, or None for one that is not Delta's."""
    conflict = conflict_name(error)
    if conflict is not None:
        return ConflictError(where, f"another writer was faster ({conflict})", next_step="run the same command again")
    broken = broken_checks(error, checks)
    if broken:
        return DataCheckError(where, f"rows break {', '.join(broken)}", next_step="nothing was written")
    if condition_of(error).startswith(REPLACED):
        return DataCheckError(where, "rows outside what is being replaced", next_step="nothing was written")
    return None
