"""Checks a segment set without data, over every combination of scores and of ranges of the other fields.

A gap is a combination that no rule matches. A rule is shadowed when earlier rules take everything it matches. A segment
that no combination reaches is an error too. Overlaps, which the order of the rules decides, are information.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import product
from typing import TypeAlias

from rfm_spark.config.choices import Metric
from rfm_spark.config.model import Config, SegmentSet
from rfm_spark.rules import fields as f
from rfm_spark.rules.axes import Axis, Cell, Combinations, cells_between, shown_cells
from rfm_spark.rules.composite import composite
from rfm_spark.rules.grammar import AnyOf, Condition, Node, Not, conditions_of, parse_rule

MAX_COMBINATIONS = 1_000_000
Triple: TypeAlias = tuple[Cell, Cell, Cell]
TOGETHER_OR_NOT = (f.AVERAGE_ORDER_AMOUNT, f.PROMOTION_SHARE, f.REFUND_SHARE, f.DAYS_SINCE_FIRST_ORDER)
"""Fields that may be NULL when the other fields of their window are not."""
SCORES = tuple(metric.letter for metric in Metric)


class FindingKind(StrEnum):
    """The kinds of finding about a segment set."""

    GAP = "gap"
    SHADOWED = "shadowed rule"
    IMPOSSIBLE = "impossible rule"
    UNREACHABLE = "unreachable segment"
    OVERLAP = "overlap"
    NEVER_LAPSED = "unused name"
    NOT_CHECKED = "not checked"


ERRORS = (FindingKind.GAP, FindingKind.SHADOWED, FindingKind.IMPOSSIBLE, FindingKind.UNREACHABLE)


@dataclass(frozen=True)
class Finding:
    """One finding about a set. `codes`: score codes like `111-125, 131`; `others`: other fields with their values."""

    kind: FindingKind
    segment_set: str
    where: str
    text: str
    codes: str = ""
    others: str = ""

    @property
    def is_error(self) -> bool:
        """Return whether the finding is an error, which must be fixed before a run."""
        return self.kind in ERRORS

    def sentence(self) -> str:
        """Return the finding in one line, without file and line."""
        scores = f" for scores {self.codes}" if self.codes else ""
        return f"{self.segment_set}: {self.text}{scores}" + (f" with {self.others}" if self.others else "")


def check_segment_set(config: Config, segment_set: SegmentSet) -> list[Finding]:
    """Return all findings about a set, errors first; ConfigurationError for a rule that does not parse."""
    known = f.segment_fields(config, segment_set)
    rules = [parse_rule(rule.when, known) for rule in segment_set.rules]
    grid = _Grid(config, segment_set, rules)
    if grid.combinations.count > MAX_COMBINATIONS:
        text = f"{grid.combinations.count} combinations are too many to check"
        return [Finding(FindingKind.NOT_CHECKED, segment_set.name, segment_set.where, text)]
    findings = [*grid.findings(), *_lapsed_findings(config, segment_set)]
    return sorted(findings, key=lambda finding: not finding.is_error)


class _Grid:
    """One segment set and all combinations of values that its rules separate.

    A set of combinations is a mask: one integer with a bit per combination (`axes.Combinations`).
    """

    def __init__(self, config: Config, segment_set: SegmentSet, rules: Sequence[Node]) -> None:
        self.set = segment_set
        self.rules = rules
        self.window = config.windows[segment_set.window]
        self.domains = f.segment_domains(config, segment_set)
        conditions = [condition for rule in rules for condition in conditions_of(rule)]
        self.combinations = Combinations(self.axes(conditions))
        self.scored = 3 if self.combinations.axes[:1] and self.combinations.axes[0].field == SCORES[0] else 0
        self.positions = {axis.field: number for number, axis in enumerate(self.combinations.axes)}

    def axes(self, conditions: Sequence[Condition]) -> list[Axis]:
        """Return one axis per field that the rules read; the three scores of the set's window come first, if at all."""
        limits: dict[str, list[Decimal]] = {}
        for condition in conditions:
            numbers = [Decimal(value) for value in condition.values if not isinstance(value, (bool, str))]
            limits.setdefault(condition.field, []).extend(numbers)
        scores = SCORES if limits.keys() & {*SCORES, f.COMPOSITE} else ()
        others = [name for name in limits if name not in (*SCORES, f.COMPOSITE)]
        return [self.axis(name, limits.get(name, [])) for name in (*scores, *others)]

    def axis(self, name: str, limits: list[Decimal]) -> Axis:
        """Return the axis of a field, split at the limits that rules compare it with; a score has a cell per value."""
        domain = self.domains[name]
        if name.rpartition(".")[2] in SCORES:
            assert domain.most is not None
            limits = [Decimal(score) for score in range(1, int(domain.most) + 1)]
        return Axis(name, cells_between(domain, limits))

    def mask(self, node: Node) -> int:
        """Return the combinations that match a rule or a part of it."""
        if isinstance(node, Condition):
            return self.condition_mask(node)
        if isinstance(node, Not):
            return self.combinations.all ^ self.mask(node.part)
        if isinstance(node, AnyOf):
            found = 0
            for part in node.parts:
                found |= self.mask(part)
            return found
        found = self.combinations.all
        for part in node.parts:
            found &= self.mask(part)
        return found

    def condition_mask(self, condition: Condition) -> int:
        """Return the combinations that meet one condition; composite_score follows from the three scores."""
        if condition.field == f.COMPOSITE:
            truth = [self.composite(triple).meets(condition) for triple in self.triples()]
            return self.combinations.where_first(3, truth)
        number = self.positions[condition.field]
        return self.combinations.where(number, [cell.meets(condition) for cell in self.combinations.axes[number].cells])

    def triples(self) -> list[Triple]:
        """Return the cells of the three scores together, in the order of the combinations."""
        r, f_, m = (axis.cells for axis in self.combinations.axes[:3])
        return list(product(r, f_, m))

    def composite(self, triple: Triple) -> Cell:
        """Return the composite score of three scores as a cell; NULL outside the window."""
        scores = [int(cell.sample) for cell in triple if cell.sample is not None]
        scorings = [self.window.scoring(metric) for metric in Metric]
        bins, weights = [one.bins for one in scorings], [one.weight for one in scorings]
        return Cell(composite(scores, bins, weights) if len(scores) == 3 else None)

    def possible(self) -> int:
        """Return the combinations that a member can have, without those that contradict themselves."""
        found = self.combinations.all
        for small, large in self.ordered_pairs():
            for number, cell in enumerate(self.combinations.axes[small].cells):
                alone = [n == number for n in range(self.combinations.sizes[small])]
                fits = [_fits(cell, other) for other in self.combinations.axes[large].cells]
                found &= ~self.combinations.where(small, alone) | self.combinations.where(large, fits)
        for one, other in self.null_together():
            found &= ~(self.null_mask(one) ^ self.null_mask(other))
        return found & self.combinations.all

    def null_mask(self, axis: int) -> int:
        """Return the combinations in which a field is NULL."""
        return self.combinations.where(axis, [cell.sample is None for cell in self.combinations.axes[axis].cells])

    def ordered_pairs(self) -> Iterator[tuple[int, int]]:
        """Yield pairs of axes of which the first field is never greater than the second."""
        for name, number in self.positions.items():
            window, dot, bare = name.rpartition(".")
            above = f.DAYS_SINCE_FIRST_ORDER if bare == f.RECENCY_DAYS else ""
            above = f"{window}{dot}{f.ORDER_COUNT}" if bare == f.PURCHASE_DAYS else above
            if above in self.positions:
                yield number, self.positions[above]

    def null_together(self) -> Iterator[tuple[int, int]]:
        """Yield pairs of axes of one window that are NULL together, for members outside the window."""
        seen: dict[str, int] = {}
        for name, number in self.positions.items():
            window, _, bare = name.rpartition(".")
            if bare not in TOGETHER_OR_NOT:
                if window in seen:
                    yield seen[window], number
                seen[window] = number

    def findings(self) -> Iterator[Finding]:
        """Yield the findings of the rules in their order, then gaps and unreachable segments, then overlaps."""
        possible = self.possible()
        taken, reached = 0, set[str]()
        firsts: list[int] = []
        overlaps: dict[tuple[str, str, str], int] = {}
        for number, (rule, node) in enumerate(zip(self.set.rules, self.rules, strict=True), start=1):
            matched = self.mask(node) & possible
            first = matched & ~taken
            if not first:
                yield self.idle_rule(number, rule.segment, rule.when.where, matched)
            else:
                reached.add(rule.segment)
            for earlier, winner in zip(self.set.rules, firsts, strict=False):
                if matched & winner and earlier.segment != rule.segment:
                    pair = (earlier.segment, rule.segment, rule.when.where)
                    overlaps[pair] = overlaps.get(pair, 0) | (matched & winner)
            firsts.append(first)
            taken |= first
        yield from self.rest(possible & ~taken, reached)
        for (winner_name, loser, where), mask in overlaps.items():
            text = f"{winner_name} comes before {loser}, which matches too,"
            yield self.finding(FindingKind.OVERLAP, where, text, mask)

    def idle_rule(self, number: int, segment: str, where: str, matched: int) -> Finding:
        """Return the finding about a rule that gives no member its segment: shadowed, or never true."""
        if matched:
            text = f"rule {number} ({segment}) never matches: earlier rules take all it could"
            return self.finding(FindingKind.SHADOWED, where, text, matched)
        text = f"rule {number} ({segment}) can never be true"
        return Finding(FindingKind.IMPOSSIBLE, self.set.name, where, text)

    def rest(self, rest: int, reached: set[str]) -> Iterator[Finding]:
        """Yield the gap of combinations that no rule matches, and the segments that no combination reaches."""
        if rest and self.set.otherwise is None:
            yield self.finding(FindingKind.GAP, self.set.where, "no rule matches", rest)
        special = {self.set.lapsed, self.set.prospect} | ({self.set.otherwise} if rest else set())
        for segment in self.set.segments:
            if segment not in reached | special:
                reason = (
                    "the rules leave nothing for otherwise"
                    if segment == self.set.otherwise
                    else "its rules never match"
                )
                text = f"segment {segment} is never reached: {reason}"
                yield Finding(FindingKind.UNREACHABLE, self.set.name, self.set.where, text)

    def finding(self, kind: FindingKind, where: str, text: str, mask: int) -> Finding:
        """Return a finding with the scores and other values of its combinations."""
        return Finding(kind, self.set.name, where, text, self.codes(mask), self.others(mask))

    def codes(self, mask: int) -> str:
        """Return the score codes of the combinations; empty when no rule reads a score."""
        if not self.scored:
            return ""
        return shown_codes(self.combinations.first_in(mask, 3), self.triples())

    def others(self, mask: int) -> str:
        """Return the fields beside the scores that have only some of their values in the mask, with these values."""
        parts = []
        for number in range(self.scored, len(self.combinations.axes)):
            cells = self.combinations.cells_in(mask, number)
            if len(cells) < self.combinations.sizes[number]:
                parts.append(f"{self.combinations.axes[number].field} {shown_cells(cells)}")
        return "; ".join(parts)


def _fits(small: Cell, large: Cell) -> bool:
    return small.least is None or large.most is None or small.least <= large.most


def shown_codes(numbers: Sequence[int], triples: Sequence[Triple]) -> str:
    """Return score codes, runs joined; `---` is a member outside the window.

    >>> cells = [Cell(Decimal(1)), Cell(Decimal(2))]
    >>> shown_codes([0, 1, 2, 7], list(product(cells, cells, cells)))
    '111-121, 222'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1 and _code(triples[number]) != OUTSIDE:
            runs[-1][-1:] = [number] if len(runs[-1]) > 1 else [runs[-1][0], number]
        else:
            runs.append([number])
    return ", ".join("-".join(_code(triples[number]) for number in run) for run in runs)


OUTSIDE = "---"


def _code(triple: Triple) -> str:
    scores = [cell.sample for cell in triple if cell.sample is not None]
    if len(scores) < 3:
        return OUTSIDE
    return "".join(map(str, scores)) if max(scores) < 10 else "R{}F{}M{}".format(*scores)


def _lapsed_findings(config: Config, segment_set: SegmentSet) -> list[Finding]:
    window = config.windows[segment_set.window]
    if segment_set.lapsed is None or not f.scores_everybody(window):
        return []
    text = f"lapsed is never given: window {window.name} scores every earlier buyer"
    return [Finding(FindingKind.NEVER_LAPSED, segment_set.name, segment_set.where, text)]
