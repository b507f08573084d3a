"""After an ingest: the facts of the members it touched, and the record of what changed.

`member_day` and `member_tag_day` always equal the facts of the whole of `transaction` and `event`. Only touched members
are computed again, only months that differ are written, each table in one commit, and `fact_change` before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.fingerprints import facts_hash
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT, FACT_CHANGE, TRANSACTION
from rfm_spark.facts.changes import (
    MEMBER_DAY_FACTS,
    MEMBER_TAG_DAY_FACTS,
    FactTable,
    changed_pairs,
    difference,
    fact_changes,
    touched_members,
)
from rfm_spark.facts.member_days import member_days
from rfm_spark.facts.tag_days import member_tag_days
from rfm_spark.io.files import Staging
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.facts import DEFINITION, INPUT_VERSIONS, INPUTS, facts_versions

REBUILD_SHARE = 5
"""Above one in so many members touched, all are computed again: that is cheaper then."""


@dataclass(frozen=True)
class TouchedMembers:
    """One row per member with a line, or with an event, in what an ingest takes away or puts; None = none of them.

    Stage them before `transaction` or `event` is replaced: afterwards the slice before is gone.
    """

    by_lines: DataFrame | None = None
    by_events: DataFrame | None = None


@dataclass(frozen=True)
class FactsOutcome:
    """What became of one fact table: its newest version, and what it took to get there.

    `changed_rows` are those added, removed or altered, also where only the end of a row moved.
    """

    table: str
    version: int
    changed_rows: int = 0
    months: tuple[date, ...] = ()
    rebuilt: bool = False


def refresh_facts(
    store: TableStore,
    staging: Staging,
    config: Config,
    run_id: str,
    ingest_no: int,
    current: Iterable[str],
    touched: TouchedMembers,
) -> tuple[FactsOutcome, ...]:
    """Make the fact tables equal the facts of `transaction` and `event`; call it after both are replaced.

    `current` is the answer of `current_facts` from before. A crash anywhere in here is repaired by the next ingest.
    """
    versions = facts_versions(store)
    refresh = _Refresh(store, staging, config, run_id, ingest_no, frozenset(current), versions)
    frames = [frame for frame in (touched.by_lines, touched.by_events) if frame is not None]
    return (
        refresh.table(MEMBER_DAY_FACTS, touched.by_lines),
        refresh.table(MEMBER_TAG_DAY_FACTS, touched_members(*frames) if frames else None),
    )


@dataclass(frozen=True)
class _Refresh:
    """One refresh of the fact tables; `versions` are those of all four tables before it."""

    store: TableStore
    staging: Staging
    config: Config
    run_id: str
    ingest_no: int
    current: frozenset[str]
    versions: Mapping[str, int]

    def table(self, facts: FactTable, touched: DataFrame | None) -> FactsOutcome:
        """Bring one fact table up to date with its inputs."""
        name, version = facts.table.name, self.versions[facts.table.name]
        rebuild = self._must_rebuild(facts, touched)
        if touched is None and not rebuild:
            return FactsOutcome(name, version)
        members = None if rebuild else touched
        new = self.staging.stage(self._facts_of(facts, members), f"{name}-new", keep_order=False)
        old = self.store.read(facts.table)
        compared = difference(_of_members(old, members), new, facts)
        differences = self.staging.stage(compared, f"{name}-difference", keep_order=False)
        changed = _changed_rows(differences, facts)
        if changed:
            in_months = F.col(facts.month).isin(*changed)
            rows = new.where(in_months)
            if members is not None:
                rows = rows.unionByName(old.where(in_months).join(members, c.MEMBER_ID, "left_anti"))
            version = self._write(facts, differences, rows, sorted(changed))
        return FactsOutcome(name, version, sum(changed.values()), tuple(sorted(changed)), rebuild)

    def _must_rebuild(self, facts: FactTable, touched: DataFrame | None) -> bool:
        """Return whether all members are computed again: the table is not current, or too many are touched."""
        if facts.table.name not in self.current:
            return True
        if touched is None:
            return False
        about = self.store.read(facts.table).agg(F.approx_count_distinct(c.MEMBER_ID)).collect()[0][0]
        return touched.count() * REBUILD_SHARE > int(about)

    def _facts_of(self, facts: FactTable, members: DataFrame | None) -> DataFrame:
        """Return the facts of the members, of all for None."""
        lines = _of_members(self.store.read(TRANSACTION), members)
        if facts is MEMBER_DAY_FACTS:
            return member_days(lines, self.config.orders.refunds)
        return member_tag_days(lines, _of_members(self.store.read(EVENT), members), self.config.tags)

    def _write(self, facts: FactTable, differences: DataFrame, rows: DataFrame, months: Sequence[date]) -> int:
        """Announce the version that the table is about to get, then replace the months; return the version."""
        pairs, next_version = changed_pairs(differences, facts), self.versions[facts.table.name] + 1
        changes = fact_changes(pairs, rows, facts, self.ingest_no, next_version, self.run_id)
        run = {"run_id": self.run_id, "ingest_no": self.ingest_no}
        self.store.append(FACT_CHANGE, changes, run)
        inputs = {table.name: self.versions[table.name] for table in INPUTS[facts.table.name]}
        metadata = {**run, INPUT_VERSIONS: inputs, DEFINITION: facts_hash(self.config)}
        return self.store.replace(facts.table, self._spread(facts, rows, len(months)), {facts.month: months}, metadata)

    def _spread(self, facts: FactTable, rows: DataFrame, months: int) -> DataFrame:
        """Return the rows in ranges of month and member: files of a month never overlap in members."""
        files = months * (self.config.warehouse.files or 1)
        cores = self.store.spark.sparkContext.defaultParallelism
        return rows.repartitionByRange(max(files, cores), facts.month, c.MEMBER_ID)


def _of_members(frame: DataFrame, members: DataFrame | None) -> DataFrame:
    """Return the rows of the members, all rows for None."""
    return frame if members is None else frame.join(members, c.MEMBER_ID, "left_semi")


def _changed_rows(differences: DataFrame, facts: FactTable) -> dict[date, int]:
    """Return by month the number of rows added, removed or altered."""
    rows = differences.select(*facts.table.key, facts.month).distinct()
    return {row[0]: row[1] for row in rows.groupBy(facts.month).count().collect()}
