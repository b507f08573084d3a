"""Reads the moves between the last two tracked dates of every segment set, from segment_migration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pyspark.sql import Row
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_MIGRATION
from rfm_spark.report.inputs import Read, TrackedDates
from rfm_spark.report.numbers import Migration, Move

NO_TRACK = "History holds no date up to this one: run rfm-spark track, which compares the dates of history.every."
ONE_DATE = "History holds only one date, {}, and a comparison needs two: run rfm-spark backfill for earlier dates."
OLD_TRACK = "The moves in history do not fit the segments of {}: run rfm-spark track, which brings them up to date."


@dataclass(frozen=True)
class Moves:
    """The moves of a set at its last tracked date; no rows where nobody moved, no date without history."""

    as_of: date | None
    previous: date | None
    rows: Sequence[Row]

    def against(self, sizes: Mapping[str, Row]) -> tuple[Migration | None, str]:
        """Return the migration, or the reason why there is none.

        Members who stayed = members of a segment in `sizes` (rows of segment_summary) minus members who moved into it.
        """
        if self.as_of is None:
            return None, NO_TRACK
        if self.previous is None:
            return None, ONE_DATE.format(self.as_of)
        moves = moves_of(self.rows)
        stayed = {segment: int(row[c.MEMBER_COUNT]) for segment, row in sizes.items()}
        for move in moves:
            if move.to_segment is not None:
                stayed[move.to_segment] = stayed.get(move.to_segment, 0) - move.member_count
        if any(count < 0 for count in stayed.values()):
            return None, OLD_TRACK.format(self.as_of)
        return Migration(self.previous, self.as_of, stayed, tuple(moves), causes_of(moves)), ""


def read_moves(read: Read, sets: Sequence[str], tracked: TrackedDates, as_of: date) -> dict[str, Moves]:
    """Return the moves of each set at its last tracked date on or before the date of the report."""
    last = {name: [None, None, *(day for day in tracked.get(name, ()) if day <= as_of)][-2:] for name in sets}
    is_last = F.lit(False)
    for name, (_, day) in last.items():
        if day is not None:
            is_last |= (F.col(c.SEGMENT_SET) == F.lit(name)) & (F.col(c.AS_OF_DATE) == F.lit(day))
    rows = read(SEGMENT_MIGRATION).where(is_last).collect()
    return {
        name: Moves(day, previous, [row for row in rows if row[c.SEGMENT_SET] == name])
        for name, (previous, day) in last.items()
    }


def moves_of(rows: Sequence[Row]) -> list[Move]:
    """Return one move per way between two segments with its causes, the largest first."""
    ways: dict[tuple[str | None, str | None], list[Row]] = {}
    for row in rows:
        ways.setdefault((row[c.FROM_SEGMENT], row[c.TO_SEGMENT]), []).append(row)
    moves = [
        Move(
            before,
            after,
            sum(row[c.MEMBER_COUNT] for row in of_way),
            sum((row[c.NET_AMOUNT] for row in of_way), Decimal(0)),
            {row[c.CAUSE]: row[c.MEMBER_COUNT] for row in of_way},
        )
        for (before, after), of_way in ways.items()
    ]
    return sorted(moves, key=lambda move: (-move.member_count, move.from_segment or "", move.to_segment or ""))


def causes_of(moves: Sequence[Move]) -> dict[str, int]:
    """Return how many members moved for each cause."""
    causes: dict[str, int] = {}
    for move in moves:
        for cause, count in move.causes.items():
            causes[cause] = causes.get(cause, 0) + count
    return causes
