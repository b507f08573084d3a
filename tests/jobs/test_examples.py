"""Every example of `conf/examples` on the real files, member by member against the naive twin."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config
from tests.jobs.commands import ROOT, command
from tests.oracles.examples import REFUNDS, example_lines
from tests.oracles.facts import Fact, member_days
from tests.oracles.lines import Line
from tests.oracles.scores import Scored, score_windows
from tests.oracles.segments import assign
from tests.oracles.windows import first_order_day

pytestmark = pytest.mark.whole

FILES = {
    "online_retail": {"sources.online_retail.path": "online_retail/online_retail.csv.gz"},
    "cdnow": {"sources.cdnow.path": "cdnow/CDNOW_master.txt.gz"},
    "completejourney": {
        "sources.completejourney.path": "completejourney/transactions_sample.csv.gz",
        "sources.completejourney.lookups.products.path": "completejourney/products.csv.gz",
    },
}
"""The files of each data set, by the setting that names them."""


@dataclass(frozen=True)
class Example:
    """One example: the data set that it reads and the date at which it is looked at."""

    name: str
    data: str
    as_of: date

    def argv(self, shared_data: Path, warehouse: Path) -> list[str]:
        """Return the command line of the issue."""
        settings = {"warehouse.path": str(warehouse)}
        settings |= {key: str(shared_data / file) for key, file in FILES[self.data].items()}
        configurations = ["--config", str(ROOT / "conf"), "--config", str(ROOT / "conf" / "examples" / self.name)]
        sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        return ["run", "--init", "--ingest", *configurations, *sets, "--as-of", self.as_of.isoformat()]


EXAMPLES = (
    Example("online_retail_net", "online_retail", date(2011, 12, 9)),
    Example("online_retail_published", "online_retail", date(2011, 12, 10)),
    Example("cdnow", "cdnow", date(1998, 6, 30)),
    Example("completejourney", "completejourney", date(2017, 12, 31)),
)
LIKE_ANOTHER = (
    Example("online_retail_gross", "online_retail", date(2011, 12, 9)),
    Example("cdnow_split", "cdnow", date(1998, 6, 30)),
)
"""Their lines are those of `published` and of `cdnow`; the twin's own figures of them are in test_oracle_figures."""
FIGURES = {
    "online_retail_gross": (4338, 18532, Decimal("8911407.9040")),
    "online_retail_net": (4338, 18532, Decimal("8310477.0540")),
    "online_retail_published": (4338, 18532, Decimal("8911407.9040")),
    "cdnow": (23570, 67591, Decimal("2500315.6300")),
    "completejourney": (2377, 47243, Decimal("233935.2400")),
}
"""Members, orders and amount of the lifetime window, as published with the data."""


@dataclass(frozen=True)
class Ran:
    """An example after its run: its tables beside what the twin says."""

    example: Example
    config: Config
    warehouse: Path
    lines: list[Line]
    facts: list[Fact]
    scored: list[Scored]
    spark: SparkSession

    def table(self, name: str) -> DataFrame:
        """Return the date's rows of a table."""
        rows = self.spark.read.format("delta").load(str(self.warehouse / name))
        return rows.where(F.col("as_of_date") == F.lit(self.example.as_of)) if "as_of_date" in rows.columns else rows


@pytest.fixture(
    scope="module",
    params=[*EXAMPLES, *(pytest.param(one, marks=pytest.mark.slow) for one in LIKE_ANOTHER)],
    ids=lambda example: example.name,
)
def ran(
    request: pytest.FixtureRequest, spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    example: Example = request.param
    warehouse = tmp_path_factory.mktemp(example.name)
    argv = example.argv(shared_data, warehouse)
    said = command(*argv)
    assert said.exit_code == 0, said.err
    places = [argv[index + 1] for index, part in enumerate(argv) if part == "--config"]
    config = load_config(places, [argv[index + 1] for index, part in enumerate(argv) if part == "--set"])
    lines = example_lines(example.name, shared_data)
    facts = member_days(lines, REFUNDS[example.name])
    scored = score_windows(facts, config.computed_windows(), example.as_of)
    return Ran(example, config, warehouse, lines, facts, scored, spark)


def test_every_value_and_score_equals_the_twin(ran: Ran):
    found = {
        (row.rfm_window, row.member_id): (
            row.recency_days, row.order_count, row.net_amount,
            row.r_score, row.f_score, row.m_score, row.rfm_label, row.composite_score,
        )
        for row in ran.table("rfm_score").collect()
    }  # fmt: skip
    expected = {
        (row.window, row.member_id): (
            row.measure.recency_days, row.measure.order_count, row.measure.net_amount,
            row.r_score, row.f_score, row.m_score, row.rfm_label, row.composite_score,
        )
        for row in ran.scored
    }  # fmt: skip
    assert differences(found, expected) == {}


def test_every_member_has_the_segment_of_the_twin(ran: Ran):
    rows = ran.table("member_segment").collect()
    found = {(row.segment_set, row.member_id): row.segment for row in rows}
    windows = ran.config.windows
    expected = {
        (name, member_id): segment
        for name in ran.config.active_segment_sets
        for member_id, segment in assign(
            ran.config.segment_sets[name], windows, ran.scored, ran.facts, ran.lines, [], ran.example.as_of
        ).items()
    }
    assert differences(found, expected) == {}
    assert len(rows) == len(expected)


def test_the_profile_joins_label_segments_and_first_order_day(ran: Ran):
    main = {row.member_id: row for row in ran.scored if row.window == ran.config.scores.main_window}
    segments: dict[int, dict[str, str]] = {}
    for row in ran.table("member_segment").collect():
        segments.setdefault(row.member_id, {})[row.segment_set] = row.segment
    first_days = first_order_day(ran.facts, ran.example.as_of)
    found = {
        row.member_id: (row.rfm_label, row.segments, row.first_order_day)
        for row in ran.table("member_profile").collect()
    }
    expected = {
        member: (main[member].rfm_label if member in main else None, of_sets, first_days.get(member))
        for member, of_sets in segments.items()
    }
    assert differences(found, expected) == {}


def test_totals_are_the_published_ones(ran: Ran):
    if ran.example.name not in FIGURES:
        pytest.skip("nobody published figures of this example")
    members, orders, amount = FIGURES[ran.example.name]
    total = (
        ran.table("rfm_score")
        .where("rfm_window = 'lifetime'")
        .agg(F.count("*"), F.sum("order_count"), F.sum("net_amount"))
        .collect()[0]
    )
    assert tuple(total) == (members, orders, amount)


def test_the_summary_adds_up_to_the_scored_members(ran: Ran):
    rows = ran.table("segment_summary").collect()
    for name in ran.config.active_segment_sets:
        of_set = [row for row in rows if row.segment_set == name]
        window = ran.config.segment_sets[name].window
        amount = sum(row.measure.net_amount for row in ran.scored if row.window == window)
        assert sum(row.net_amount for row in of_set) == amount
        counted = Counter({row.segment: row.member_count for row in of_set if row.member_count})
        segments = ran.table("member_segment").where(F.col("segment_set") == name).collect()
        assert counted == Counter(row.segment for row in segments)


def differences(found: dict[Any, Any], expected: dict[Any, Any]) -> dict[Any, Any]:
    """Return up to ten keys whose values differ, each with both."""
    keys = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
    return {key: (found.get(key), expected.get(key)) for key in sorted(keys)[:10]}
