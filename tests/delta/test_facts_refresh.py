"""After every ingest the fact tables equal the facts of all lines and events, whatever the ingest was."""

import random
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Refunds
from rfm_spark.config.fingerprints import facts_hash
from rfm_spark.config.load import load_config
from rfm_spark.config.model import Config, Orders, TagClass, Tags
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import EVENT, FACT_CHANGE, MEMBER_DAY, MEMBER_TAG_DAY, TRANSACTION
from rfm_spark.facts.changes import touched_members
from rfm_spark.facts.staleness import COMPUTED_RESULT, committed_changes, stale_days
from rfm_spark.io.files import Staging
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.facts import current_facts, facts_versions
from rfm_spark.runs.log_book import LogRow, RowStatus
from rfm_spark.runs.stamps import version_inputs
from rfm_spark.steps.ingesting.facts import FactsOutcome, TouchedMembers, refresh_facts
from tests.oracles import facts as twin
from tests.oracles.lines import Event, Line, random_events, random_lines
from tests.spark.fact_frames import event_frame, line_frame

pytestmark = pytest.mark.whole

CLASSES = (TagClass("category", "category"), TagClass("brand", "brand"))
JUNE_10, JUNE_30, JULY_2, JULY_31 = date(2024, 6, 10), date(2024, 6, 30), date(2024, 7, 2), date(2024, 7, 31)
SALE = Line("shop", 1, JUNE_10, "sale", Decimal("100.0000"), order_id="A1", batch_id="b1")
REFUND = Line("shop", 1, JULY_2, "refund", Decimal("100.0000"), refunded_order_id="A1", batch_id="b2")


class DeadError(Exception):
    """The process died here."""


class DyingStore(TableStore):
    """A store that dies before it writes one table."""

    dies_at: Table | None = None

    def replace(self, table, frame, where, metadata):
        if table is self.dies_at:
            raise DeadError
        return super().replace(table, frame, where, metadata)


@dataclass
class Pipeline:
    """A warehouse that takes batches, and the plain lines and events it should hold."""

    store: DyingStore
    config: Config
    folder: Path
    lines: dict[str, list[Line]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    last_ingest: LogRow | None = None
    ingest_no: int = 0

    def ingest(
        self, batch: str, lines: Sequence[Line], events: Sequence[Event] | None = None
    ) -> tuple[FactsOutcome, ...]:
        """Replace a batch (and all events, if given) and refresh the facts, as the verb does."""
        self.ingest_no += 1
        spark, store = self.store.spark, self.store
        with Staging(spark, str(self.folder / "staging"), f"run-{self.ingest_no}") as staging:
            current = current_facts(store, self.config, self.last_ingest)
            new = line_frame(spark, lines)
            old = store.read(TRANSACTION).where(F.col(c.BATCH_ID) == batch)
            by_lines = staging.stage(touched_members(old, new), "touched-lines")
            self.lines[batch] = list(lines)
            store.replace(TRANSACTION, new, {c.BATCH_ID: batch}, {})
            by_events = None if events is None else self._replace_events(staging, events)
            outcomes = refresh_facts(
                store,
                staging,
                self.config,
                staging.run_id,
                self.ingest_no,
                current,
                TouchedMembers(by_lines, by_events),
            )
        self.last_ingest = self.log_row()
        return outcomes

    def _replace_events(self, staging: Staging, events: Sequence[Event]) -> DataFrame:
        new = event_frame(self.store.spark, events)
        touched = staging.stage(touched_members(self.store.read(EVENT), new), "touched-events")
        self.events = list(events)
        self.store.replace(EVENT, new, {c.BATCH_ID: ""}, {})
        return touched

    def log_row(self) -> LogRow:
        return LogRow(
            run_id="run", job="ingest", result="ingest", status=RowStatus.INGESTED, config_hash="",
            computed_at=datetime(2024, 1, 1, tzinfo=UTC), ingest_no=self.ingest_no,
            definition_hash=facts_hash(self.config), inputs=version_inputs(facts_versions(self.store)),
        )  # fmt: skip

    def check_law(self) -> None:
        """Fail unless both fact tables equal the twin's facts of all lines and events."""
        lines = [line for batch in self.lines.values() for line in batch]
        days = twin.member_days(lines, self.config.orders.refunds.value)
        tags = twin.tag_days(lines, self.events, self.config.tags.classes, self.config.tags.event_types)
        assert self.rows(MEMBER_DAY) == [astuple(fact) for fact in days]
        assert self.rows(MEMBER_TAG_DAY) == [astuple(fact) for fact in tags]

    def rows(self, table: Table) -> list[tuple[object, ...]]:
        return sorted(tuple(row)[:-1] for row in self.store.read(table).collect())

    def stale_days(self, *computed: tuple[date, str, date | None, int]) -> set[tuple[date, date]]:
        """Return (as_of, day) of what is stale; `computed` are (as_of, fact table, first day, ingest_no)."""
        spark = self.store.spark
        results = [(as_of, "result", table, first, number) for as_of, table, first, number in computed]
        frame = spark.createDataFrame(results, COMPUTED_RESULT.schema_text())
        committed = committed_changes(self.store.read(FACT_CHANGE), facts_versions(self.store))
        return {(row.as_of_date, row.fact_day) for row in stale_days(frame, committed).collect()}


@pytest.fixture
def pipeline(spark: SparkSession, tmp_path: Path) -> Pipeline:
    config = load_config(["conf"], [f"warehouse.path={tmp_path}/warehouse"])
    config = replace(config, orders=replace(config.orders, refunds=Refunds.ATTRIBUTE_TO_ORDER), tags=Tags())
    store = DyingStore(spark, config.warehouse)
    for table in (TRANSACTION, EVENT, MEMBER_DAY, MEMBER_TAG_DAY, FACT_CHANGE):
        store.create(table)
    return Pipeline(store, config, tmp_path)


def random_batches(seed: int) -> dict[str, list[Line]]:
    """Most lines in one batch; those of every seventh member also in three late ones, orders cut through."""
    chance = random.Random(seed)
    batches: dict[str, list[Line]] = {"most": [], "late-1": [], "late-2": [], "late-3": []}
    for line in random_lines(seed, members=70, days=90):
        name = chance.choice(list(batches)) if line.member_id % 7 == 0 else "most"
        batches[name].append(replace(line, batch_id=name))
    return batches


def test_batches_in_any_order_always_leave_the_facts_of_all_lines(pipeline: Pipeline) -> None:
    pipeline.config = replace(pipeline.config, tags=Tags(CLASSES))
    batches, events = random_batches(1), random_events(1, members=80)
    pipeline.ingest("late-2", batches["late-2"])
    pipeline.ingest("most", batches["most"], events)
    pipeline.check_law()
    late = pipeline.ingest("late-1", batches["late-1"])
    pipeline.check_law()
    fewer = [line for line in batches["late-1"] if line.member_id != 7]
    again = pipeline.ingest("late-1", fewer, [event for event in events if event.member_id % 9])
    pipeline.check_law()
    assert [outcomes[0].rebuilt for outcomes in (late, again)] == [False, False]
    assert all(outcome.changed_rows > 0 for outcome in again)


def test_a_late_refund_makes_stale_only_the_dates_that_know_of_it(pipeline: Pipeline) -> None:
    pipeline.ingest("b1", [SALE])
    pipeline.ingest("b2", [REFUND])
    pipeline.check_law()
    dates = [(as_of, "member_day", None, 1) for as_of in (JUNE_30, JULY_31)]
    assert pipeline.stale_days(*dates) == {(JULY_31, JUNE_10)}
    pipeline.ingest("b2", [])
    pipeline.check_law()
    assert pipeline.stale_days(*dates) == set()
    assert pipeline.stale_days((JULY_31, "member_day", None, 2)) == {(JULY_31, JUNE_10)}


def test_the_same_batch_again_writes_no_facts_and_leaves_them_current(pipeline: Pipeline) -> None:
    both = {MEMBER_DAY.name, MEMBER_TAG_DAY.name}
    pipeline.ingest("b1", [SALE])
    before = facts_versions(pipeline.store)
    pipeline.ingest("b1", [SALE])
    after = facts_versions(pipeline.store)
    assert after[TRANSACTION.name] > before[TRANSACTION.name]
    assert {name: after[name] - before[name] for name in both} == dict.fromkeys(both, 0)
    assert current_facts(pipeline.store, pipeline.config, pipeline.last_ingest) == both
    assert current_facts(pipeline.store, pipeline.config, None) == set()


def test_what_a_dead_run_left_undone_is_done_by_the_next_ingest(pipeline: Pipeline) -> None:
    pipeline.config = replace(pipeline.config, tags=Tags(CLASSES))
    branded = replace(SALE, brand="acme")
    pipeline.ingest("b1", [branded, *(replace(branded, member_id=member) for member in range(3, 20))])
    pipeline.store.dies_at = MEMBER_DAY
    with pytest.raises(DeadError):
        pipeline.ingest("b2", [REFUND])
    assert pipeline.stale_days((JULY_31, "member_day", None, 1)) == set()
    pipeline.store.dies_at = MEMBER_TAG_DAY
    with pytest.raises(DeadError):
        pipeline.ingest("b3", [replace(branded, member_id=2, batch_id="b3")])
    pipeline.store.dies_at = None
    assert pipeline.stale_days((JULY_31, "member_day", None, 1)) == {(JULY_31, JUNE_10)}
    assert current_facts(pipeline.store, pipeline.config, pipeline.last_ingest) == {MEMBER_DAY.name}
    outcomes = pipeline.ingest("b4", [])
    pipeline.check_law()
    assert [outcome.rebuilt for outcome in outcomes] == [False, True]


def test_another_definition_rebuilds_all_facts(pipeline: Pipeline) -> None:
    pipeline.ingest("b1", [SALE, replace(REFUND, batch_id="b1")])
    pipeline.config = replace(pipeline.config, orders=Orders(refunds=Refunds.IGNORE), tags=Tags(CLASSES))
    outcomes = pipeline.ingest("b3", [])
    pipeline.check_law()
    assert [outcome.rebuilt for outcome in outcomes] == [True, True]
    assert [fact[4] for fact in pipeline.rows(MEMBER_DAY)] == [1]


def test_files_of_a_month_never_overlap_in_members(pipeline: Pipeline) -> None:
    pipeline.config = replace(pipeline.config, warehouse=replace(pipeline.config.warehouse, files=2))
    pipeline.ingest("b1", [replace(SALE, member_id=member) for member in range(1, 200)])
    by_file = pipeline.store.read(MEMBER_DAY).groupBy(F.input_file_name().alias("file"))
    ranges = by_file.agg(F.min(c.MEMBER_ID).alias("first"), F.max(c.MEMBER_ID).alias("last")).orderBy("first").collect()
    assert len(ranges) == 2
    assert ranges[0]["last"] < ranges[1]["first"]
