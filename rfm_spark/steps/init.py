"""`init`: create what is missing, verify what is there."""

from rfm_spark.contracts.tables import TABLES
from rfm_spark.io.tables import TableStore

CREATED = "created"
VERIFIED = "verified"


def init_tables(store: TableStore) -> list[tuple[str, str]]:
    """Return every table's name and whether it was created or verified; fail on the first that differs."""
    return [(table.name, CREATED if store.create(table) else VERIFIED) for table in TABLES]
