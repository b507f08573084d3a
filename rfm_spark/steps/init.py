"""The verb `init`: create what is missing, verify what is there."""

from typing import TYPE_CHECKING

from rfm_spark.contracts.tables import TABLES
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.request import Outcome, Status

if TYPE_CHECKING:
    from rfm_spark.steps.job import Job

CREATED = "created"
VERIFIED = "verified"


def init_tables(store: TableStore) -> list[tuple[str, str]]:
    """Return every table's name and whether it was created or verified; fail on the first that differs."""
    return [(table.name, CREATED if store.create(table) else VERIFIED) for table in TABLES]


def perform(job: "Job") -> Outcome:
    """Create or verify every table and tell which."""
    done = init_tables(job.store)
    lines = tuple(f"{what}: {job.store.location(table)}" for table, (_, what) in zip(TABLES, done, strict=True))
    created = sum(what == CREATED for _, what in done)
    return Outcome(Status.DONE, f"{created} tables created, {len(done) - created} verified", lines=lines)
