"""The member at which a tie is cut, for `ties: split`: two passes over the tied members alone.

Inside a tie members stand by member_id ascending. The first pass counts them in about a thousand slices of member_id,
which tells the slice that holds the cut; the second numbers the members of that slice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.literals import literal_array
from rfm_spark.scoring.cuts import Cut
from rfm_spark.scoring.distribution import KEY, MEMBERS, SERIES, Distribution, stack_keys
from rfm_spark.scoring.series import DatedSeries, SeriesIndex

SLICE = "slice"
NUMBER = "number_in_slice"
FIRST_ID, LAST_ID = "first_id", "last_id"
ID_PREFIX_BITS = 57
SLICES = 1024
NOTHING = -(2**63)


@dataclass(frozen=True)
class OpenCut:
    """A cut whose member is wanted: the one at `position` (from 1) among the members of this key.

    After the first pass `slice` is known and the position counts from the start of the slice.
    """

    place: DatedSeries
    key: int
    position: int
    slice: int | None = None


def id_ranges(measures: DataFrame) -> DataFrame:
    """One row per date and upper bits of member_id: the first and the last member_id, for `slice_shift`.

    An aggregate without a key would put its last step in one partition.
    """
    prefix = F.shiftright(c.MEMBER_ID, ID_PREFIX_BITS).alias(SLICE)
    return measures.groupBy(c.AS_OF_DATE, prefix).agg(
        F.min(c.MEMBER_ID).alias(FIRST_ID), F.max(c.MEMBER_ID).alias(LAST_ID)
    )


def slice_shift(first_id: int, last_id: int) -> int:
    """Return how many low bits of member_id a slice spans, so that all ids fall in at most SLICES slices.

    >>> slice_shift(1, 100), slice_shift(0, 2**63 - 1)
    (0, 53)
    """
    shift = 0
    while (last_id >> shift) - (first_id >> shift) >= SLICES:
        shift += 1
    return shift


def open_cut(place: DatedSeries, cut: Cut, distribution: Distribution) -> OpenCut | None:
    """Return what is to be found for a cut, or None where its member is known or no tie is split."""
    if cut.members_below is None:
        return None
    return OpenCut(place, cut.key, cut.members_below - distribution.at_rank(cut.members_below + 1).before + 1)


def count_slices(measures: DataFrame, index: SeriesIndex, wanted: Iterable[OpenCut], shift: int) -> DataFrame:
    """One row per date, series, tied key and slice of member_id: how many members."""
    rounds = _in_rounds(index, wanted)
    ids = stack_keys(measures, index, c.MEMBER_ID)
    tied = ids.where(reduce(or_, [_has_key(index, one) for one in rounds]))
    slice_ = F.shiftright(c.MEMBER_ID, shift).alias(SLICE)
    return tied.groupBy(SERIES, KEY, slice_).agg(F.count(F.lit(1)).alias(MEMBERS))


def find_slices(rows: Sequence[Row], index: SeriesIndex, wanted: Iterable[OpenCut]) -> list[OpenCut]:
    """Return the wanted cuts with the slice that holds them."""
    counts: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in rows:
        counts.setdefault((row[SERIES], row[KEY]), []).append((row[SLICE], row[MEMBERS]))
    result = []
    for cut in wanted:
        position = cut.position
        for slice_, members in sorted(counts[index.numbers[cut.place], cut.key]):
            if position <= members:
                result.append(replace(cut, slice=slice_, position=position))
                break
            position -= members
    return result


def find_members(measures: DataFrame, index: SeriesIndex, wanted: Iterable[OpenCut], shift: int) -> DataFrame:
    """One row per date, series, tied key and number in its slice that is wanted: the member."""
    rounds = _in_rounds(index, wanted)
    in_slice = [_has_key(index, one) & (F.col(SLICE) == _look_up(index, one, "slice")) for one in rounds]
    numbered = Window.partitionBy(SERIES, KEY, SLICE).orderBy(c.MEMBER_ID)
    ids = stack_keys(measures, index, c.MEMBER_ID)
    tied = ids.withColumn(SLICE, F.shiftright(c.MEMBER_ID, shift)).where(reduce(or_, in_slice))
    found = [
        same_slice & (F.col(NUMBER) == _look_up(index, one, "position"))
        for same_slice, one in zip(in_slice, rounds, strict=True)
    ]
    return tied.withColumn(NUMBER, F.row_number().over(numbered)).where(reduce(or_, found))


def read_members(
    rows: Sequence[Row], index: SeriesIndex, wanted: Iterable[OpenCut]
) -> dict[tuple[DatedSeries, int, int, int], int]:
    """Return the member of every wanted cut by date and series, key, slice and position."""
    found = {(index.places[row[SERIES]], row[KEY], row[SLICE], row[NUMBER]): row[c.MEMBER_ID] for row in rows}
    asked = [(cut.place, cut.key, cut.slice or 0, cut.position) for cut in wanted]
    return {place: found[place] for place in asked}


def count_ties(measures: DataFrame, index: SeriesIndex, tied: Mapping[DatedSeries, Sequence[Cut]]) -> DataFrame:
    """One row per date and series: for its first, second, ... cut inside a tie the members of that key before it."""
    ahead = []
    for round_ in range(max(len(several) for several in tied.values())):
        cuts = [tied.get(place, ()) for place in index.places]
        here = [several[round_] if round_ < len(several) else None for several in cuts]
        key = _of_series([NOTHING if cut is None else cut.key for cut in here])
        member_id = _of_series([NOTHING if cut is None or cut.member_id is None else cut.member_id for cut in here])
        is_ahead = (F.col(KEY) == key) & (F.col(c.MEMBER_ID) < member_id)
        ahead.append(F.count(F.when(is_ahead, 1)).alias(f"{MEMBERS}_{round_}"))
    return stack_keys(measures, index, c.MEMBER_ID).groupBy(SERIES).agg(*ahead)


def read_ties(
    rows: Sequence[Row], index: SeriesIndex, tied: Mapping[DatedSeries, Sequence[Cut]]
) -> dict[tuple[DatedSeries, Cut], int]:
    """Return the members in front of every cut, within its tie."""
    return {
        (index.places[row[SERIES]], cut): row[f"{MEMBERS}_{round_}"]
        for row in rows
        for round_, cut in enumerate(tied.get(index.places[row[SERIES]], ()))
    }


def _in_rounds(index: SeriesIndex, wanted: Iterable[OpenCut]) -> list[dict[int, OpenCut]]:
    """Return the first, second, ... wanted cut of every series at every date by its number."""
    rounds: list[dict[int, OpenCut]] = []
    taken: dict[int, int] = {}
    for cut in wanted:
        number = index.numbers[cut.place]
        turn = taken.get(number, 0)
        if turn == len(rounds):
            rounds.append({})
        rounds[turn][number] = cut
        taken[number] = turn + 1
    return rounds


def _has_key(index: SeriesIndex, one: Mapping[int, OpenCut]) -> Column:
    return F.col(KEY) == _look_up(index, one, "key")


def _look_up(index: SeriesIndex, one: Mapping[int, OpenCut], what: str) -> Column:
    numbers = range(len(index.places))
    return _of_series([getattr(one[number], what) if number in one else NOTHING for number in numbers])


def _of_series(values: Sequence[int]) -> Column:
    """Return the value of the row's own series and date."""
    return F.get(literal_array(tuple(values), "bigint"), F.col(SERIES))
