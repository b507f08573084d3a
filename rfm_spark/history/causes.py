"""Finds why each member moved: the first cause that holds. Also moves the facts of one date to another date.

Seven members move between two dates. The facts of member 1 were corrected; 2 arrives and 3 leaves. Under the boundaries
of the earlier date, the facts of the later date leave 4 in its segment and move 5, 6 and 7. Of these, 5 has the same
valid facts at both dates, the new facts of 6 do not change its segment, and those of 7 do:

>>> from rfm_spark.history.comparisons import PublishedSet
>>> ends = date(2024, 1, 31), date(2024, 2, 29)
>>> before, after = (PublishedSet("life", day, "r1", "f00", "c00") for day in ends)
>>> moves = rows("member_id from_segment to_segment", "1 A B", "2 - B", "3 A -", "4 A B", "5 A B", "6 A B", "7 A B",
...     segment_set="life", as_of_date="2024-02-29", previous_as_of_date="2024-01-31")
>>> life = {"segment_set": "life", "as_of_date": "2024-02-29"}
>>> corrected = rows("member_id", "1", **life)
>>> changed = rows("member_id", "4", "6", "7", as_of_date="2024-02-29", previous_as_of_date="2024-01-31")
>>> new_facts = rows("member_id segment", "4 A", "5 B", "6 B", "7 B", **life)
>>> old_facts = rows("member_id segment", "4 A", "6 B", "7 A", **life)
>>> compared = [Comparison("life", after.as_of, before, after)]
>>> caused = assign_causes(moves, compared, corrected, changed, old_facts, new_facts)
>>> show(caused, "member_id", "from_segment", "to_segment", "cause")
| member_id | from_segment | to_segment | cause      |
|-----------|--------------|------------|------------|
| 1         | A            | B          | correction |
| 2         | NULL         | B          | entered    |
| 3         | A            | NULL       | left       |
| 4         | A            | B          | boundary   |
| 5         | A            | B          | ageing     |
| 6         | A            | B          | ageing     |
| 7         | A            | B          | behaviour  |
"""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import first_on_or_after, last_on_or_before, last_valid_day, per_date
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.frame import Frame
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY
from rfm_spark.dates import month_of
from rfm_spark.driver_rows import driver_rows
from rfm_spark.history.comparisons import Cause, Comparison
from rfm_spark.history.moves import MOVE
from rfm_spark.literals import literal_array

CAUSED_MOVE = Frame(
    name="caused move",
    grain="One move and its cause",
    columns=(*MOVE.columns, c.CAUSE),
    key=MOVE.key,
    nullable=MOVE.nullable,
)
KEY = [str(c.SEGMENT_SET), str(c.AS_OF_DATE), str(c.MEMBER_ID)]
PAIR_KEY = [str(c.PREVIOUS_AS_OF_DATE), str(c.AS_OF_DATE), str(c.MEMBER_ID)]
KNOWN_CAUSE, IS_CORRECTED, HAS_CHANGED = "known_cause", "is_corrected", "has_changed"
WITH_OLD_FACTS, WITH_NEW_FACTS = "with_old_facts", "with_new_facts"

DatePair = tuple[date, date]


def assign_causes(
    moves: DataFrame,
    comparisons: Sequence[Comparison],
    corrected: DataFrame | None = None,
    changed: DataFrame | None = None,
    old_facts: DataFrame | None = None,
    new_facts: DataFrame | None = None,
) -> DataFrame:
    """One row per move with the first cause that holds.

    The frames have member_id and the key of a comparison: segment_set and as_of_date (the later date).

    - `corrected`: members whose published segment at one of the two dates differs from the one that today's facts give.
    - `changed`: the result of changed_members, which holds for every set and has no segment_set.
    - `new_facts`: segments from the facts valid at the later date under the boundaries of the earlier date. Needed for
      members at both dates of a comparison without a known cause; a member without a row has no segment.
    - `old_facts`: the same from the facts valid at the earlier date. Needed only for members in `changed`.
    """
    known = moves.join(F.broadcast(_known_causes(moves, comparisons)), KEY[:2], "left")
    found = _beside(known, corrected, F.lit(True), IS_CORRECTED)
    found = _changed_beside(found, changed)
    found = _beside(found, old_facts, F.col(c.SEGMENT), WITH_OLD_FACTS)
    found = _beside(found, new_facts, F.col(c.SEGMENT), WITH_NEW_FACTS)
    return conform(found.withColumn(c.CAUSE, _cause()).select(*CAUSED_MOVE.columns), CAUSED_MOVE)


def _cause() -> Column:
    is_known = F.col(KNOWN_CAUSE).isNotNull()
    is_corrected = F.col(IS_CORRECTED).isNotNull()
    has_entered, has_left = F.col(c.FROM_SEGMENT).isNull(), F.col(c.TO_SEGMENT).isNull()
    would_have_stayed = F.col(WITH_NEW_FACTS).eqNullSafe(F.col(c.FROM_SEGMENT))
    has_done_nothing = F.col(HAS_CHANGED).isNull()
    did_nothing_that_counts = F.col(WITH_NEW_FACTS).eqNullSafe(F.col(WITH_OLD_FACTS))
    return (
        F.when(is_known, F.col(KNOWN_CAUSE))
        .when(is_corrected, F.lit(Cause.CORRECTION.value))
        .when(has_entered, F.lit(Cause.ENTERED.value))
        .when(has_left, F.lit(Cause.LEFT.value))
        .when(would_have_stayed, F.lit(Cause.BOUNDARY.value))
        .when(has_done_nothing | did_nothing_that_counts, F.lit(Cause.AGEING.value))
        .otherwise(F.lit(Cause.BEHAVIOUR.value))
    )


def _known_causes(moves: DataFrame, comparisons: Sequence[Comparison]) -> DataFrame:
    """One row per comparison: the cause of all its moves, NULL when each move has its own."""
    rows = [(*one.key, one.known_cause.value if one.known_cause else None) for one in comparisons]
    return driver_rows(moves.sparkSession, rows, f"{KEY[0]} string, {KEY[1]} date, {KNOWN_CAUSE} string")


def _beside(moves: DataFrame, found: DataFrame | None, value: Column, name: str) -> DataFrame:
    """Return the moves with a value of another frame added, NULL where that frame has no row."""
    if found is None:
        return moves.withColumn(name, F.lit(None).cast("string"))
    return moves.join(found.select(*KEY, value.alias(name)), KEY, "left")


def _changed_beside(moves: DataFrame, changed: DataFrame | None) -> DataFrame:
    """Return the moves with a mark added: true for members whose facts changed between the two dates, else NULL."""
    if changed is None:
        return moves.withColumn(HAS_CHANGED, F.lit(None).cast("boolean"))
    return moves.join(changed.select(*PAIR_KEY, F.lit(True).alias(HAS_CHANGED)), PAIR_KEY, "left")


def changed_members(member_day: DataFrame, pairs: Sequence[DatePair]) -> DataFrame:
    """One row per pair of dates and member with a version that begins or ends after the earlier date, by the later one.

    `pairs` are (earlier, later), both strictly rising: the result's previous_as_of_date and as_of_date. All other
    members have the same valid facts at both dates. Member 2 buys in February and returns it in March:

    >>> versions = rows("member_id valid_from valid_to", "1 2024-01-10 9999-12-31", "2 2024-02-05 2024-03-02",
    ...     order_day="2024-01-10", order_month="2024-01-01")
    >>> ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    >>> show(changed_members(versions, [*zip(ends, ends[1:])]))
    | member_id | as_of_date | previous_as_of_date |
    |-----------|------------|---------------------|
    | 2         | 2024-02-29 | 2024-01-31          |
    | 2         | 2024-03-31 | 2024-02-29          |
    """
    earlier, later = zip(*pairs, strict=True)
    first, last = earlier[0], later[-1]
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    by_day = [next((str(end) for begin, end in pairs if begin < day <= end), "") for day in span]
    later_of = F.split(F.lit(",".join(by_day)), ",")

    def is_near(day: c.Column) -> Column:
        return F.col(day).between(F.lit(first), F.lit(last))

    def changed_at(day: c.Column) -> Column:
        return F.nullif(F.get(later_of, F.date_diff(F.col(day), F.lit(first))), F.lit("")).cast("date")

    by_then = (F.col(c.ORDER_DAY) <= F.lit(last)) & (F.col(c.ORDER_MONTH) <= F.lit(month_of(last)))
    near = member_day.where(by_then & (is_near(c.VALID_FROM) | is_near(c.VALID_TO)))
    dates = F.array_compact(F.array(changed_at(c.VALID_FROM), changed_at(c.VALID_TO)))
    rows = near.select(c.MEMBER_ID, F.explode(dates).alias(c.AS_OF_DATE)).distinct()
    return rows.withColumn(c.PREVIOUS_AS_OF_DATE, per_date(earlier, later, "date"))


def shift_validity(member_day: DataFrame, pairs: Sequence[DatePair]) -> DataFrame:
    """One row per version known at an earlier date, moved so that each later date sees what the earlier one saw.

    `pairs` are (earlier, later), both strictly rising. From the result, any stage at a later date reads exactly the
    facts that are valid at the earlier date. A version that ended between two earlier dates is kept, valid on no day:
    its member has still bought (5). A version that begins after the last earlier date has no row (4).

    >>> versions = rows("member_id valid_from valid_to", "1 2024-01-10 9999-12-31", "2 2024-01-10 2024-02-05",
    ...     "3 2024-02-05 9999-12-31", "4 2024-03-02 9999-12-31", "5 2024-02-02 2024-02-05", order_day="2024-01-10",
    ...     order_count=1, gross_amount=9, refund_amount=0, net_amount=9, promotion_order_count=0,
    ...     order_month="2024-01-01")
    >>> ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    >>> show(shift_validity(versions, [*zip(ends, ends[1:])]), "member_id", "valid_from", "valid_to")
    | member_id | valid_from | valid_to   |
    |-----------|------------|------------|
    | 1         | 2024-02-29 | 2024-04-01 |
    | 2         | 2024-02-29 | 2024-03-01 |
    | 3         | 2024-03-31 | 2024-04-01 |
    | 5         | 2024-03-31 | 2024-03-31 |
    """
    earlier, later = zip(*pairs, strict=True)
    seen_from = _later_date(F.col(c.VALID_FROM), earlier, later, first_on_or_after(earlier), low=0)
    ends = [day + timedelta(days=1) for day in later]
    seen_to = _later_date(last_valid_day(), earlier, ends, last_on_or_before(earlier), low=-1)
    shifted = member_day.withColumns({c.VALID_FROM: seen_from, c.VALID_TO: F.greatest(seen_from, seen_to)})
    return conform(shifted.where(F.col(c.VALID_FROM).isNotNull()), MEMBER_DAY)


def shift_events(events: DataFrame, pairs: Sequence[DatePair]) -> DataFrame:
    """One row per event known at an earlier date, moved to the later date of the first pair that knows it."""
    earlier, later = zip(*pairs, strict=True)
    day = _later_date(F.col(c.EVENT_DAY), earlier, later, first_on_or_after(earlier), low=0)
    shifted = events.withColumn(c.EVENT_DAY, day).where(F.col(c.EVENT_DAY).isNotNull())
    return conform(shifted.withColumn(c.EVENT_MONTH, F.trunc(c.EVENT_DAY, "MM")), EVENT)


def _later_date(
    day: Column, earlier: Sequence[date], values: Sequence[date], positions: Sequence[int], low: int
) -> Column:
    """Return the value at the day's position among the earlier dates, NULL for days beyond them."""
    offset = F.date_diff(day, F.lit(earlier[0])) - F.lit(low)
    within = F.greatest(F.lit(0), F.least(offset, F.lit(len(positions) - 1)))
    return F.get(literal_array(values, "date"), F.get(literal_array(positions, "int"), within))
