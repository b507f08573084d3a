"""How the values of every series are spread over the members: the steps where scores may begin.

Exact tiles need the values at a few ranks, not the rank of every member. `buckets` tells which ranges of keys hold
these ranks; here the distinct keys of only those few ranges are counted and cumulated.
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
    """One series at one date over its population; `key_sum` is 0 where no mean needs it."""

    members: int
    key_sum: int


@dataclass(frozen=True)
class ValueStep:
    """One distinct key: members before it, members up to and with it, and its neighbours (None at the ends)."""

    key: int
    before: int
    through: int
    previous: int | None
    following: int | None


@dataclass(frozen=True)
class Distribution:
    """The known steps of one series at one date. Every question it is asked must have been asked of the data before."""

    members: int
    steps: tuple[ValueStep, ...] = ()

    def at_rank(self, rank: int) -> ValueStep:
        """Return the step that holds the rank (from 1, worst first)."""
        return next(step for step in self.steps if step.before < rank <= step.through)

    def reaching(self, key: int) -> ValueStep | None:
        """Return the first step at or above the key, None when every member is below."""
        return next((s for s in self.steps if s.key >= key and (s.previous is None or s.previous < key)), None)

    def ends_below(self, key: int) -> ValueStep | None:
        """Return the last step below the key, None when no member is."""
        return next((s for s in self.steps if s.key < key and (s.following is None or s.following >= key)), None)


@dataclass(frozen=True)
class KeyRange:
    """Keys of one series at one date from `lowest` to `highest`, and what is asked about them.

    `before` counts the members below the range, `ranks` count inside of it; `previous` and `following` are the keys
    next to it, None at the ends.
    """

    place: DatedSeries
    lowest: int
    highest: int
    before: int
    previous: int | None
    following: int | None
    ranks: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()

    def step(self, key: int, before: int, through: int, previous: int | None, following: int | None) -> ValueStep:
        """Return a step that was counted inside the range as one of the whole series."""
        return ValueStep(
            key,
            self.before + before,
            self.before + through,
            self.previous if previous is None else previous,
            self.following if following is None else following,
        )


def find_steps(measures: DataFrame, index: SeriesIndex, ranges: Sequence[KeyRange]) -> DataFrame:
    """One row per range (its position) and step that holds an asked rank, or is the first at or above an asked key.

    Ranges of one series do not overlap.
    """
    in_turns = _nth_ranges(index, ranges)
    stacked = stack_keys(measures, index, at_once=STACKED_IN_RANGES)
    inside = stacked.where(reduce(or_, [turn.is_inside for turn in in_turns]))
    counts = inside.groupBy(SERIES, KEY).agg(F.count(F.lit(1)).alias(MEMBERS))
    range_ = F.coalesce(*[F.when(turn.is_inside, turn.position) for turn in in_turns]).cast("int").alias(RANGE)
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
    asked = [_holds(rank) for rank in _nth_per_series([one.ranks for one in ranges], NO_RANK, RANGE)]
    asked += [_reaches(key) for key in _nth_per_series([one.keys for one in ranges], NO_KEY, RANGE)]
    return cumulated.where(reduce(or_, asked))


class NthRange(NamedTuple):
    """The first, second, ... range of every series: whether the row's key is in that of its own, and which it is."""

    is_inside: Column
    position: Column


def _nth_ranges(index: SeriesIndex, ranges: Sequence[KeyRange]) -> list[NthRange]:
    of_series: dict[int, list[int]] = {}
    for position, one in enumerate(ranges):
        of_series.setdefault(index.numbers[one.place], []).append(position)
    positions = [of_series.get(number, []) for number in range(len(index.places))]
    lowest = _nth_per_series([[ranges[at].lowest for at in here] for here in positions], 0, SERIES)
    highest = _nth_per_series([[ranges[at].highest for at in here] for here in positions], -1, SERIES)
    return [
        NthRange((F.col(KEY) >= low) & (F.col(KEY) <= high), position)
        for low, high, position in zip(lowest, highest, _nth_per_series(positions, -1, SERIES), strict=True)
    ]


def stack_keys(measures: DataFrame, index: SeriesIndex, *carried: str, at_once: int = STACKED_AT_ONCE) -> DataFrame:
    """One row per date, member and series with a key: the number of the series at the date, the key, what is carried.

    Some series are stacked at once: the generated code of all, and of what follows, would outgrow what the JVM
    compiles.
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


def _nth_per_series(asked: Sequence[Sequence[int]], nothing: int, by: str) -> list[Column]:
    """Return the first, second, ... number asked at the place that column `by` names; `nothing` where it has fewer.

    One comparison per round serves all places, so the generated code stays small however many windows there are; a
    look-up that Spark knows never to be NULL halves the code of a comparison.
    """
    longest = max((len(here) for here in asked), default=0)
    padded = [[*here, *[nothing] * (longest - len(here))] for here in asked]
    found = [F.get(literal_array([here[turn] for here in padded], "bigint"), F.col(by)) for turn in range(longest)]
    return [F.coalesce(one, F.lit(nothing).cast("bigint")) for one in found]


def _holds(rank: Column) -> Column:
    return (F.col(BEFORE) < rank) & (rank <= F.col(THROUGH))


def _reaches(key: Column) -> Column:
    return (F.col(KEY) >= key) & (F.col(PREVIOUS).isNull() | (F.col(PREVIOUS) < key))


def read_steps(rows: Sequence[Row], ranges: Sequence[KeyRange]) -> dict[DatedSeries, list[ValueStep]]:
    """Return the steps that were found in the ranges, by series and date."""
    found: dict[DatedSeries, list[ValueStep]] = {}
    for row in rows:
        here = ranges[row[RANGE]]
        step = here.step(row[KEY], row[BEFORE], row[THROUGH], row[PREVIOUS], row[FOLLOWING])
        found.setdefault(here.place, []).append(step)
    return found
