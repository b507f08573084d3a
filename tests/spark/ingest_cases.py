"""What ingest tests share: a source and a configuration in a few words, and an ingest up to its staged lines."""

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.choices import Dataset, Format, IdMethod
from rfm_spark.config.model import (
    Calendar,
    Checks,
    Config,
    History,
    Identity,
    Orders,
    Preferences,
    Scores,
    Tags,
    Warehouse,
)
from rfm_spark.config.source import ColumnMapping, Rule, Source
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.fates import LineCounts
from rfm_spark.ingest.read import open_source

KEY = b"a key of the tests, 32 bytes long"
SALE_COLUMNS = {"member": "id", "ordered_at": "at", "amount": "amount", "order_id": "order"}
EVENT_COLUMNS = {"member": "id", "event_at": "at", "event_type": "what"}


def rule(**when: Any) -> Rule:
    return Rule(when, "test:1")


def mapped(columns: dict[str, str | ColumnMapping]) -> MappingProxyType[str, ColumnMapping]:
    return MappingProxyType(
        {name: ColumnMapping(column=value) if isinstance(value, str) else value for name, value in columns.items()}
    )


def source_of(path: Path | str, columns: dict[str, str | ColumnMapping] | None = None, **settings: Any) -> Source:
    dataset = settings.pop("dataset", Dataset.TRANSACTIONS)
    default = SALE_COLUMNS if dataset is Dataset.TRANSACTIONS else EVENT_COLUMNS
    given = {"name": "shop", "format": Format.CSV, "paths": (str(path),), "dataset": dataset, **settings}
    return Source(columns=mapped(columns or default), **given)


def config_of(zone: str = "UTC", identity: Identity | None = None, **orders: Any) -> Config:
    empty: MappingProxyType[str, Any] = MappingProxyType({})
    return Config(
        warehouse=Warehouse(path="unused"), calendar=Calendar(zone), sources=empty, orders=Orders(**orders),
        identity=identity or Identity(method=IdMethod.INTEGER), tags=Tags(), windows=empty, active_windows=(),
        scores=Scores(), segment_sets=empty, active_segment_sets=(), history=History(), preferences=Preferences(),
        checks=Checks(), text=empty,
    )  # fmt: skip


NAMED = config_of(identity=Identity(method=IdMethod.HASH), max_amount="99999999999999.9999")
KEY = b"0123456789abcdef0123456789abcdef"
SALES = {"member": "cust", "ordered_at": "day", "amount": "amount"}
"""A source of hashed members: its configuration, its key and its plainest columns."""


@dataclass
class Ingest:
    """Opens sources and stages their lines as the step does: written once as Parquet and read back."""

    spark: SparkSession
    folder: Path
    taken: list[str] = field(default_factory=list)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def stage(
        self, source: Source, config: Config | None = None, asked: Asked | None = None, key: bytes | None = None
    ) -> tuple[DataFrame, LineCounts]:
        opened = open_source(self.spark, source, config or config_of(), asked or Asked(), key)
        self.taken.append(source.name)
        path = str(self.folder / f"staged-{len(self.taken)}")
        opened.lines.write.parquet(path)
        return self.spark.read.parquet(path), opened.counts()
