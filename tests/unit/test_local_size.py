"""Small is what a machine can count before a JVM starts: sources and facts of few bytes, all of them here."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from rfm_spark.config.choices import Format
from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config
from rfm_spark.config.source import Lookup, Source
from rfm_spark.io.local_size import is_small

ROOT = Path(__file__).resolve().parents[2]


def config_of(folder: Path, path: str | None = None, lookup: str | None = None) -> Config:
    """Return a configuration of one source; without a path a table of a catalog."""
    lookups = {"products": Lookup("products", Format.CSV, lookup, "id", "item")} if lookup else {}
    paths = () if path is None else (path,)
    source = Source("shop", None, Format.CSV, {}, paths=paths, lookups=lookups)  # type: ignore[arg-type]
    config = load_config([str(ROOT / "conf")], [f"warehouse.path={folder / 'lake'}"])
    return replace(config, sources=MappingProxyType({"shop": source}))


def test_bytes_of_sources_look_ups_and_facts_count_together(tmp_path: Path):
    for name in ("in/jan/a.csv", "in/feb/b.csv", "products.csv", "lake/member_day/part.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 10)
    for name in ("rfm_score/large.parquet", "member_day/_delta_log/0.json"):
        (tmp_path / "lake" / name).parent.mkdir(parents=True)
        (tmp_path / "lake" / name).write_bytes(b"x" * 1000)
    config = config_of(tmp_path, f"{tmp_path}/in/{{jan,feb}}/*.csv", str(tmp_path / "products.csv"))
    assert is_small(config, most=40)
    assert not is_small(config, most=39)


def test_what_is_elsewhere_is_not_small(tmp_path: Path):
    assert is_small(config_of(tmp_path, str(tmp_path / "nothing-yet.csv")))
    assert not is_small(config_of(tmp_path, "s3a://bucket/in/*.csv"))
    assert not is_small(config_of(tmp_path))
