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
from rfm_spark.scoring.series import Series, is_scored, key_column
from rfm_spark.scoring.spread import KEY, MEMBERS, SERIES, Spread, Total, stack_keys

SLICE = "slice"
NUMBER = "number_in_slice"
SLICES = 1024
NOTHING = -(2**63)


@dataclass(frozen=True)
class OpenCut:
    """A cut whose member is wanted: the one at `position` (from 1) among the members of this key.

    After the first pass `slice` is known and the position counts from the start of the slice.
    """

    series: Series
    key: int
    position: int
    slice: int | None = None


def slice_shift(total: Total) -> int:
    """Return how many low bits of member_id a slice spans, so that all ids fall in at most SLICES slices.

    >>> slice_shift(Total(3, 0, 1, 100)), slice_shift(Total(3, 0, 0, 2**63 - 1))
    (0, 53)
    """
    shift = 0
    while (total.last_id >> shift) - (total.first_id >> shift) >= SLICES:
        shift += 1
    return shift


def open_cut(series: Series, cut: Cut, spread: Spread) -> OpenCut | None:
    """Return what is to be found for a cut, or None where its member is known or no tie is split."""
    if cut.members_below is None:
        return None
    return OpenCut(series, cut.key, cut.members_below - spread.at_rank(cut.members_below + 1).before + 1)


def count_slices(measures: DataFrame, series: Sequence[Series], wanted: Iterable[OpenCut], shift: int) -> DataFrame:
    """One row per series, tied key and slice of member_id: how many members."""
    places = _by_place(series, wanted)
    tied = _stack_ids(measures, series).where(reduce(or_, [_has_key(series, place) for place in places]))
    slice_ = F.shiftright(c.MEMBER_ID, shift).alias(SLICE)
    return tied.groupBy(SERIES, KEY, slice_).agg(F.count(F.lit(1)).alias(MEMBERS))


def find_slices(rows: Sequence[Row], series: Sequence[Series], wanted: Iterable[OpenCut]) -> list[OpenCut]:
    """Return the wanted cuts with the slice that holds them."""
    counts: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in rows:
        counts.setdefault((row[SERIES], row[KEY]), []).append((row[SLICE], row[MEMBERS]))
    result = []
    for cut in wanted:
        position = cut.position
        for slice_, members in sorted(counts[series.index(cut.series), cut.key]):
            if position <= members:
                result.append(replace(cut, slice=slice_, position=position))
                break
            position -= members
    return result


def find_members(measures: DataFrame, series: Sequence[Series], wanted: Iterable[OpenCut], shift: int) -> DataFrame:
    """One row per series, tied key and number in its slice that is wanted: the member."""
    places = _by_place(series, wanted)
    in_slice = [_has_key(series, place) & (F.col(SLICE) == _look_up(series, place, "slice")) for place in places]
    numbered = Window.partitionBy(SERIES, KEY, SLICE).orderBy(c.MEMBER_ID)
    tied = _stack_ids(measures, series).withColumn(SLICE, F.shiftright(c.MEMBER_ID, shift)).where(reduce(or_, in_slice))
    found = [
        same_slice & (F.col(NUMBER) == _look_up(series, place, "position"))
        for same_slice, place in zip(in_slice, places, strict=True)
    ]
    return tied.withColumn(NUMBER, F.row_number().over(numbered)).where(reduce(or_, found))


def read_members(
    rows: Sequence[Row], series: Sequence[Series], wanted: Iterable[OpenCut]
) -> dict[tuple[Series, int, int, int], int]:
    """Return the member of every wanted cut by series, key, slice and position."""
    found = {(series[row[SERIES]], row[KEY], row[SLICE], row[NUMBER]): row[c.MEMBER_ID] for row in rows}
    asked = [(cut.series, cut.key, cut.slice or 0, cut.position) for cut in wanted]
    return {place: found[place] for place in asked}


def count_ties(measures: DataFrame, series: Sequence[Series], tied: Mapping[Series, Sequence[Cut]]) -> DataFrame:
    """One row per series: for its first, second, ... cut inside a tie the members of that key in front of it."""
    ahead = []
    for place in range(max(len(several) for several in tied.values())):
        here = [tied[one][place] if place < len(tied[one]) else None for one in series]
        key = _of_series([NOTHING if cut is None else cut.key for cut in here])
        member_id = _of_series([NOTHING if cut is None or cut.member_id is None else cut.member_id for cut in here])
        is_ahead = (F.col(KEY) == key) & (F.col(c.MEMBER_ID) < member_id)
        ahead.append(F.count(F.when(is_ahead, 1)).alias(f"{MEMBERS}_{place}"))
    return _stack_ids(measures, series).groupBy(SERIES).agg(*ahead)


def read_ties(
    rows: Sequence[Row], series: Sequence[Series], tied: Mapping[Series, Sequence[Cut]]
) -> dict[tuple[Series, Cut], int]:
    """Return the members in front of every cut, within its tie."""
    return {
        (series[row[SERIES]], cut): row[f"{MEMBERS}_{place}"]
        for row in rows
        for place, cut in enumerate(tied[series[row[SERIES]]])
    }


def _stack_ids(measures: DataFrame, series: Sequence[Series]) -> DataFrame:
    keys = [F.when(is_scored(one.span, one.ever), key_column(one)) for one in series]
    return stack_keys(measures, keys, c.MEMBER_ID)


def _by_place(series: Sequence[Series], wanted: Iterable[OpenCut]) -> list[dict[int, OpenCut]]:
    """Return the first, second, ... wanted cut of every series by its number."""
    places: list[dict[int, OpenCut]] = []
    taken = dict.fromkeys(range(len(series)), 0)
    for cut in wanted:
        number = series.index(cut.series)
        if taken[number] == len(places):
            places.append({})
        places[taken[number]][number] = cut
        taken[number] += 1
    return places


def _has_key(series: Sequence[Series], place: Mapping[int, OpenCut]) -> Column:
    return F.col(KEY) == _look_up(series, place, "key")


def _look_up(series: Sequence[Series], place: Mapping[int, OpenCut], what: str) -> Column:
    return _of_series([getattr(place[number], what) if number in place else NOTHING for number in range(len(series))])


def _of_series(values: Sequence[int]) -> Column:
    """Return the value of the row's own series."""
    return F.get(literal_array(tuple(values), "bigint"), F.col(SERIES))
