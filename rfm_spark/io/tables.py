"""The tables of a warehouse: created, verified, read, and written by whole commits that know who wrote them."""

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from rfm_spark.config.model import Warehouse
from rfm_spark.contracts.columns import Column
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Table
from rfm_spark.driver_rows import driver_rows
from rfm_spark.errors import UsageError
from rfm_spark.io import commits, table_ddl
from rfm_spark.io.locks import local_lock
from rfm_spark.io.log_files import SCHEMA, LogFiles
from rfm_spark.io.session import apply_read_safety
from rfm_spark.io.sql_text import Condition, checked_folder, checked_identifier, quoted, where_text

SESSION_DEFAULTS = "spark.databricks.delta.properties.defaults."
REFUSED_PROPERTIES = ("DELTA_UNKNOWN_CONFIGURATION", "DELTA_ADD_CONSTRAINTS")
RECENT_COMMITS = 30


def qualified_folder(spark: SparkSession, path: str) -> str:
    """Return the path as its file system names it in full, a plain path on this machine."""
    hadoop = spark._jvm.org.apache.hadoop.fs.Path(path)  # type: ignore[union-attr]  # a classic session has it
    system = hadoop.getFileSystem(spark._jsparkSession.sessionState().newHadoopConf())
    return str(system.makeQualified(hadoop).toString()).removeprefix("file:")


@contextlib.contextmanager
def without_session_defaults(spark: SparkSession) -> Iterator[None]:
    """Hide what a platform adds to every new table; the settings come back when the block ends."""
    hidden = {key: value for key, value in spark.conf.getAll.items() if key.startswith(SESSION_DEFAULTS)}
    for key in hidden:
        spark.conf.unset(key)
    try:
        yield
    finally:
        for key, value in hidden.items():
            spark.conf.set(key, value)


class TableStore:
    """The tables of one warehouse, by path (one folder per table) or by catalog and schema."""

    def __init__(self, spark: SparkSession, warehouse: Warehouse) -> None:
        self.spark = spark
        self.warehouse = warehouse
        self.root: str | None = None
        self.schema_name = ""
        apply_read_safety(spark)
        if warehouse.path is not None:
            self.root = qualified_folder(spark, checked_folder(warehouse.path, "warehouse.path").rstrip("/"))
        elif warehouse.schema is not None:
            catalog = checked_identifier(warehouse.catalog or "spark_catalog", "warehouse.catalog")
            self.schema_name = f"{quoted(catalog)}.{quoted(checked_identifier(warehouse.schema, 'warehouse.schema'))}"
        else:
            raise UsageError("warehouse", "no place for tables", "path, or catalog and schema")

    def location(self, table: Table) -> str:
        """Return the folder of the table, or its full name in the catalog."""
        return f"{self.root}/{table.name}" if self.root else f"{self.schema_name}.{quoted(table.name)}".replace("`", "")

    def sql_name(self, table: Table) -> str:
        """Return the quoted name that SQL takes."""
        return f"delta.{quoted(self.location(table))}" if self.root else f"{self.schema_name}.{quoted(table.name)}"

    def exists(self, table: Table) -> bool:
        """Return whether the table is there, as a Delta table."""
        if self.root:
            delta = self.spark._jvm.io.delta.tables.DeltaTable  # type: ignore[union-attr]  # a classic session has it
            return bool(delta.isDeltaTable(self.spark._jsparkSession, self.location(table)))
        return self.spark.catalog.tableExists(self.sql_name(table))

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """Return the rows of the table now, or as they were at a version.

        Of a table that nobody has written to yet Spark learns that it is empty: it then plans no join with it and
        runs no job for it.
        """
        self.require(table)
        if version is None and self.root and LogFiles(self.spark, self.location(table)).is_only_created():
            return conform(driver_rows(self.spark, [], table.schema_text()), table)
        reader = self.spark.read if version is None else self.spark.read.option("versionAsOf", version)
        frame = reader.format("delta").load(self.location(table)) if self.root else reader.table(self.sql_name(table))
        return conform(frame, table)

    def require(self, table: Table) -> None:
        """Fail when the table is not there: writing would make an unpartitioned one, unchecked."""
        if not self.exists(table):
            raise UsageError(self.location(table), "no such table", next_step="run rfm-spark init, or add --init")

    def commits(self, table: Table) -> Iterator[Mapping[str, Any]]:
        """Yield the commits of the table, newest first; of a long history mostly only those that are asked for."""
        if self.root:
            yield from LogFiles(self.spark, self.location(table)).commits()
            return
        history = f"DESCRIBE HISTORY {self.sql_name(table)}"
        recent = [row.asDict() for row in self.spark.sql(f"{history} LIMIT {RECENT_COMMITS}").collect()]
        yield from recent
        if len(recent) == RECENT_COMMITS:
            older = self.spark.sql(history).where(F.col("version") < F.lit(recent[-1]["version"]))
            yield from (row.asDict() for row in older.orderBy(F.desc("version")).collect())

    def version(self, table: Table) -> int:
        """Return the newest version of the table."""
        if self.root:
            return LogFiles(self.spark, self.location(table)).newest()
        return int(self.spark.sql(f"DESCRIBE HISTORY {self.sql_name(table)} LIMIT 1").collect()[0]["version"])

    def last_metadata(self, table: Table) -> dict[str, Any] | None:
        """Return what was written beside the rows that the table holds now; None when somebody else changed them."""
        entry = commits.latest_write(self.commits(table))
        return None if entry is None else commits.metadata_of(entry)

    def rows_version(self, table: Table) -> int | None:
        """Return the version that wrote the rows that the table holds now; None where the history is gone."""
        entry = commits.latest_write(self.commits(table))
        return None if entry is None else int(entry["version"])

    def is_as_left(self, table: Table, version: int) -> bool:
        """Return whether nobody else has changed rows since the version or created the table again."""
        self.require(table)
        since = takewhile(lambda entry: entry["version"] > version, self.commits(table))
        return self.version(table) >= version and not any(map(commits.is_change_by_others, since))

    def lacks_commit_of(self, table: Table, version: int, run_id: str) -> bool:
        """Return whether a version is not there or is another run's; one that left the history is not lacking."""
        if self.version(table) < version:
            return True
        since = takewhile(lambda entry: entry["version"] >= version, self.commits(table))
        found = next((entry for entry in since if entry["version"] == version), None)
        return found is not None and (commits.metadata_of(found) or {}).get("run_id") != run_id

    def require_layout(self, tables: Sequence[Table]) -> None:
        """Fail where the tables have another layout than this version's; nothing is converted."""
        there = next((table for table in tables if self.exists(table)), None)
        if there is None:
            return
        key = table_ddl.LAYOUT_KEY
        rows = self.spark.sql(f"SHOW TBLPROPERTIES {self.sql_name(there)}").collect()
        found = next((str(row[1]) for row in rows if row[0] == key), "1")
        if found != table_ddl.LAYOUT:
            raise UsageError(
                self.root or self.schema_name, f"its tables have layout {found}", f"layout {table_ddl.LAYOUT}",
                "name an empty warehouse, run rfm-spark init and ingest the sources again; the old tables stay as "
                "they are",
            )  # fmt: skip

    def compact(self, table: Table) -> None:
        """Pack the small files of a table into few; its rows stay what they are."""
        self.spark.sql(f"OPTIMIZE {self.sql_name(table)}")

    def create(self, table: Table) -> bool:
        """Create the table, or verify the one that is there; return whether it was created.

        A new table is verified by its first commit: DESCRIBE DETAIL would count its files, with three jobs.
        """
        created = not self.exists(table)
        if created:
            with without_session_defaults(self.spark):
                self._create_empty(table)
        of_log = LogFiles(self.spark, self.location(table)).creation() if created and self.root else None
        detail = of_log or self.detail(table)
        missing = table_ddl.missing_checks(table, detail["properties"])
        for name, check in missing.items():
            self.spark.sql(f"ALTER TABLE {self.sql_name(table)} ADD CONSTRAINT {quoted(name)} CHECK ({check})")
        self.verify(table, self.detail(table) if missing else detail)
        return created

    def _create_empty(self, table: Table) -> None:
        name = self.sql_name(table)
        try:
            self.spark.sql(table_ddl.create_text(table, name, table_ddl.preferred(table)))
        except Exception as error:
            if commits.condition_of(error) not in REFUSED_PROPERTIES:
                raise
            self.spark.sql(table_ddl.create_text(table, name, {}))

    def detail(self, table: Table) -> Mapping[str, Any]:
        """Return Delta's own description of the table: protocol, partition columns, properties."""
        return self.spark.sql(f"DESCRIBE DETAIL {self.sql_name(table)}").collect()[0].asDict()

    def differences(self, table: Table, detail: Mapping[str, Any] | None = None) -> list[str]:
        """Return every difference between the table and its contract, in words; `detail` where it was asked already."""
        self.require(table)
        found = detail or self.detail(table)
        text = found.get(SCHEMA)
        schema = StructType.fromJson(json.loads(text)) if text else self.spark.table(self.sql_name(table)).schema
        return table_ddl.differences(table, schema, found)

    def verify(self, table: Table, detail: Mapping[str, Any] | None = None) -> None:
        """Fail when the table is not what its contract says, naming every difference."""
        found = self.differences(table, detail)
        if found:
            raise UsageError(
                self.location(table), "; ".join(found), "the table of docs/tables.md",
                "move it away and run rfm-spark init",
            )  # fmt: skip

    def replace(
        self,
        table: Table,
        frame: DataFrame,
        where: Mapping[Column, Condition],
        metadata: Mapping[str, Any],
        is_sorted: bool = False,
    ) -> int:
        """Put the frame in place of the rows that `where` names, in one commit; return its version.

        Rows of the frame outside of `where` fail the write; an empty frame empties the place. When there is nothing
        to take away and nothing to put, there is no commit and the version is the newest. `is_sorted`: every partition
        of the frame is in the order of its files already, and is not sorted again.
        """
        condition = where_text(table, where)
        writer = self._sorted(table, frame, is_sorted).write.mode("overwrite").option("replaceWhere", condition)
        return self._commit(table, writer, metadata)

    def append(self, table: Table, frame: DataFrame, metadata: Mapping[str, Any]) -> int:
        """Add the rows in one commit; return its version."""
        return self._commit(table, self._sorted(table, frame).write.mode("append"), metadata)

    def _sorted(self, table: Table, frame: DataFrame, is_sorted: bool = False) -> DataFrame:
        apply_read_safety(frame.sparkSession)
        order = [*table.partition_by, *table.sort_by]
        rows = conform(frame, table)
        return rows if is_sorted or not table.sort_by else rows.sortWithinPartitions(*order)

    def _commit(self, table: Table, writer: DataFrameWriter, metadata: Mapping[str, Any]) -> int:
        self.require(table)
        write_id = uuid.uuid4().hex
        text = json.dumps({**metadata, commits.WRITE_ID: write_id}, sort_keys=True, default=str)
        named = writer.format("delta").option("userMetadata", text)
        try:
            self._write(table, named)
        except Exception as error:
            landed = self._landed(table, write_id)
            if landed is not None:
                return landed
            mine = commits.translated(error, self.location(table), table.checks)
            # Delta quotes the rows it refuses: the chain of causes must not bring them back into a log.
            raise (mine or error) from None
        landed = self._landed(table, write_id)
        return self.version(table) if landed is None else landed

    def _write(self, table: Table, writer: "DataFrameWriter") -> None:
        if self.root:
            writer.save(self.location(table))
        else:
            writer.saveAsTable(self.sql_name(table))

    def _landed(self, table: Table, write_id: str) -> int | None:
        return commits.version_of_write(islice(self.commits(table), RECENT_COMMITS), write_id)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the only right to write into a warehouse on a local disk; elsewhere the storage decides.

        Two processes on one local path can both win the same commit. Held by another process: exit 4.
        """
        if self.root is None or not self.root.startswith("/"):
            yield
            return
        with local_lock(Path(self.root)):
            yield
