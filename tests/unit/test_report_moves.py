"""What the report makes of segment_migration, and what it says where that is missing or old."""

from datetime import date
from decimal import Decimal

from pyspark.sql import Row

from rfm_spark.report.read_moves import NO_TRACK, OLD_TRACK, ONE_DATE, Moves

D0, D1 = date(2024, 11, 30), date(2024, 12, 31)


def moved(before: str | None, after: str | None, cause: str, count: int, previous: date | None = D0) -> Row:
    """Return one row of segment_migration."""
    return Row(
        as_of_date=D1, segment_set="tier", previous_as_of_date=previous, from_segment=before, to_segment=after,
        cause=cause, member_count=count, net_amount=Decimal(10 * count),
    )  # fmt: skip


def sizes(**counts: int) -> dict[str, Row]:
    """Return the members of each segment at the later date."""
    return {segment: Row(member_count=count) for segment, count in counts.items()}


def test_who_is_there_and_did_not_come_stayed():
    rows = [moved("a", "b", "ageing", 3), moved("a", "b", "behaviour", 2), moved(None, "a", "entered", 4),
            moved("b", None, "left", 1)]  # fmt: skip
    migration, _ = Moves(D1, D0, rows).against(sizes(a=10, b=20))
    assert migration is not None
    assert migration.stayed == {"a": 6, "b": 15}
    assert migration.previous == D0
    assert migration.moves[0].causes == {"ageing": 3, "behaviour": 2}
    assert migration.moves[0].net_amount == Decimal(50)
    assert migration.causes == {"ageing": 3, "behaviour": 2, "entered": 4, "left": 1}


def test_without_moves_on_record_track_is_named():
    assert Moves(None, None, []).against(sizes(a=1)) == (None, NO_TRACK)


def test_a_date_at_which_nobody_moved_is_the_last_one_all_the_same():
    migration, _ = Moves(D1, D0, []).against(sizes(a=10, b=20))
    assert migration is not None
    assert (migration.previous, migration.as_of, migration.stayed) == (D0, D1, {"a": 10, "b": 20})


def test_a_first_date_has_nothing_to_compare_with():
    rows = [moved(None, "a", "first", 10, previous=None)]
    assert Moves(D1, None, rows).against(sizes(a=10)) == (None, ONE_DATE.format(D1))


def test_moves_older_than_the_segments_are_not_shown():
    assert Moves(D1, D0, [moved("a", "b", "ageing", 9)]).against(sizes(a=1, b=8)) == (None, OLD_TRACK.format(D1))
