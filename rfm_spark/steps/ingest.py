"""The verb `ingest`: sources to transactions, events, rejected rows, identities and facts."""

from rfm_spark.steps.ingesting.ingest import ingest_sources
from rfm_spark.steps.ingesting.sources import described
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import AS_OF, FROM, SOURCE, TO, TODAY, Verb
from rfm_spark.steps.writes import INGEST_TABLES
from rfm_spark.text import counted

VERB = Verb(
    help="bring the sources into transactions, events and daily facts",
    flags=(
        AS_OF.meaning("last day of the lines to read"),
        FROM.meaning("first day of the lines to read, inclusive"),
        TO.meaning("last day of the lines to read, inclusive"),
        SOURCE,
        TODAY,
    ),
    writes=(*INGEST_TABLES, "run_log", "run_config"),
    never="computes scores or segments",
    stops_on_breach=True,
)


def perform(job: Job) -> Outcome:
    """Ingest the sources and say what became of their lines."""
    outcomes = ingest_sources(job)
    job.write_log()
    lines = tuple(described(outcomes))
    is_new = any(outcome.status is Status.INGESTED for outcome in outcomes)
    status = Status.INGESTED if is_new else Status.NOTHING_TO_DO
    accepted = sum(outcome.accepted for outcome in outcomes)
    message = (
        f"{counted(accepted, 'line')} accepted" if is_new else "the tables hold these lines already, nothing to do"
    )
    return Outcome(status, message, sources=outcomes, lines=lines)
