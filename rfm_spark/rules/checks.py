"""Checks rules without data: every rule must parse, and the grid must find no error in a segment set."""

from collections.abc import Sequence
from dataclasses import dataclass

from rfm_spark.config.model import Config, SegmentSet
from rfm_spark.config.source import Rule
from rfm_spark.errors import ConfigurationError, RfmSparkError, UsageError
from rfm_spark.rules.fields import segment_fields
from rfm_spark.rules.grammar import parse_rule
from rfm_spark.rules.grid import Finding, check_segment_set
from rfm_spark.rules.source_columns import source_rules


@dataclass(frozen=True)
class RuleReport:
    """The errors in the rules of a configuration, and everything that the grid found."""

    errors: tuple[RfmSparkError, ...]
    findings: tuple[Finding, ...]


def check_rules(config: Config, every_set: bool = False) -> RuleReport:
    """Return the errors in the rules of all sources and sets, and the grid's information about active sets, or all."""
    errors: list[RfmSparkError] = []
    findings: list[Finding] = []
    for source in config.sources.values():
        for rule in source_rules(source):
            errors += _problems(rule, None, config)
    for segment_set in config.segment_sets.values():
        if segment_set.window not in config.windows:
            continue
        wrong = [problem for rule in segment_set.rules for problem in _problems(rule.when, segment_set, config)]
        errors += wrong
        found = [] if wrong else check_segment_set(config, segment_set)
        is_active = segment_set.name in config.active_segment_sets
        findings += [one for one in found if one.is_error or is_active or every_set]
    errors += [UsageError(finding.where, finding.sentence()) for finding in findings if finding.is_error]
    return RuleReport(tuple(errors), tuple(findings))


def _problems(rule: Rule, segment_set: SegmentSet | None, config: Config) -> Sequence[RfmSparkError]:
    try:
        parse_rule(rule, None if segment_set is None else segment_fields(config, segment_set))
    except ConfigurationError as error:
        return error.problems
    return []
