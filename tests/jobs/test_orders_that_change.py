"""`delivery: changes`: the last version of every order counts, however often and in what order it is delivered."""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import TRANSACTION
from rfm_spark.io.tables import TableStore
from tests.jobs.commands import ROOT, command

HEADER = "order,line,cust,day,amount,status,rev\n"
CONFIG = """
warehouse: {{path: {folder}/lake}}
identity: {{method: integer}}
checks: {{max_rejected_share: null}}
sources:
  shop:
    format: csv
    path: {folder}/orders*.csv
    delivery: changes
    key: order_id
    version: {{column: rev, format: number}}
    columns:
      {{member: cust, ordered_at: day, amount: amount, order_id: order, refunded_order_id: order, category: line}}
    rules: {{exclude: {{status: cancelled}}, refund: {{status: refunded}}}}
"""
NOT_COMPARED = ("run_id",)


@dataclass(frozen=True)
class Version:
    """One version of an order: all its lines."""

    order: str
    rev: int
    lines: tuple[str, ...]


def versions_of_orders(seed: int, orders: int = 40) -> list[Version]:
    """Return versions in the order in which they were made: members, days, amounts and states change, lines go."""
    chance = random.Random(seed)
    made = []
    for number in range(orders):
        for rev in sorted(chance.sample(range(1, 200), chance.randint(1, 5))):
            day = date(2024, 1, 1) + timedelta(days=chance.randrange(120))
            states = chance.choices(("paid", "paid", "refunded", "cancelled"), k=chance.randint(1, 3))
            if chance.random() < 0.2:
                states = ["cancelled"]
            member = chance.randint(1, 9)
            lines = tuple(
                f"o{number},{line},{member},{day},{chance.choice((5, 5, 9, 0))},{state},{rev}\n"
                for line, state in enumerate(states)
            )
            made.append(Version(f"o{number}", rev, lines))
    return made


def last_versions(made: Iterable[Version]) -> list[Version]:
    newest: dict[str, Version] = {}
    for version in made:
        if version.order not in newest or newest[version.order].rev < version.rev:
            newest[version.order] = version
    return list(newest.values())


class Lake:
    """A warehouse of its own that takes versions of orders."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        (folder / "rfm.yaml").write_text(CONFIG.format(folder=folder))

    def ingest(self, lines: Iterable[str], more: Iterable[str] = (), *arguments: str) -> str:
        (self.folder / "orders.csv").write_text(HEADER + "".join(lines))
        (self.folder / "orders-2.csv").write_text(HEADER + "".join(more))
        config = self.folder / "rfm.yaml"
        days = [] if "delivery: changes" in config.read_text() else ["--to", "2024-12-31"]
        said = command("ingest", "--config", str(ROOT / "conf"), "--config", str(config), "--init", *days, *arguments)
        assert said.exit_code == 0, said.err
        return said.out + said.err

    def deliver(self, versions: Iterable[Version]) -> str:
        return self.ingest(line for version in versions for line in version.lines)

    def rows(self, table: str) -> list[tuple[object, ...]]:
        frame = self.spark.read.format("delta").load(str(self.folder / "lake" / table))
        return sorted((tuple(row) for row in frame.drop(*NOT_COMPARED).collect()), key=repr)

    def orders(self) -> dict[str, str]:
        """Return the net amount of each order in `transaction`."""
        frame = self.spark.read.format("delta").load(str(self.folder / "lake" / "transaction"))
        rows = frame.groupBy("order_id").agg({"amount": "sum"}).collect()
        return {row[0]: f"{row[1]:.2f}" for row in rows}

    def refunds(self) -> dict[str, str]:
        """Return the refunded amount of each order in `transaction`."""
        frame = self.spark.read.format("delta").load(str(self.folder / "lake" / "transaction"))
        rows = frame.where("kind = 'refund'").groupBy("refunded_order_id").agg({"amount": "sum"}).collect()
        return {row[0]: f"{row[1]:.2f}" for row in rows}


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, tmp_path)


def test_any_slicing_and_order_of_versions_equals_one_ingest_of_the_last_ones(
    lake: Lake, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = versions_of_orders(seed=7)
    shuffled = random.Random(3).sample(made, len(made))
    third = len(shuffled) // 3
    for start in (0, third, 2 * third):
        lake.deliver(shuffled[start:] if start == 2 * third else shuffled[start : start + third + 2])
    whole = Lake(spark, tmp_path_factory.mktemp("whole"))
    whole.deliver(last_versions(made))
    assert len(last_versions(made)) == 40 < len(made)
    for table in ("transaction", "member_day", "member_tag_day"):
        assert lake.rows(table) == whole.rows(table) != []


def test_an_order_delivered_again_counts_once_and_one_cancelled_is_gone(lake: Lake) -> None:
    lake.ingest(["o1,1,7,2024-01-05,100,paid,1\n", "o2,1,7,2024-01-06,30,paid,1\n"])
    lake.ingest(["o1,1,7,2024-01-05,120,paid,2\n"])
    assert lake.orders() == {"o1": "120.00", "o2": "30.00"}
    assert "nothing to do" in lake.ingest(["o1,1,7,2024-01-05,120,paid,2\n"])
    lake.ingest(["o1,1,7,2024-01-05,120,cancelled,3\n"])
    assert lake.orders() == {"o2": "30.00"}
    late = lake.ingest(["o1,1,7,2024-01-05,100,paid,1\n", "o3,1,7,2024-03-06,8,paid,\n", ",1,7,2024-03-06,8,paid,1\n"])
    assert lake.orders() == {"o2": "30.00"}, "a version older than the cancellation brings nothing back"
    assert "3 lines read = 0 accepted + 0 excluded + 2 rejected (bad version 1, missing key 1) + 1 outside" in late


def test_one_version_in_two_files_counts_once(lake: Lake) -> None:
    twice = "o1,1,7,2024-01-05,100,paid,3\n"
    lake.ingest([twice, twice.replace("o1,1", "o1,2"), "o2,1,7,2024-01-06,30,paid,1\n"], more=[twice])
    assert lake.orders() == {"o1": "200.00", "o2": "30.00"}
    lake.ingest([twice, twice])
    assert lake.orders() == {"o1": "200.00", "o2": "30.00"}, "equal lines of one file are two lines"


def test_a_line_that_cannot_be_split_is_no_version_of_an_order(lake: Lake) -> None:
    lake.ingest(["o1,1,7,2024-01-05,100,paid,3\n", "o1,2,7,2024-01-05,9,9,paid,100\n"])
    assert lake.orders() == {"o1": "100.00"}
    lake.ingest(["o1,1,7,2024-01-05,120,paid,4\n"])
    assert lake.orders() == {"o1": "120.00"}


def test_rows_of_another_delivery_are_never_doubled(lake: Lake) -> None:
    config = lake.folder / "rfm.yaml"
    by_changes = config.read_text()
    by_days = re.sub(r"    (delivery|key|version): .*\n", "", by_changes)
    config.write_text(by_days)
    lake.ingest(["o1,1,7,2024-01-05,100,paid,3\n"])
    config.write_text(by_changes)
    with pytest.raises(AssertionError, match="transaction has rows of it that came before delivery: changes"):
        lake.ingest(["o1,1,7,2024-01-05,100,paid,3\n"])
    assert lake.orders() == {"o1": "100.00"}


def test_orders_of_another_key_or_version_are_never_doubled_or_shut_out(lake: Lake) -> None:
    config = lake.folder / "rfm.yaml"
    as_before = config.read_text()
    lake.ingest(["o1,1,7,2024-01-05,100,paid,3\n"])
    line = "o1,1,7,2024-01-05,120,paid,4\n"
    for old, new in (
        ("key: order_id", "key: line"),
        ("format: number", "format: epoch_seconds"),
        ("order_id: order,", "order_id: {concat: [cust, order]},"),
    ):
        config.write_text(as_before.replace(old, new))
        with pytest.raises(AssertionError, match="order_version has orders of it by another key or version"):
            lake.ingest([line])
    config.write_text(as_before.replace("category: line", "channel: line"))
    lake.ingest([line])
    assert lake.orders() == {"o1": "120.00"}, "another mapping of other columns changes no order's name"


def test_lines_of_one_version_in_several_files_are_told(lake: Lake) -> None:
    line = "o1,1,7,2024-01-05,100,paid,3\n"
    said = lake.ingest([line], [line.replace("o1,1", "o1,2"), "o2,1,7,2024-01-05,100,paid,3\n"])
    assert "source shop: 2 lines are of orders that several files have with one version" in said
    assert lake.orders() == {"o1": "200.00", "o2": "100.00"}
    assert "several files" not in lake.ingest([line], [line]), "the second file has nothing of its own"


def killed_before_lines(lake: Lake, monkeypatch: pytest.MonkeyPatch, *ingest: list[str], run_id: str = "") -> None:
    """Ingest and die after the versions of the orders were written, and before their lines."""
    replaced = TableStore.replace

    def dies(store: TableStore, table: Table, *rest: object, **more: object) -> int:
        if table is TRANSACTION:
            raise KeyboardInterrupt
        return replaced(store, table, *rest, **more)  # type: ignore[arg-type]  # as it was called

    with monkeypatch.context() as patch:
        patch.setattr(TableStore, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            lake.ingest(*ingest, [], *(["--run-id", run_id] if run_id else []))


def test_a_run_that_dies_between_versions_and_lines_leaves_no_version(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.ingest(["o1,1,7,2024-01-05,100,paid,1\n"])
    killed_before_lines(lake, monkeypatch, ["o1,1,7,2024-01-05,150,paid,9\n"])
    assert lake.orders() == {"o1": "100.00"}
    lake.ingest(["o1,1,7,2024-01-05,120,paid,2\n"])
    assert lake.orders() == {"o1": "120.00"}


def test_a_run_that_dies_under_the_name_of_one_that_did_not_takes_back_its_own_versions_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.ingest(["o1,1,7,2024-01-05,100,paid,5\n"], [], "--run-id", "nightly")
    killed_before_lines(lake, monkeypatch, ["o2,1,7,2024-01-05,30,paid,9\n"], run_id="nightly")
    lake.ingest(["o1,1,7,2024-01-05,1,paid,4\n", "o2,1,7,2024-01-05,20,paid,1\n"])
    assert lake.orders() == {"o1": "100.00", "o2": "20.00"}, "o1 has a newer version, o2 has none"


def test_a_second_source_of_changes_that_dies_leaves_the_orders_of_the_first(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = lake.folder / "rfm.yaml"
    web = config.read_text().partition("  shop:")[2].replace("orders*.csv", "web.csv")
    config.write_text(f"{config.read_text()}  web:{web}")
    of_web = lake.folder / "web.csv"
    of_web.write_text(HEADER + "w1,1,7,2024-01-05,10,paid,1\n")
    lake.ingest(["o1,1,7,2024-01-05,100,paid,1\n"])
    of_web.write_text(HEADER + "w1,1,7,2024-01-05,11,paid,9\n")
    replaced, written = TableStore.replace, []

    def dies_at_the_second(store: TableStore, table: Table, *rest: object, **more: object) -> int:
        written.append(table)
        if written.count(TRANSACTION) == 2:
            raise KeyboardInterrupt
        return replaced(store, table, *rest, **more)  # type: ignore[arg-type]  # as it was called

    with monkeypatch.context() as patch:
        patch.setattr(TableStore, "replace", dies_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            lake.ingest(["o1,1,7,2024-01-05,120,paid,9\n"])
    assert lake.orders() == {"o1": "120.00", "w1": "10.00"}
    of_web.write_text(HEADER + "w1,1,7,2024-01-05,12,paid,2\n")
    lake.ingest(["o1,1,7,2024-01-05,130,paid,2\n"])
    assert lake.orders() == {"o1": "120.00", "w1": "12.00"}, "o1 is newer, w1 was never written"


def test_refunds_made_of_the_lines_of_an_order_change_with_it(lake: Lake) -> None:
    config = lake.folder / "rfm.yaml"
    also = "also: [{kind: refund, columns: {amount: status}}]\n"
    config.write_text(re.sub(r"rules: .*\n", also, config.read_text()))
    lake.ingest(["o1,1,7,2024-01-05,100,30,1\n", "o2,1,7,2024-01-05,50,,1\n"])
    assert lake.refunds() == {"o1": "30.00"}
    lake.ingest(["o1,1,7,2024-01-05,100,,2\n", "o2,1,7,2024-01-05,50,20,2\n"])
    assert lake.refunds() == {"o2": "20.00"}
    lake.ingest(["o2,1,7,2024-01-05,50,50,1\n"])
    assert lake.refunds() == {"o2": "20.00"}
