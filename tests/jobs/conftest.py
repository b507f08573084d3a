"""What the stories of commands share: one empty warehouse, copied instead of made anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.commands import ROOT, command
from tests.jobs.shop import Shop, done
from tests.jobs.worth import FEW, LINES, MARCH, RANGE, WORTH


@pytest.fixture(scope="session")
def empty_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that `init` made, to be copied."""
    assert spark.getActiveSession() is spark
    folder = tmp_path_factory.mktemp("empty") / "lake"
    said = command("init", "--config", str(ROOT / "conf"), "--set", f"warehouse.path={folder}")
    assert said.exit_code == 0, said.err
    return folder


@pytest.fixture(scope="module")
def open_shop(spark: SparkSession, empty_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Shop]:
    """Return a function that opens a shop with an empty warehouse of its own."""

    def opened(*sources: str, delivery: str = "days", events: bool = False, more: tuple[str, ...] = ()) -> Shop:
        shop = Shop(spark, tmp_path_factory.mktemp("shop"), delivery, more)
        return shop.begin(sources, empty_lake, events)

    return opened


@pytest.fixture(scope="module")
def stocked(open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose lines are ingested, nothing computed."""
    shop = open_shop("shop", more=FEW)
    (shop.folder / "conf" / "tiers.yaml").write_text(WORTH)
    shop.deliver(LINES)
    done(shop, "ingest", "--to", MARCH.isoformat())
    return shop


@pytest.fixture(scope="module")
def published(stocked: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop with two published month ends."""
    shop = stocked.copied(tmp_path_factory.mktemp("published") / "shop")
    done(shop, "backfill", *RANGE)
    return shop
