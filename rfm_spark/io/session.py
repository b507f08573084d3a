"""Spark sessions: the local one of the console script, and what a submitted one must bring."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from rfm_spark.errors import UsageError
from rfm_spark.io.launch import without_noise

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
REQUIRED_CONF = {
    "spark.sql.extensions": DELTA_EXTENSION,
    "spark.sql.catalog.spark_catalog": DELTA_CATALOG,
}
JARS = ("delta-spark_4.2_2.13-4.4.0.jar", "delta-storage-4.4.0.jar")
DRIVER_MEMORY = "RFM_SPARK_DRIVER_MEMORY"
SMALLEST_HEAP_MIB = 1024
LARGEST_HEAP_MIB = 8192
PATIENT_COMPILER = (
    "-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=20000 "
    "-XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
)
"""Ten times the JVM's own limits: its second compiler takes a third of the CPU of a run of a minute on two cores, most
of it for planning code that is over by then. Loops over rows reach these limits at once."""
LOCAL_LOG_STORE = "io.delta.storage.LocalLogStore"
"""Writes a commit as Delta's default does, aside and then renamed, but without the dozen child processes of each rename
and permission that Hadoop starts where its native library is missing: 0.2 s less per commit. Neither keeps two JVMs
from winning one commit; that is what the lock of a local warehouse is for."""
PLAIN_CONTEXT = "org.apache.hadoop.fs.local.RawLocalFs"
PLAIN_FILES = "org.apache.hadoop.fs.RawLocalFileSystem"
"""Hadoop's other file system of a local disk writes a second file with checksums beside each: half of all files of a
daily run. Parquet pages and the disk have checksums of their own."""
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
"""Rows go through Spark's own expressions, not through Java code that it writes and compiles for every plan. For few
rows that is two thirds of the CPU: a day of a small shop takes 68 s in place of 104, with the collector below."""
ONE_THREAD_COLLECTOR = "-XX:+UseSerialGC"
LOG4J = Path(__file__).with_name("log4j2.properties")
SILENT_SHARING = "-Xlog:cds=off -Xlog:cds+dynamic=off -Xlog:class+path=off"
CLASS_ARCHIVE = Path(sys.prefix) / "rfm-spark.jsa"
"""The classes of Spark and Delta as a JVM has read, checked and laid them out once (class-data sharing), written by
scripts/setup.sh: with it a session stands in 5 s instead of 10, and a short command takes a third less CPU."""
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")

SAFETY = {
    # A truncated file must fail, not turn into 0 rows.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    # The folder store=007 is the store 007, and not 7.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # Without it Spark refuses Parquet files with times in nanoseconds; ingest turns them into times.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # One date is replaced as a whole: never by the partitions that happen to have rows.
    "spark.sql.sources.partitionOverwriteMode": "static",
    "spark.databricks.delta.replaceWhere.constraintCheck.enabled": "true",
    "spark.databricks.delta.replaceWhere.dataColumns.enabled": "true",
    "spark.databricks.delta.schema.autoMerge.enabled": "false",
    "spark.databricks.delta.commit.idempotencyCheck.enabled": "true",
    "spark.databricks.delta.stalenessLimit": "0",
    # Without it a writer sorts by the partition again, also where a task has one partition: time, and on a spill the
    # order of members is lost.
    "spark.sql.maxConcurrentOutputFileWriters": "16",
    # Both would shuffle rows that were sorted into disjoint files.
    "spark.databricks.delta.optimizeWrite.enabled": "false",
    "spark.databricks.delta.autoCompact.enabled": "false",
}
"""What every session of ours is set to, whatever a platform's defaults say."""


def jar_folder() -> Path:
    """Return where the two Delta JARs are: RFM_SPARK_JARS, else the cache that scripts/setup.sh fills."""
    named = os.environ.get("RFM_SPARK_JARS")
    if named:
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "rfm-spark" / "jars"


def delta_jars() -> list[str]:
    """Return the paths of the Delta JARs, or fail with the step that brings them."""
    folder = jar_folder()
    missing = [name for name in JARS if not (folder / name).is_file()]
    if missing:
        raise UsageError(
            str(folder),
            f"no {' and no '.join(missing)}",
            "the Delta JARs",
            "run scripts/setup.sh, or name their folder in RFM_SPARK_JARS",
        )
    return [str(folder / name) for name in JARS]


def driver_memory() -> str:
    """Return the heap of a local session: RFM_SPARK_DRIVER_MEMORY, else half of the machine, 1 to 8 GiB."""
    named = os.environ.get(DRIVER_MEMORY)
    if named:
        return named
    machine_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return f"{min(max(machine_mib // 2, SMALLEST_HEAP_MIB), LARGEST_HEAP_MIB)}m"


def shared_classes(archive: Path = CLASS_ARCHIVE) -> str:
    """Return the JVM options that use the class archive; none where there is no archive.

    A JVM whose version or JARs are not those of the archive goes on without it; it prints no message about that.
    """
    is_there = archive.is_file() and archive.stat().st_size > 0
    return f'"-XX:SharedArchiveFile={archive}" -Xshare:auto {SILENT_SHARING}' if is_there else ""


def large_pages(switch: Path = HUGE_PAGES) -> str:
    """Return the JVM option for memory in large pages; an empty text where the kernel never gives them.

    Sums by member jump through gigabytes: with pages of 4 KiB finding the page costs as much as the sum, and a scan of
    staged measures takes twice the CPU.
    """
    try:
        is_there = "[never]" not in switch.read_text()
    except OSError:
        return ""
    return "-XX:+UseTransparentHugePages" if is_there else ""


def local_settings(is_small: bool = False) -> dict[str, str]:
    """Return the settings of a session on one machine: small plans, no UI, quiet log; `is_small`: for few rows."""
    cores = os.cpu_count() or 1
    return {
        **REQUIRED_CONF,
        **SAFETY,
        **(INTERPRETED if is_small else {}),
        # On the class path and not in spark.jars: only there a JVM finds classes in its archive.
        "spark.driver.extraClassPath": os.pathsep.join(delta_jars()),
        "spark.driver.memory": driver_memory(),
        "spark.driver.extraJavaOptions": " ".join(
            [
                PATIENT_COMPILER,
                ONE_THREAD_COLLECTOR if is_small else large_pages(),
                shared_classes(),
                f"-Dlog4j2.configurationFile={LOG4J.as_uri()}",
            ]
        ),
        "spark.delta.logStore.file.impl": LOCAL_LOG_STORE,
        "spark.hadoop.fs.file.impl": PLAIN_FILES,
        "spark.hadoop.fs.AbstractFileSystem.file.impl": PLAIN_CONTEXT,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(max(2, 2 * cores)),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(max(4, cores)),
    }


def build_local_session(app_name: str, conf: dict[str, str] | None = None, is_small: bool = False) -> SparkSession:
    """Return a session on this machine with Delta; `conf` wins over every setting made here."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {**local_settings(is_small), **(conf or {})}
    if "spark.sql.warehouse.dir" not in settings:
        settings["spark.sql.warehouse.dir"] = scratch_folder()
    builder = SparkSession.builder.appName(app_name).master(settings.pop("spark.master", "local[*]"))
    for key, value in settings.items():
        builder = builder.config(key, value)
    with without_noise():
        return builder.getOrCreate()


def scratch_folder() -> str:
    """Return a folder that is deleted when this process ends; Spark wants one for tables without a path."""
    folder = tempfile.mkdtemp(prefix="rfm-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def end_local_session(spark: SparkSession) -> None:
    """Stop the session and wait until its JVM has ended: only then its CPU time and last files are there."""
    gateway: Any = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


def require_delta(spark: SparkSession) -> None:
    """Fail before any work where a submitted session lacks Delta's extension or catalog."""
    missing = []
    for key, value in REQUIRED_CONF.items():
        found = spark.conf.get(key, "") or ""
        if value not in found.split(","):
            missing.append(f"--conf {key}={value}")
    if missing:
        raise UsageError(
            "Spark session", "Delta is not switched on", next_step="add to spark-submit: " + " ".join(missing)
        )


def apply_read_safety(spark: SparkSession) -> None:
    """Set what a correct read and write needs, over a platform's defaults."""
    for key, value in SAFETY.items():
        spark.conf.set(key, value)
    spark.conf.unset("spark.databricks.delta.commitInfo.userMetadata")
