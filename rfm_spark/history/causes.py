"""Why each member moved: the first cause that holds, and the facts of one date as another date would see them."""

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

    The frames name a comparison by segment_set and as_of_date (its later date) and have member_id. `corrected`: members
    whose segment at one of the two dates, recomputed from today's facts, is not the published one. `changed`, of
    changed_members: those whose valid facts are not the same at the two dates, whatever the set. `old_facts`,
    `new_facts`: their segment under the boundaries of the earlier date, with the facts valid at the earlier and at the
    later date; no row is no segment. They are needed for members that are at both dates of a comparison without a known
    cause, and old facts for those in `changed` alone.

    | from | to   | corrected | new facts | changed | old facts | cause      |
    |------|------|-----------|-----------|---------|-----------|------------|
    | A    | B    | yes       |           |         |           | correction |
    | NULL | B    |           |           |         |           | entered    |
    | A    | NULL |           |           |         |           | left       |
    | A    | B    |           | A         |         |           | boundary   |
    | A    | B    |           | B         | no      |           | ageing     |
    | A    | B    |           | B         | yes     | B         | ageing     |
    | A    | B    |           | B         | yes     | A         | behaviour  |
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
    """One row per comparison: the cause that all of its moves have, or NULL."""
    rows = [(*one.key, one.known_cause.value if one.known_cause else None) for one in comparisons]
    return driver_rows(moves.sparkSession, rows, f"{KEY[0]} string, {KEY[1]} date, {KNOWN_CAUSE} string")


def _beside(moves: DataFrame, found: DataFrame | None, value: Column, name: str) -> DataFrame:
    """Return the moves with a value of another frame beside them, NULL where it has no row."""
    if found is None:
        return moves.withColumn(name, F.lit(None).cast("string"))
    return moves.join(found.select(*KEY, value.alias(name)), KEY, "left")


def _changed_beside(moves: DataFrame, changed: DataFrame | None) -> DataFrame:
    """Return the moves with a mark beside those of members whose facts changed between the two dates."""
    if changed is None:
        return moves.withColumn(HAS_CHANGED, F.lit(None).cast("boolean"))
    return moves.join(changed.select(*PAIR_KEY, F.lit(True).alias(HAS_CHANGED)), PAIR_KEY, "left")


def changed_members(member_day: DataFrame, pairs: Sequence[DatePair]) -> DataFrame:
    """One row per pair of dates and member of whom a version begins or ends after the earlier and by the later one.

    `pairs`: (earlier, later), both strictly rising, the result's previous_as_of_date and as_of_date. All other members
    have the same valid facts at both dates.

    | valid_from | valid_to   | pairs (Jan 31, Feb 29), (Feb 29, Mar 31) | rows of        |
    |------------|------------|------------------------------------------|----------------|
    | 2024-01-10 | 9999-12-31 |                                          | none           |
    | 2024-02-05 | 2024-03-02 |                                          | Feb 29, Mar 31 |
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

    `pairs`: (earlier, later), both strictly rising. With the result any stage at a later date sees exactly the facts
    that are valid at the earlier one. A version that was known by then and is no longer valid stays known, valid on
    no day, so that a member with such a sale remains one who bought.

    | valid_from | valid_to   | pairs (Jan 31, Feb 29), (Feb 29, Mar 31) | seen at     |
    |------------|------------|------------------------------------------|-------------|
    | 2024-01-10 | 9999-12-31 | 2024-02-29 to 2024-04-01                 | both        |
    | 2024-01-10 | 2024-02-05 | 2024-02-29 to 2024-03-01                 | the first   |
    | 2024-02-05 | 9999-12-31 | 2024-03-31 to 2024-04-01                 | the second  |
    | 2024-02-02 | 2024-02-05 | 2024-03-31 to 2024-03-31                 | none        |
    | 2024-03-02 | 9999-12-31 | no row                                   | none        |
    """
    earlier, later = zip(*pairs, strict=True)
    seen_from = _later_date(F.col(c.VALID_FROM), earlier, later, first_on_or_after(earlier), low=0)
    ends = [day + timedelta(days=1) for day in later]
    seen_to = _later_date(last_valid_day(), earlier, ends, last_on_or_before(earlier), low=-1)
    shifted = member_day.withColumns({c.VALID_FROM: seen_from, c.VALID_TO: F.greatest(seen_from, seen_to)})
    return conform(shifted.where(F.col(c.VALID_FROM).isNotNull()), MEMBER_DAY)


def shift_events(events: DataFrame, pairs: Sequence[DatePair]) -> DataFrame:
    """One row per event known at an earlier date, on the first later date whose earlier one knows it."""
    earlier, later = zip(*pairs, strict=True)
    day = _later_date(F.col(c.EVENT_DAY), earlier, later, first_on_or_after(earlier), low=0)
    shifted = events.withColumn(c.EVENT_DAY, day).where(F.col(c.EVENT_DAY).isNotNull())
    return conform(shifted.withColumn(c.EVENT_MONTH, F.trunc(c.EVENT_DAY, "MM")), EVENT)


def _later_date(
    day: Column, earlier: Sequence[date], values: Sequence[date], positions: Sequence[int], low: int
) -> Column:
    """Return the value at the position of the day among the earlier dates; NULL beyond them."""
    offset = F.date_diff(day, F.lit(earlier[0])) - F.lit(low)
    within = F.greatest(F.lit(0), F.least(offset, F.lit(len(positions) - 1)))
    return F.get(literal_array(values, "date"), F.get(literal_array(positions, "int"), within))
