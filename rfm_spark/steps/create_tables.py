"""Creates the tables that are missing and verifies those that are there."""

from collections.abc import Sequence

from rfm_spark.contracts.frame import Table
from rfm_spark.io.tables import TableStore

CREATED = "created"
VERIFIED = "verified"


def create_tables(store: TableStore, tables: Sequence[Table]) -> list[str]:
    """Return of each table whether it was created or verified; fail on the first that differs from its contract."""
    return [CREATED if store.create(table) else VERIFIED for table in tables]
