"""Every example of docs/querying.md runs, and the engines agree with each other and with what was written."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.model import Warehouse
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import (
    SEGMENT_INTERVAL,
    SEGMENT_MIGRATION,
    SEGMENT_TRANSITION,
    SEGMENT_TRANSITION_ARCHIVE,
)
from rfm_spark.contracts.tables import (
    MEMBER_IDENTITY,
    MEMBER_SEGMENT,
    PUBLISHED_DATE,
    RFM_SCORE,
    SEGMENT_SUMMARY,
)
from rfm_spark.dates import OPEN_END
from rfm_spark.io.tables import TableStore
from tests.delta.readers import duckdb_with_delta
from tests.delta.samples import one_row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "querying.md"
BLOCK = re.compile(r"```(?:sql|python) (\w+) (\w+)\n(.*?)```", re.DOTALL)
JAN, FEB, MAR, APR = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)
OFF_CALENDAR = date(2024, 3, 15)
HASHED = 2**62 + 1
KEPT, WENT_AND_CAME, WENT = 101, 102, 103
EXPECTED = {
    "published": [(JAN, True), (FEB, True), (OFF_CALENDAR, False), (APR, True)],
    "values": [(7, date(2024, 2, 28), None), (HASHED, date(2024, 2, 24), Decimal("3.3333"))],
    "shares": [
        (FEB, 1, 1, Decimal("0.500000"), Decimal("1.000"), Decimal("0.000"), Decimal("10.0000")),
        (FEB, 4, 1, Decimal("0.500000"), Decimal("5.000"), Decimal("3.000"), Decimal("10.0000")),
    ],
    "member": [("life_cycle", "active"), ("rfm_tier", "gold")],
    "own": [("Berlin", "gold"), ("Lyon", "new")],
    "stay": [(7, "new", None), *((member, "champions", None) for member in (KEPT, WENT_AND_CAME, WENT))],
    "then": [(7, "gold"), (HASHED, "gold")],
    "dwell": [("champions", 2, Decimal("29.000")), ("new", 1, Decimal("29.000"))],
    "causes": [("new", "gold", "behaviour", 5), ("gold", None, "left", 2)],
    "kept": [(JAN, APR, 3, 2, Decimal("0.666667"))],
    "windows": [("high", "high", 1), ("high", "low", 1), ("low", "absent", 1)],
    "rising": [(7, 5, 1)],
    "trend": [(JAN, 10, Decimal("0.100000")), (FEB, 12, Decimal("0.120000"))],
}
TRINO = ("values", "shares", "kept", "windows")


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A warehouse with published dates, and one that is being replaced."""
    folder = tmp_path_factory.mktemp("lake")
    store = TableStore(spark, Warehouse(path=str(folder)))
    history = (SEGMENT_TRANSITION, SEGMENT_TRANSITION_ARCHIVE, SEGMENT_INTERVAL, SEGMENT_MIGRATION)
    for table in (PUBLISHED_DATE, RFM_SCORE, MEMBER_SEGMENT, MEMBER_IDENTITY, SEGMENT_SUMMARY, *history):
        store.create(table)
    published = [
        one_row(spark, PUBLISHED_DATE, as_of_date=day, is_tracked=day != OFF_CALENDAR)
        for day in (JAN, FEB, OFF_CALENDAR, APR)
    ]
    store.append(PUBLISHED_DATE, reduce(DataFrame.unionAll, published), {})
    year = {c.RFM_WINDOW: "year", c.AS_OF_DATE: FEB}
    scores = one_row(spark, RFM_SCORE, member_id=7, recency_days=1, order_count=0, m_score=1, **year)
    bought = {"member_id": HASHED, "recency_days": 5, "order_count": 3, "net_amount": Decimal("10.0000"), "m_score": 4}
    lately = [
        one_row(spark, RFM_SCORE, as_of_date=FEB, rfm_window="month", member_id=member, m_score=score)
        for member, score in ((7, 5), (HASHED, 5), (8, 1))
    ]
    lately.append(one_row(spark, RFM_SCORE, as_of_date=MAR, rfm_window="year", member_id=7, m_score=5))
    store.append(
        RFM_SCORE, reduce(DataFrame.unionAll, [scores, one_row(spark, RFM_SCORE, **bought, **year), *lately]), {}
    )
    names = [(FEB, "rfm_tier", HASHED, "gold"), (FEB, "life_cycle", HASHED, "active"), (FEB, "rfm_tier", 7, "new")]
    rows = spark.createDataFrame([(*row, "r1") for row in names], MEMBER_SEGMENT.schema_text())
    store.append(MEMBER_SEGMENT, rows, {})
    references = [
        one_row(spark, MEMBER_IDENTITY, id_type="customer", id_value=reference, member_id=member)
        for reference, member in (("C-1001", HASHED), ("C-1002", 7))
    ]
    store.append(MEMBER_IDENTITY, reduce(DataFrame.unionAll, references), {})
    summaries = [
        one_row(spark, SEGMENT_SUMMARY, as_of_date=day, segment_set="rfm_tier", segment="gold",
                member_count=count, member_share=Decimal(count) / 100)
        for day, count in ((JAN, 10), (FEB, 12), (MAR, 99))
    ]  # fmt: skip
    store.append(SEGMENT_SUMMARY, summaries[0].unionAll(summaries[1]).unionAll(summaries[2]), {})
    store_history(store)
    store_trends(store)
    return str(folder)


def store_history(store: TableStore) -> None:
    """Store two members, of whom one became gold and was thought to have come as gold, and three champions."""
    spark = store.spark
    first, second = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 9, tzinfo=UTC)
    moves = [
        (JAN, 7, None, "new", second), (FEB, 7, "new", "gold", second), (FEB, HASHED, None, "gold", first),
        (MAR, HASHED, "gold", None, second),
    ]  # fmt: skip
    rows = [
        one_row(spark, SEGMENT_TRANSITION, as_of_date=day, segment_set="rfm_tier", member_id=member,
                previous_as_of_date=None, from_segment=before, to_segment=after, computed_at=recorded)
        for day, member, before, after, recorded in moves
    ]  # fmt: skip
    store.append(SEGMENT_TRANSITION, reduce(DataFrame.unionAll, rows), {})
    archived = one_row(
        spark, SEGMENT_TRANSITION_ARCHIVE, as_of_date=JAN, segment_set="rfm_tier", member_id=7,
        previous_as_of_date=None, from_segment=None, to_segment="gold", recorded_from=first, recorded_to=second,
    )  # fmt: skip
    store.append(SEGMENT_TRANSITION_ARCHIVE, archived, {})
    stays = [
        (7, JAN, FEB, "new", False, None), (7, FEB, OPEN_END, "gold", True, "new"),
        (KEPT, JAN, OPEN_END, "champions", True, None),
        (WENT_AND_CAME, JAN, FEB, "champions", False, None), (WENT_AND_CAME, APR, OPEN_END, "champions", True, None),
        (WENT, JAN, FEB, "champions", False, None),
    ]  # fmt: skip
    rows = [
        one_row(spark, SEGMENT_INTERVAL, segment_set="rfm_tier", member_id=member, valid_from=start, valid_to=end,
                segment=segment, is_current=current, previous_segment=before)
        for member, start, end, segment, current, before in stays
    ]  # fmt: skip
    store.append(SEGMENT_INTERVAL, reduce(DataFrame.unionAll, rows), {})


def store_trends(store: TableStore) -> None:
    """Store moves of two causes."""
    moved = [
        one_row(store.spark, SEGMENT_MIGRATION, as_of_date=FEB, segment_set="rfm_tier", from_segment=before,
                to_segment=after, cause=cause, member_count=count)
        for before, after, cause, count in (("new", "gold", "behaviour", 5), ("gold", None, "left", 2))
    ]  # fmt: skip
    store.append(SEGMENT_MIGRATION, reduce(DataFrame.unionAll, moved), {})


def examples(engine: str, lake: str) -> Iterator[tuple[str, str]]:
    for found, question, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if found == engine:
            yield question, text.replace("/lake/rfm", lake)


def statements(text: str) -> list[str]:
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def test_spark_answers_as_the_page_says(spark: SparkSession, lake: str):
    answers: dict[str, Any] = {}
    for question, text in examples("spark", lake):
        for statement in statements(text):
            answers[question] = [tuple(row) for row in spark.sql(statement).collect()]
    assert answers == EXPECTED


def test_duckdb_answers_as_the_page_says(lake: str):
    connection = duckdb_with_delta()
    answers: dict[str, Any] = {}
    for question, text in examples("duckdb", lake):
        for statement in statements(text):
            answers[question] = connection.execute(statement).fetchall()
    assert answers == EXPECTED


def test_polars_answers_as_the_page_says(lake: str):
    answers: dict[str, Any] = {}
    names: dict[str, Any] = {}
    for question, text in examples("polars", lake):
        exec(text, names)
        answers[question] = names["result"].rows()
    assert answers == EXPECTED


def test_trino_queries_answer_as_the_page_says_when_duckdb_runs_them(lake: str):
    """Trino itself is not at hand: DuckDB knows its names of tables and most of its words, the others are macros."""
    connection = duckdb_with_delta()
    connection.execute("ATTACH ':memory:' AS lake; CREATE SCHEMA lake.rfm")
    connection.execute("CREATE MACRO date_add(unit, number, day) AS CAST(day + to_days(number) AS DATE)")
    for table in (PUBLISHED_DATE, RFM_SCORE, SEGMENT_INTERVAL):
        scan = f"SELECT * FROM delta_scan('{lake}/{table.name}')"
        connection.execute(f"CREATE VIEW lake.rfm.{table.name} AS {scan}")
    answers = {question: connection.execute(text).fetchall() for question, text in examples("trino", lake)}
    assert answers == {question: EXPECTED[question] for question in TRINO}


def test_duckdb_loads_its_extension_from_a_wheel_as_the_page_says(lake: str):
    names: dict[str, Any] = {}
    [(_, text)] = examples("offline", lake)
    exec(text, names)
    assert names["dates"] == [(day,) for day, _ in EXPECTED["published"]]


def test_a_look_up_of_one_member_opens_one_file(spark: SparkSession, tmp_path: Path):
    store = TableStore(spark, Warehouse(path=str(tmp_path)))
    store.create(MEMBER_SEGMENT)
    rows = spark.createDataFrame(
        [(FEB, "rfm_tier", member, "gold", "r1") for member in range(400)], MEMBER_SEGMENT.schema_text()
    ).repartitionByRange(4, c.MEMBER_ID)
    store.replace(MEMBER_SEGMENT, rows, {c.AS_OF_DATE: FEB}, {})
    one = store.read(MEMBER_SEGMENT).where("as_of_date = DATE'2024-02-29' AND member_id = 250")
    assert len(store.read(MEMBER_SEGMENT).inputFiles()) == 4
    assert len(one.inputFiles()) == 1
    plan = (
        duckdb_with_delta()
        .execute(f"EXPLAIN ANALYZE SELECT * FROM delta_scan('{store.location(MEMBER_SEGMENT)}') WHERE member_id = 250")
        .fetchall()[0][1]
    )
    assert "Total Files Read: 1" in plan
