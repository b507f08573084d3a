"""After an ingest: the facts of the members it touched, and the record of what changed.

`member_day` and `member_tag_day` always equal the facts of the whole of `transaction` and `event`. Only touched members
are computed again, only months that differ are written, each table in one commit, and `fact_change` before both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

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
    fact_changes,
    touched_members,
)
from rfm_spark.facts.compare import different_rows
from rfm_spark.facts.member_days import member_days
from rfm_spark.facts.tag_days import member_tag_days
from rfm_spark.io.files import Staging
from rfm_spark.io.layout import files_for, range_partitioned
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.facts import DEFINITION, INPUT_VERSIONS, INPUTS, facts_versions

REBUILD_SHARE = 5
"""Above one in so many members touched, all are computed again: that is cheaper then."""


@dataclass(frozen=True)
class TouchedMembers:
    """One row per member with a line, or with an event, that an ingest removes or adds; None where there is none.

    Stage them before `transaction` or `event` is replaced: afterwards the removed rows are gone.
    """

    by_lines: DataFrame | None = None
    by_events: DataFrame | None = None


@dataclass(frozen=True)
class Difference:
    """What changes in one fact table: rows added, removed or altered, and all rows of the months to write."""

    facts: FactTable
    rows: DataFrame
    months_rows: DataFrame
    changed: Mapping[date, int]
    held_rows: int
    rebuilt: bool

    @property
    def months(self) -> tuple[date, ...]:
        """Return the months to write, in order; none where the table is up to date."""
        return tuple(sorted(self.changed))


@dataclass(frozen=True)
class FactsOutcome:
    """What became of one fact table: its newest version and what was written.

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

    `current` is what `current_facts` returned before. The next ingest repairs a crash anywhere in here.
    """
    versions = facts_versions(store)
    refresh = _Refresh(store, staging, config, run_id, ingest_no, frozenset(current), versions)
    frames = [frame for frame in (touched.by_lines, touched.by_events) if frame is not None]
    found = (
        refresh.difference(MEMBER_DAY_FACTS, touched.by_lines),
        refresh.difference(MEMBER_TAG_DAY_FACTS, touched_members(*frames) if frames else None),
    )
    refresh.announce([one for one in found if one is not None and one.months])
    tables = (MEMBER_DAY_FACTS, MEMBER_TAG_DAY_FACTS)
    return tuple(refresh.write(facts, one) for facts, one in zip(tables, found, strict=True))


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

    def difference(self, facts: FactTable, touched: DataFrame | None) -> Difference | None:
        """Return what changes in a fact table; None where it is current and none of its members is touched."""
        rebuild = self._must_rebuild(facts, touched)
        if touched is None and not rebuild:
            return None
        name, members = facts.table.name, None if rebuild else touched
        new = self.staging.stage(self._facts_of(facts, members), f"{name}-new", keep_order=False)
        old = self.store.read(facts.table)
        compared = different_rows(new, _of_members(old, members))
        differences = self.staging.stage(compared, f"{name}-difference", keep_order=False)
        changed = _changed_rows(differences, facts)
        in_months = F.col(facts.month).isin(*changed)
        rows = new.where(in_months)
        if members is not None:
            rows = rows.unionByName(old.where(in_months).join(members, c.MEMBER_ID, "left_anti"))
        return Difference(facts, differences, rows, changed, old.count(), rebuild)

    def announce(self, found: Sequence[Difference]) -> None:
        """Record in one commit which days change, under the versions that the tables are about to get."""
        if found:
            changes = reduce(DataFrame.unionByName, [self._changes(one) for one in found])
            self.store.append(FACT_CHANGE, changes.coalesce(1), self._run)

    def write(self, facts: FactTable, found: Difference | None) -> FactsOutcome:
        """Replace the months that differ in one commit; return what became of the table."""
        name, version = facts.table.name, self.versions[facts.table.name]
        if found is None or not found.months:
            return FactsOutcome(name, version, rebuilt=found is not None and found.rebuilt)
        inputs = {table.name: self.versions[table.name] for table in INPUTS[name]}
        metadata = {**self._run, INPUT_VERSIONS: inputs, DEFINITION: facts_hash(self.config)}
        rows, place = self._spread(found), {facts.month: list(found.months)}
        version = self.store.replace(facts.table, rows, place, metadata)
        return FactsOutcome(name, version, sum(found.changed.values()), found.months, found.rebuilt)

    @property
    def _run(self) -> dict[str, Any]:
        return {"run_id": self.run_id, "ingest_no": self.ingest_no}

    def _must_rebuild(self, facts: FactTable, touched: DataFrame | None) -> bool:
        """Return whether all members are computed again: the table is not current, or too many are touched."""
        if facts.table.name not in self.current:
            return True
        if touched is None:
            return False
        known = self.store.read(facts.table).agg(F.approx_count_distinct(c.MEMBER_ID))
        about, members = known.crossJoin(touched.agg(F.count(F.lit(1)))).collect()[0]
        return bool(members * REBUILD_SHARE > about)

    def _facts_of(self, facts: FactTable, members: DataFrame | None) -> DataFrame:
        """Return the facts of the members, of all for None."""
        lines = _of_members(self.store.read(TRANSACTION), members)
        if facts is MEMBER_DAY_FACTS:
            return member_days(lines, self.config.orders.refunds, self.config.orders.unknown_refunds)
        return member_tag_days(lines, _of_members(self.store.read(EVENT), members), self.config.tags)

    def _changes(self, found: Difference) -> DataFrame:
        """Return the rows of fact_change about one table."""
        facts = found.facts
        pairs, next_version = changed_pairs(found.rows, facts), self.versions[facts.table.name] + 1
        return fact_changes(pairs, found.months_rows, facts, self.ingest_no, next_version, self.run_id)

    def _spread(self, found: Difference) -> DataFrame:
        """Return the rows in ranges of month and member: files of a month never overlap in members."""
        months, wanted = len(found.months), self.config.warehouse.files
        cores = self.store.spark.sparkContext.defaultParallelism
        is_small = wanted is None and files_for(found.held_rows + sum(found.changed.values()), cores) == 1
        files = 1 if is_small else max(months * (wanted or 1), cores)
        return range_partitioned(found.months_rows, files, found.facts.month, c.MEMBER_ID)


def _of_members(frame: DataFrame, members: DataFrame | None) -> DataFrame:
    """Return the rows of the members, all rows for None."""
    return frame if members is None else frame.join(members, c.MEMBER_ID, "left_semi")


def _changed_rows(differences: DataFrame, facts: FactTable) -> dict[date, int]:
    """Return by month the number of rows added, removed or altered."""
    rows = differences.select(*facts.table.key, facts.month).distinct()
    return {row[0]: row[1] for row in rows.groupBy(facts.month).count().collect()}
