"""Fields of a line: dates in any session time zone, exact amounts, mapping and look-ups."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Format, Operation, Otherwise
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.source import ColumnMapping, Lookup, SourceRules
from rfm_spark.errors import DataCheckError, UsageError
from rfm_spark.ingest.databases import wall_clock
from rfm_spark.ingest.outputs import transactions
from rfm_spark.ingest.times import Zones, day_in, instant_of
from tests.spark.ingest_cases import Ingest, config_of, rule, source_of

BERLIN = Zones(source="Europe/Berlin", calendar="Europe/Berlin")
MIXED = Zones(source="America/New_York", calendar="Asia/Shanghai")


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


@pytest.fixture
def far_session(spark: SparkSession) -> Iterator[SparkSession]:
    """A session whose own time zone is wrong for everything."""
    before = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Pacific/Apia")
    yield spark
    spark.conf.set("spark.sql.session.timeZone", before)


Reading = tuple[datetime | None, date | None]


def readings(spark: SparkSession, texts: list[str], zones: Zones, formats: tuple[str, ...] = ()) -> list[Reading]:
    frame = spark.createDataFrame([(n, text) for n, text in enumerate(texts)], "n int, text string")
    return instants(frame, "string", zones, formats)


def instants(frame: DataFrame, type_: str, zones: Zones, formats: tuple[str, ...] = ()) -> list[Reading]:
    read = frame.select("n", instant_of(F.col("text"), type_, formats, zones).alias("at"))
    rows = read.select("n", F.unix_seconds("at").alias("s"), day_in(F.col("at"), zones.calendar).alias("day"))
    found = [(row.s, row.day) for row in rows.orderBy("n").collect()]
    return [(None if day is None else datetime.fromtimestamp(s, UTC), day) for s, day in found]


def at(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)


def test_iso_text_is_local_time_of_its_source_unless_it_has_an_offset(far_session: SparkSession) -> None:
    texts = [
        "2011-12-01 08:26:00", "2017-01-28T14:06:53-05:00", "2017-01-28T14:06:53-0500", "2017-01-28T23:06:53Z",
        "2011-12-01T08:26", "2011-12-01 08:26:00.123456789", "2017-01-28 14:06-05:00",
    ]  # fmt: skip
    assert readings(far_session, texts, MIXED) == [
        (at(2011, 12, 1, 13, 26), date(2011, 12, 1)),
        (at(2017, 1, 28, 19, 6, 53), date(2017, 1, 29)),
        (at(2017, 1, 28, 19, 6, 53), date(2017, 1, 29)),
        (at(2017, 1, 28, 23, 6, 53), date(2017, 1, 29)),
        (at(2011, 12, 1, 13, 26), date(2011, 12, 1)),
        (at(2011, 12, 1, 13, 26), date(2011, 12, 1)),
        (at(2017, 1, 28, 19, 6), date(2017, 1, 29)),
    ]


def test_a_day_without_time_stays_that_day_in_the_calendar(far_session: SparkSession) -> None:
    assert readings(far_session, ["2011-12-01"], MIXED) == [(at(2011, 11, 30, 16), date(2011, 12, 1))]
    sao_paulo = Zones("UTC", "America/Sao_Paulo")
    assert readings(far_session, ["2018-11-04"], sao_paulo)[0][1] == date(2018, 11, 4), "midnight did not exist"
    assert readings(far_session, ["20111201"], MIXED, ("yyyyMMdd",)) == [(at(2011, 11, 30, 16), date(2011, 12, 1))]


def test_what_is_no_date_is_none(far_session: SparkSession) -> None:
    texts = [
        "2011-02-30", "2011-02-30 10:00:00", "2011-13-01", "2011-1-1", "2011", "", "x", "2011-12-01 24:00:00",
        "2011-12-01 08:26:60", "0001-01-01", "9999-12-31", "2011-12-01Z", "+12011-12-01", "now", "epoch",
    ]  # fmt: skip
    assert [day for _, day in readings(far_session, texts, BERLIN)] == [None] * len(texts)
    by_format = readings(far_session, ["30/02/2011", "2011-01-01", ""], BERLIN, ("dd/MM/yyyy",))
    assert [day for _, day in by_format] == [None] * 3


def test_a_clock_change_moves_a_skipped_time_on_and_takes_the_first_of_a_repeated_one(
    far_session: SparkSession,
) -> None:
    texts = ["2024-03-31 02:30:00", "2024-10-27 02:30:00", "2024-10-27 03:00:00"]
    found = [instant for instant, _ in readings(far_session, texts, BERLIN)]
    assert found == [at(2024, 3, 31, 1, 30), at(2024, 10, 27, 0, 30), at(2024, 10, 27, 2)]


def test_formats_are_tried_in_order(far_session: SparkSession) -> None:
    formats = ("dd.MM.yyyy HH:mm", "MM/dd/yyyy", "yyyy-MM-dd'T'HH:mm:ssXXX", "epoch_millis")
    texts = ["01.12.2011 08:26", "12/01/2011", "2011-12-01T23:30:00-05:00", "1322727960000", "999999999999999999"]
    assert readings(far_session, texts, BERLIN, formats) == [
        (at(2011, 12, 1, 7, 26), date(2011, 12, 1)),
        (at(2011, 11, 30, 23), date(2011, 12, 1)),
        (at(2011, 12, 2, 4, 30), date(2011, 12, 2)),
        (at(2011, 12, 1, 8, 26), date(2011, 12, 1)),
        (None, None),
    ]
    assert readings(far_session, ["1322727960", "-9223372036854775808"], BERLIN, ("epoch_seconds",)) == [
        (at(2011, 12, 1, 8, 26), date(2011, 12, 1)),
        (None, None),
    ]


def test_typed_columns_need_no_format(far_session: SparkSession) -> None:
    frame = far_session.createDataFrame([(0, date(2011, 12, 1))], "n int, text date")
    assert instants(frame, "date", MIXED) == [(at(2011, 11, 30, 16), date(2011, 12, 1))]
    wall = far_session.createDataFrame([(0, datetime(2011, 12, 1, 8, 26))], "n int, text timestamp_ntz")  # noqa: DTZ001  # a wall clock has no zone
    assert instants(wall, "timestamp_ntz", MIXED) == [(at(2011, 12, 1, 13, 26), date(2011, 12, 1))]
    point = far_session.createDataFrame([(0, at(2011, 12, 1, 18))], "n int, text timestamp")
    assert instants(point, "timestamp", MIXED) == [(at(2011, 12, 1, 18), date(2011, 12, 2))]


def test_clocks_of_a_zone_are_told_whatever_the_session_is(far_session: SparkSession) -> None:
    point = far_session.createDataFrame([(at(2011, 12, 1, 13, 26),)], "at timestamp")
    wall = point.select(wall_clock(F.col("at"), "America/New_York").cast("string").alias("wall"))
    assert [row.wall for row in wall.collect()] == ["2011-12-01 08:26:00"]


def test_amounts_are_exact_and_rounded_half_up_once(ingest: Ingest) -> None:
    texts = {
        "1": "12.34", "2": "0.00005", "3": "4.440892e-16", "4": "1e3", "5": " 7 ", "6": "0.1",
        "7": "999999999.99995", "8": "1000000000",
    }  # fmt: skip
    path = ingest.write("a.csv", "id,at,amount\n" + "".join(f"{k},2011-12-01,{v}\n" for k, v in texts.items()))
    staged, counts = ingest.stage(source_of(path, {"member": "id", "ordered_at": "at", "amount": "amount"}))
    found = {row.member_id: row.amount for row in transactions(staged, source_of(path)).collect()}
    expected = ["12.3400", "0.0001", "0.0000", "1000.0000", "7.0000", "0.1000", "1000000000.0000", "1000000000.0000"]
    assert found == {n: Decimal(text) for n, text in enumerate(expected, 1)}
    assert counts.rejected == 0


def test_a_product_is_exact_before_it_is_rounded(ingest: Ingest) -> None:
    path = ingest.write(
        "a.csv",
        "id,at,pieces,price\n1,2011-12-01,3,0.33335\n2,2011-12-01,0.5,0.0001\n3,2011-12-01,-2,2.5\n4,2011-12-01,x,1\n",
    )
    product = ColumnMapping(formula=Formula(Operation.MULTIPLY, ("quantity", "price")))
    columns = {"member": "id", "ordered_at": "at", "amount": product,
               "quantity": "pieces"}  # fmt: skip
    source = source_of(path, columns, rules=SourceRules(refund=rule(pieces={"below": 0})))
    staged, counts = ingest.stage(source)
    found = {row.member_id: (row.kind, row.amount, row.quantity) for row in transactions(staged, source).collect()}
    assert found == {
        1: ("sale", Decimal("1.0001"), Decimal("3.0000")),
        2: ("sale", Decimal("0.0001"), Decimal("0.5000")),
        3: ("refund", Decimal("5.0000"), Decimal("-2.0000")),
    }
    assert counts.reasons == {"bad amount": 1}


def test_a_field_is_built_in_the_order_of_its_mapping(ingest: Ingest) -> None:
    path = ingest.write(
        "a.csv",
        "id,at,amount,no,shop\nM-1,2011-12-01,5,C77,\nM-2,2011-12-01,5,78,web\nM-3,2011-12-01,5,,web\n",
    )
    columns = {
        "member": ColumnMapping(column="id", pattern=r"^M-(\d+)$"),
        "ordered_at": "at",
        "amount": "amount",
        "order_id": ColumnMapping(column="no", when=rule(**{"not": {"no": {"starts_with": "C"}}})),
        "refunded_order_id": ColumnMapping(column="no", pattern=r"^C(\d+)$", default="none"),
        "channel": ColumnMapping(column="shop", default="till"),
        "brand": ColumnMapping(value="own"),
    }
    source = source_of(path, columns, rules=SourceRules(refund=rule(no={"starts_with": "C"})))
    staged, _ = ingest.stage(source)
    rows = transactions(staged, source).orderBy("member_id").collect()
    assert [(r.member_id, r.order_id, r.refunded_order_id, r.channel, r.brand) for r in rows] == [
        (1, None, "77", "till", "own"),
        (2, "78", None, "web", "own"),
        (3, None, None, "web", "own"),
    ]


def test_a_default_leaves_the_instants_of_a_typed_column_alone(ingest: Ingest) -> None:
    path = str(ingest.folder / "typed")
    rows = [(1, at(2011, 12, 1, 2), 5.0), (2, None, 5.0)]
    ingest.spark.createDataFrame(rows, "id int, at timestamp, amount double").write.parquet(path)
    columns = {"member": "id", "ordered_at": ColumnMapping(column="at", default="2011-11-01"), "amount": "amount"}
    source = source_of(path, columns, format=Format.PARQUET, time_zone="America/New_York")
    staged, _ = ingest.stage(source, config_of("America/New_York"))
    found = {row.member_id: row.transaction_day for row in transactions(staged, source).collect()}
    assert found == {1: date(2011, 11, 30), 2: date(2011, 11, 1)}


def test_a_lookup_brings_columns_by_key(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "id,at,amount,item\n1,2011-12-01,5,10\n2,2011-12-01,5, 11\n3,2011-12-01,5,99\n")
    items = ingest.write("items.csv", "no,dept\n10,food\n11,\n12,toys\n10,food\n")
    lookup = Lookup("items", Format.CSV, str(items), key="no", source_key="item", missing="unknown")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount",
               "category": ColumnMapping(column="dept", lookup="items")}  # fmt: skip
    source = source_of(path, columns, lookups={"items": lookup})
    staged, _ = ingest.stage(source)
    rows = transactions(staged, source).collect()
    assert {row.member_id: row.category for row in rows} == {1: "food", 2: None, 3: "unknown"}
    ingest.write("items.csv", "no,dept\n10,food\n10,toys\n")
    with pytest.raises(DataCheckError, match="1 key with different rows"):
        ingest.stage(source)


def test_a_lookup_with_malformed_lines_is_not_used_half(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "id,at,amount,item\n1,2011-12-01,5,10\n")
    items = ingest.write("items.csv", "no,dept,shelf\n10,food,a\n11\n11\n12,toys,b,c\n")
    lookup = Lookup("items", Format.CSV, str(items), key="no", source_key="item")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount",
               "category": ColumnMapping(column="dept", lookup="items")}  # fmt: skip
    with pytest.raises(DataCheckError, match=r"3 malformed lines in .*items\.csv"):
        ingest.stage(source_of(path, columns, lookups={"items": lookup}))


def test_rules_name_fields_or_columns_and_the_first_match_decides(ingest: Ingest) -> None:
    lines = ["1,2011-12-01,5,sold", "2,2011-12-01,-5,back", "3,2011-12-01,5,test", "4,2011-12-01,5,other"]
    path = ingest.write("a.csv", "\n".join(["id,at,amount,kind_of", *lines]) + "\n")
    rules = SourceRules(
        exclude=rule(kind_of="test"),
        refund=rule(amount={"below": 0}),
        sale=rule(kind_of=["sold", "back"]),
        otherwise=Otherwise.REJECT,
    )
    source = source_of(path, {"member": "id", "ordered_at": "at", "amount": "amount"}, rules=rules)
    staged, counts = ingest.stage(source)
    assert {(r.member_id, r.kind) for r in transactions(staged, source).collect()} == {(1, "sale"), (2, "refund")}
    assert (counts.read, counts.accepted, counts.excluded, counts.rejected) == (4, 2, 1, 1)
    assert counts.reasons == {"unclassified": 1}


def test_the_time_of_an_order_comes_out_of_a_typed_look_up(ingest: Ingest) -> None:
    orders = "SELECT 'o1' id, timestamp'2024-01-05 23:30:00' at, true paid UNION ALL SELECT 'o2', NULL, false"
    ingest.spark.sql(orders).coalesce(1).write.parquet(str(ingest.folder / "orders"))
    path = ingest.write("in.csv", "cust,order,amount\n1,o1,5\n2,o2,5\n3,o3,5\n")
    lookup = Lookup("orders", Format.PARQUET, str(ingest.folder / "orders"), key="id", source_key="order",
                    missing="2024-02-01")  # fmt: skip
    columns = {
        "member": "cust", "ordered_at": ColumnMapping(column="at", lookup="orders"), "amount": "amount",
        "category": ColumnMapping(column="at", lookup="orders", pattern=r"^(\d{4})"),
    }  # fmt: skip
    rules = SourceRules(exclude=rule(**{"orders.paid": "no"}))
    source = source_of(path, columns, lookups={"orders": lookup}, rules=rules)
    staged, counts = ingest.stage(source, config_of("America/New_York"))
    assert counts.reasons == {"bad date": 1}
    found = {row.member_id: (row.transaction_day, row.category) for row in transactions(staged, source).collect()}
    assert found == {1: (date(2024, 1, 5), "2024"), 3: (date(2024, 2, 1), "2024")}
    first = ColumnMapping(first_of=("at", "orders.at"))
    path = ingest.write("first.csv", "cust,order,amount,at\n3,o3,5,\n4,,5,2024-03-01\n")
    staged, counts = ingest.stage(source_of(path, {**columns, "ordered_at": first}, lookups={"orders": lookup}))
    found = {row.member_id: str(row.line_day) for row in staged.collect()}
    assert (found, dict(counts.not_found)) == ({3: "2024-02-01", 4: "2024-03-01"}, {"orders": 1})
    at_as_amount = {**columns, "amount": "orders.at"}
    with pytest.raises(UsageError, match=r"orders\.at is timestamp; expected orders\.at as .* for amount"):
        ingest.stage(source_of(path, at_as_amount, lookups={"orders": lookup}))
