"""A kind of dated result that only this test declares is created, planned, made, found stale, dropped and examined."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from rfm_spark.as_of import at_dates, last_valid_day
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import MEMBER_DAY, RFM_SCORE
from rfm_spark.runs.registry import Count, DatedResult, Made, Output, Pass, result_name
from rfm_spark.steps.dates.registered import RESULTS
from tests.jobs.shop import Shop, done
from tests.jobs.worth import FEBRUARY, FEW, LINES, MARCH, RANGE, WORTH, complaints
from tests.oracles.lines import Line

pytestmark = pytest.mark.whole

BUYERS = Table(
    name="buyers",
    grain="One as-of date: members with an order valid at it",
    columns=(c.AS_OF_DATE, c.MEMBER_COUNT, c.RUN_ID),
    key=(c.AS_OF_DATE,),
    partition_by=(c.AS_OF_DATE,),
)


def count_buyers(asked: Pass) -> Made:
    orders = asked.space.read(MEMBER_DAY).where(F.col(c.ORDER_COUNT) > 0)
    valid = at_dates(orders, asked.dates, F.col(c.VALID_FROM), last_valid_day())
    counted = valid.groupBy(c.AS_OF_DATE).agg(F.count_distinct(c.MEMBER_ID).alias(c.MEMBER_COUNT))
    rows = counted.withColumn(c.RUN_ID, F.lit(asked.space.run_id)).coalesce(1)
    return Made((Output(BUYERS, rows),), {(day, BUYERS.name): Count(1) for day in asked.dates})


TOY = DatedResult(
    stage="count",
    table=BUYERS,
    part=None,
    parts=lambda _: ("",),
    definition=lambda config, _: config.scores.main_window,
    keys=lambda _, __: ("scores.main_window",),
    facts=lambda _, __: (MEMBER_DAY,),
    first_day=lambda _, __, ___: None,
    reads=lambda config, _: (result_name(RFM_SCORE, config.scores.main_window),),
    make=count_buyers,
)


@pytest.fixture(scope="module")
def registered() -> Iterator[None]:
    RESULTS.declared.append(TOY)
    yield
    RESULTS.declared.remove(TOY)


@pytest.fixture(scope="module")
def shop(registered: None, open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose two month ends have the result too."""
    assert registered is None
    opened = open_shop("shop", more=FEW)
    (opened.folder / "conf" / "tiers.yaml").write_text(WORTH)
    opened.deliver(LINES)
    said = done(opened, "init")
    assert "created: " in said
    assert "/buyers" in said
    done(opened, "ingest", "--to", MARCH.isoformat())
    assert f"{MARCH}  buyers  missing" in done(opened, "plan", *RANGE)
    done(opened, "backfill", *RANGE)
    return opened


def buyers(shop: Shop, day: date) -> list[int]:
    return [row.member_count for row in shop.read("buyers", day).collect()]


def test_it_is_made_for_every_date_and_then_up_to_date(shop: Shop):
    known = {line.member_id for line in LINES if line.kind == "sale" and line.day <= FEBRUARY}
    [count] = buyers(shop, FEBRUARY)
    assert 0 < count <= len(known)
    assert f"{FEBRUARY}  buyers  up to date" in done(shop, "plan", *RANGE)
    assert "0 errors" in done(shop, "doctor")


def test_it_is_stale_when_its_facts_change_and_made_again(shop: Shop, tmp_path: Path):
    late = shop.copied(tmp_path / "shop")
    forgotten = Line("shop", 9_999, date(2024, 2, 10), "sale", Decimal(5), order_id="late")
    late.deliver([*LINES, forgotten])
    done(late, "ingest", "--to", MARCH.isoformat(), "--set", f"sources.shop.path={late.folder}/shop*.csv")
    assert f"{FEBRUARY}  buyers  stale, left as it is: facts of 2024-02-10 changed" in done(late, "plan", *RANGE)
    done(late, "backfill", *RANGE, "--reprocess", "stale", "--reason", "a late line")
    assert buyers(late, FEBRUARY) == [buyers(shop, FEBRUARY)[0] + 1]


def test_a_changed_definition_is_named_by_its_key(shop: Shop):
    others = ("--set", "windows.active=[recent, year]", "--set", "scores.main_window=year")
    said = done(shop, "plan", *RANGE, *others)
    assert f"{FEBRUARY}  buyers  definition changed, left as it is: scores.main_window" in said


def test_it_goes_with_its_date(shop: Shop, tmp_path: Path):
    dropped = shop.copied(tmp_path / "shop")
    assert f"{FEBRUARY}  buyers  to take away" in done(dropped, "plan", "--drop", FEBRUARY.isoformat())
    done(dropped, "backfill", "--drop", FEBRUARY.isoformat())
    assert buyers(dropped, FEBRUARY) == []
    assert buyers(dropped, MARCH) == buyers(shop, MARCH)


def test_rows_that_somebody_deleted_are_found_by_the_doctor(shop: Shop, tmp_path: Path):
    damaged = shop.copied(tmp_path / "shop")
    damaged.spark.sql(f"DELETE FROM delta.`{damaged.warehouse}/buyers` WHERE as_of_date = '{MARCH}'")
    assert f"buyers: other rows than were published: {MARCH} buyers (0, not 1)" in complaints(damaged)
