"""What must hold of the history of segments and of recorded facts, and what the doctor says where it does not."""

from collections.abc import Iterator

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from rfm_spark.as_of import of_keys
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import HISTORY_TABLES, SEGMENT_INTERVAL, SEGMENT_TRANSITION
from rfm_spark.contracts.tables import FACT_CHANGE, MEMBER_DAY, MEMBER_SEGMENT, MEMBER_TAG_DAY
from rfm_spark.examining.finding import SHOWN, Finding, Severity, shown
from rfm_spark.facts.changes import MEMBER_DAY_FACTS, MEMBER_TAG_DAY_FACTS, FactTable, states_of_days
from rfm_spark.facts.compare import different_rows
from rfm_spark.facts.staleness import committed_changes
from rfm_spark.history.archive import states_at
from rfm_spark.history.comparisons import Comparison
from rfm_spark.history.intervals import intervals
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.history_due import due_history
from rfm_spark.runs.ledger import Ledger
from rfm_spark.runs.registry import Registry
from rfm_spark.text import counted

TRACK_AGAIN = "run rfm-spark track; if it stays, backfill these dates with --reprocess all"
STATE = (c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.SEGMENT)


def history_findings(store: TableStore, config: Config, ledger: Ledger, _: Registry) -> Iterator[Finding]:
    """Yield what is wrong with transitions and intervals; of a history that is merely behind only that."""
    due = due_history(store, ledger, config)
    if due.changed_tables:
        tables = {table.name: table for table in HISTORY_TABLES}
        for name in due.changed_tables:
            found = "somebody else changed or restored its rows, or a run did not end"
            yield Finding(Severity.ERROR, store.location(tables[name]), found, "run rfm-spark track")
    elif due.plan.keys:
        days = due.plan.dates
        found = f"{counted(len(days), 'date')} without history, or with other neighbours, from {days[0]} to {days[-1]}"
        yield Finding(Severity.WARNING, store.location(SEGMENT_TRANSITION), found, "run rfm-spark track")
    if not due.plan.keys or due.changed_tables:
        yield from state_findings(store, due.comparisons)
        yield from interval_findings(store)


def state_findings(store: TableStore, comparisons: tuple[Comparison, ...]) -> Iterator[Finding]:
    """Yield one finding where the transitions do not give the segments of every tracked date."""
    dates: dict[str, list[object]] = {}
    for one in comparisons:
        dates.setdefault(one.segment_set, []).append(one.as_of)
    if not dates:
        return
    given = states_at(store.read(SEGMENT_TRANSITION), dates)  # type: ignore[arg-type]  # the dates of comparisons are days
    held = store.read(MEMBER_SEGMENT).where(of_keys([one.key for one in comparisons if one.after is not None]))
    wrong = different_rows(held.select(*STATE), given).groupBy(c.AS_OF_DATE, c.SEGMENT_SET).count().collect()
    if wrong:
        places = sorted(f"{row[0]} {row[1]} ({counted(row[2], 'member')})" for row in wrong)
        found = "the transitions do not give member_segment at " + shown(places)
        yield Finding(Severity.ERROR, store.location(SEGMENT_TRANSITION), found, TRACK_AGAIN)


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
        (different_rows(expected, rows, (c.RUN_ID,)), "stays are not those that the transitions give"),
    ):
        number, first = wrong.agg(F.count("*"), F.min(c.VALID_FROM)).collect()[0]
        if number:
            step = f"run rfm-spark track; if it stays, backfill from {first} on with --reprocess all"
            yield Finding(Severity.ERROR, store.location(SEGMENT_INTERVAL), f"{number} {words}", step)


def checksum_findings(store: TableStore, _: Config, __: Ledger, ___: Registry) -> Iterator[Finding]:
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
