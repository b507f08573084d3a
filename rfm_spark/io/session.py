"""Spark sessions: the local one of the console script, and what a submitted one must bring."""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from rfm_spark.errors import UsageError

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
REQUIRED_CONF = {
    "spark.sql.extensions": DELTA_EXTENSION,
    "spark.sql.catalog.spark_catalog": DELTA_CATALOG,
}
JARS = ("delta-spark_4.2_2.13-4.4.0.jar", "delta-storage-4.4.0.jar")


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


def build_local_session(app_name: str, conf: dict[str, str] | None = None) -> SparkSession:
    """Return a session on this machine with Delta; `conf` wins over every setting made here."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {
        **REQUIRED_CONF,
        "spark.jars": ",".join(delta_jars()),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        **(conf or {}),
    }
    builder = SparkSession.builder.appName(app_name).master(settings.pop("spark.master", "local[*]"))
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
