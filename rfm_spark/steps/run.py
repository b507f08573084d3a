"""The verb `run`: one as-of date from the facts to its published segments, reading the sources first if asked."""

from rfm_spark.errors import RfmSparkError, UsageError
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.dates.work import require_ended
from rfm_spark.steps.history.one_date import perform_date
from rfm_spark.steps.ingesting.ingest import ingest_sources
from rfm_spark.steps.ingesting.sources import described
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome
from rfm_spark.steps.verb import AS_OF, FROM, REPROCESS, SOURCE, TO, TODAY, Flag, Verb
from rfm_spark.steps.writes import DATED_TABLES, HISTORY_TABLES, LOG_TABLES

VERB = Verb(
    help="score, prefer, segment and track one as-of date, and publish it",
    flags=(
        AS_OF,
        FROM.meaning("with --ingest: first day of the lines to read, inclusive"),
        TO.meaning("with --ingest: last day of the lines to read, inclusive"),
        Flag("ingest", "read the sources first", is_switch=True),
        SOURCE,
        TODAY,
        REPROCESS,
    ),
    writes=(*DATED_TABLES, *HISTORY_TABLES, *LOG_TABLES),
    also="With --ingest it writes first what ingest writes",
    never="replaces a published date that is up to date, unless --reprocess all and --reason say so",
    stops_on_breach=True,
    tracks=True,
)


def perform(job: Job) -> Outcome:
    """Make whatever is due of the date and publish it.

    What is wrong with the command line is an error before anything is written; what only the facts can tell of the date
    fails it with the counts of the lines that are in the tables by then.
    """
    as_of = job.request.required_as_of()
    require_ingest(job)
    require_ended(job, [as_of])
    if not job.request.ingest:
        return perform_date(job, RESULTS.stages)
    sources = ingest_sources(job)
    try:
        outcome = perform_date(job, RESULTS.stages)
    except RfmSparkError as error:
        outcome = Outcome.of_error(error)
    finally:
        job.write_log()
    return outcome.with_sources(sources, described(sources))


def require_ingest(job: Job) -> None:
    """Fail where flags of an ingest are given without one: somebody may mean as-of dates by them."""
    request = job.request
    given = {"--from": request.first_day, "--to": request.last_day, "--source": request.sources}
    named = [flag for flag, value in given.items() if value]
    if named and not request.ingest:
        raise UsageError(
            " ".join(named), "no lines are read by this run", "--ingest beside them",
            "add --ingest, or name many as-of dates with rfm-spark backfill --from --to",
        )  # fmt: skip
