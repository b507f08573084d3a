"""What the report says of moves: the last two tracked dates of every set, out of segment_migration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pyspark.sql import Row

from rfm_spark.config.model import SegmentSet
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_MIGRATION
from rfm_spark.report.numbers import Migration, Move
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.keys import of_keys
from rfm_spark.steps.tracking.links import recorded_links

NO_TRACK = "No moves are on record by this date: run rfm-spark track, which compares the dates of history.every."
ONE_DATE = "Only one date is on record, {}, and two are needed: run rfm-spark backfill for earlier dates."
OLD_TRACK = "The moves on record do not fit the segments of {}: run rfm-spark track, which brings them up to date."


@dataclass(frozen=True)
class Moves:
    """The moves of a set at its last tracked date, none where nobody moved; without history there is no date."""

    as_of: date | None
    previous: date | None
    rows: Sequence[Row]

    def against(self, sizes: Mapping[str, Row]) -> tuple[Migration | None, str]:
        """Return the migration, or why there is none; who stayed is who is there and did not come."""
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


def read_moves(job: Job, sets: Sequence[SegmentSet], as_of: date) -> dict[str, Moves]:
    """Return the moves of each set at its last tracked date on or before the report's."""
    links = recorded_links(job.log.book)
    last = {
        one.name: max((day for name, day in links if name == one.name and day <= as_of), default=None) for one in sets
    }
    keys = [(name, day) for name, day in last.items() if day is not None]
    rows = job.store.read(SEGMENT_MIGRATION).where(of_keys(keys)).collect() if keys else []
    return {
        name: Moves(
            day,
            links[name, day].previous_as_of_date if day else None,
            [row for row in rows if row[c.SEGMENT_SET] == name],
        )
        for name, day in last.items()
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
    """Return how many moves have each cause."""
    found: dict[str, int] = {}
    for move in moves:
        for cause, count in move.causes.items():
            found[cause] = found.get(cause, 0) + count
    return found
