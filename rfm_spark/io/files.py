"""Files outside of the tables: stages of a run as Parquet, small texts, and folders."""

from types import TracebackType
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.model import Warehouse
from rfm_spark.errors import UsageError
from rfm_spark.io.sql_text import checked_file_name, checked_folder, quoted

STAGING_FOLDER = "_staging"
ONE_FILE = str(2**40)
"""Opening a file is said to cost as much as a whole task may read: so no two files share a task, and none is cut."""


def staging_folder(warehouse: Warehouse) -> str:
    """Return where runs stage: `warehouse.staging_path`, else a folder beside the tables."""
    if warehouse.staging_path is not None:
        return checked_folder(warehouse.staging_path, "warehouse.staging_path").rstrip("/")
    if warehouse.path is None:
        raise UsageError(
            "warehouse.staging_path", "not set", "a folder that every executor can write", "set it beside the catalog"
        )
    return f"{checked_folder(warehouse.path, 'warehouse.path').rstrip('/')}/{STAGING_FOLDER}"


def hadoop_path(spark: SparkSession, folder: str) -> tuple[Any, Any]:
    """Return the file system of a folder and its path there."""
    path = spark._jvm.org.apache.hadoop.fs.Path(folder)  # type: ignore[union-attr]  # a classic session has it
    return path.getFileSystem(spark._jsparkSession.sessionState().newHadoopConf()), path


def folders_in(spark: SparkSession, folder: str) -> list[str]:
    """Return the names of the folders inside, sorted; none where there is no such folder."""
    system, path = hadoop_path(spark, folder)
    if not system.exists(path):
        return []
    return sorted(str(entry.getPath().getName()) for entry in system.listStatus(path) if entry.isDirectory())


def delete_folder(spark: SparkSession, folder: str) -> None:
    """Delete a folder with all that is in it; nothing happens where there is none."""
    system, path = hadoop_path(spark, folder)
    system.delete(path, True)


def write_text(target: str, text: str) -> None:
    """Write a small text to any file system that the running session knows; LookupError without a session."""
    spark = SparkSession.getActiveSession()
    if spark is None:
        raise LookupError("no session")
    system, path = hadoop_path(spark, target)
    stream = system.create(path, True)
    try:
        stream.write(bytearray(text, "utf-8"))
    finally:
        stream.close()


def read_yaml_files(spark: SparkSession, location: str) -> dict[str, bytes]:
    """Return the YAML files of a folder, or the one file, behind a URI that the session can read; else OSError."""
    files = spark.read.format("binaryFile").option("pathGlobFilter", "*.y{a,}ml")
    try:
        rows = files.load(location).select("path", "content").collect()
    except Exception as error:
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise OSError(0, str(condition), location) from None
    return {row["path"]: bytes(row["content"]) for row in sorted(rows, key=lambda row: row["path"])}


def file_session(spark: SparkSession) -> SparkSession:
    """Return a session of the same application whose scans give every file a task of its own."""
    session = spark.newSession()
    for key, value in spark.conf.getAll.items():
        if spark.conf.isModifiable(key):
            session.conf.set(key, value)
    session.conf.set("spark.sql.files.maxPartitionBytes", ONE_FILE)
    session.conf.set("spark.sql.files.openCostInBytes", ONE_FILE)
    session.conf.unset("spark.sql.files.maxPartitionNum")
    return session


class Staging:
    """The stages of one run; as a context manager it clears them when the run ends, also when it fails."""

    def __init__(self, spark: SparkSession, folder: str, run_id: str) -> None:
        self.spark = spark
        self.run_id = checked_file_name(run_id, "--run-id")
        self.folder = f"{folder.rstrip('/')}/{self.run_id}"
        self._views: list[str] = []
        self._has_stages = False
        self._file_session: SparkSession | None = None

    def stage(self, frame: DataFrame, name: str, keep_order: bool = True) -> DataFrame:
        """Write the frame away and return it as read back: computed once, whatever executor dies.

        With `keep_order` a partition of the result is exactly one partition of the frame, in its order; else Spark
        packs small files into one task, which mixes partitions and breaks the order.
        """
        path = f"{self.folder}/{checked_file_name(name, 'stage')}"
        self._has_stages = True
        frame.write.mode("overwrite").parquet(path)
        if not keep_order:
            return self.spark.read.schema(frame.schema).parquet(path)
        return self._read_in_order(frame, name, path)

    def _read_in_order(self, frame: DataFrame, name: str, path: str) -> DataFrame:
        # A scan keeps the settings of the session that declared it; a view carries it into the session of the run.
        if self._file_session is None:
            self._file_session = file_session(self.spark)
        view = f"{self.run_id}_{name}".replace(".", "_").replace("-", "_")
        self._file_session.read.schema(frame.schema).parquet(path).createOrReplaceGlobalTempView(quoted(view))
        self._views.append(view)
        database = self.spark.conf.get("spark.sql.globalTempDatabase", "global_temp")
        return self.spark.table(f"{database}.{quoted(view)}")

    def clear(self) -> None:
        """Delete every stage of the run; a run without stages leaves those of another run of its id."""
        for view in self._views:
            self.spark.catalog.dropGlobalTempView(view)
        self._views.clear()
        if self._has_stages:
            delete_folder(self.spark, self.folder)
            self._has_stages = False

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
