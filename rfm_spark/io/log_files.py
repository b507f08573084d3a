"""The commits of a table in a folder, from the files of its log: milliseconds, where DESCRIBE HISTORY is a query.

A log holds one JSON file per commit, `00000000000000000012.json`, whose first line says who wrote it, and
`_last_checkpoint`, which names a version that is surely there (Delta's protocol, "Delta Log Entries").
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.sql import SparkSession

from rfm_spark.io.files import hadoop_path

FIRST_BYTES = 1 << 16
"""Enough for the line about the commit; the lines after it may be large."""


SCHEMA = "schemaString"
"""The columns of a table as Delta's log writes them."""


class LogFiles:
    """The log of one table by its folder."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        self.spark = spark
        self.folder = f"{folder}/_delta_log"

    def newest(self) -> int:
        """Return the newest version."""
        version = self._checkpoint()
        while self._exists(version + 1):
            version += 1
        return version

    def commits(self) -> Iterator[Mapping[str, Any]]:
        """Yield the commitInfo of each commit, newest first, as far back as the log's files go."""
        for version in range(self.newest(), -1, -1):
            text = self._read(f"{version:020d}.json")
            if text is None:
                return
            yield {**commit_info(text), "version": version}

    def creation(self) -> Mapping[str, Any] | None:
        """Return what the first commit says of the table, as `created_table` does; None where it is not there."""
        text = self._read(f"{0:020d}.json")
        return None if text is None else created_table(text)

    def is_only_created(self) -> bool:
        """Return whether the only commit is a CREATE TABLE: the table has never had a row."""
        return not self._exists(1) and self.creation() is not None

    def _checkpoint(self) -> int:
        text = self._read("_last_checkpoint")
        return 0 if text is None else int(json.loads(text)["version"])

    def _exists(self, version: int) -> bool:
        system, path = hadoop_path(self.spark, f"{self.folder}/{version:020d}.json")
        return bool(system.exists(path))

    def _read(self, name: str) -> str | None:
        """Return the beginning of a file, None where there is none."""
        system, path = hadoop_path(self.spark, f"{self.folder}/{name}")
        if not system.exists(path):
            return None
        stream = system.open(path)
        try:
            return bytes(stream.readNBytes(FIRST_BYTES)).decode(errors="replace")
        finally:
            stream.close()


def commit_info(text: str) -> Mapping[str, Any]:
    """Return the operation, its parameters and our own words from the beginning of a commit file.

    >>> info = '{"commitInfo":{"operation":"WRITE","userMetadata":"{}","timestamp":1}}'
    >>> commit_info(info + chr(10) + '{"add":{"path":"a"}}')["operation"]
    'WRITE'
    """
    nothing: Mapping[str, Any] = {"operation": "", "operationParameters": {}, "userMetadata": None}
    for line in text.splitlines():
        try:
            action = json.loads(line)
        except ValueError:
            break
        if "commitInfo" in action:
            return {**nothing, **action["commitInfo"]}
    return nothing


def created_table(text: str) -> Mapping[str, Any] | None:
    """Return the table that a commit of CREATE TABLE makes, under the names of DESCRIBE DETAIL, with its schema.

    None where the commit has no protocol or no metadata, or adds rows.

    >>> metadata = {"partitionColumns": ["day"], "configuration": {"delta.appendOnly": "true"}, "schemaString": "{}"}
    >>> protocol = {"minReaderVersion": 1, "minWriterVersion": 3}
    >>> created = created_table(json.dumps({"metaData": metadata}) + chr(10) + json.dumps({"protocol": protocol}))
    >>> created["minReaderVersion"], created["partitionColumns"], created["properties"]
    (1, ['day'], {'delta.appendOnly': 'true'})
    """
    actions: dict[str, Any] = {}
    for line in text.splitlines():
        try:
            actions |= json.loads(line)
        except ValueError:
            return None
    if "add" in actions or not {"metaData", "protocol"} <= actions.keys():
        return None
    metadata, protocol = actions["metaData"], actions["protocol"]
    return {
        "minReaderVersion": protocol["minReaderVersion"],
        "tableFeatures": [*(protocol.get("readerFeatures") or ()), *(protocol.get("writerFeatures") or ())],
        "partitionColumns": metadata["partitionColumns"],
        "properties": metadata["configuration"],
        SCHEMA: metadata["schemaString"],
    }
