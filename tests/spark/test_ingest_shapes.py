"""Shapes of data: look-ups of look-ups, parts of columns by their path, and lists opened to lines."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.choices import Format, Operation
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.source import ColumnMapping, Lookup, SourceRules
from rfm_spark.contracts import columns as c
from rfm_spark.errors import UsageError
from tests.spark.ingest_cases import KEY, NAMED, Ingest, rule, source_of


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def test_items_find_their_customer_by_way_of_their_order(ingest: Ingest) -> None:
    items = ingest.write("items.csv", "order,price,note\nA,10.00,x\nA,2.50,\nB,3.00,\nC,4.00,\nZ,5.00,\n")
    orders = ingest.write("orders.csv", "id,customer,placed,rate,status\nA,17,2024-02-01,2,paid\n"
                          "B,18,2024-02-02,1,cancelled\nC,19,2024-02-03,,paid\n")  # fmt: skip
    customers = ingest.write("customers.csv", "id,card\n17,L-1\n18,L-2\n")
    lookups = {
        "customers": Lookup("customers", Format.CSV, str(customers), key="id", source_key="orders.customer"),
        "orders": Lookup("orders", Format.CSV, str(orders), key="id", source_key="order"),
    }
    columns = {
        "member": ColumnMapping(first_of=("customers.card", "orders.customer")),
        "ordered_at": "orders.placed",
        "amount": ColumnMapping(formula=Formula(Operation.MULTIPLY, ("price", "orders.rate"))),
        "order_id": ColumnMapping(concat=("orders.status", "order"), between="-"),
        "category": ColumnMapping(column="note", when=rule(**{"customers.card": "L-1"})),
    }
    rules = SourceRules(exclude=rule(**{"orders.status": "cancelled"}), refund=rule(**{"orders.rate": {"below": 0}}))
    staged, counts = ingest.stage(source_of(items, columns, lookups=lookups, rules=rules), NAMED, key=KEY)
    found = staged.where("member_id is not null").select(c.ID_VALUE, c.ORDER_ID, c.AMOUNT, c.CATEGORY).collect()
    assert {tuple(row) for row in found} == {
        ("L-1", "paid-A", Decimal("20.0000"), "x"), ("L-1", "paid-A", Decimal("5.0000"), None),
    }  # fmt: skip
    assert (counts.accepted, counts.excluded, counts.rejected) == (2, 1, 2)
    assert counts.reasons == {"bad amount": 2, "bad date": 1, "missing member": 1}
    typo = source_of(items, {**columns, "brand": "orders.brand"}, lookups=lookups)
    with pytest.raises(UsageError, match=r"lookups\.orders: orders\.csv: .*missing: brand"):
        ingest.stage(typo, NAMED, key=KEY)


ORDERS = [
    '{"id":"o1","at":"2024-05-01","customer":{"id":123456789012345678901,"ID":"twin","tags":{"kind":"x"}},'
    '"line_items":[{"price":5.50,"sku":"007","Price":1},{"price":19.9000000000000000000001,"sku":"a, \\"b\\""}],"V":1}',
    '{"id":"o2","at":"2024-05-02","customer":{"id":"17"},"line_items":[]}',
    '{"id":"o3","at":"2024-05-02","customer":{"id":"17"},"v":2}',
    '{"id":"o4","at":"2024-05-03","customer":[],"line_items":[{"price":1}]}',
    '{"id":"o5","at":"2024-05-04","customer":{"id":18},"line_items":{"price":"7.00"},"customer.kind":"exact"}',
    '{"id":"o6","at":"2024-05-04","customer":{"id":18},"line_items":[null,{"price":3}]}',
    "broken",
]
OF_ITEMS = {
    "member": "customer.id", "ordered_at": "at", "order_id": "id", "amount": "line_items.price",
    "category": "line_items.sku", "brand": "customer.kind", "promotion": "customer.tags.kind", "channel": "store",
}  # fmt: skip


def test_every_element_of_a_list_is_a_line_beside_its_order(ingest: Ingest) -> None:
    ingest.write("in/store=007/orders.jsonl", "\n".join(ORDERS) + "\n")
    source = source_of(ingest.folder / "in", OF_ITEMS, format=Format.JSON, explode="line_items")
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    kept = (c.ID_VALUE, c.ORDER_ID, c.AMOUNT, c.CATEGORY, c.BRAND, c.PROMOTION, c.CHANNEL)
    found = {tuple(row) for row in staged.where("member_id is not null").select(*kept).collect()}
    assert found == {
        ("123456789012345678901", "o1", Decimal("5.5000"), "007", None, "x", "007"),
        ("123456789012345678901", "o1", Decimal("19.9000"), 'a, "b"', None, "x", "007"),
        ("18", "o5", Decimal("7.0000"), None, "exact", None, "007"),
        ("18", "o6", Decimal("3.0000"), None, None, None, "007"),
    }
    assert counts.reasons == {"bad amount": 3, "malformed line": 1, "missing member": 1}
    without = SourceRules(exclude=rule(line_items={"is_null": True}))
    alike = ingest.write("in/store=007/more.jsonl", '{"id":"o7","at":"2024-05-05","customer":{"id":9},'
                         '"line_items":[{"price":1},{"price":1}]}\n' * 2)  # fmt: skip
    once = source_of(alike.parent, OF_ITEMS | {"channel": "id"}, format=Format.JSON, explode="line_items",
                     rules=without, drop_duplicates=True)  # fmt: skip
    _, counts = ingest.stage(once, NAMED, key=KEY)
    assert (counts.excluded, counts.reasons) == (3, {"duplicate": 2, "malformed line": 1, "missing member": 1})


@pytest.mark.parametrize(("changed", "said"), [
    ({"member": "customer.ident"}, "missing: customer.ident: did you mean 'customer.id'"),
    ({"promotion": "customer.name"}, None),
    ({"promotion": "customer.Tags.kind"}, "differ in capitals or blanks alone: 'customer.tags.kind'"),
    ({"promotion": "customer.ID"}, "keys customer.ID and customer.id; expected one of them"),
    ({"promotion": "refunds.no"}, "refunds.no is in the list refunds; expected explode: refunds at the source"),
])  # fmt: skip
def test_a_part_that_is_not_there_is_named_before_anything_is_read(
    ingest: Ingest, changed: dict[str, str], said: str | None
) -> None:
    lines = [line for line in ORDERS if "[]" not in line] + ['{"refunds":[{"no":1}]}']
    path = ingest.write("orders.jsonl", "\n".join(lines))
    source = source_of(path, OF_ITEMS | {"channel": "id"} | changed, format=Format.JSON, explode="line_items")
    if said is None:
        assert ingest.stage(source, NAMED, key=KEY)[1].accepted == 4
        return
    with pytest.raises(UsageError) as refused:
        ingest.stage(source, NAMED, key=KEY)
    assert said in str(refused.value)


def test_parts_and_lists_of_typed_columns_are_found_too(ingest: Ingest) -> None:
    frame = ingest.spark.sql(
        "SELECT 'o1' id, date'2024-05-01' at,"
        " named_struct('id', 12345678D, 'card', named_struct('no', '007')) customer,"
        " array(named_struct('price', 5.5D, 'sku', 7), named_struct('price', 2D, 'sku', 8)) line_items"
        " UNION ALL SELECT 'o2', date'2024-05-02', named_struct('id', 17D, 'card', NULL), NULL"
    )
    columns = {"member": "customer.id", "ordered_at": "at", "order_id": "id", "amount": "line_items.price",
               "category": "line_items.sku", "brand": "customer.card.no"}  # fmt: skip
    for format_ in (Format.PARQUET, Format.DELTA):
        path = ingest.folder / format_.value
        frame.write.format(format_.value).save(str(path))
        staged, counts = ingest.stage(source_of(path, columns, format=format_, explode="line_items"), NAMED, key=KEY)
        found = staged.where("member_id is not null").select(c.ID_VALUE, c.AMOUNT, c.CATEGORY, c.BRAND).collect()
        assert {tuple(row) for row in found} == {
            ("12345678", Decimal("5.5000"), "7", "007"), ("12345678", Decimal("2.0000"), "8", "007"),
        }  # fmt: skip
        assert counts.reasons == {"bad amount": 1}
        with pytest.raises(UsageError, match=r"missing: customer\.name"):
            ingest.stage(source_of(path, {**columns, "brand": "customer.name"}, format=format_, explode="line_items"))
    with pytest.raises(UsageError, match=r"explode: at is no list but date"):
        ingest.stage(source_of(path, columns, format=Format.DELTA, explode="at"), NAMED, key=KEY)


def random_order(number: int, dice: random.Random) -> dict[str, Any]:
    items = [
        {"sku": dice.choice(["a", "", None, "x\ny"]), "price": dice.choice([str(dice.randint(0, 999) / 8), 0.25, 7])}
        for _ in range(dice.randint(0, 4))
    ]
    order: dict[str, Any] = {"id": number, "at": "2024-05-01", "customer": {"id": dice.randint(1, 9), "Id": "twin"}}
    if dice.random() < 0.8:
        order["line_items"] = items
    return order if dice.random() < 0.9 else {**order, "customer": dice.choice([None, {}, {"id": None}])}


def test_random_orders_are_opened_as_python_opens_them(ingest: Ingest) -> None:
    dice = random.Random(15)
    orders = [random_order(number, dice) for number in range(300)]
    path = ingest.write("orders.jsonl", "".join(json.dumps(order) + "\n" for order in orders))
    columns = {name: OF_ITEMS[name] for name in ("member", "ordered_at", "order_id", "amount", "category")}
    source = source_of(path, columns, format=Format.JSON, explode="line_items")
    staged, counts = ingest.stage(source, NAMED, key=KEY)
    kept = staged.where("member_id is not null").select(c.ID_VALUE, c.ORDER_ID, c.AMOUNT, c.CATEGORY)
    expected, lines = [], 0
    for order in orders:
        customer, items = (order["customer"] or {}).get("id"), order.get("line_items", [])
        lines += len(items) or 1
        for item in items if customer is not None else []:
            sku, price = (item["sku"] or "").strip() or None, Decimal(str(item["price"])).quantize(Decimal("0.0001"))
            expected.append((str(customer), str(order["id"]), price, sku))
    assert sorted(map(str, (tuple(row) for row in kept.collect()))) == sorted(map(str, expected))
    assert counts.read == lines


def test_the_position_of_an_element_is_a_column(ingest: Ingest) -> None:
    items = '[{"price":1},{"price":"2"}]'
    path = ingest.write(
        "in/orders.jsonl", f'{{"id":"o1","at":"2024-05-01","who":"A","of":{{"items":{items}}},"items":{items}}}'
    )
    ingest.spark.sql(
        "SELECT 'o1' id, '2024-05-01' at, 'A' who, array(named_struct('price', 1), named_struct('price', 2)) items,"
        " named_struct('items', array(named_struct('price', 1), named_struct('price', 2))) of"
    ).write.parquet(str(ingest.folder / "parquet"))
    for name in ("items", "of.items"):
        number = ColumnMapping(concat=("id", f"{name}.#"), between="-")
        columns = {"member": "who", "ordered_at": "at", "order_id": number, "amount": f"{name}.price"}
        for format_, place in ((Format.JSON, path), (Format.PARQUET, ingest.folder / "parquet")):
            staged, _ = ingest.stage(source_of(place, columns, format=format_, explode=name), NAMED, key=KEY)
            found = {tuple(row) for row in staged.select(c.ORDER_ID, c.AMOUNT).collect()}
            assert found == {("o1-0", Decimal(1)), ("o1-1", Decimal(2))}


def test_keys_that_may_be_values_are_not_shown(ingest: Ingest) -> None:
    line = '{"id":"o1","at":"2024-05-01","who":{"id":"A"},"paid":{"canary@shop.example":{"total":1}}}'
    path = ingest.write("in/orders.jsonl", line)
    columns = {"member": "who.ident", "ordered_at": "at", "order_id": "id", "amount": "id"}
    with pytest.raises(UsageError, match=r"did you mean 'who\.id'") as refused:
        ingest.stage(source_of(path, columns, format=Format.JSON), NAMED, key=KEY)
    assert "canary" not in str(refused.value)
