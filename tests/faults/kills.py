"""What the stories of killed drivers share: the log store that kills, a driver of its own, and what a lake holds."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from pyspark.sql import SparkSession

from rfm_spark.contracts.tables import PUBLISHED_DATE, RUN_CONFIG, RUN_LOG, TABLES
from rfm_spark.io.session import jar_folder
from tests.faults.driver import LOG_STORE
from tests.jobs.commands import ROOT
from tests.jobs.shop import DATED_TABLES, Shop

SOURCE = Path(__file__).with_name(f"{LOG_STORE}.java")
OF_THE_RUN = ("run_id", "computed_at", "recorded_from", "recorded_to", "published_at")
"""What two runs that do the same write differently."""
KEYS = ("as_of_date", "segment_set")

Content = Mapping[str, Mapping[object, list[str]]]
"""Of every table and as-of date (or set, where a table has no dates) the rows as sorted text."""


@dataclass(frozen=True)
class Ended:
    """How a driver process ended, what it said, and what the log store noted: moment, number, table and file."""

    exit_code: int
    said: str
    diary: tuple[tuple[str, ...], ...]

    def noted(self, moment: str) -> list[tuple[int, str]]:
        """Return the numbers and tables of the commits at which the log store did this."""
        return [(int(number), table) for what, number, table, *_ in self.diary if what == moment]


def build_log_store(spark: SparkSession, folder: Path) -> Path:
    """Compile the log store with the compiler beside the Java of the session; skip where there is none."""
    home = Path(spark._jvm.java.lang.System.getProperty("java.home"))
    compiler = home / "bin" / "javac"
    if not compiler.exists():
        pytest.skip(f"no javac in {home}: the log store that kills needs a JDK")
    import pyspark

    jars = [*jar_folder().glob("*.jar"), *(Path(pyspark.__file__).parent / "jars").glob("hadoop-client-*.jar")]
    classes = folder / "classes"
    path = os.pathsep.join(map(str, jars))
    subprocess.run([compiler, "-proc:none", "-cp", path, "-d", classes, SOURCE], check=True)
    target = folder / "log-store.jar"
    with zipfile.ZipFile(target, "w") as jar:
        for file in classes.rglob("*.class"):
            jar.write(file, file.relative_to(classes))
    return target


def drive(shop: Shop, log_store: Path, argv: Sequence[str], moment: str, commit: int = 0) -> Ended:
    """Run a command upon the shop in a process of its own; return when it and its Java are gone."""
    diary = shop.folder / "diary"
    told = {"RFM_TEST_MOMENT": moment, "RFM_TEST_COMMIT": str(commit), "RFM_TEST_DIARY": str(diary)}
    verb, *flags = argv
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.driver", log_store, verb, *shop.configuration, *flags],
        cwd=shop.folder, env={**os.environ, "PYTHONPATH": str(ROOT), **told},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500, check=False,
    )  # fmt: skip
    lines = diary.read_text().splitlines() if diary.exists() else []
    return Ended(done.returncode, done.stdout, tuple(tuple(line.split("\t")) for line in lines))


def content(shop: Shop) -> Content:
    """Read every table but the log with an engine that knows nothing of the session's caches."""
    return {table.name: rows_by_key(shop, table.name) for table in TABLES if table not in (RUN_LOG, RUN_CONFIG)}


def rows_by_key(shop: Shop, table: str) -> dict[object, list[str]]:
    """Return the rows of one table by as-of date, or by set, without what differs from run to run."""
    found: dict[object, list[str]] = {}
    for row in pl.read_delta(str(shop.warehouse / table)).to_dicts():
        key = next((row[name] for name in KEYS if name in row), "")
        found.setdefault(key, []).append(str({name: row[name] for name in row if name not in OF_THE_RUN}))
    return {key: sorted(rows) for key, rows in found.items()}


def commits_since(shop: Shop, versions: Mapping[str, int]) -> list[str]:
    """Return the table of every commit after these versions, in the order in which they were made."""
    found = []
    for table, version in versions.items():
        for file in (shop.warehouse / table / "_delta_log").glob("*.json"):
            if int(file.stem) >= version:
                actions = map(json.loads, file.read_text().splitlines())
                found.append((next(each["commitInfo"]["timestamp"] for each in actions if "commitInfo" in each), table))
    return [table for _, table in sorted(found)]


def published_dates(shop: Shop) -> set[date]:
    """Return the dates that readers may use."""
    return set(pl.read_delta(str(shop.warehouse / PUBLISHED_DATE.name))["as_of_date"].to_list())


def half_replaced(shop: Shop) -> set[date]:
    """Return the unpublished dates that run_log recorded and whose tables hold rows of another run."""
    log = pl.read_delta(str(shop.warehouse / RUN_LOG.name)).filter(pl.col("status") == "published").sort("computed_at")
    last = {(row["result"].partition("/")[0], row["as_of_date"]): row["run_id"] for row in log.to_dicts()}
    found = set()
    for (table, day), run_id in last.items():
        if table in DATED_TABLES and day is not None and day not in published_dates(shop):
            rows = pl.read_delta(str(shop.warehouse / table)).filter(pl.col("as_of_date") == day)
            found |= {day} if set(rows["run_id"].unique().to_list()) != {run_id} else set()
    return found


def orphans(shop: Shop) -> list[str]:
    """Return the runs whose stages are still there."""
    folder = shop.warehouse / "_staging"
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
