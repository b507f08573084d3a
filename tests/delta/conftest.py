"""Warehouses for the tests of tables: one with every table, made under hostile defaults, and small ones."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.model import Warehouse
from rfm_spark.contracts.tables import TABLES
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.create_tables import create_tables
from tests.delta.samples import HOSTILE, one_row, settings


@pytest.fixture(scope="session")
def full_store(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> TableStore:
    """Every table, created and given one row while the session's defaults were against us."""
    folder: Path = tmp_path_factory.mktemp("full") / "warehouse"
    with settings(spark, HOSTILE):
        store = TableStore(spark, Warehouse(path=str(folder)))
        assert set(create_tables(store, TABLES)) == {"created"}
        for table in TABLES:
            store.append(table, one_row(spark, table), {"run_id": "r1"})
    return store


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path) -> TableStore:
    """An empty warehouse; a test creates the tables it needs."""
    return TableStore(spark, Warehouse(path=str(tmp_path / "warehouse")))
