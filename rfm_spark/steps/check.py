"""The verb `check`: everything that can be said about a configuration without data and without a session."""

from rfm_spark.errors import ConfigurationError
from rfm_spark.rules.check_config import check_configuration
from rfm_spark.steps.request import Outcome, Request, Status
from rfm_spark.steps.verb import Verb
from rfm_spark.text import counted

VERB = Verb(
    help="validate the configuration: every error, gap, overlap and unreachable segment",
    never="opens a Spark session",
    has_lines=True,
    needs_session=False,
)


def perform(request: Request) -> Outcome:
    """Check the configuration that the command line names and tell everything found."""
    report = check_configuration(request.configurations, request.overrides)
    if report.config is None:
        raise ConfigurationError(list(report.errors))
    windows, sets = len(report.config.computed_windows()), len(report.config.active_segment_sets)
    message = f"the configuration is right: {counted(windows, 'window')} and {counted(sets, 'segment set')} are active"
    return Outcome(Status.DONE, message, lines=report.information)
