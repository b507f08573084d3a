"""Fetch the two Delta JARs once, with the Ivy client that Spark brings, into the folder named by the argument.

The user's spark-defaults.conf counts (spark.jars.ivySettings, spark.jars.ivy, repositories), and
RFM_SPARK_IVY_SETTINGS names a settings file for this one download. Files appear in the folder whole or not at
all, so that two runs at once do no harm. Exit code 1: something else than the two JARs came.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlparse

from pyspark.sql import SparkSession

from rfm_spark.io.session import JARS

PACKAGE = "io.delta:delta-spark_4.2_2.13:4.4.0"
NOT_NEEDED = (
    "io.delta:delta-kernel-*,io.unitycatalog:*,org.slf4j:*,org.apache.logging.log4j:*,com.google.code.findbugs:*"
)


def resolved_jars() -> list[Path]:
    """Return the local paths of the JARs that Ivy brought; starts and ends a Spark session."""
    settings = {
        "spark.master": "local[1]",
        "spark.ui.enabled": "false",
        "spark.jars.packages": PACKAGE,
        "spark.jars.excludes": NOT_NEEDED,
    }
    ivy_settings = os.environ.get("RFM_SPARK_IVY_SETTINGS")
    if ivy_settings:
        settings["spark.jars.ivySettings"] = str(Path(ivy_settings).resolve())
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    spark = SparkSession.builder.appName("rfm-spark-setup").config(map=dict(settings)).getOrCreate()
    try:
        jars = spark.sparkContext.getConf().get("spark.jars") or ""
    finally:
        spark.stop()
    return [Path(unquote(urlparse(jar).path)) for jar in jars.split(",") if jar]


def place(jars: list[Path], folder: Path) -> None:
    """Copy the Delta JARs into the folder under their plain names, each in one move."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in JARS:
        found = [jar for jar in jars if jar.name.endswith(name)]
        if len(found) != 1:
            sys.exit(f"Ivy brought {len(found)} files for {name}, expected one")
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as partial:
            shutil.copyfile(found[0], partial.name)
        Path(partial.name).chmod(0o644)
        Path(partial.name).replace(folder / name)


if __name__ == "__main__":
    place(resolved_jars(), Path(sys.argv[1]))
