"""Every format gives the same lines, and files of one source may differ where it does not matter."""

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.choices import Delivery, Format
from rfm_spark.config.source import ColumnMapping, Jdbc, Secret, Source, SourceRules
from rfm_spark.errors import UsageError
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.outputs import transactions
from tests.spark.ingest_cases import SALE_COLUMNS, Ingest, config_of, rule, source_of

EXPECTED = [(1, "A", date(2011, 12, 1), Decimal("5.5000")), (2, None, date(2011, 12, 2), Decimal("7.0000"))]
CSV = "id,at,amount,order\n1,2011-12-01 10:00:00,5.50,A\n2,2011-12-02,7,\n"


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def sales(ingest: Ingest, source: Source, asked: Asked | None = None) -> list[tuple[object, ...]]:
    staged, counts = ingest.stage(source, asked=asked)
    assert counts.read == counts.accepted
    return shown(transactions(staged, source))


def shown(frame: DataFrame) -> list[tuple[object, ...]]:
    rows = frame.orderBy("member_id").collect()
    return [(row.member_id, row.order_id, row.transaction_day, row.amount) for row in rows]


def test_csv_plain_gz_quoted_and_with_a_byte_order_mark(ingest: Ingest) -> None:
    quoted = '"id","at","amount","order","note"\n1,2011-12-01,5.50,A,"two\nlines, ""one"" cell"\n2,2011-12-02,7,,\n'
    files = {
        "plain.csv": CSV.encode(),
        "packed.csv.gz": gzip.compress(CSV.encode()),
        "marked.csv": b"\xef\xbb\xbf" + CSV.encode(),
        "dos.csv": CSV.replace("\n", "\r\n").encode(),
        "semicolon.csv": CSV.replace(",", ";").encode(),
        "quoted.csv": quoted.encode(),
    }
    options = {"semicolon.csv": {"sep": ";"}, "quoted.csv": {"multiLine": "true", "escape": '"'}}
    for name, content in files.items():
        path = ingest.write(name, content)
        assert sales(ingest, source_of(path, options=options.get(name, {}))) == EXPECTED, name


def test_gbk_text_keeps_its_characters(ingest: Ingest) -> None:
    path = ingest.write("gbk.csv", "会员,时间,金额,类别\n1,2011-12-01,5.5,图书\n".encode("gbk"))
    columns = {"member": "会员", "ordered_at": "时间", "amount": "金额", "category": "类别"}
    source = source_of(path, columns, options={"encoding": "GBK"})
    staged, _ = ingest.stage(source)
    assert [row.category for row in transactions(staged, source).collect()] == ["图书"]


def test_json_numbers_keep_every_digit(ingest: Ingest) -> None:
    path = ingest.write(
        "a.json",
        '{"id":1,"at":"2011-12-01 10:00:00","amount":5.50,"order":"A","more":{"x":[1]}}\n'
        '{"id":"2","at":"2011-12-02","amount":7,"order":null}\n\n',
    )
    assert sales(ingest, source_of(path, format=Format.JSON)) == EXPECTED
    path = ingest.write("b.json", '{"id":1,"at":"2011-12-01","amount":99999999.00005}\nnot json\n')
    source = source_of(path, {"member": "id", "ordered_at": "at", "amount": "amount"}, format=Format.JSON)
    staged, counts = ingest.stage(source)
    assert [row.amount for row in transactions(staged, source).collect()] == [Decimal("99999999.0001")]
    assert counts.reasons == {"malformed line": 1}


def test_json_lines_may_lack_an_optional_key_and_no_required_one(ingest: Ingest) -> None:
    columns = {**SALE_COLUMNS, "refunded_order_id": "refunds"}
    for content, accepted in (("", 0), ('{"id":1,"at":"2011-12-01","amount":5,"order":"A"}\n', 1)):
        source = source_of(ingest.write("a.json", content), columns, format=Format.JSON)
        assert ingest.stage(source)[1].accepted == accepted
    typo = source_of(ingest.folder / "a.json", {**columns, "amount": "amuont"}, format=Format.JSON)
    with pytest.raises(UsageError, match="missing: amuont"):
        ingest.stage(typo)
    capitals = source_of(ingest.folder / "a.json", {**columns, "order_id": "Order"}, format=Format.JSON)
    with pytest.raises(UsageError, match="missing: Order"):
        ingest.stage(capitals)


def test_parquet_and_delta_bring_their_types(ingest: Ingest) -> None:
    frame = ingest.spark.createDataFrame(
        [(1, date(2011, 12, 1), Decimal("5.50"), "A"), (2, date(2011, 12, 2), Decimal("7.00"), None)],
        "id bigint, at date, amount decimal(10,2), order string",
    )
    for format_ in (Format.PARQUET, Format.DELTA):
        path = ingest.folder / format_.value
        frame.write.format(format_.value).save(str(path))
        assert sales(ingest, source_of(path, format=format_)) == EXPECTED
    frame.write.format("delta").mode("overwrite").saveAsTable("sales_of_a_test")
    assert sales(ingest, source_of("", paths=(), table="sales_of_a_test", format=Format.DELTA)) == EXPECTED
    ingest.spark.sql("drop table sales_of_a_test")


def test_a_database_table_is_read_with_secrets(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_USER", "reader")
    monkeypatch.setenv("DB_WORD", "pass")
    url = "jdbc:derby:memory:ingest"
    frame = ingest.spark.createDataFrame([(1, "2011-12-01", 5.5, "A"), (2, "2011-12-02", 7.0, None)],
                                         "id int, at string, amount double, order_no string")  # fmt: skip
    frame.write.jdbc(f"{url};create=true", "lines")
    jdbc = Jdbc(url, "APP.lines", user=Secret(env="DB_USER"), password=Secret(env="DB_WORD"), fetch_size=10)
    columns = {"member": "ID", "ordered_at": "AT", "amount": "AMOUNT", "order_id": "ORDER_NO"}
    columns = {field: column.lower() for field, column in columns.items()}
    source = source_of("", columns, paths=(), jdbc=jdbc, format=Format.JDBC)
    assert sales(ingest, source) == EXPECTED


def test_a_database_time_without_offset_is_local_to_its_source(ingest: Ingest) -> None:
    url = "jdbc:derby:memory:local_times"
    frame = ingest.spark.sql("select 1 id, timestamp_ntz'2011-12-01 20:00:00' at, 5.5 amount, 'A' order_no")
    frame.write.jdbc(f"{url};create=true", "lines")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount", "order_id": "order_no"}
    bounds = {"partition_column": "at", "lower_bound": "2011-01-01", "upper_bound": "2012-01-01", "partitions": 2}
    for settings in ({}, bounds):
        jdbc = Jdbc(url, "APP.lines", **settings)
        source = source_of("", columns, paths=(), jdbc=jdbc, format=Format.JDBC, time_zone="America/New_York")
        staged, _ = ingest.stage(source, config_of("Asia/Shanghai"))
        assert [row.transaction_day for row in transactions(staged, source).collect()] == [date(2011, 12, 2)]


@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_text_is_split_by_patterns_after_skipped_lines(ingest: Ingest, skipped: int) -> None:
    head = ["  customer  date", "-----  -----"][:skipped]
    lines = [*head, " 00001 20111201  1   5.50", " 00002 20111202  2   7.00", ""]
    for name in ("a.txt", "b.txt"):
        ingest.write(f"text/{name}", "\r\n".join(lines))
    columns = {
        "member": ColumnMapping(column="value", pattern=r"^\s*0*(\d+)"),
        "ordered_at": ColumnMapping(column="value", pattern=r"^\s*\d+\s+(\d{8})", formats=("yyyyMMdd",)),
        "amount": ColumnMapping(column="value", pattern=r"(\S+)$"),
    }
    source = source_of(ingest.folder / "text" / "*.txt", columns, format=Format.TEXT, skip_lines=skipped)
    staged, counts = ingest.stage(source)
    assert counts.read == 4
    found = shown(transactions(staged, source))
    assert found == [
        (1, None, date(2011, 12, 1), Decimal("5.5000")),
        (1, None, date(2011, 12, 1), Decimal("5.5000")),
        (2, None, date(2011, 12, 2), Decimal("7.0000")),
        (2, None, date(2011, 12, 2), Decimal("7.0000")),
    ]


def test_files_may_order_their_columns_differently_and_have_more(ingest: Ingest) -> None:
    ingest.write("in/a.csv", "id,at,amount,order\n1,2011-12-01,5.5,A\n")
    ingest.write("in/b.csv", "amount,extra,order,at,id\n7,x,,2011-12-02,2\n")
    assert sales(ingest, source_of(ingest.folder / "in")) == EXPECTED


def test_a_value_in_the_place_of_the_header_is_not_shown(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "anna@b.example,2011-12-01,5,anna@b.example\n")
    with pytest.raises(UsageError, match="none of the needed columns") as stopped:
        ingest.stage(source_of(path))
    assert "anna" not in str(stopped.value)
    path = ingest.write("b.csv", "id,at,amount,order,ID\n1,2011-12-01,5,A,1\n")
    with pytest.raises(UsageError, match="column ID twice"):
        ingest.stage(source_of(path))


def test_a_batch_is_named_below_the_folder_without_a_glob(ingest: Ingest) -> None:
    ingest.write("in/2011 12/a+b.csv", "id,at,amount,order\n1,2011-12-01,5.5,A\n")
    ingest.write("in/2012/01/c.csv", "id,at,amount,order\n2,2011-12-02,7,\n")
    cases = {
        ("in/*/*.csv",): {1: "2011 12/a+b.csv"},
        ("in/*/*.csv", "in/*/*/*.csv"): {1: "2011 12/a+b.csv", 2: "2012/01/c.csv"},
        ("in/2011 12/a+b.csv",): {1: "a+b.csv"},
        ("in/2011 12", "in/2012/01"): {1: "2011 12/a+b.csv", 2: "2012/01/c.csv"},
        ("in/2011 12/*.csv", "in/2012/01/c.csv"): {1: "2011 12/a+b.csv", 2: "2012/01/c.csv"},
    }
    for patterns, expected in cases.items():
        paths = tuple(str(ingest.folder / pattern) for pattern in patterns)
        source = source_of("", paths=paths, delivery=Delivery.BATCHES)
        staged, _ = ingest.stage(source)
        assert {row.member_id: row.batch_id for row in transactions(staged, source).collect()} == expected, patterns


def test_files_of_one_name_in_two_paths_are_two_batches(ingest: Ingest) -> None:
    for number, folder in enumerate(("till/2011", "web/2011"), start=1):
        ingest.write(f"in/{folder}/part-00000.csv", f"id,at,amount,order\n{number},2011-12-01,5.5,A\n")
    paths = (str(ingest.folder / "in/till/2011"), str(ingest.folder / "in/w*/2011"))
    source = source_of("", paths=paths, delivery=Delivery.BATCHES)
    staged, _ = ingest.stage(source)
    assert {row.member_id: row.batch_id for row in transactions(staged, source).collect()} == {
        1: "till/2011/part-00000.csv", 2: "web/2011/part-00000.csv",
    }  # fmt: skip


def test_a_file_that_two_paths_name_is_refused(ingest: Ingest) -> None:
    ingest.write("in/x.csv", CSV)
    with pytest.raises(UsageError, match=r"two paths of path name the file x\.csv"):
        ingest.stage(source_of("", paths=(str(ingest.folder / "in/*.csv"), str(ingest.folder / "in/x.csv"))))


def test_options_that_lose_lines_or_hold_sql_are_refused(ingest: Ingest) -> None:
    path = ingest.write("a.csv", CSV)
    for name in ("mode", "ignoreCorruptFiles", "query", "enforceSchema"):
        with pytest.raises(UsageError, match="options"):
            ingest.stage(source_of(path, options={name: "x"}))


def test_column_names_with_dots_and_quotes_are_only_names(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "id,at,a.mount,or`der,x\n1,2011-12-01,5.5,A,t\n2,2011-12-02,7,,t\n")
    columns = {**SALE_COLUMNS, "amount": "a.mount", "order_id": "or`der"}
    source = source_of(path, columns, rules=SourceRules(exclude=rule(**{"a.mount": {"below": 0}})))
    assert sales(ingest, source) == EXPECTED


def test_the_configuration_of_the_calendar_decides_the_day(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "id,at,amount,order\n1,2011-12-01 20:00:00,5.5,A\n")
    source = source_of(path, time_zone="America/New_York")
    staged, _ = ingest.stage(source, config_of("Asia/Shanghai"))
    assert [row.transaction_day for row in transactions(staged, source).collect()] == [date(2011, 12, 2)]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "GBK"])
@pytest.mark.parametrize("skipped", [0, 1, 2, 3])
def test_skipped_lines_of_text_are_counted_as_an_editor_counts_them(
    ingest: Ingest, skipped: int, encoding: str
) -> None:
    head = ["", "\u5355\u53f7", "   "][:skipped]
    for name, member in (("a.txt", 1), ("b.txt", 2)):
        lines = [*head, f"{member} 2011-12-01 5.50", "", f"{member} 2011-12-02 7.00"]
        ingest.write(f"text/{name}", "\r\n".join(lines).encode(encoding))
    part = {field: ColumnMapping(column="value", pattern=f"^{'[^ ]+ ' * n}([^ ]+)") for n, field in
            enumerate(("member", "ordered_at", "amount"))}  # fmt: skip
    options = {"encoding": encoding}
    source = source_of(ingest.folder / "text", part, format=Format.TEXT, skip_lines=skipped, options=options)
    staged, counts = ingest.stage(source)
    assert (counts.read, counts.accepted) == (4, 4)
    assert {(row.member_id, row.amount) for row in transactions(staged, source).collect()} == {
        (member, amount) for member in (1, 2) for amount in (Decimal("5.5"), Decimal(7))
    }


def test_an_archive_that_is_called_text_is_refused_with_no_byte_of_it(ingest: Ingest) -> None:
    ingest.write("text/a.txt", b"PK\x03\x04canary")
    source = source_of(ingest.folder / "text", {"member": "value"}, format=Format.TEXT)
    with pytest.raises(UsageError, match=r"a\.txt") as refused:
        ingest.stage(source)
    assert "canary" not in str(refused.value)
