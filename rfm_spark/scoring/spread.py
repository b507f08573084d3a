"""How the values of every series are spread over the members: counts, and the steps where scores may begin.

Exact tiles need the values at a few ranks, not the rank of every member. So members are counted per date, series and
distinct key, the counts are cumulated inside each series of a date, and only the steps that are asked for come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from rfm_spark.as_of import per_date
from rfm_spark.contracts import columns as c
from rfm_spark.literals import literal_array
from rfm_spark.scoring.series import Numbering, Series, SeriesAt, is_scored, key_column

SERIES, KEY, MEMBERS, KEY_SUM, OFFSET = "series", "key", "members", "key_sum", "series_offset"
FIRST_ID, LAST_ID = "first_id", "last_id"
BEFORE, THROUGH, PREVIOUS, FOLLOWING = "before", "through", "previous", "following"
ID_PREFIX_BITS = 57
STACKED_AT_ONCE = 12
NO_RANK, NO_KEY = 0, -(2**63)


@dataclass(frozen=True)
class Total:
    """One series at one date over its population; `key_sum` only where a mean needs it, ids of all measured members."""

    members: int
    key_sum: int
    first_id: int
    last_id: int


@dataclass(frozen=True)
class Step:
    """One distinct key: members before it, members up to and with it, and its neighbours (None at the ends)."""

    key: int
    before: int
    through: int
    previous: int | None
    following: int | None


@dataclass(frozen=True)
class Spread:
    """The known steps of one series at one date. Every question it is asked must have been asked of the data before."""

    members: int
    steps: tuple[Step, ...] = ()

    def at_rank(self, rank: int) -> Step:
        """Return the step that holds the rank (from 1, worst first)."""
        return next(step for step in self.steps if step.before < rank <= step.through)

    def reaching(self, key: int) -> Step | None:
        """Return the first step at or above the key, None when every member is below."""
        return next((s for s in self.steps if s.key >= key and (s.previous is None or s.previous < key)), None)

    def ends_below(self, key: int) -> Step | None:
        """Return the last step below the key, None when no member is."""
        return next((s for s in self.steps if s.key < key and (s.following is None or s.following >= key)), None)


def totals(measures: DataFrame, series: Sequence[Series], summed: frozenset[Series]) -> DataFrame:
    """One row per date and upper bits of member_id: members and sum of keys per series, first and last member_id.

    The few rows are added up by `read_totals`: an aggregate without a key would put its last step in one partition.
    """
    parts = [F.min(c.MEMBER_ID).alias(FIRST_ID), F.max(c.MEMBER_ID).alias(LAST_ID)]
    for number, one in enumerate(series):
        inside = is_scored(one.period, one.ever)
        parts.append(F.count(F.when(inside, 1)).alias(f"{MEMBERS}_{number}"))
        if one in summed:
            exact = F.when(inside, key_column(one)).cast("decimal(38,0)")
            parts.append(F.sum(exact).alias(f"{KEY_SUM}_{number}"))
    prefix = F.shiftright(c.MEMBER_ID, ID_PREFIX_BITS).alias(KEY)
    return measures.groupBy(c.AS_OF_DATE, prefix).agg(*parts)


def read_totals(rows: Sequence[Row], numbering: Numbering) -> dict[SeriesAt, Total]:
    """Return the totals of every series at every date from the collected rows; the numbers are those of `totals`."""
    first = min((row[FIRST_ID] for row in rows), default=0)
    last = max((row[LAST_ID] for row in rows), default=0)
    by_date: dict[date, list[dict[str, int | None]]] = {day: [] for day in numbering.dates}
    for row in rows:
        by_date[row[c.AS_OF_DATE]].append(row.asDict())
    return {
        SeriesAt(day, one): Total(
            members=sum(int(row[f"{MEMBERS}_{number}"] or 0) for row in by_date[day]),
            key_sum=sum(int(row.get(f"{KEY_SUM}_{number}") or 0) for row in by_date[day]),
            first_id=first,
            last_id=last,
        )
        for day in numbering.dates
        for number, one in enumerate(numbering.series)
    }


def steps(
    measures: DataFrame,
    numbering: Numbering,
    ranks: Mapping[SeriesAt, Sequence[int]],
    keys: Mapping[SeriesAt, Sequence[int]],
) -> DataFrame:
    """One row per date, series and step that holds an asked rank, or is the first at or above an asked key."""
    stacked = stack_keys(measures, numbering)
    counts = stacked.groupBy(SERIES, KEY).agg(F.count(F.lit(1)).alias(MEMBERS))
    ordered = Window.partitionBy(SERIES).orderBy(KEY)
    running = ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    cumulated = counts.select(
        SERIES,
        KEY,
        MEMBERS,
        F.sum(MEMBERS).over(running).alias(THROUGH),
        F.lag(KEY).over(ordered).alias(PREVIOUS),
        F.lead(KEY).over(ordered).alias(FOLLOWING),
    ).select(SERIES, KEY, (F.col(THROUGH) - F.col(MEMBERS)).alias(BEFORE), THROUGH, PREVIOUS, FOLLOWING)
    asked = [_holds(rank) for rank in _by_place(numbering, ranks, NO_RANK)]
    asked += [_reaches(key) for key in _by_place(numbering, keys, NO_KEY)]
    return cumulated.where(reduce(or_, asked))


def stack_keys(measures: DataFrame, numbering: Numbering, *carried: str) -> DataFrame:
    """One row per date, member and series with a key: the number of the series at the date, the key, what is carried.

    A dozen series are stacked at once: the generated code of more would outgrow what the JVM compiles.
    """
    keys = [F.when(is_scored(one.period, one.ever), key_column(one)) for one in numbering.series]
    numbered = [(F.lit(number), key) for number, key in enumerate(keys)]
    dated = [] if len(numbering.dates) == 1 else [per_date(numbering.offsets, numbering.dates, "int").alias(OFFSET)]
    frames = []
    for start in range(0, len(numbered), STACKED_AT_ONCE):
        pairs = numbered[start : start + STACKED_AT_ONCE]
        stacked = F.stack(F.lit(len(pairs)), *[part for pair in pairs for part in pair]).alias(SERIES, KEY)
        frames.append(measures.select(*carried, *dated, stacked).where(F.col(KEY).isNotNull()))
    rows = reduce(DataFrame.unionAll, frames)
    return rows.withColumn(SERIES, F.col(SERIES) + F.col(OFFSET)).drop(OFFSET) if dated else rows


def _by_place(numbering: Numbering, asked: Mapping[SeriesAt, Sequence[int]], nothing: int) -> list[Column]:
    """Return the first, second, ... asked number of the row's own series and date, as look-ups by its number.

    One comparison per place serves all series, so the generated filter stays small however many windows there are.
    """
    longest = max((len(asked.get(one, ())) for one in numbering.places), default=0)
    padded = [[*asked.get(one, ()), *[nothing] * longest] for one in numbering.places]
    return [
        F.get(literal_array(tuple(numbers[place] for numbers in padded), "bigint"), F.col(SERIES))
        for place in range(longest)
    ]


def _holds(rank: Column) -> Column:
    return (F.col(BEFORE) < rank) & (rank <= F.col(THROUGH))


def _reaches(key: Column) -> Column:
    return (F.col(KEY) >= key) & (F.col(PREVIOUS).isNull() | (F.col(PREVIOUS) < key))


def read_steps(rows: Sequence[Row], numbering: Numbering, known: Mapping[SeriesAt, Total]) -> dict[SeriesAt, Spread]:
    """Return the spread of every series at every date from the collected steps."""
    found: dict[int, list[Step]] = {}
    for row in rows:
        step = Step(row[KEY], row[BEFORE], row[THROUGH], row[PREVIOUS], row[FOLLOWING])
        found.setdefault(row[SERIES], []).append(step)
    return {
        one: Spread(known[one].members, tuple(sorted(found.get(number, []), key=lambda step: step.key)))
        for number, one in enumerate(numbering.places)
    }
