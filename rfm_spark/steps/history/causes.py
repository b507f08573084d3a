"""Why members moved: only movers are placed again, and of their facts only those that the two dates see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates, of_keys
from rfm_spark.config.fingerprints import config_hash, segment_set_hash
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, MEMBER_SEGMENT
from rfm_spark.driver_rows import driver_rows
from rfm_spark.errors import RfmSparkError
from rfm_spark.history.causes import assign_causes, changed_members
from rfm_spark.history.comparisons import Comparison, Key, PublishedSet
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.changed_facts import changed_days
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.registry import Workspace, result_name
from rfm_spark.segments.rulebook import facts_of_set
from rfm_spark.steps.history.replay import Replay, union

MOVER = [str(c.AS_OF_DATE), str(c.MEMBER_ID)]
OTHER_PLACE = "segment_set string, side_date date, as_of_date date"
"""Which comparison a date of a set is a side of."""


@dataclass(frozen=True)
class Causes:
    """Finds the causes of moves: the configuration of today, and those that earlier runs recorded."""

    store: TableStore
    space: Workspace
    ledger: Ledger
    config: Config

    def find(self, moves: DataFrame, comparisons: Sequence[Comparison]) -> DataFrame:
        """Return the moves with their causes; `moves` are staged."""
        unclear = [one for one in comparisons if one.known_cause is None]
        moved = moves.where(of_keys([one.key for one in unclear])) if unclear else moves
        if not unclear or moved.isEmpty():
            return assign_causes(moves, comparisons)
        is_at_both = F.col(c.FROM_SEGMENT).isNotNull() & F.col(c.TO_SEGMENT).isNotNull()
        movers = moved.where(is_at_both).select(*MOVER).distinct()
        changed, old_facts, new_facts = [], [], []
        for number, (replay, pairs) in enumerate(self._groups(unclear)):
            earlier, later = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            ours = movers.where(of_dates(later))
            cuts = replay.cuts(self.ledger.book, dict(zip(later, earlier, strict=True)))
            with_changes = changed_members(self.space.read(MEMBER_DAY), pairs).join(ours, MOVER, "left_semi")
            staged = self.space.stage(with_changes, f"changed_{number}", keep_order=False)
            changed.append(staged)
            old_facts.append(replay.place(earlier, later, cuts, staged))
            new_facts.append(replay.place(later, later, cuts, ours))
        corrected = self._corrected_members(unclear)
        return assign_causes(
            moves, comparisons, corrected, union(changed).distinct(), union(old_facts), union(new_facts)
        )

    def _groups(self, comparisons: Iterable[Comparison]) -> list[tuple[Replay, list[tuple[date, date]]]]:
        """Return the sets compared at the same pairs of dates under one configuration, so many pairs at once."""
        by_set: dict[tuple[str, str], list[Comparison]] = {}
        for one in comparisons:
            by_set.setdefault((config_hash(self.definition(one)), one.segment_set), []).append(one)
        alike: dict[tuple[str, tuple[tuple[date, date], ...]], list[Comparison]] = {}
        for (hash_, _), of_set in by_set.items():
            pairs = tuple(sorted((one.previous, one.as_of) for one in of_set if one.previous is not None))
            alike.setdefault((hash_, pairs), []).append(of_set[0])
        at_once = self.space.dates_at_once
        return [
            (
                Replay(
                    self.space, self.definition(of_group[0]), tuple(one.segment_set for one in of_group),
                    f"moves_{number}_{start}",
                ),
                list(pairs[start : start + at_once]),
            )
            for number, ((_, pairs), of_group) in enumerate(alike.items())
            for start in range(0, len(pairs), at_once)
        ]  # fmt: skip

    def definition(self, comparison: Comparison) -> Config:
        """Return the configuration under which both sides were published; today's where it says the same of the set."""
        today, side = self.config.segment_sets.get(comparison.segment_set), comparison.sides[-1]
        if today is not None and segment_set_hash(self.config, today) == side.definition_hash:
            return self.config
        found = self.ledger.config(side.config_hash)
        if found is None:
            raise RfmSparkError(
                "run_config", f"no configuration {side.config_hash}", f"the one that {side.as_of} was computed under",
                f"rfm-spark backfill --from {side.as_of} --to {side.as_of} --reprocess all --reason TEXT",
            )  # fmt: skip
        return found

    def stale_sides(self, comparisons: Sequence[Comparison]) -> dict[Key, PublishedSet]:
        """Return the sides whose facts changed since they were published, by set and date; one query for all."""
        sides = {(side.segment_set, side.as_of): side for one in comparisons for side in one.sides}
        asked = [
            (side.as_of, result_name(MEMBER_SEGMENT, side.segment_set), table.name, None, side.ingest_no or 0)
            for side in sides.values()
            for table in facts_of_set(self.config, side.segment_set)
        ]
        changed = changed_days(self.store, self.ledger.book, asked)
        return {key: side for key, side in sides.items() if (key[1], result_name(MEMBER_SEGMENT, key[0])) in changed}

    def _corrected_members(self, comparisons: Sequence[Comparison]) -> DataFrame | None:
        """One row per comparison and member that today's facts place elsewhere than what was published at a side.

        None where no side is stale. Boundaries are found again among all members: other facts may move them.
        """
        stale = self.stale_sides(comparisons)
        if not stale:
            return None
        by_config: dict[str, tuple[Config, set[Key]]] = {}
        for one in comparisons:
            keys = {(side.segment_set, side.as_of) for side in one.sides} & set(stale)
            config = self.definition(one)
            by_config.setdefault(config_hash(config), (config, set()))[1].update(keys)
        sides = [(one.segment_set, side.as_of, one.as_of) for one in comparisons for side in one.sides]
        parts = [
            self._placed_differently(config, part, sides, f"corrected_{number}_{start}")
            for number, (config, keys) in enumerate(by_config.values())
            for start, part in batches(keys, self.space.dates_at_once)
        ]
        return union(parts).distinct() if parts else None

    def _placed_differently(
        self, config: Config, keys: Sequence[Key], sides: Sequence[tuple[str, date, date]], label: str
    ) -> DataFrame:
        """One row per comparison and member whose published segment at one of the keys is not what the facts give."""
        days = sorted({day for _, day in keys})
        replay = Replay(self.space, config, tuple(sorted({name for name, _ in keys})), label)
        place = [str(c.SEGMENT_SET), str(c.AS_OF_DATE), str(c.MEMBER_ID)]
        today = replay.place(days, days, None).where(of_keys(keys)).select(*place, F.col(c.SEGMENT).alias("today"))
        published = self.space.read(MEMBER_SEGMENT).where(of_keys(keys)).select(*place, c.SEGMENT)
        both = published.join(today, place, "full").where(~F.col(c.SEGMENT).eqNullSafe(F.col("today")))
        asked = [one for one in sides if (one[0], one[1]) in set(keys)]
        of_comparison = F.broadcast(driver_rows(self.store.spark, asked, OTHER_PLACE))
        named = both.select(c.SEGMENT_SET, F.col(c.AS_OF_DATE).alias("side_date"), c.MEMBER_ID)
        return named.join(of_comparison, [str(c.SEGMENT_SET), "side_date"]).select(*place)


def batches(keys: Iterable[Key], at_once: int) -> list[tuple[int, list[Key]]]:
    """Return the keys in batches of so many dates, numbered from 0.

    >>> batches([("tier", date(2024, 1, 31)), ("tier", date(2024, 2, 29)), ("life", date(2024, 1, 31))], 1)[1]
    (1, [('tier', datetime.date(2024, 2, 29))])
    """
    every = sorted(set(keys))
    numbers = {day: number // at_once for number, day in enumerate(sorted({day for _, day in every}))}
    found: dict[int, list[Key]] = {}
    for name, day in every:
        found.setdefault(numbers[day], []).append((name, day))
    return sorted(found.items())
