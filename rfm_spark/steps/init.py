"""The verb `init`: create what is missing, verify what is there."""

from rfm_spark.steps.create_tables import CREATED, create_tables
from rfm_spark.steps.dates.registered import all_tables
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import Verb
from rfm_spark.text import counted

VERB = Verb(
    help="create or verify all tables",
    writes=("every table that is missing",),
    never="changes a table that is there",
)


def perform(job: Job) -> Outcome:
    """Create or verify every table and say which."""
    tables = all_tables()
    done = create_tables(job.store, tables)
    lines = tuple(f"{what}: {job.store.location(table)}" for table, what in zip(tables, done, strict=True))
    created = sum(what == CREATED for what in done)
    return Outcome(Status.DONE, f"{counted(created, 'table')} created, {len(done) - created} verified", lines=lines)
