"""Checks a configuration without data and without a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob

from rfm_spark.config.choices import IdMethod
from rfm_spark.config.load import in_file_order, read_config
from rfm_spark.config.locations import Reader, is_remote
from rfm_spark.config.model import Config
from rfm_spark.errors import ConfigurationError, RfmSparkError, UsageError
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
    locations: Sequence[str], overrides: Sequence[str] = (), read: Reader | None = None
) -> CheckReport:
    """Return every error with file and line, those of rules included, and overlaps and missing files as information."""
    loaded = read_config(locations, overrides, read)
    rules = check_rules(loaded.config)
    errors = (*in_file_order([*loaded.problems, *rules.errors]), *missing_key(loaded.config))
    overlaps = [f"{one.where}: {one.kind}: {one.sentence()}" for one in rules.findings if not one.is_error]
    information = (*overlaps, *missing_files(loaded.config))
    return CheckReport(errors, information, None if errors else loaded.config)


def missing_key(config: Config) -> list[RfmSparkError]:
    """Return the error of member ids that are hashes without a key: every ingest would end with it."""
    if not config.sources or config.identity.method is not IdMethod.HASH or config.identity.key is not None:
        return []
    step = "name its file or variable, or set identity.method: integer"
    return [UsageError("identity.key", "no key", "a key for identity.method: hash", step)]


def missing_files(config: Config) -> list[str]:
    """Return one line per local path that no file matches; files may come later, so this is only information."""
    return [
        f"{source.where}: sources.{source.name}: no file matches {path} yet"
        for source in config.sources.values()
        for path in source.paths
        if not is_remote(path) and not glob(path.removeprefix("file:"))
    ]


def checked_config(locations: Sequence[str], overrides: Sequence[str] = (), read: Reader | None = None) -> Config:
    """Return a configuration without errors; ConfigurationError lists all errors otherwise."""
    report = check_configuration(locations, overrides, read)
    if report.config is None:
        raise ConfigurationError(list(report.errors))
    return report.config
