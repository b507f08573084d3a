"""Counts members by value: the steps at which the scores of a series may begin.

Exact tiles need the values at a few ranks, not the rank of every member. `buckets` finds the ranges of keys that hold
these ranks; only the distinct keys in those few ranges are counted and cumulated here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from rfm_spark.as_of import per_date
from rfm_spark.literals import literal_array
from rfm_spark.scoring.series import DatedSeries, SeriesIndex, is_scored, key_column

SERIES, KEY, MEMBERS, OFFSET, RANGE = "series", "key", "members", "series_offset", "key_range"
BEFORE, THROUGH, PREVIOUS, FOLLOWING = "before", "through", "previous", "following"
STACKED_AT_ONCE = 12
STACKED_IN_RANGES = 8
NO_RANK, NO_KEY = 0, -(2**63)


@dataclass(frozen=True)
class Total:
    """The population of one series at one date; `key_sum` is 0 when no mean needs it."""

    members: int
    key_sum: int


@dataclass(frozen=True)
class ValueStep:
    """One distinct key: members below it, members up to and with it, and the keys next to it (None at the ends)."""

    key: int
    before: int
    through: int
    previous: int | None
    following: int | None


@dataclass(frozen=True)
class Distribution:
    """The steps of one series at one date that were queried; a question about another step fails."""

    members: int
    steps: tuple[ValueStep, ...] = ()

    def at_rank(self, rank: int) -> ValueStep:
        """Return the step that holds the rank (from 1, worst first)."""
        return next(step for step in self.steps if step.before < rank <= step.through)

    def reaching(self, key: int) -> ValueStep | None:
        """Return the first step at or above the key, None when every member is below."""
        return next((s for s in self.steps if s.key >= key and (s.previous is None or s.previous < key)), None)

    def ends_below(self, key: int) -> ValueStep | None:
        """Return the last step below the key, None when no member is below."""
        return next((s for s in self.steps if s.key < key and (s.following is None or s.following >= key)), None)


@dataclass(frozen=True)
class KeyRange:
    """Keys of one series at one date from `lowest` to `highest`, and the ranks and keys to look up among them.

    `before` counts the members below the range; `ranks` begin with 1 inside the range; `previous` and `following` are
    the keys next to the range, None at the ends.
    """

    dated_series: DatedSeries
    lowest: int
    highest: int
    before: int
    previous: int | None
    following: int | None
    ranks: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()

    def step(self, key: int, before: int, through: int, previous: int | None, following: int | None) -> ValueStep:
        """Return a step counted inside the range as a step of the whole series."""
        return ValueStep(
            key,
            self.before + before,
            self.before + through,
            self.previous if previous is None else previous,
            self.following if following is None else following,
        )


def find_steps(measures: DataFrame, index: SeriesIndex, ranges: Sequence[KeyRange]) -> DataFrame:
    """One row per range (its position) and step that holds a wanted rank or is the first at or above a wanted key.

    Ranges of one series do not overlap.
    """
    nth_ranges = _nth_ranges(index, ranges)
    stacked = stack_keys(measures, index, at_once=STACKED_IN_RANGES)
    inside = stacked.where(reduce(or_, [nth.is_inside for nth in nth_ranges]))
    counts = inside.groupBy(SERIES, KEY).agg(F.count(F.lit(1)).alias(MEMBERS))
    range_ = F.coalesce(*[F.when(nth.is_inside, nth.position) for nth in nth_ranges]).cast("int").alias(RANGE)
    ordered = Window.partitionBy(RANGE).orderBy(KEY)
    running = ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    cumulated = (
        counts.select(range_, KEY, MEMBERS)
        .select(
            RANGE,
            KEY,
            MEMBERS,
            F.sum(MEMBERS).over(running).alias(THROUGH),
            F.lag(KEY).over(ordered).alias(PREVIOUS),
            F.lead(KEY).over(ordered).alias(FOLLOWING),
        )
        .select(RANGE, KEY, (F.col(THROUGH) - F.col(MEMBERS)).alias(BEFORE), THROUGH, PREVIOUS, FOLLOWING)
    )
    wanted = [_holds(rank) for rank in _nth_per_series([one.ranks for one in ranges], NO_RANK, RANGE)]
    wanted += [_reaches(key) for key in _nth_per_series([one.keys for one in ranges], NO_KEY, RANGE)]
    return cumulated.where(reduce(or_, wanted))


class NthRange(NamedTuple):
    """The nth range of every series: whether the row's key is in the one of its series, and the range's position."""

    is_inside: Column
    position: Column


def _nth_ranges(index: SeriesIndex, ranges: Sequence[KeyRange]) -> list[NthRange]:
    of_series: dict[int, list[int]] = {}
    for position, one in enumerate(ranges):
        of_series.setdefault(index.numbers[one.dated_series], []).append(position)
    positions = [of_series.get(number, []) for number in range(len(index.dated_series))]
    lowest = _nth_per_series([[ranges[at].lowest for at in here] for here in positions], 0, SERIES)
    highest = _nth_per_series([[ranges[at].highest for at in here] for here in positions], -1, SERIES)
    return [
        NthRange((F.col(KEY) >= low) & (F.col(KEY) <= high), position)
        for low, high, position in zip(lowest, highest, _nth_per_series(positions, -1, SERIES), strict=True)
    ]


def stack_keys(measures: DataFrame, index: SeriesIndex, *carried: str, at_once: int = STACKED_AT_ONCE) -> DataFrame:
    """One row per date, member and series with a key: the number of the dated series, the key, the `carried` columns.

    Only `at_once` series are stacked in one projection: the generated code for all of them would be too large for the
    JVM to compile.
    """
    keys = [F.when(is_scored(one.period, one.ever), key_column(one)) for one in index.series]
    numbered = [(F.lit(number), key) for number, key in enumerate(keys)]
    dated = [] if len(index.dates) == 1 else [per_date(index.offsets, index.dates, "int").alias(OFFSET)]
    frames = []
    for start in range(0, len(numbered), at_once):
        pairs = numbered[start : start + at_once]
        stacked = F.stack(F.lit(len(pairs)), *[part for pair in pairs for part in pair]).alias(SERIES, KEY)
        frames.append(measures.select(*carried, *dated, stacked).where(F.col(KEY).isNotNull()))
    rows = reduce(DataFrame.unionAll, frames)
    return rows.withColumn(SERIES, F.col(SERIES) + F.col(OFFSET)).drop(OFFSET) if dated else rows


def _nth_per_series(lists: Sequence[Sequence[int]], nothing: int, by: str) -> list[Column]:
    """Return one column per n: the nth number of the list that column `by` numbers, `nothing` when it is shorter.

    One comparison per n serves all lists, so the generated code stays small however many windows there are; a look-up
    that Spark knows is never NULL halves the code of a comparison.
    """
    longest = max((len(one) for one in lists), default=0)
    padded = [[*one, *[nothing] * (longest - len(one))] for one in lists]
    found = [F.get(literal_array([one[nth] for one in padded], "bigint"), F.col(by)) for nth in range(longest)]
    return [F.coalesce(one, F.lit(nothing).cast("bigint")) for one in found]


def _holds(rank: Column) -> Column:
    return (F.col(BEFORE) < rank) & (rank <= F.col(THROUGH))


def _reaches(key: Column) -> Column:
    return (F.col(KEY) >= key) & (F.col(PREVIOUS).isNull() | (F.col(PREVIOUS) < key))


def read_steps(rows: Sequence[Row], ranges: Sequence[KeyRange]) -> dict[DatedSeries, list[ValueStep]]:
    """Return the steps found in the ranges, by series and date."""
    found: dict[DatedSeries, list[ValueStep]] = {}
    for row in rows:
        here = ranges[row[RANGE]]
        step = here.step(row[KEY], row[BEFORE], row[THROUGH], row[PREVIOUS], row[FOLLOWING])
        found.setdefault(here.dated_series, []).append(step)
    return found
