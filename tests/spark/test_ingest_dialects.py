"""CSV as the world writes it, and ids that are text in every format."""

from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from rfm_spark.config.choices import Delivery, Format, Header, Refunds
from rfm_spark.config.source import MISSING_WORDS, ColumnMapping
from rfm_spark.contracts import columns as c
from rfm_spark.errors import ExitCode, UsageError
from rfm_spark.facts.member_days import member_days
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.outputs import transactions
from tests.spark.ingest_cases import KEY, NAMED, SALES, Ingest, source_of


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def items(ingest: Ingest, text: str | bytes, **settings: object) -> dict[str, str | None]:
    """Ingest a file of cust, day, item and amount; return the item of every member."""
    path = ingest.write("in.csv", text)
    source = source_of(path, {**SALES, "category": "item"}, **settings)
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.rejected == 0
    return {row[0]: row[1] for row in staged.select(c.ID_VALUE, c.CATEGORY).collect()}


def test_quotes_are_doubled_lines_break_inside_quotes_and_a_backslash_is_itself(ingest: Ingest) -> None:
    text = (
        "cust,day,item,amount\r\n"
        'Q1,2024-01-05,"Board 4"" x 8"", oak",10.00\r\n'
        'Q2,2024-01-05,"plain",20.00\r\n'
        'Q3,2024-01-05,"two\nlines",30.00\r\n'
        'Q4,2024-01-05,"ends with \\",40.00\r\n'
        'Q5,2024-01-05,"""quoted""",50.00\r\n'
        'Q6,2024-01-05,"a ""b"" c",60.00\r\n'
    )
    assert items(ingest, text) == {
        "Q1": 'Board 4" x 8", oak', "Q2": "plain", "Q3": "two\nlines", "Q4": "ends with \\", "Q5": '"quoted"',
        "Q6": 'a "b" c',
    }  # fmt: skip


def test_one_name_is_one_member_from_csv_and_from_json(ingest: Ingest) -> None:
    rows = '"Café ""Zur Post""",2024-01-05,10.00\n"Bar \\ Grill\\",2024-01-06,20.00\n'
    path = ingest.write("q.csv", f"cust,day,amount\n{rows}")
    lines = (
        '{"cust": "Café \\"Zur Post\\"", "day": "2024-01-05", "amount": "40.00"}\n'
        '{"cust": "Bar \\\\ Grill\\\\", "day": "2024-01-06", "amount": "1.00"}\n'
    )
    other = ingest.write("q.jsonl", lines)
    staged = [
        ingest.stage(source_of(path, SALES), NAMED, key=KEY)[0],
        ingest.stage(source_of(other, SALES, format=Format.JSON), NAMED, key=KEY)[0],
    ]
    one, two = ({row[0] for row in frame.select(c.MEMBER_ID).collect()} for frame in staged)
    assert one == two
    assert len(one) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "gbk", "windows-1252", "shift_jis"])
def test_an_encoding_needs_no_other_setting(ingest: Ingest, encoding: str) -> None:
    item = {"gbk": "红茶", "shift_jis": "お茶"}.get(encoding, "Thé")
    text = f'cust,day,item,amount\r\nA,2024-01-05,"{item}\r\nzwei",1.00\r\n'.encode(encoding)
    assert items(ingest, text, options={"encoding": encoding}) == {"A": f"{item}\nzwei"}


def test_a_byte_order_mark_and_a_backslash_dialect_are_read_as_asked(ingest: Ingest) -> None:
    text = '\ufeffcust,day,item,amount\nA,2024-01-05,"say \\"hi\\"",1.00\n'
    assert items(ingest, text, options={"escape": "\\"}) == {"A": 'say "hi"'}


def test_a_file_without_line_breaks_in_values_may_be_split(ingest: Ingest) -> None:
    text = 'cust,day,item,amount\nA,2024-01-05,"4"" nails",1.00\n'
    assert items(ingest, text, multi_line=False) == {"A": '4" nails'}


def test_an_id_is_its_digits_whatever_type_a_file_gives_it(ingest: Ingest) -> None:
    csv = ingest.write("big.csv", "cust,day,amount,order\n12345678,2024-01-05,1.00,7\n")
    frame = ingest.spark.range(1).selectExpr(
        "double(12345678) cust", "date'2024-01-05' day", "decimal(1.00) amount", "decimal(7.00) order"
    )
    frame.write.parquet(str(ingest.folder / "big"))
    columns = {**SALES, "order_id": "order"}
    of_csv, _ = ingest.stage(source_of(csv, columns), NAMED, key=KEY)
    source = source_of(ingest.folder / "big", columns, format=Format.PARQUET)
    of_parquet, _ = ingest.stage(source, NAMED, key=KEY)
    kept = (c.MEMBER_ID, c.ORDER_ID, c.AMOUNT)
    one, two = (transactions(frame, source).select(*kept).collect() for frame in (of_csv, of_parquet))
    assert one == two


def test_names_that_differ_in_capitals_or_blanks_alone_are_named_and_accepted_where_asked(ingest: Ingest) -> None:
    path = ingest.write("in.csv", "Cust, Day ,Amount\nA,2024-01-05,1.00\n")
    with pytest.raises(UsageError) as refused:
        ingest.stage(source_of(path, SALES), NAMED, key=KEY)
    assert "differ in capitals or blanks alone: 'Amount' for 'amount', 'Cust' for 'cust'" in str(refused.value)
    assert "header: ignore_case" in str(refused.value)
    _, counts = ingest.stage(source_of(path, SALES, header=Header.IGNORE_CASE), NAMED, key=KEY)
    assert counts.accepted == 1


@pytest.mark.parametrize(("name", "content", "said"), [
    ("z.zip", b"PK\x03\x04canary", "a ZIP archive"),
    ("book.xlsx", b"PK\x03\x04canary", "an Excel workbook"),
    ("named.csv", b"PK\x03\x04\x14\x00canary", "a ZIP archive"),
    ("book.csv", b"PK\x03\x04\x14\x00[Content_Types].xml canary", "an Excel workbook.*libreoffice --headless"),
    ("old.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 canary", "an Excel workbook.*libreoffice --headless"),
    ("rows.csv", b"PAR1\x15\x04canary", "a Parquet file"),
])  # fmt: skip
def test_a_file_that_is_not_text_is_named_and_not_shown(ingest: Ingest, name: str, content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        ingest.stage(source_of(ingest.write(name, content), SALES), NAMED, key=KEY)
    assert "canary" not in str(refused.value)


def test_words_for_nothing_are_no_member_and_no_order(ingest: Ingest) -> None:
    words = [*MISSING_WORDS, "", "00000000", " NaN "]
    of_members = [f"{word},2024-01-05,1.00,7" for word in words]
    of_orders = [f"A,2024-01-05,1.00,{word}" for word in words]
    path = ingest.write("in.csv", "\n".join(["cust,day,amount,order", *of_members, *of_orders, "0,2024-01-05,1.00,0"]))
    columns = {**SALES, "order_id": "order"}
    source = source_of(path, columns)
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.reasons == {"missing member": len(words)}
    orders = {row[0] for row in transactions(staged, source).select(c.ORDER_ID).collect()}
    assert orders == {None, "0"}
    _, kept = ingest.stage(source_of(path, columns, missing_words=("-",)), NAMED, key=KEY)
    assert kept.reasons == {"missing member": 2}


def test_an_order_key_of_several_columns_and_the_first_reference_that_is_there(ingest: Ingest) -> None:
    text = "card,mail,day,store,receipt,amount\nC1,,2024-03-01,s1,1,10\nC1,,2024-03-02,s1,1,20\n,m@x,2024-03-02,s1,,5\n"
    columns = {
        "member": ColumnMapping(first_of=("card", "mail")), "ordered_at": "day", "amount": "amount",
        "order_id": ColumnMapping(concat=("store", "day", "receipt"), between="-"),
    }  # fmt: skip
    source = source_of(ingest.write("in.csv", text), columns)
    staged, _ = ingest.stage(source, NAMED, key=KEY)
    found = {(row[0], row[1]) for row in staged.select(c.ID_VALUE, c.ORDER_ID).collect()}
    assert found == {("C1", "s1-2024-03-01-1"), ("C1", "s1-2024-03-02-1"), ("m@x", None)}


@pytest.mark.parametrize("format_", [Format.CSV, Format.JSON, Format.PARQUET])
@pytest.mark.parametrize("path", ["in", "in/*/*", "in/*/*/*"])
def test_folders_are_columns_and_their_values_are_text(ingest: Ingest, format_: Format, path: str) -> None:
    frame = ingest.spark.sql("SELECT * FROM VALUES ('H1', '10'), ('H2', '20') AS t (cust, amount)")
    for day in ("2024-01-05", "2024-02-06"):
        folder = str(ingest.folder / "in" / f"day={day}" / "store=007")
        frame.coalesce(1).write.format(format_.value).options(header="true").save(folder)
    source = source_of(ingest.folder / path, {**SALES, "channel": "store"}, format=format_)
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.accepted == 4
    found = {
        (str(row[0]), row[1]) for row in transactions(staged, source).select(c.TRANSACTION_DAY, c.CHANNEL).collect()
    }
    assert found == {("2024-01-05", "007"), ("2024-02-06", "007")}


def test_a_column_of_the_file_counts_before_the_folder_of_its_name(ingest: Ingest) -> None:
    for day, amount in (("2024-01-05", 10), ("2024-01-06", 15)):
        ingest.write(f"in/day={day}/p.csv", f"cust,day,amount\nD1,{day},{amount}\n")
    staged, counts = ingest.stage(source_of(ingest.folder / "in", SALES), NAMED, key=KEY)
    assert counts.accepted == 2
    assert {row[0] for row in staged.select(c.AMOUNT).collect()} == {Decimal(10), Decimal(15)}


def test_keys_that_differ_in_capitals_hinder_only_who_needs_them(ingest: Ingest) -> None:
    lines = '{"cust": "J1", "day": "2024-01-05", "amount": "10", "utm": "a", "UTM": "b"}\n'
    path = ingest.write("in.jsonl", lines + '{"cust": "J2", "day": "2024-01-05", "amount": "20"}\n')
    _, counts = ingest.stage(source_of(path, SALES, format=Format.JSON), NAMED, key=KEY)
    assert counts.accepted == 2
    columns = {**SALES, "channel": "utm", "brand": "UTM"}
    with pytest.raises(UsageError, match="keys UTM and utm"):
        ingest.stage(source_of(path, columns, format=Format.JSON), NAMED, key=KEY)


def test_times_of_a_parquet_file_may_be_nanoseconds(ingest: Ingest) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = ingest.folder / "nanos.parquet"
    duckdb.sql(
        "COPY (SELECT 'A' AS cust, TIMESTAMP_NS '2024-01-05 23:30:00.123456789' AS day, 1.5 AS amount"
        " UNION ALL SELECT 'B', TIMESTAMP_NS '1969-12-31 23:59:59.999999999', 2.5)"
        f" TO '{path}' (FORMAT parquet)"
    )
    source = source_of(path, SALES, format=Format.PARQUET, time_zone="America/New_York")
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    assert counts.accepted == 2
    days = {row[0]: str(row[1]) for row in staged.select(c.ID_VALUE, "line_day").collect()}
    assert days == {"A": "2024-01-06", "B": "1970-01-01"}


def test_each_line_may_be_an_order_of_its_own(ingest: Ingest) -> None:
    text = "cust,day,amount\nA,2024-03-01,10\nA,2024-03-01,10\nA,2024-03-06,5\n"
    for name in ("one.csv", "two.csv"):
        ingest.write(f"in/{name}", text)
    source = source_of(ingest.folder / "in", SALES, each_line=True, delivery=Delivery.BATCHES)
    rows = transactions(ingest.stage(source, NAMED, key=KEY)[0], source)
    facts = member_days(rows, Refunds.ATTRIBUTE_TO_ORDER).select(c.ORDER_DAY, c.ORDER_COUNT, c.NET_AMOUNT).collect()
    assert {(str(row[0]), row[1], row[2]) for row in facts} == {
        ("2024-03-01", 4, Decimal(40)), ("2024-03-06", 2, Decimal(10)),
    }  # fmt: skip


@pytest.mark.parametrize("broken", [
    'C20,2024-01-05,"5 inch nails,1.00,note', 'C20,2024-01-05,item,1.00,"5 inch', '"C20,2024-01-05,item,1.00,note',
])  # fmt: skip
def test_a_quote_that_is_not_closed_loses_no_lines(ingest: Ingest, broken: str) -> None:
    lines = [f"C{number},2024-01-05,item,1.00,note" for number in range(30)]
    lines[20] = broken
    path = ingest.write("in of May.csv", "\n".join(["cust,day,item,amount,note", *lines]) + "\n")
    source = source_of(path, {**SALES, "category": "item"})
    with pytest.raises(PySparkException) as failed:
        ingest.stage(source, NAMED, key=KEY)
    told = translate_read_error(failed.value, "source shop")
    assert (told.exit_code, str(told).split(";")[0]) == (
        ExitCode.CHECK_FAILED,
        "source shop: in of May.csv: a value holds the lines after it: a quote is not closed",
    )
    assert "inch" not in str(told)
    _, counts = ingest.stage(source_of(path, {**SALES, "category": "item"}, multi_line=False), NAMED, key=KEY)
    assert counts.read == 30
    assert counts.accepted >= 29


def test_addresses_and_notes_of_many_lines_are_values(ingest: Ingest) -> None:
    note = "\n".join(f"Street {number}, Berlin, Germany" for number in range(200))
    text = f'cust,day,item,amount,note\nA,2024-01-05,x,1.00,"{note}"\nB,2024-01-05,"one\ntwo",2.00,\n'
    assert items(ingest, text) == {"A": "x", "B": "one\ntwo"}


def test_words_for_nothing_are_nothing_inside_a_reference_too(ingest: Ingest) -> None:
    text = "card,mail,day,store,receipt,amount\nN/A,a@x,2024-03-01,0000,NULL,1\nNULL,none,2024-03-01,s1,7,2\n"
    columns = {
        "member": ColumnMapping(first_of=("card", "mail"), default="guest"), "ordered_at": "day", "amount": "amount",
        "order_id": ColumnMapping(concat=("store", "receipt"), between="-"),
    }  # fmt: skip
    staged, _ = ingest.stage(source_of(ingest.write("in.csv", text), columns), NAMED, key=KEY)
    found = {(row[0], row[1]) for row in staged.select(c.ID_VALUE, c.ORDER_ID).collect()}
    assert found == {("a@x", None), ("guest", "s1-7")}


def test_a_file_without_a_header_in_a_folder_shows_none_of_its_values(ingest: Ingest) -> None:
    ingest.write("in/day=2024-01-05/a.csv", "C-1,canary@example.org,12.50\n")
    with pytest.raises(UsageError) as refused:
        ingest.stage(source_of(ingest.folder / "in", SALES), NAMED, key=KEY)
    assert "is there a header line?" in str(refused.value)
    assert "canary" not in str(refused.value)


def test_a_name_in_the_header_may_hold_a_line_break(ingest: Ingest) -> None:
    text = 'cust,"note\n(free, ""as is"")",day,amount\nA,"x, y",2024-01-05,1.00\nB,,2024-01-06,2.00\n'
    staged, counts = ingest.stage(source_of(ingest.write("in.csv", text), SALES), NAMED, key=KEY)
    assert counts.accepted == 2
    assert {row[0] for row in staged.select(c.AMOUNT).collect()} == {Decimal(1), Decimal(2)}
