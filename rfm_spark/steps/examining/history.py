"""What must hold of the history of segments and of recorded facts, and what the doctor says where it does not."""

from collections.abc import Iterator

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import (
    SEGMENT_INTERVAL,
    SEGMENT_MIGRATION,
    SEGMENT_TRANSITION,
)
from rfm_spark.contracts.tables import FACT_CHANGE, MEMBER_DAY, MEMBER_SEGMENT, MEMBER_TAG_DAY
from rfm_spark.facts.changes import MEMBER_DAY_FACTS, MEMBER_TAG_DAY_FACTS, FactTable, states_of_days
from rfm_spark.facts.staleness import committed_changes
from rfm_spark.history.archive import replay
from rfm_spark.history.intervals import intervals
from rfm_spark.history.links import Link
from rfm_spark.io.logbook import LogBook
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.examining.finding import SHOWN, Finding, Severity, shown
from rfm_spark.steps.tracking.keys import of_keys
from rfm_spark.steps.tracking.links import history_plan
from rfm_spark.steps.tracking.names import named_today
from rfm_spark.steps.tracking.remains import are_links_lost

TRACK_AGAIN = "run rfm-spark track; if it stays, backfill these dates with --reprocess all"
NAMED = (c.AS_OF_DATE, c.SEGMENT_SET)


def history_findings(store: TableStore, config: Config, book: LogBook) -> Iterator[Finding]:
    """Yield what is wrong with transitions and intervals; of a history that is merely behind only that."""
    if are_links_lost(store, book):
        found = "somebody else changed or restored its rows, or those of segment_migration"
        yield Finding(Severity.ERROR, store.location(SEGMENT_TRANSITION), found, "run rfm-spark track")
        return
    plan, links = history_plan(book, config)
    if plan.keys:
        days = sorted({day for _, day in plan.keys})
        found = f"{len(days)} dates have no history yet, or one of other neighbours, from {days[0]} to {days[-1]}"
        yield Finding(Severity.WARNING, store.location(SEGMENT_TRANSITION), found, "run rfm-spark track")
        return
    yield from replay_findings(store, config, links)
    yield from interval_findings(store)


def replay_findings(store: TableStore, config: Config, links: list[Link]) -> Iterator[Finding]:
    """Yield one finding where the transitions, replayed, are not the segments of every tracked date."""
    dates: dict[str, list[object]] = {}
    for link in links:
        dates.setdefault(link.segment_set, []).append(link.as_of)
    if not dates:
        return
    told = replay(store.read(SEGMENT_TRANSITION), dates)  # type: ignore[arg-type]  # the dates of links are days
    wrong = different(members_today(store, config, links), told).groupBy(*NAMED).count().collect()
    if wrong:
        places = sorted(f"{row[0]} {row[1]} ({row[2]} members)" for row in wrong)
        found = "replayed, the transitions are not member_segment at " + shown(places)
        yield Finding(Severity.ERROR, store.location(SEGMENT_TRANSITION), found, TRACK_AGAIN)


def members_today(store: TableStore, config: Config, links: list[Link]) -> DataFrame:
    """One row per member, set and tracked date of history, under the names of today."""
    sides = {(link.after.segment_set, link.as_of) for link in links if link.after is not None}
    rows = named_today(store.read(MEMBER_SEGMENT).where(of_keys(sorted(sides))), config)
    return rows.select(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.SEGMENT)


def interval_findings(store: TableStore) -> Iterator[Finding]:
    """Yield one finding per law that the intervals break: one stay at a time, one of them open, and all of them."""
    rows = store.read(SEGMENT_INTERVAL)
    in_time = Window.partitionBy(c.SEGMENT_SET, c.MEMBER_ID).orderBy(c.VALID_FROM)
    overlaps = rows.withColumn("next", F.lead(c.VALID_FROM).over(in_time)).where(F.col("next") < F.col(c.VALID_TO))
    of_member = rows.where(F.col(c.IS_CURRENT)).groupBy(c.SEGMENT_SET, c.MEMBER_ID)
    current = of_member.agg(F.count("*").alias("stays"), F.min(c.VALID_FROM).alias(c.VALID_FROM)).where("stays > 1")
    expected = intervals(store.read(SEGMENT_TRANSITION), "")
    for wrong, words in (
        (overlaps, "stays overlap the next one of their member"),
        (current, "members have more than one current stay"),
        (different(expected, rows), "stays are not those that the transitions give"),
    ):
        number, first = wrong.agg(F.count("*"), F.min(c.VALID_FROM)).collect()[0]
        if number:
            step = f"run rfm-spark track; if it stays, backfill from {first} on with --reprocess all"
            yield Finding(Severity.ERROR, store.location(SEGMENT_INTERVAL), f"{number} {words}", step)


def different(one: DataFrame, other: DataFrame) -> DataFrame:
    """One row per row that only one of the frames has; who wrote it does not count."""
    names = [name for name in one.columns if name != c.RUN_ID]
    sign = "sign"
    both = one.select(*names, F.lit(1).alias(sign)).unionByName(other.select(*names, F.lit(-1).alias(sign)))
    return both.groupBy(*names).agg(F.sum(sign).alias(sign)).where(F.col(sign) != 0)


def checksum_findings(store: TableStore, _: Config, __: LogBook) -> Iterator[Finding]:
    """Yield one finding per fact table whose days are not what fact_change last recorded of them."""
    versions = {table.name: store.version(table) for table in (MEMBER_DAY, MEMBER_TAG_DAY)}
    committed = committed_changes(store.read(FACT_CHANGE), versions)
    for facts in (MEMBER_DAY_FACTS, MEMBER_TAG_DAY_FACTS):
        days = [row[0] for row in wrong_days(committed, store.read(facts.table), facts).take(SHOWN + 1)]
        if days:
            found = "days are not as fact_change recorded them: " + shown([str(day) for day in sorted(days)])
            step = "somebody else changed them: run rfm-spark ingest, any makes these facts again"
            yield Finding(Severity.ERROR, store.location(facts.table), found, step)


def wrong_days(committed: DataFrame, rows: DataFrame, facts: FactTable) -> DataFrame:
    """One row per day with a pair whose rows or checksum are other than the last that was recorded."""
    last = Window.partitionBy(c.FACT_DAY, c.VALID_FROM).orderBy(F.desc(c.INGEST_NO))
    pair = [str(c.FACT_DAY), str(c.VALID_FROM)]
    recorded = (
        committed.where(F.col(c.FACT_TABLE) == facts.table.name)
        .withColumn("place", F.row_number().over(last))
        .where("place = 1")
        .select(*pair, F.col(c.ROW_COUNT).alias("recorded_rows"), F.col(c.CHECKSUM).alias("recorded_checksum"))
    )
    held = states_of_days(rows, facts)
    nothing = F.lit(0).cast("bigint")
    is_same = (F.coalesce(c.ROW_COUNT, nothing) == F.coalesce("recorded_rows", nothing)) & (
        F.coalesce(c.CHECKSUM, nothing) == F.coalesce("recorded_checksum", nothing)
    )
    return held.join(recorded, pair, "full").where(~is_same).select(c.FACT_DAY).distinct()


HISTORY_TABLES: tuple[Table, ...] = (
    SEGMENT_TRANSITION, SEGMENT_MIGRATION, SEGMENT_INTERVAL, MEMBER_SEGMENT,
)  # fmt: skip
