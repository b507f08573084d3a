"""Writing by whole commits: what a replace takes away, what it refuses, and what it says."""

from datetime import date
from decimal import Decimal

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.model import Warehouse
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, MEMBER_SEGMENT, RUN_CONFIG, TRANSACTION
from rfm_spark.dates import DayRange
from rfm_spark.errors import DataCheckError, RfmSparkError, UsageError
from rfm_spark.io import tables
from rfm_spark.io.tables import TableStore
from tests.delta.samples import one_row

JAN, FEB, MAR = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)


def segments(spark: SparkSession, *rows: tuple[date, str, int, str]) -> DataFrame:
    return spark.createDataFrame([(*row, "r1") for row in rows], MEMBER_SEGMENT.schema_text())


def content(store: TableStore) -> list[tuple[date, str, int, str]]:
    return sorted(tuple(row)[:4] for row in store.read(MEMBER_SEGMENT).collect())


@pytest.fixture
def segment_store(spark: SparkSession, store: TableStore) -> TableStore:
    store.create(MEMBER_SEGMENT)
    rows = segments(spark, (JAN, "tier", 1, "gold"), (JAN, "it's", 1, "new"), (FEB, "tier", 1, "gold"))
    store.append(MEMBER_SEGMENT, rows, {"run_id": "r0"})
    return store


def test_replace_takes_away_exactly_the_named_rows(spark: SparkSession, segment_store: TableStore):
    new = segments(spark, (JAN, "tier", 2, "silver"))
    version = segment_store.replace(MEMBER_SEGMENT, new, {c.AS_OF_DATE: JAN, c.SEGMENT_SET: "tier"}, {"run_id": "r2"})
    assert version == segment_store.version(MEMBER_SEGMENT)
    assert content(segment_store) == [(JAN, "it's", 1, "new"), (JAN, "tier", 2, "silver"), (FEB, "tier", 1, "gold")]
    metadata = segment_store.last_metadata(MEMBER_SEGMENT)
    assert metadata is not None
    assert metadata["run_id"] == "r2"
    assert_df_equality(
        segment_store.read(MEMBER_SEGMENT, version).orderBy(c.AS_OF_DATE, c.SEGMENT_SET),
        segment_store.read(MEMBER_SEGMENT).orderBy(c.AS_OF_DATE, c.SEGMENT_SET),
    )

    quote = segments(spark, (JAN, "it's", 3, "new"))
    segment_store.replace(MEMBER_SEGMENT, quote, {c.AS_OF_DATE: [JAN, MAR], c.SEGMENT_SET: ["it's"]}, {})
    assert content(segment_store) == [(JAN, "it's", 3, "new"), (JAN, "tier", 2, "silver"), (FEB, "tier", 1, "gold")]

    empty = segments(spark)
    segment_store.replace(MEMBER_SEGMENT, empty, {c.AS_OF_DATE: JAN}, {})
    assert content(segment_store) == [(FEB, "tier", 1, "gold")]
    before = segment_store.version(MEMBER_SEGMENT)
    assert segment_store.replace(MEMBER_SEGMENT, empty, {c.AS_OF_DATE: JAN}, {}) == before


def test_a_row_of_another_date_is_refused_and_nothing_changes(spark: SparkSession, segment_store: TableStore):
    before = content(segment_store)
    wrong = segments(spark, (JAN, "tier", 9, "secret"), (FEB, "tier", 9, "secret"))
    with pytest.raises(DataCheckError, match="rows outside what is being replaced") as caught:
        segment_store.replace(MEMBER_SEGMENT, wrong, {c.AS_OF_DATE: JAN}, {})
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert content(segment_store) == before


def test_lines_of_days_and_of_a_batch_are_replaced_inside_their_month(spark: SparkSession, store: TableStore):
    store.create(TRANSACTION)
    month = date(2024, 1, 1)
    rows = [
        one_row(spark, TRANSACTION, transaction_month=month, transaction_day=date(2024, 1, day), batch_id=batch)
        for day, batch in ((1, ""), (2, ""), (3, "a\\b'.csv"))
    ]
    store.append(TRANSACTION, rows[0].unionAll(rows[1]).unionAll(rows[2]), {"run_id": "r1"})
    store.replace(TRANSACTION, rows[1].limit(0), {c.TRANSACTION_DAY: DayRange(date(2024, 1, 2), date(2024, 1, 2))}, {})
    store.replace(TRANSACTION, rows[2].limit(0), {c.BATCH_ID: "a\\b'.csv"}, {})
    left = [tuple(row) for row in store.read(TRANSACTION).select(c.TRANSACTION_DAY, c.BATCH_ID).collect()]
    assert left == [(date(2024, 1, 1), "")]


def test_a_broken_check_names_the_check_and_no_value(spark: SparkSession, store: TableStore):
    store.create(MEMBER_DAY)
    month = {c.ORDER_MONTH: date(2024, 1, 1)}
    amount = Decimal("7777.7777")
    with pytest.raises(DataCheckError, match="net_is_gross_less_refunds") as caught:
        store.append(MEMBER_DAY, one_row(spark, MEMBER_DAY, gross_amount=amount), {})
    assert "7777" not in str(caught.value)
    with pytest.raises(DataCheckError, match="net_is_gross_less_refunds"):
        store.replace(MEMBER_DAY, one_row(spark, MEMBER_DAY, gross_amount=amount), month, {})
    with pytest.raises(DataCheckError, match="member_id is never NULL"):
        store.append(MEMBER_DAY, one_row(spark, MEMBER_DAY, member_id=None), {})
    assert store.read(MEMBER_DAY).isEmpty()


def test_a_missing_table_is_no_place_to_write(spark: SparkSession, store: TableStore):
    frame = segments(spark, (JAN, "tier", 1, "gold"))
    with pytest.raises(UsageError, match="rfm-spark init"):
        store.replace(MEMBER_SEGMENT, frame, {c.AS_OF_DATE: JAN}, {})
    with pytest.raises(UsageError, match="rfm-spark init"):
        store.read(MEMBER_SEGMENT)
    assert not store.exists(MEMBER_SEGMENT)


def test_an_append_only_table_keeps_its_rows(store: TableStore, spark: SparkSession):
    store.create(RUN_CONFIG)
    store.append(RUN_CONFIG, one_row(spark, RUN_CONFIG), {})
    with pytest.raises(Exception, match="DELTA_CANNOT_MODIFY_APPEND_ONLY"):
        store.replace(RUN_CONFIG, one_row(spark, RUN_CONFIG).limit(0), {c.CONFIG_HASH: "x"}, {})
    assert store.read(RUN_CONFIG).count() == 1


def test_verify_lists_every_difference(spark: SparkSession, store: TableStore):
    assert store.create(MEMBER_SEGMENT)
    assert not store.create(MEMBER_SEGMENT)
    name = store.sql_name(MEMBER_SEGMENT)
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    spark.sql(f"ALTER TABLE {name} ADD COLUMNS (surprise int)")
    with pytest.raises(UsageError) as caught:
        store.create(MEMBER_SEGMENT)
    for phrase in ("surprise is not in the contract", "reader version is 3, not 1", "has the feature deletionVectors"):
        assert phrase in str(caught.value)
    spark.sql(f"CREATE TABLE delta.`{store.location(MEMBER_DAY)}` (member_id int) USING delta")
    found = "; ".join(store.differences(MEMBER_DAY))
    for phrase in ("member_id is int, not bigint", "member_id takes NULL", "order_day is missing", "partitioned by []"):
        assert phrase in found
    assert "check month_is_of_day is missing" in found


def test_restored_and_deleted_rows_are_no_longer_what_a_run_left(spark: SparkSession, segment_store: TableStore):
    first = segment_store.version(MEMBER_SEGMENT)
    segment_store.replace(MEMBER_SEGMENT, segments(spark), {c.AS_OF_DATE: JAN}, {"run_id": "r2"})
    name = segment_store.sql_name(MEMBER_SEGMENT)
    spark.sql(f"RESTORE TABLE {name} TO VERSION AS OF {first}").collect()
    metadata = segment_store.last_metadata(MEMBER_SEGMENT)
    assert metadata is not None
    assert metadata["run_id"] == "r0"
    spark.sql(f"OPTIMIZE {name}").collect()
    assert segment_store.last_metadata(MEMBER_SEGMENT) == metadata
    spark.sql(f"DELETE FROM {name} WHERE as_of_date = DATE'2024-01-31'").collect()
    assert segment_store.last_metadata(MEMBER_SEGMENT) is None
    new = segments(spark, (JAN, "tier", 4, "gold"))
    segment_store.replace(MEMBER_SEGMENT, new, {c.AS_OF_DATE: JAN}, {"run_id": "r3"})
    assert content(segment_store) == [(JAN, "tier", 4, "gold"), (FEB, "tier", 1, "gold")]


def test_names_of_a_catalog_work_as_paths_do(spark: SparkSession):
    spark.sql("CREATE SCHEMA IF NOT EXISTS rfm_names")
    store = TableStore(spark, Warehouse(catalog="spark_catalog", schema="rfm_names"))
    try:
        assert store.location(MEMBER_SEGMENT) == "spark_catalog.rfm_names.member_segment"
        assert not store.exists(MEMBER_SEGMENT)
        assert store.create(MEMBER_SEGMENT)
        assert not store.create(MEMBER_SEGMENT)
        store.append(MEMBER_SEGMENT, segments(spark, (JAN, "tier", 1, "gold"), (FEB, "tier", 1, "gold")), {})
        version = store.replace(
            MEMBER_SEGMENT, segments(spark, (JAN, "tier", 2, "new")), {c.AS_OF_DATE: JAN}, {"run_id": "r9"}
        )
        assert content(store) == [(JAN, "tier", 2, "new"), (FEB, "tier", 1, "gold")]
        assert store.read(MEMBER_SEGMENT, version - 1).where("member_id = 2").isEmpty()
        assert (store.last_metadata(MEMBER_SEGMENT) or {})["run_id"] == "r9"
        with pytest.raises(DataCheckError):
            store.replace(MEMBER_SEGMENT, segments(spark, (FEB, "t", 1, "x")), {c.AS_OF_DATE: JAN}, {})
    finally:
        spark.sql("DROP SCHEMA rfm_names CASCADE")


def test_what_somebody_else_changed_is_told_from_tidying(spark: SparkSession, segment_store: TableStore):
    def is_changed(since: int) -> bool:
        return not segment_store.is_as_left(MEMBER_SEGMENT, since)

    name, left = segment_store.sql_name(MEMBER_SEGMENT), segment_store.version(MEMBER_SEGMENT)
    spark.sql(f"OPTIMIZE {name}")
    assert not is_changed(left)
    spark.sql(f"DELETE FROM {name} WHERE segment_set = 'tier'")
    assert is_changed(left)
    assert not is_changed(segment_store.version(MEMBER_SEGMENT))
    ours = segment_store.append(MEMBER_SEGMENT, segments(spark, (MAR, "tier", 1, "gold")), {})
    assert is_changed(left)
    assert not is_changed(ours)
    spark.sql(f"RESTORE TABLE {name} TO VERSION AS OF {ours - 1}")
    assert is_changed(ours)
    # A table that was made anew begins with version 0.
    assert is_changed(ours + 100)


def test_a_long_history_of_a_catalog_is_read_in_two_parts(spark: SparkSession, monkeypatch: pytest.MonkeyPatch):
    spark.sql("CREATE SCHEMA IF NOT EXISTS rfm_commits")
    store = TableStore(spark, Warehouse(catalog="spark_catalog", schema="rfm_commits"))
    try:
        store.create(MEMBER_SEGMENT)
        for number in range(3):
            store.append(MEMBER_SEGMENT, segments(spark, (JAN, "tier", number, "gold")), {})
        newest = store.version(MEMBER_SEGMENT)
        monkeypatch.setattr(tables, "RECENT_COMMITS", 2)
        assert [entry["version"] for entry in store.commits(MEMBER_SEGMENT)] == list(range(newest, -1, -1))
    finally:
        spark.sql("DROP SCHEMA rfm_commits CASCADE")


@pytest.mark.parametrize(
    "warehouse",
    [
        Warehouse(path="/tmp/x`; DROP TABLE y"),
        Warehouse(catalog="spark_catalog", schema="a.b"),
        Warehouse(catalog="c`", schema="s"),
        Warehouse(catalog="spark_catalog"),
        Warehouse(),
    ],
)
def test_names_outside_the_allow_list_are_refused(spark: SparkSession, warehouse: Warehouse):
    with pytest.raises(UsageError, match="warehouse"):
        TableStore(spark, warehouse)


def test_a_frame_of_another_shape_is_refused(spark: SparkSession, segment_store: TableStore):
    with pytest.raises(RfmSparkError, match="segment_set is missing"):
        segment_store.append(MEMBER_SEGMENT, segments(spark).drop(c.SEGMENT_SET), {})
