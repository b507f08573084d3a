"""How long each member stayed in a segment, from all transitions of the sets or from those since a date."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.history_tables import SEGMENT_INTERVAL
from rfm_spark.dates import OPEN_END

IN_TIME = (c.MEMBER_ID, c.SEGMENT_SET)
TOLD = (*IN_TIME, c.AS_OF_DATE, c.TO_SEGMENT)
LAST_STAY, CHANGED_FROM, IS_TOLD = "last_stay", "changed_from", "is_told"


def intervals(transitions: DataFrame, run_id: str) -> DataFrame:
    """One row per member, segment set and unbroken stay in one segment, from tracked date to tracked date.

    `transitions` are all rows of the sets. The previous segment is the last other one, also across an absence:

    >>> moves = rows("as_of_date to_segment", "2024-01-31 new", "2024-02-29 loyal", "2024-03-31 -", "2024-05-31 loyal",
    ...     member_id=7, segment_set="life")
    >>> show(intervals(moves, "r1"), "segment", "valid_from", "valid_to", "previous_segment", "previous_valid_from")
    | segment | valid_from | valid_to   | previous_segment | previous_valid_from |
    |---------|------------|------------|------------------|---------------------|
    | loyal   | 2024-02-29 | 2024-03-31 | new              | 2024-01-31          |
    | loyal   | 2024-05-31 | 9999-12-31 | new              | 2024-01-31          |
    | new     | 2024-01-31 | 2024-02-29 | NULL             | NULL                |
    """
    return conform(_rows(_stays(transitions.select(*TOLD, F.lit(True).alias(IS_TOLD))), run_id), SEGMENT_INTERVAL)


def intervals_since(stays: DataFrame, transitions: DataFrame, first: date, run_id: str) -> DataFrame:
    """One row per stay that ends on or after `first`, from the earlier stays and the transitions since; as `intervals`.

    `stays` is segment_interval of the sets, correct for every date before `first`; `transitions` are the rows of the
    sets from `first` on. The other rows of `intervals` ended before `first` and do not change. In March, member 1
    changes, 2 stays and 3 comes back:

    >>> stays = rows("member_id segment valid_from valid_to", "1 new 2024-01-31 9999-12-31",
    ...     "2 new 2024-01-31 9999-12-31", "3 new 2024-01-31 2024-02-29", segment_set="life", previous_segment="-",
    ...     previous_valid_from="-")
    >>> since = rows("member_id from_segment to_segment", "1 new loyal", "3 - loyal", segment_set="life",
    ...     as_of_date="2024-03-31")
    >>> rebuilt = intervals_since(stays, since, date(2024, 3, 1), "r1")
    >>> show(rebuilt, "member_id", "segment", "valid_from", "valid_to", "previous_segment")
    | member_id | segment | valid_from | valid_to   | previous_segment |
    |-----------|---------|------------|------------|------------------|
    | 1         | loyal   | 2024-03-31 | 9999-12-31 | new              |
    | 1         | new     | 2024-01-31 | 2024-03-31 | NULL             |
    | 2         | new     | 2024-01-31 | 9999-12-31 | NULL             |
    | 3         | loyal   | 2024-03-31 | 9999-12-31 | new              |
    """
    begun = stays.where(F.col(c.VALID_FROM) < F.lit(first))
    is_going_on = F.col(c.VALID_TO) >= F.lit(first)
    going_on = begun.where(is_going_on)
    # Of those who come again, and of no one else, an earlier stay may be the previous one.
    arrived = transitions.where(F.col(c.FROM_SEGMENT).isNull()).select(*IN_TIME)
    over = begun.where(~is_going_on).join(arrived, list(map(str, IN_TIME)), "left_semi")
    parts = (
        transitions.select(*TOLD, F.lit(True).alias(IS_TOLD)),
        _as_told(over, c.VALID_FROM, c.SEGMENT, is_told=False),
        _as_told(going_on, c.PREVIOUS_VALID_FROM, c.PREVIOUS_SEGMENT, is_told=False),
        _as_told(going_on, c.VALID_FROM, c.SEGMENT, is_told=True),
    )
    return conform(_rows(_stays(reduce(DataFrame.unionByName, parts)), run_id), SEGMENT_INTERVAL)


def _as_told(stays: DataFrame, since: str, segment: str, *, is_told: bool) -> DataFrame:
    """One row per stay: the transition that began it."""
    told = stays.select(
        *IN_TIME, F.col(since).alias(c.AS_OF_DATE), F.col(segment).alias(c.TO_SEGMENT), F.lit(is_told).alias(IS_TOLD)
    )
    return told.where(F.col(c.AS_OF_DATE).isNotNull())


def _stays(told: DataFrame) -> DataFrame:
    """One row per stay to publish (`is_told`), with its end and the last stay in another segment."""
    in_time = Window.partitionBy(*IN_TIME).orderBy(c.AS_OF_DATE)
    before = in_time.rowsBetween(Window.unboundedPreceding, -1)
    so_far = in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_stay = F.col(c.TO_SEGMENT).isNotNull()
    stay = F.struct(F.col(c.TO_SEGMENT), F.col(c.AS_OF_DATE))
    last_stay = F.last(F.when(is_stay, stay), ignorenulls=True).over(before)
    is_change = is_stay & (F.col(c.TO_SEGMENT) != F.col(f"{LAST_STAY}.{c.TO_SEGMENT}"))
    changed_from = F.last(F.when(is_change, F.col(LAST_STAY)), ignorenulls=True).over(so_far)
    return (
        told.withColumns({c.VALID_TO: end_of_stay(), LAST_STAY: last_stay})
        .withColumn(CHANGED_FROM, changed_from)
        .where(is_stay & F.col(IS_TOLD))
    )


def end_of_stay() -> Column:
    """Return the day of the member's next transition in the set, the open end without one."""
    in_time = Window.partitionBy(*IN_TIME).orderBy(c.AS_OF_DATE)
    return F.coalesce(F.lead(c.AS_OF_DATE).over(in_time), F.lit(OPEN_END))


def _rows(stays: DataFrame, run_id: str) -> DataFrame:
    return stays.select(
        *IN_TIME,
        F.col(c.AS_OF_DATE).alias(c.VALID_FROM),
        c.VALID_TO,
        F.col(c.TO_SEGMENT).alias(c.SEGMENT),
        (F.col(c.VALID_TO) == F.lit(OPEN_END)).alias(c.IS_CURRENT),
        F.col(CHANGED_FROM)[c.TO_SEGMENT].alias(c.PREVIOUS_SEGMENT),
        F.col(CHANGED_FROM)[c.AS_OF_DATE].alias(c.PREVIOUS_VALID_FROM),
        F.lit(run_id).alias(c.RUN_ID),
    )
