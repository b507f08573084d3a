"""The verb `check`: everything that can be said about a configuration without data and without a session."""

from collections.abc import Callable
from functools import partial

from rfm_spark.config.choices import IdMethod
from rfm_spark.config.fingerprints import ONE_ORDER_A_DAY, sources_by_day
from rfm_spark.config.model import Config
from rfm_spark.errors import ConfigurationError, RfmSparkError, UsageError
from rfm_spark.ingest.secret import load_key, read_secret
from rfm_spark.rules.check_config import check_configuration
from rfm_spark.rules.headers import wrong_files
from rfm_spark.steps.request import Outcome, Request, Status
from rfm_spark.steps.verb import Flag, Verb
from rfm_spark.text import counted

VERB = Verb(
    help="validate the configuration: every error, gap, overlap and unreachable segment",
    flags=(Flag("verbose", "tell the overlaps of sets that are not active too", is_switch=True),),
    never="opens a Spark session",
    has_lines=True,
    needs_session=False,
)


def perform(request: Request) -> Outcome:
    """Check the configuration that the command line names and tell everything found."""
    report = check_configuration(request.configurations, request.overrides, every_set=request.verbose)
    if report.config is None:
        raise ConfigurationError(list(report.errors))
    wrong: list[RfmSparkError] = [*wrong_files(report.config)]
    if wrong:
        raise ConfigurationError(wrong)
    windows, sets = len(report.config.computed_windows()), len(report.config.active_segment_sets)
    message = f"the configuration is right: {counted(windows, 'window')} and {counted(sets, 'segment set')} are active"
    lines = (*report.information, *missing_secrets(report.config), *orders_by_day(report.config))
    return Outcome(Status.DONE, message, lines=lines)


def orders_by_day(config: Config) -> list[str]:
    """Return one line per source that has no order numbers; nobody should find that out from the numbers."""
    return [f"{source}: no order_id: {ONE_ORDER_A_DAY}" for source in sources_by_day(config)]


def missing_secrets(config: Config) -> list[str]:
    """Return one line per secret that cannot be read here; where the jobs run it may be there, so it is no error."""
    readings: list[Callable[[], bytes]] = []
    if config.sources and config.identity.method is IdMethod.HASH and config.identity.key is not None:
        readings.append(partial(load_key, config.identity.key))
    for source in config.sources.values():
        if source.jdbc is not None:
            secrets = {"user": source.jdbc.user, "password": source.jdbc.password}
            where = f"{source.where}: sources.{source.name}.jdbc"
            readings += [partial(read_secret, one, f"{where}.{key}") for key, one in secrets.items() if one is not None]
    return [line for reading in readings for line in _complaint(reading)]


def _complaint(reading: Callable[[], bytes]) -> list[str]:
    """Return what keeps a secret from being read, and never the secret."""
    try:
        reading()
    except UsageError as error:
        return [f"{error.sentence()}; ingest needs it where it runs"]
    return []
