"""The jobs under spark-submit, as a cluster runs them: the zip alone, a Python without the project, real exit codes."""

import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest

from rfm_spark.cli import VERBS
from rfm_spark.io.session import REQUIRED_CONF, delta_jars
from tests.jobs.commands import ROOT

pytestmark = pytest.mark.whole

SALES = "customer,day,amount\n" + "".join(f"{n},2024-01-{n % 28 + 1:02d},{n}.50\n" for n in range(1, 31))
SMALL = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    # Without it every commit reads a log of a few lines in 50 tasks.
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}
SOURCES = """
sources:
  till:
    format: csv
    path: {path}
    options: {{header: true}}
    columns: {{member: customer, ordered_at: day, amount: amount}}
"""


@pytest.fixture(scope="module")
def zip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("zip") / "rfm_spark.zip"
    subprocess.run([ROOT / "scripts" / "build_submit_zip.sh", target], check=True, capture_output=True)
    return target


def spark_submit(zip_file: Path, cwd: Path, verb: str, *argv: str, with_delta: bool = True) -> tuple[int, str, str]:
    """Run a job in a process of its own whose Python knows nothing of the project."""
    home = Path(find_spec("pyspark").submodule_search_locations[0])
    conf = {**SMALL, "spark.jars": ",".join(delta_jars())}
    conf |= REQUIRED_CONF if with_delta else {}
    flags = [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "JAVA_HOME") if key in os.environ}
    environment |= {
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.base_prefix + "/bin/python3",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    done = subprocess.run(
        [home / "bin" / "spark-submit", "--master", "local[2]", *flags, "--py-files", zip_file,
         ROOT / "jobs" / f"{verb}.py", *argv],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_verbs_steps_and_jobs_are_one_list():
    jobs = {path.stem for path in (ROOT / "jobs").glob("*.py")} - {"__init__"}
    steps = {verb for verb in VERBS if find_spec(f"rfm_spark.steps.{verb}") is not None}
    assert jobs == set(VERBS) == steps


def test_a_submitted_run_publishes_the_date_with_nothing_but_the_zip(zip_file: Path, tmp_path: Path):
    (tmp_path / "sales.csv").write_text(SALES)
    (tmp_path / "sources.yaml").write_text(SOURCES.format(path=tmp_path / "sales.csv"))
    code, out, err = spark_submit(
        zip_file, tmp_path, "run", "--init", "--ingest", "--as-of", "2024-01-31",
        "--config", str(ROOT / "conf"), "--config", str(tmp_path / "sources.yaml"),
        "--set", f"warehouse.path={tmp_path / 'lake'}", "--set", "identity.method=integer",
        "--set", "windows.active=[lifetime, year]",
    )  # fmt: skip
    assert code == 0, err[-2000:]
    assert out.rstrip().rsplit("\n", 1)[-1].startswith(f"rfm-spark run: {date(2024, 1, 31)} is published")
    import polars as pl

    scores = pl.read_delta(str(tmp_path / "lake" / "rfm_score")).filter(pl.col("rfm_window") == "lifetime")
    assert (scores.height, scores["net_amount"].sum()) == (30, sum(n + Decimal("0.5") for n in range(1, 31)))


def test_a_session_without_delta_fails_first_with_the_two_lines_to_add(zip_file: Path, tmp_path: Path):
    code, out, _ = spark_submit(
        zip_file, tmp_path, "doctor", "--config", str(ROOT / "conf"), "--set", f"warehouse.path={tmp_path / 'lake'}",
        with_delta=False,
    )  # fmt: skip
    assert code == 2
    # spark-submit sends what Python writes to either stream to its standard output.
    (said,) = [line for line in out.splitlines() if line.startswith("rfm-spark doctor:")]
    assert all(f"--conf {key}={value}" in said for key, value in REQUIRED_CONF.items())
