"""Finds the member at which a cut splits a tie (`ties: split`), in two passes over the tied members.

Inside a tie, members are ordered by member_id. The first pass counts them in about a thousand slices of member_id and
so finds the slice with the cut; the second pass numbers the members of that slice.
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
    """A cut whose member is still to be found: the one at `position` (from 1) among the members with this key.

    After the first pass, `slice` is known and the position counts from the start of the slice.
    """

    dated_series: DatedSeries
    key: int
    position: int
    slice: int | None = None


def id_ranges(measures: DataFrame) -> DataFrame:
    """One row per date and upper bits of member_id: the first and the last member_id, for `slice_shift`.

    Without a key, the aggregation would end in a single partition.
    """
    prefix = F.shiftright(c.MEMBER_ID, ID_PREFIX_BITS).alias(SLICE)
    return measures.groupBy(c.AS_OF_DATE, prefix).agg(
        F.min(c.MEMBER_ID).alias(FIRST_ID), F.max(c.MEMBER_ID).alias(LAST_ID)
    )


def slice_shift(first_id: int, last_id: int) -> int:
    """Return the number of low bits of member_id in a slice, so that all ids fall in at most SLICES slices.

    >>> slice_shift(1, 100), slice_shift(0, 2**63 - 1)
    (0, 53)
    """
    shift = 0
    while (last_id >> shift) - (first_id >> shift) >= SLICES:
        shift += 1
    return shift


def open_cut(dated: DatedSeries, cut: Cut, distribution: Distribution) -> OpenCut | None:
    """Return the cut with the position of its member, or None when it splits no tie or its member is known."""
    if cut.members_below is None:
        return None
    return OpenCut(dated, cut.key, cut.members_below - distribution.at_rank(cut.members_below + 1).before + 1)


def count_slices(measures: DataFrame, index: SeriesIndex, wanted: Iterable[OpenCut], shift: int) -> DataFrame:
    """One row per date, series, tied key and slice of member_id: the number of members."""
    nth_cuts = _nth_per_series(index, wanted)
    ids = stack_keys(measures, index, c.MEMBER_ID)
    tied = ids.where(reduce(or_, [_has_key(index, one) for one in nth_cuts]))
    slice_ = F.shiftright(c.MEMBER_ID, shift).alias(SLICE)
    return tied.groupBy(SERIES, KEY, slice_).agg(F.count(F.lit(1)).alias(MEMBERS))


def find_slices(rows: Sequence[Row], index: SeriesIndex, wanted: Iterable[OpenCut]) -> list[OpenCut]:
    """Return the wanted cuts, each with the slice that holds it and its position in the slice."""
    counts: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in rows:
        counts.setdefault((row[SERIES], row[KEY]), []).append((row[SLICE], row[MEMBERS]))
    result = []
    for cut in wanted:
        position = cut.position
        for slice_, members in sorted(counts[index.numbers[cut.dated_series], cut.key]):
            if position <= members:
                result.append(replace(cut, slice=slice_, position=position))
                break
            position -= members
    return result


def find_members(measures: DataFrame, index: SeriesIndex, wanted: Iterable[OpenCut], shift: int) -> DataFrame:
    """One row per date, series, tied key and wanted position in a slice: the member."""
    nth_cuts = _nth_per_series(index, wanted)
    in_slice = [_has_key(index, one) & (F.col(SLICE) == _look_up(index, one, "slice")) for one in nth_cuts]
    numbered = Window.partitionBy(SERIES, KEY, SLICE).orderBy(c.MEMBER_ID)
    ids = stack_keys(measures, index, c.MEMBER_ID)
    tied = ids.withColumn(SLICE, F.shiftright(c.MEMBER_ID, shift)).where(reduce(or_, in_slice))
    found = [
        same_slice & (F.col(NUMBER) == _look_up(index, one, "position"))
        for same_slice, one in zip(in_slice, nth_cuts, strict=True)
    ]
    return tied.withColumn(NUMBER, F.row_number().over(numbered)).where(reduce(or_, found))


def read_members(
    rows: Sequence[Row], index: SeriesIndex, wanted: Iterable[OpenCut]
) -> dict[tuple[DatedSeries, int, int, int], int]:
    """Return the member of every wanted cut, by dated series, key, slice and position."""
    found = {(index.dated_series[row[SERIES]], row[KEY], row[SLICE], row[NUMBER]): row[c.MEMBER_ID] for row in rows}
    keys = [(cut.dated_series, cut.key, cut.slice or 0, cut.position) for cut in wanted]
    return {key: found[key] for key in keys}


def count_ties(measures: DataFrame, index: SeriesIndex, tied: Mapping[DatedSeries, Sequence[Cut]]) -> DataFrame:
    """One row per date and series: for its nth cut inside a tie, the number of tied members before the cut."""
    ahead = []
    for nth in range(max(len(several) for several in tied.values())):
        cuts = [tied.get(dated, ()) for dated in index.dated_series]
        here = [several[nth] if nth < len(several) else None for several in cuts]
        key = _of_series([NOTHING if cut is None else cut.key for cut in here])
        member_id = _of_series([NOTHING if cut is None or cut.member_id is None else cut.member_id for cut in here])
        is_ahead = (F.col(KEY) == key) & (F.col(c.MEMBER_ID) < member_id)
        ahead.append(F.count(F.when(is_ahead, 1)).alias(f"{MEMBERS}_{nth}"))
    return stack_keys(measures, index, c.MEMBER_ID).groupBy(SERIES).agg(*ahead)


def read_ties(
    rows: Sequence[Row], index: SeriesIndex, tied: Mapping[DatedSeries, Sequence[Cut]]
) -> dict[tuple[DatedSeries, Cut], int]:
    """Return the number of tied members before every cut."""
    return {
        (index.dated_series[row[SERIES]], cut): row[f"{MEMBERS}_{nth}"]
        for row in rows
        for nth, cut in enumerate(tied.get(index.dated_series[row[SERIES]], ()))
    }


def _nth_per_series(index: SeriesIndex, wanted: Iterable[OpenCut]) -> list[dict[int, OpenCut]]:
    """Return one mapping per n: the nth wanted cut of every dated series that has so many, by its number."""
    nth_cuts: list[dict[int, OpenCut]] = []
    taken: dict[int, int] = {}
    for cut in wanted:
        number = index.numbers[cut.dated_series]
        nth = taken.get(number, 0)
        if nth == len(nth_cuts):
            nth_cuts.append({})
        nth_cuts[nth][number] = cut
        taken[number] = nth + 1
    return nth_cuts


def _has_key(index: SeriesIndex, one: Mapping[int, OpenCut]) -> Column:
    return F.col(KEY) == _look_up(index, one, "key")


def _look_up(index: SeriesIndex, one: Mapping[int, OpenCut], what: str) -> Column:
    numbers = range(len(index.dated_series))
    return _of_series([getattr(one[number], what) if number in one else NOTHING for number in numbers])


def _of_series(values: Sequence[int]) -> Column:
    """Return the value for the row's dated series."""
    return F.get(literal_array(tuple(values), "bigint"), F.col(SERIES))
