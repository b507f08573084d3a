"""Writes history: transitions with their archive and counts, then the intervals; run_log hears of it last.

Every write replaces rows by what follows from member_segment of the published dates. A run that dies in between leaves
tables whose versions run_log does not know: the next one makes them whole again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates, of_keys
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import (
    HISTORY_TABLES,
    SEGMENT_INTERVAL,
    SEGMENT_MIGRATION,
    SEGMENT_TRANSITION,
    SEGMENT_TRANSITION_ARCHIVE,
)
from rfm_spark.contracts.tables import MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.dates import OPEN_END, DayRange
from rfm_spark.errors import ConflictError
from rfm_spark.facts.compare import differing_keys
from rfm_spark.history.archive import superseded
from rfm_spark.history.comparisons import Comparison, HistoryPlan, Key
from rfm_spark.history.intervals import intervals, intervals_since
from rfm_spark.history.migration import count_moves
from rfm_spark.history.moves import find_moves, transitions
from rfm_spark.io.layout import range_partitioned
from rfm_spark.io.sql_text import Condition
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.registry import Workspace
from rfm_spark.steps.history.causes import Causes

COMPARISONS_AT_ONCE = 128
KEY_COLUMNS = (c.SEGMENT_SET, c.AS_OF_DATE)
NOT_SAID = (c.COMPUTED_AT, c.RUN_ID)
"""Who wrote a transition and when: two rows that differ in nothing else say the same."""


@dataclass(frozen=True)
class Written:
    """What a run wrote: the moves of each comparison, and the version since which each table has its rows."""

    counts: Mapping[Key, int]
    versions: Mapping[str, int]


class HistoryWriter:
    """Writes the tables of history of one warehouse in one run."""

    def __init__(self, store: TableStore, space: Workspace, causes: Causes, metadata: Mapping[str, Any]) -> None:
        self.store = store
        self.space = space
        self.causes = causes
        self.metadata = metadata
        self.versions = {table.name: store.rows_version(table) or 0 for table in HISTORY_TABLES}
        self._newest = {table.name: store.version(table) for table in HISTORY_TABLES}
        self._pass = 0

    def write(self, plan: HistoryPlan, is_rebuild: bool, now: datetime) -> Written:
        """Write what the plan says, pass by pass, then the intervals of the sets that it touches."""
        counts: dict[Key, int] = {}
        for comparisons, keys in passes(plan):
            counts |= self._write_moves(comparisons, keys, now)
            self._pass += 1
        sets = sorted({name for name, _ in plan.keys})
        if sets:
            self._write_intervals(sets, None if is_rebuild else min(day for _, day in plan.keys))
        return Written(counts, self.versions)

    def _write_moves(self, comparisons: Sequence[Comparison], keys: Sequence[Key], now: datetime) -> dict[Key, int]:
        """Write the transitions of one pass where they differ, and their counts; return the number of each."""
        sides = {(side.segment_set, side.as_of) for one in comparisons for side in one.sides}
        members = self.store.read(MEMBER_SEGMENT).where(of_keys(sides))
        moves = self._stage(find_moves(members, comparisons), "moves")
        caused = self.causes.find(moves, comparisons)
        new = self._stage(transitions(caused, self.space.run_id, now), "transitions")
        counted = self._stage(self._count_moves(new, comparisons), "migration")
        of_comparison = counted.groupBy(*KEY_COLUMNS).agg(F.sum(c.MEMBER_COUNT)).collect()
        counts = {(row[0], row[1]): int(row[2]) for row in of_comparison}
        old = self.store.read(SEGMENT_TRANSITION).where(of_keys(keys))
        is_new = old.isEmpty()
        changed = sorted(counts) if is_new else differing_keys(old, new, KEY_COLUMNS, NOT_SAID)
        if changed:
            if not is_new:
                self._archive(old, changed, now)
            self._replace(SEGMENT_TRANSITION, new, changed)
        self._replace(SEGMENT_MIGRATION, counted, keys)
        return {one.key: counts.get(one.key, 0) for one in comparisons}

    def _stage(self, frame: DataFrame, name: str) -> DataFrame:
        return self.space.stage(frame, f"{name}_{self._pass}", keep_order=False)

    def _count_moves(self, new: DataFrame, comparisons: Sequence[Comparison]) -> DataFrame:
        """One row per way between two segments; the window of the set values its movers, in a closed set none."""
        dates = sorted({one.as_of for one in comparisons})
        scores = self.store.read(RFM_SCORE).where(of_dates(dates))
        windows = {}
        for one in comparisons:
            if one.after is not None:
                windows[one.segment_set] = self.causes.definition(one).segment_sets[one.segment_set].window
        return count_moves(new, scores, windows, self.space.run_id)

    def _archive(self, old: DataFrame, keys: Sequence[Key], now: datetime) -> None:
        """Keep the rows that are about to go; a row that the archive has already is kept once."""
        archive = self.store.read(SEGMENT_TRANSITION_ARCHIVE)
        identity: list[str] = [c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.RECORDED_FROM]
        days = sorted({day for _, day in keys})
        before = archive.where(of_dates(days))
        going = superseded(old, keys, now).join(before, identity, "left_anti")
        rows = self._stage(before.unionByName(going), "archive")
        spread = range_partitioned(rows, self._files(len(days)), c.AS_OF_DATE, c.MEMBER_ID)
        self.store.replace(SEGMENT_TRANSITION_ARCHIVE, spread, {c.AS_OF_DATE: days}, self.metadata)

    def _replace(self, table: Table, new: DataFrame, keys: Sequence[Key]) -> None:
        """Put the new rows of the keys in place in one commit; other sets of the same dates keep theirs."""
        days, sets = sorted({day for _, day in keys}), sorted({name for name, _ in keys})
        block = of_dates(days) & F.col(c.SEGMENT_SET).isin(*sets)
        rows = new.where(of_keys(keys))
        if len(keys) < len(days) * len(sets):
            rows = rows.unionByName(self.store.read(table).where(block & ~of_keys(keys)))
        spread = range_partitioned(rows, self._files(len(days)), *table.partition_by)
        self._commit(table, spread, {c.AS_OF_DATE: days, c.SEGMENT_SET: sets})

    def _write_intervals(self, sets: Sequence[str], first: date | None) -> None:
        """Make the intervals of the sets from their transitions: those that end on or after the date, or all."""
        of_sets = F.col(c.SEGMENT_SET).isin(*sets)
        moved = self.store.read(SEGMENT_TRANSITION).where(of_sets)
        place: dict[c.Column, Condition] = {c.SEGMENT_SET: list(sets)}
        if first is None:
            rows = intervals(moved, self.space.run_id)
        else:
            stays = self.store.read(SEGMENT_INTERVAL).where(of_sets)
            rows = intervals_since(stays, moved.where(F.col(c.AS_OF_DATE) >= F.lit(first)), first, self.space.run_id)
            place[c.VALID_TO] = DayRange(first, OPEN_END)
        staged = self._stage(rows, SEGMENT_INTERVAL.name)
        self._commit(SEGMENT_INTERVAL, self._split_closed_and_open(staged), place)

    def _split_closed_and_open(self, staged: DataFrame) -> DataFrame:
        """Return staged intervals with the closed ones in files of their own, which no later date touches."""
        is_current, keys = F.col(c.IS_CURRENT), (c.SEGMENT_SET, c.MEMBER_ID)
        closed = range_partitioned(staged.where(~is_current), 1, *keys)
        # Spark 4.1 makes one of two single partitions under a union, and one file: so the open ones are two at least.
        return closed.unionByName(range_partitioned(staged.where(is_current), max(2, self.space.files), *keys))

    def _commit(self, table: Table, rows: DataFrame, place: Mapping[c.Column, Condition]) -> None:
        """Replace rows of a table of history; a commit of somebody else meanwhile is a conflict: it is not in ours."""
        before = self._newest[table.name]
        made = self.store.replace(table, rows, place, self.metadata)
        if made > before + 1:
            where = self.store.location(table)
            raise ConflictError(where, "another writer changed it meanwhile", next_step="run the same command again")
        if made > before:
            self._newest[table.name] = self.versions[table.name] = made

    def _files(self, partitions: int) -> int:
        return 1 if self.space.files == 1 else max(partitions, self.space.files)


def passes(plan: HistoryPlan) -> list[tuple[list[Comparison], list[Key]]]:
    """Return the plan in passes of bounded size, by date: the comparisons, and every key whose rows change."""
    by_key = {one.key: one for one in plan.to_write}
    keys = sorted(plan.keys, key=lambda key: (key[1], key[0]))
    parts = [keys[start : start + COMPARISONS_AT_ONCE] for start in range(0, len(keys), COMPARISONS_AT_ONCE)]
    return [([by_key[key] for key in part if key in by_key], part) for part in parts]


def row_with_stamp(row: Any, comparison: Comparison, count: int) -> Any:
    """Return a row of run_log with what a comparison was made from, and how many members moved."""
    before = comparison.before
    return replace(
        row,
        row_count=count,
        previous_as_of_date=comparison.previous,
        previous_run_id=before.run_id if before else None,
        definition_hash=comparison.definition_hash,
        inputs=comparison.inputs,
    )
