"""A small lake of its own: random lines as CSV files, a configuration of many windows, and commands upon them."""

import csv
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config
from rfm_spark.io.tables import TableStore
from tests.jobs.commands import ROOT, Said, command
from tests.oracles.lines import Event, Line

NOT_COMPARED = ("run_id", "computed_at")
DATED_TABLES = (
    "rfm_score", "score_boundary", "member_preference", "member_segment", "member_profile", "segment_summary",
)  # fmt: skip

HISTORY_TABLES = (
    "segment_transition", "segment_interval", "segment_migration",
)  # fmt: skip

TWO_SETS_OF_ONE_WINDOW = (
    "windows.active=[split]", "segments.active=[life_cycle, value_tier]", "scores.main_window=split",
    "segments.value_tier.window=split", "preferences.window=split",
)  # fmt: skip
"""Little to compute: what stories about history need, whatever else a shop has."""

COLUMNS = (
    "source",
    "member",
    "day",
    "kind",
    "amount",
    "order",
    "refunded",
    "category",
    "brand",
    "channel",
    "promotion",
)
SOURCE = """
sources:
  {name}:
    format: csv
    path: {folder}/{name}*.csv
    options: {{header: true}}
    delivery: {delivery}
    columns:
      member: member
      ordered_at: day
      amount: amount
      order_id: order
      refunded_order_id: refunded
      category: category
      brand: brand
      channel: channel
      promotion: promotion
    rules: {{refund: {{kind: refund}}}}
"""
EVENTS = """
sources:
  looks:
    dataset: events
    format: csv
    path: {folder}/looks*.csv
    options: {{header: true}}
    delivery: {delivery}
    columns:
      {{member: member, event_at: day, event_type: type, event_id: id, category: category, brand: brand,
       channel: channel}}
"""
SETTINGS = """
identity: {method: integer}
checks: {max_rejected_share: null, max_member_fall: null, max_amount_rise: null}
windows:
  active: [lifetime, split, cut, fading, ever]
  recent: {days: 31}
  split: {days: 45, ties: split, frequency: days}
  cut: {months: 2, method: thresholds, bins: {r: 4, f: 3, m: 3}, thresholds: {r: [5, 15, 30], f: [2, 4], m: [5, 20.5]}}
  fading: {days: 60, decay: {half_life_days: 20}}
  ever: {days: 20, population: ever}
segments:
  active: [rfm_tier, value_tier, eight_types, composite_tier, member_level, life_cycle, purchase_style]
"""


@dataclass
class Shop:
    """A warehouse, the files it reads, and the flags that every command of it takes."""

    spark: SparkSession
    folder: Path
    delivery: str = "days"
    more: tuple[str, ...] = ()
    sources: list[str] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        """The folder of the tables."""
        return self.folder / "lake"

    @property
    def configuration(self) -> list[str]:
        """The flags that name the configuration."""
        sets = (f"warehouse.path={self.warehouse}", *self.more)
        files = [ROOT / "conf", *sorted((self.folder / "conf").glob("*.yaml"))]
        return [
            *(part for file in files for part in ("--config", str(file))),
            *(part for setting in sets for part in ("--set", setting)),
        ]

    def begin(self, sources: Sequence[str], empty_lake: Path, events: bool = False) -> "Shop":
        """Write the configuration and begin with a copy of a warehouse that `init` made."""
        (self.folder / "conf").mkdir(parents=True)
        (self.folder / "conf" / "settings.yaml").write_text(SETTINGS)
        for name in sources:
            text = SOURCE.format(name=name, folder=self.folder, delivery=self.delivery)
            (self.folder / "conf" / f"{name}.yaml").write_text(text)
        if events:
            (self.folder / "conf" / "looks.yaml").write_text(EVENTS.format(folder=self.folder, delivery=self.delivery))
        shutil.copytree(empty_lake, self.warehouse)
        return self

    def copied(self, folder: Path) -> "Shop":
        """Return another shop with the same configuration, whose warehouse begins as this one is now."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def deliver(self, lines: Iterable[Line], file: str = "") -> None:
        """Write the lines of each source to its file, replacing what it held."""
        by_source: dict[str, list[Line]] = {}
        for line in lines:
            by_source.setdefault(line.source, []).append(line)
        for name, of_source in by_source.items():
            rows = [
                (
                    line.source, line.member_id, line.day.isoformat(), line.kind, line.amount, line.order_id,
                    line.refunded_order_id, line.category, line.brand, line.channel, line.promotion,
                )
                for line in of_source
            ]  # fmt: skip
            write_csv(self.folder / f"{name}{file}.csv", COLUMNS, rows)

    def deliver_events(self, events: Iterable[Event]) -> None:
        """Write the events to their file."""
        rows = [
            (
                one.source,
                one.member_id,
                one.day.isoformat(),
                one.event_type,
                one.event_id,
                one.category,
                one.brand,
                one.channel,
            )
            for one in events
        ]
        write_csv(
            self.folder / "looks.csv", ("source", "member", "day", "type", "id", "category", "brand", "channel"), rows
        )

    def run(self, verb: str, *argv: str) -> Said:
        """Run a command with the shop's configuration."""
        return command(verb, *self.configuration, *argv)

    def config(self) -> Config:
        """Return the configuration as the commands read it."""
        flags = self.configuration
        places = [flags[n + 1] for n, flag in enumerate(flags) if flag == "--config"]
        return load_config(places, [flags[n + 1] for n, flag in enumerate(flags) if flag == "--set"])

    def read(self, table: str, as_of: date | None = None) -> DataFrame:
        """Return a table, or its rows of one date."""
        frame = self.spark.read.format("delta").load(str(self.warehouse / table))
        return frame if as_of is None else frame.where(F.col("as_of_date") == F.lit(as_of))

    def rows(self, table: str, as_of: date | None = None, where: str = "true") -> list[str]:
        """Return rows of a table as sorted text, without what differs from run to run."""
        frame = self.read(table, as_of).where(where)
        kept = frame.drop(*(name for name in NOT_COMPARED if name in frame.columns))
        return sorted(str(row.asDict(recursive=True)) for row in kept.collect())

    def dated(self, as_of: date) -> dict[str, list[str]]:
        """Return the rows of one date in every table that is computed per date."""
        return {table: self.rows(table, as_of) for table in DATED_TABLES}

    def versions(self) -> Mapping[str, int]:
        """Return the number of commits of every table."""
        return {
            folder.name: len(list((folder / "_delta_log").glob("*.json")))
            for folder in self.warehouse.iterdir()
            if (folder / "_delta_log").is_dir()
        }


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with a header; None is an empty field."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


@contextmanager
def dying_after(writes: int) -> Iterator[None]:
    """Let every write fail after the first so many."""
    write, left = TableStore._write, [writes]

    def dying(self: TableStore, *arguments: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("the machine went away")
        write(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TableStore, "_write", dying)
        yield


def done(shop: Shop, verb: str, *flags: str) -> str:
    """Run a command that must end well; return what it printed."""
    said = shop.run(verb, *flags)
    assert said.exit_code == 0, said.err
    return said.out


def tables(shop: Shop) -> dict[str, list[str]]:
    """Return every table of dates and of history, without what differs from run to run."""
    return {name: shop.rows(name) for name in (*DATED_TABLES, *HISTORY_TABLES)}


def different(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """Return the names of the tables that differ."""
    return [name for name in one if one[name] != other[name]]
