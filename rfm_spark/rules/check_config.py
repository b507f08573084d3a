"""Checks a configuration without data and without a session."""

from collections.abc import Sequence
from dataclasses import dataclass

from rfm_spark.config.load import in_file_order, read_config
from rfm_spark.config.locations import Reader
from rfm_spark.config.model import Config
from rfm_spark.errors import ConfigurationError, RfmSparkError
from rfm_spark.rules.before_ingest import missing_so_far, refusals
from rfm_spark.rules.checks import check_rules


@dataclass(frozen=True)
class CheckReport:
    """All errors in the order of the files, information, and the configuration when it has no error."""

    errors: tuple[RfmSparkError, ...]
    information: tuple[str, ...]
    config: Config | None

    def lines(self) -> list[str]:
        """Return one line per error."""
        return [error.sentence() for error in self.errors]


def check_configuration(
    locations: Sequence[str],
    overrides: Sequence[str] = (),
    read: Reader | None = None,
    every_set: bool = False,
) -> CheckReport:
    """Return every error with file and line, those of rules included; overlaps and what is missing are information.

    `every_set`: overlaps of sets that are not active are information too.
    """
    loaded = read_config(locations, overrides, read)
    rules = check_rules(loaded.config, every_set)
    errors = tuple(in_file_order([*loaded.problems, *rules.errors, *refusals(loaded.config)]))
    overlaps = [f"{one.where}: {one.kind}: {one.sentence()}" for one in rules.findings if not one.is_error]
    information = (*overlaps, *missing_so_far(loaded.config))
    return CheckReport(errors, information, None if errors else loaded.config)


def checked_config(locations: Sequence[str], overrides: Sequence[str] = (), read: Reader | None = None) -> Config:
    """Return a configuration without errors; ConfigurationError lists all errors otherwise."""
    report = check_configuration(locations, overrides, read)
    if report.config is None:
        raise ConfigurationError(list(report.errors))
    return report.config
