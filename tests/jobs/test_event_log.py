"""What Spark keeps of its queries, in its event log and its UI, shows no reference and no configuration text."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

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
