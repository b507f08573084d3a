"""The verb `doctor`: what is wrong with a warehouse, and what to do about it. Reads everything, writes nothing."""

from rfm_spark.errors import ExitCode
from rfm_spark.examining.finding import Severity
from rfm_spark.examining.warehouse import examine
from rfm_spark.steps.dates.registered import RESULTS, all_tables
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import Verb
from rfm_spark.text import counted

VERB = Verb(
    help="check protocol, keys, invariants and unfinished dates",
    never="changes a table",
    has_lines=True,
)


def perform(job: Job) -> Outcome:
    """Examine the warehouse; exit 3 when something makes numbers wrong or tables unreadable."""
    findings = examine(job.store, job.config, RESULTS, all_tables())
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = counted(len(findings) - errors, "warning")
    return Outcome(
        Status.FAILED if errors else Status.DONE,
        f"{counted(errors, 'error')}, {warnings} in {counted(len(all_tables()), 'table')}",
        lines=tuple(finding.sentence() for finding in findings),
        exit_code=ExitCode.CHECK_FAILED if errors else ExitCode.DONE,
    )
