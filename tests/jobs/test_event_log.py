"""What Spark keeps of its queries, in its event log and its UI, shows no reference and no configuration text."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.commands import ROOT
from tests.jobs.shop import Shop, done
from tests.jobs.worth import MARCH, WORTH

pytestmark = pytest.mark.whole

REFERENCE, TITLE, REASON = "canary-reference", "canary-title", "canary-reason"


def query_texts(spark: SparkSession) -> str:
    """Return the plans and descriptions of all queries that the session knows: what an event log would hold."""
    executions = spark._jsparkSession.sharedState().statusStore().executionsList()
    known = [executions.apply(number) for number in range(executions.size())]
    return "\n".join(f"{one.description()}\n{one.physicalPlanDescription()}" for one in known)


def test_what_people_wrote_is_in_no_query(published: Shop, tmp_path: Path):
    shop = published.copied(tmp_path / "shop")
    (shop.folder / "conf" / "tiers.yaml").write_text(WORTH.replace("{en: Gold}", f"{{en: {TITLE}}}"))
    said = shop.run("explain", "--as-of", MARCH.isoformat(), "--member", REFERENCE)
    assert "no member has this reference" in said.err
    done(shop, "score", "--as-of", MARCH.isoformat(), "--reprocess", "all", "--reason", REASON)
    assert REASON in {row.reason for row in shop.read("run_log").collect()}
    assert any(TITLE in row.config for row in shop.read("run_config").collect())
    texts = query_texts(shop.spark)
    assert "rfm_score" in texts
    assert [word for word in (REFERENCE, TITLE, REASON) if word in texts] == []


KEY, REJECTED = "canary-key-of-the-hashes", "canary-amount"
SOURCE = """
sources:
  till:
    format: csv
    path: {folder}/sales.csv
    columns: {{member: customer, ordered_at: day, amount: amount}}
checks: {{max_rejected_share: null}}
windows: {{active: [lifetime], lifetime: {{days: all}}}}
segments:
  active: [worth]
  worth:
    window: lifetime
    rules: [{{segment: gold, when: {{m: high}}}}]
    otherwise: bronze
    names: {{gold: {{title: {{en: {title}}}}}}}
scores: {{main_window: lifetime}}
preferences: {{window: lifetime}}
"""


def test_the_event_log_of_an_ingest_a_run_and_an_explain_shows_nothing_of_people(tmp_path: Path):
    sales = [f"{REFERENCE}-{number},2024-01-{number:02d},{number}.50" for number in range(1, 10)]
    lines = ["customer,day,amount", *sales, f"{REFERENCE}-1,2024-01-05,{REJECTED}"]
    (tmp_path / "sales.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "shop.yaml").write_text(SOURCE.format(folder=tmp_path, title=TITLE))
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "logs").mkdir()
    settings = (f"warehouse.path={tmp_path / 'lake'}", f"identity.key.file={tmp_path / 'key'}")
    configuration = [part for file in (ROOT / "conf", tmp_path / "shop.yaml") for part in ("--config", str(file))]
    configuration += [part for setting in settings for part in ("--set", setting)]
    day = ("--as-of", "2024-01-31")
    commands = [
        ["run", "--init", "--ingest", *day, "--reason", REASON, *configuration],
        ["explain", *day, "--member", f"{REFERENCE}-1", *configuration],
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.jobs.logged_session", str(tmp_path / "logs")],
        cwd=ROOT, input=json.dumps(commands), capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr[-2000:]
    assert "orders: 1 on 1 day\n" in ended.stdout
    events = "".join(file.read_text() for file in (tmp_path / "logs").rglob("*") if file.is_file())
    assert "SparkListenerSQLExecutionStart" in events
    assert "rfm_score" in events
    assert [word for word in (REFERENCE, TITLE, REASON, KEY, REJECTED) if word in events] == []
