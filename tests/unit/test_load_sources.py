"""Sources as they are written become sources as they are read, or errors that say where."""

import pytest

from rfm_spark.config.choices import Format, Operation
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.lookup_names import in_order
from rfm_spark.config.source import Secret
from rfm_spark.rules.source_columns import lookup_columns, needed_columns

SOURCE = """
sources:
  shop:
    format: csv
    path: /data/*.csv
    options: {header: true, SEP: ";"}
    columns:
      member: {column: CustomerID, pattern: '([0-9]+)'}
      ordered_at: {column: InvoiceDate, format: ["yyyy-MM-dd HH:mm:ss", epoch_millis]}
      amount: {multiply: [Quantity, UnitPrice]}
      category: {column: department, lookup: products}
      channel: {value: web}
    lookups: {products: {format: csv, path: /data/products.csv, key: id, source_key: product, missing: "?"}}
    rules: {exclude: {StockCode: [POST, M]}, refund: {InvoiceNo: {starts_with: C}}}
"""


def test_source_is_read_in_all_its_parts(load) -> None:
    source = load(SOURCE).sources["shop"]
    assert source.format is Format.CSV
    assert source.options == {"header": "true", "sep": ";"}
    assert source.columns["ordered_at"].formats == ("yyyy-MM-dd HH:mm:ss", "epoch_millis")
    assert source.columns["amount"].formula == Formula(Operation.MULTIPLY, ("Quantity", "UnitPrice"))
    assert source.columns["channel"].value == "web"
    assert source.lookups["products"].missing == "?"
    assert source.rules.refund is not None
    assert source.rules.refund.when == {"InvoiceNo": {"starts_with": "C"}}
    assert source.rules.refund.where.endswith("over.yaml:14")


def test_each_line_in_place_of_an_order_column_makes_every_line_an_order(load) -> None:
    source = load(SOURCE, "sources.shop.columns.order_id=each_line").sources["shop"]
    assert source.each_line
    assert "order_id" not in source.columns


def test_value_of_the_command_line_wins(load) -> None:
    config = load(
        SOURCE,
        "sources.shop.path=/other place/*.csv.gz",
        "sources.shop.lookups.products.path=p.csv",
        "warehouse.path=/tables",
        "orders.max_amount=500.50",
        "windows.year={months: 12, days: null}",
        "windows.active=[year]",
    )
    assert config.sources["shop"].paths == ("/other place/*.csv.gz",)
    assert config.sources["shop"].lookups["products"].path == "p.csv"
    assert config.warehouse.path == "/tables"
    assert config.orders.max_amount == "500.5"
    assert config.windows["year"].period == ("months", 12)


def test_wildcard_first_in_a_command_line_value_is_no_alias(load) -> None:
    assert load(SOURCE, "sources.shop.path=*.csv").sources["shop"].paths == ("*.csv",)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("format: csv\n", "format: excel\n", "one of csv, json, parquet, delta, jdbc, text"),
        ("path: /data/*.csv\n", "path: /data/`x`\n", "without quotes and backticks"),
        ("path: /data/*.csv\n", "table: a.b\n", "format: delta"),
        ("    path: /data/*.csv\n", "", "exactly one of path, table and jdbc"),
        ("format: csv\n    path: /data/*.csv\n", "format: delta\n    path: [/a, /b]\n", "one source per table"),
        ("format: csv\n    path: /data/*.csv\n", "format: delta\n    table: a.b\n    delivery: batches\n", "by delta"),
        ("header: true", "charset: GBK", "charset is not allowed for csv"),
        ("header: true", "mode: DROPMALFORMED", "mode is not allowed for csv"),
        ("header: true", "comment: '//'", "options.comment is a text; expected one character"),
        ("amount: {multiply: [Quantity, UnitPrice]}", "amount: {value: '1,5', number: {decimal: ','}}",
         "a number format and a value"),
        ("header: true", 'lineSep: "|"}\n    skip_lines: 1\n    number: {decimal: "."', "has a lineSep and skips"),
        ("      amount: {multiply: [Quantity, UnitPrice]}\n", "", "has no amount"),
        ("[Quantity, UnitPrice]}", "[Quantity]}", "multiply has 1 entry; expected at least 2"),
        ("[Quantity, UnitPrice]}", "[Quantity, UnitPrice, a, b]}", "multiply has 4 entries; expected at most 3"),
        ("[Quantity, UnitPrice]}", "[Quantity, {divide: [a, b]}]}", "divide is not an operation"),
        ("[Quantity, UnitPrice]}", "[Quantity, {multiply: [a, b]}]}", "is a product in a product"),
        ("[Quantity, UnitPrice]}", "[Quantity, 123456789012345]}", "at most 14 digits before and 18 after the point"),
        ("[Quantity, UnitPrice]}", "[Quantity, {subtract: [1]}]}", "subtract has 1 entry; expected at least 2"),
        ("[Quantity, UnitPrice]}", "[Quantity, UnitPrice], add: [a, b]}", "has several operations"),
        ("{value: web}", "{value: web, with: '-'}", "has with, but no concat"),
        ("{value: web}", "{multiply: [a, b]}", "multiply, add and subtract for quantity, unit_price and amount"),
        ("UnitPrice]}", "UnitPrice], pattern: '(.)'}", "has multiply and a pattern"),
        ("{value: web}", "{value: web, column: x}", "one of column, multiply, add, subtract, concat"),
        ("{value: web}", "{column: 'a`b'}", "without backticks"),
        ("'([0-9]+)'", "'[0-9]+'", "no group"),
        ("'([0-9]+)'}", "'([0-9]+)', fold: [kase]}", "one of case, width, nfc"),
        ("epoch_millis]}", "epoch_millis], fold: case}", "ordered_at has a fold; expected fold for references"),
        ("'([0-9]+)'", "'([0-9]+'", "cannot be read"),
        ("'([0-9]+)'", "'(?P<id>[0-9]+)'", "has (?P; expected a regular expression of Java"),
        ("yyyy-MM-dd HH:mm:ss", "YYYY-MM-DD", "has the letters Y"),
        ('["yyyy-MM-dd HH:mm:ss", epoch_millis]', "[epoch_seconds, yyyyMMdd]", "has epoch_seconds before yyyyMMdd"),
        ('"yyyy-MM-dd HH:mm:ss", epoch_millis', "epoch_millis, d.M.y, epoch_seconds", "has epoch_millis before"),
        ('["yyyy-MM-dd HH:mm:ss", epoch_millis]', "[epoch_nanos, epoch_micros]", "expected one of the two"),
        ('["yyyy-MM-dd HH:mm:ss", epoch_millis]', "[excel, yyyy.MMdd]", "has excel before yyyy.MMdd"),
        ('["yyyy-MM-dd HH:mm:ss", epoch_millis]', "[excel_1904, 'yyyyMMdd[HH]']", "expected yyyyMMdd[HH] first"),
        ("InvoiceDate, format", "InvoiceDate, concat: [a, {text: '24'}], format", "concat[1].text is not known"),
        ("yyyy-MM-dd HH:mm:ss", "uuuu-MM-dd", "has the letters u"),
        ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddd", "has ddd; expected d or dd"),
        ("yyyy-MM-dd HH:mm:ss", "yyyy-MMMMM-dd", "has MMMMM; expected M or MM or MMM or MMMM"),
        ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd V", "has V; expected VV"),
        ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd] HH", "has ] alone"),
        ("yyyy-MM-dd HH:mm:ss", "{yyyy-MM-dd}", "has { alone"),
        ("yyyy-MM-dd HH:mm:ss", "E yyyy-MM-dd", "has the letters E"),
        ("yyyy-MM-dd HH:mm:ss", "mm/dd", "lacks a year"),
        ("products: {format: csv", "products: {format: text", "one of csv, json, parquet, delta"),
        ("lookup: products", "lookup: product", "a name under lookups"),
        ("channel: {value", "chanel: {value", "did you mean 'channel'?"),
        ("channel: {value", "currency: {value", "orders.currency is not set"),
        ("rules: {", "rules: {sale: {A: 1}, ", "decides nothing"),
        ("format: csv\n", "format: csv\n    skip_rows: 3\n", "did you mean 'skip_lines'?"),
        ("format: csv\n", "format: csv\n    batch: {from: '(.*)'}\n", "batch and delivery: days; expected delivery: b"),
        ("format: csv\n", "format: csv\n    duplicates: allow\n", "duplicates and delivery: days; expected delivery"),
        ("format: csv\n", "format: csv\n    delivery: batches\n    batch: {from: '.*'}\n", "batch.from has no group"),
        ("format: csv\n", "format: csv\n    delivery: batches\n    batch: '(.*)'\n", "{from: 'day=([0-9-]+)/'}"),
        ("format: csv\n", "format: parquet\n    skip_lines: 2\n", "format: csv or text"),
        ("format: csv\n", "format: csv\n    delivery: changes\n", "delivers changes and has no key and no version"),
        ("format: csv\n", "format: csv\n    key: order_id\n", "key with delivery: days; expected delivery: changes"),
        ("format: csv\n", "format: csv\n    orders_of: nobody\n", "orders_of names 'nobody'"),
        ("format: csv\n", "format: csv\n    also: [{kind: refund, columns: {channel: x}}]\n", "columns has no amount"),
        ("format: csv\n", "format: csv\n    also: [{kind: gift, columns: {amount: x}}]\n", "one of sale, refund, disc"),
        ("format: csv\n", "format: csv\n    dataset: events\n", "has no event_at"),
        ("format: csv\n", "format: csv\n    missing_members: [0]\n", "put quotes around it"),
    ],
)  # fmt: skip
def test_mistake_in_a_source_is_named(errors, old: str, new: str, error: str) -> None:
    assert old in SOURCE
    found = errors(SOURCE.replace(old, new, 1))
    assert any(error in line for line in found), found


JDBC = """
sources:
  shop:
    format: jdbc
    jdbc: {url: "%s", table: shop.lines, user: {env: DB_USER}, password: {file: /run/secret}}
    columns: {member: a, ordered_at: b, amount: c}
"""


def test_database_is_read_with_secrets_by_place_only(load) -> None:
    jdbc = load(JDBC % "jdbc:postgresql://db:5432/shop?ssl=true").sources["shop"].jdbc
    assert jdbc is not None
    assert (jdbc.user, jdbc.password) == (Secret(env="DB_USER"), Secret(file="/run/secret"))


@pytest.mark.parametrize(
    "url",
    ["jdbc:postgresql://db/shop?user=me&password=hunter2", "jdbc:mysql://me:hunter2@db/shop",
     "jdbc:oracle:thin:me/hunter2@db:1521:x", "jdbc:sqlserver://db;password=hunter2", "jdbc:x:hunter2`",
     "jdbc:sqlserver://db;trustStorePassword=hunter2", "jdbc:sqlserver://db;accessToken=hunter2",
     "jdbc:postgresql://db/x?sslpassword=hunter2", "jdbc:snowflake://db/?passcode=hunter2&a=b",
     "jdbc:x://db/;token=hunter2", "jdbc:redshift://db/x;SecretAccessKey=hunter2", "jdbc:x://db/?pass%77ord=hunter2",
     "jdbc:mysql://db/x?password2=hunter2", "jdbc:h2:mem:x;INIT=RUNSCRIPT FROM 'hunter2'", "jdbc:mysql://db/x?autoDeserialize=true&x=hunter2"],
)  # fmt: skip
def test_url_with_a_password_or_code_is_refused_and_not_shown(errors, url: str) -> None:
    found = errors(JDBC % url)
    assert found
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    "url",
    ["jdbc:sqlserver://db;databaseName=shop;trustServerCertificate=true", "jdbc:postgresql://db/x?sslkey=/run/key.pk8",
     "jdbc:mysql://db/x?allowPublicKeyRetrieval=true&passwordCharacterEncoding=utf8&useSSL=true",
     "jdbc:x://db/?uuid=4&applicationName=rfm&tokenCachePath=/tmp/x"],
)  # fmt: skip
def test_url_with_harmless_parameters_is_taken(load, url: str) -> None:
    jdbc = load(JDBC % url).sources["shop"].jdbc
    assert jdbc is not None
    assert jdbc.url == url


CHAIN = """
sources:
  shop:
    format: csv
    path: /data/items.csv
    columns: {member: customers.card, ordered_at: orders.placed, amount: {multiply: [price, orders.rate]}}
    rules: {exclude: {orders.status: cancelled}}
    lookups:
      customers: {format: csv, path: /c.csv, key: id, source_key: {column: customer, lookup: orders}}
      orders: {format: csv, path: /o.csv, key: id, source_key: order}
"""


def test_a_look_up_may_have_its_key_from_another(load) -> None:
    source = load(CHAIN).sources["shop"]
    assert source.lookups["customers"].source_key == "orders.customer"
    assert [lookup.name for lookup in in_order(source.lookups)] == ["orders", "customers"]
    assert needed_columns(source) == ("order", "price")
    assert lookup_columns(source, "orders") == ("customer", "placed", "rate", "status")
    assert lookup_columns(source, "customers") == ("card",)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("customers.card", "takes its key from itself: customers <- customers"),
        ("regions.customer", "takes its key from itself: customers <- regions <- customers"),
        ("{column: customer, lookup: order}", "names lookup 'order'; expected a name under lookups; did you mean"),
    ],
)
def test_a_look_up_by_itself_or_by_an_unknown_one_is_an_error(errors, key: str, said: str) -> None:
    regions = "      regions: {format: csv, path: /r.csv, key: id, source_key: customers.region}\n"
    found = errors(CHAIN.replace("{column: customer, lookup: orders}", key) + regions)
    assert any(said in line and line.startswith(":9: ") for line in found), found


def test_a_list_is_opened_where_a_format_has_lists(load, errors) -> None:
    text = CHAIN.replace("path: /data/items.csv", "path: /data/items.csv\n    explode: line_items")
    assert any("has explode and format: csv" in line for line in errors(text))
    source = load(text.replace("format: csv\n    path: /data", "format: json\n    path: /data")).sources["shop"]
    assert needed_columns(source) == ("line_items", "order", "price")
