"""What became of the members of a segment some days later, for many cohorts in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates, per_date
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.history_tables import SEGMENT_RETENTION
from rfm_spark.history.trends import member_count_and_share

BITS_OF_A_NUMBER = 63
COHORT = "cohort"
OF_COHORT = (c.SEGMENT_SET, c.AS_OF_DATE, c.DAYS_LATER, c.LATER_AS_OF_DATE)
PLACES = ("number", "shift", "later_number", "later_shift")
CODE, LATER_CODE = "code", "later_code"

Pair = tuple[str, date, int, date]
"""Segment set, as-of date, days later, and the date at which the members are looked at again."""


@dataclass(frozen=True)
class Packing:
    """A member's segments at some dates in a few BIGINT, which one aggregation of numbers adds up.

    A segment's code is its position from 1; 0 is none. A number holds the codes of several dates, each `bits` wide.

    | row of the member, segments a, b, c | code | place of its date | number |
    |-------------------------------------|------|-------------------|--------|
    | b at the first date                 | 2    | bits 0 and 1      | 00 10  |
    | c at the second date                | 3    | bits 2 and 3      | 11 00  |
    | both                                |      |                   | 11 10  |
    """

    dates: Sequence[date]
    segments: Sequence[str]

    @property
    def bits(self) -> int:
        """Return how many bits a code has."""
        return max(1, len(self.segments).bit_length())

    def place(self, day: date) -> tuple[int, int]:
        """Return which number has the code of the date, and by how many bits it is shifted there.

        >>> Packing([date(2024, 1, day) for day in range(1, 31)], "abc").place(date(2024, 1, 30))
        (0, 58)
        """
        number, within = divmod(self.dates.index(day), BITS_OF_A_NUMBER // self.bits)
        return number, within * self.bits

    @property
    def count(self) -> int:
        """Return how many numbers there are."""
        return self.place(self.dates[-1])[0] + 1

    def sums(self) -> list[Column]:
        """Return the numbers of a member, from rows of member_segment of these dates."""
        numbers, shifts = zip(*[self.place(day) for day in self.dates], strict=True)
        code = F.array_position(self._names, F.col(c.SEGMENT)) * per_date(
            [1 << s for s in shifts], self.dates, "bigint"
        )
        number = per_date(numbers, self.dates, "int")
        return [
            F.sum(F.when(number == F.lit(one), code).otherwise(0)).alias(f"number_{one}") for one in range(self.count)
        ]

    def code(self, number: str, shift: str) -> Column:
        """Return the code at the date of this place."""
        packed = F.get(F.array(*[F.col(f"number_{one}") for one in range(self.count)]), F.col(number))
        shifted = F.call_function("shiftright", packed, F.col(shift))
        return shifted.bitwiseAND(F.lit((1 << self.bits) - 1)).cast("int")

    def segment(self, code: str) -> Column:
        """Return the segment of a code, NULL for none."""
        return F.get(self._names, F.col(code) - 1)

    @property
    def _names(self) -> Column:
        return F.array(*[F.lit(name) for name in self.segments]).cast("array<string>")


def retain_segments(members: DataFrame, segments: Sequence[str], pairs: Sequence[Pair], run_id: str) -> DataFrame:
    """One row per segment of a set at a date, number of days later, and segment its members are in then (or none).

    `members`: rows of member_segment, of all dates in `pairs`; `segments`: all names of segments in them. Shares are
    of the segment's members at the as-of date, half up to 6 decimals; later_segment is NULL for those who are not in
    the set then.
    """
    if not pairs:
        return members.sparkSession.createDataFrame([], SEGMENT_RETENTION.schema_text())
    dates = sorted({day for _, *days in pairs for day in days if isinstance(day, date)})
    packing = Packing(dates, segments)
    wanted = _cohorts(members, packing, pairs)
    packed = members.where(of_dates(dates)).groupBy(c.SEGMENT_SET, c.MEMBER_ID).agg(*packing.sums())
    counted = (
        packed.join(F.broadcast(wanted), str(c.SEGMENT_SET))
        .select(COHORT, packing.code(*PLACES[:2]).alias(CODE), packing.code(*PLACES[2:]).alias(LATER_CODE))
        .where(F.col(CODE) > 0)
        .groupBy(COHORT, CODE, LATER_CODE)
        .agg(F.count(F.lit(1)).alias("members"))
    )
    told = counted.join(F.broadcast(wanted), COHORT).withColumn(c.SEGMENT, packing.segment(CODE))
    of_segment = (*OF_COHORT, c.SEGMENT)
    rows = told.select(
        *of_segment,
        packing.segment(LATER_CODE).alias(c.LATER_SEGMENT),
        *member_count_and_share(F.col("members"), *of_segment),
        F.lit(run_id).alias(c.RUN_ID),
    )
    return conform(rows, SEGMENT_RETENTION)


def _cohorts(members: DataFrame, packing: Packing, pairs: Sequence[Pair]) -> DataFrame:
    """One row per pair with its number and the places of its two dates."""
    rows = [(number, *pair, *packing.place(pair[1]), *packing.place(pair[3])) for number, pair in enumerate(pairs)]
    columns = [f"{column} {column.type}" for column in OF_COHORT] + [f"{name} int" for name in PLACES]
    return members.sparkSession.createDataFrame(rows, f"{COHORT} int, {', '.join(columns)}")
