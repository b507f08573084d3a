"""Fates and reasons: every line ends once, and cleaning equals a naive one in plain Python."""

import random
from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Dataset, Delivery, Format, Otherwise
from rfm_spark.config.model import Identity
from rfm_spark.config.source import SourceRules
from rfm_spark.contracts import columns as c
from rfm_spark.errors import UsageError
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.outputs import events, identities, rejected_rows, transactions
from tests.spark.ingest_cases import EVENT_COLUMNS, KEY, Ingest, config_of, rule, source_of

DECEMBER = Asked(date(2011, 12, 1), date(2011, 12, 31))


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def test_each_reason_is_named_and_a_line_may_have_several(ingest: Ingest) -> None:
    lines = {
        "missing member": " ,2011-12-01,5,A,EUR",
        "bad member": "x7,2011-12-01,5,A,EUR",
        "bad date": "1,2011-02-30,5,A,EUR",
        "bad amount": '1,2011-12-01,"1,234.50",A,EUR',
        "amount out of range": "1,2011-12-01,1000000000.01,A,EUR",
        "wrong currency": "1,2011-12-01,5,A,USD",
        "malformed line": "1,2011-12-01",
        "bad amount|bad date|missing member": ",x,1e400,A,EUR",
        "bad amount|wrong currency": "1,2011-12-01,-5,A,",
    }
    path = ingest.write("a.csv", "id,at,amount,order,money\n" + "\n".join(lines.values()) + "\n1,2011-12-01,5,A,eur\n")
    columns = {"member": "id", "ordered_at": "at", "amount": "amount", "currency": "money"}
    source = source_of(path, columns)
    staged, counts = ingest.stage(source, config_of(currency="EUR"))
    rows = rejected_rows(staged, source, "run-1").collect()
    assert sorted("|".join(row.reasons) for row in rows) == sorted(lines)
    assert (counts.read, counts.accepted, counts.rejected) == (10, 1, 9)
    assert counts.reasons == Counter(reason for key in lines for reason in key.split("|"))
    assert {row.file for row in rows} == {"a.csv"}
    assert (counts.first_day, counts.last_day) == (date(2011, 12, 1), date(2011, 12, 1))


def test_null_everywhere_is_rejected_and_nothing_else(ingest: Ingest) -> None:
    frame = ingest.spark.createDataFrame(
        [(None, None, None, None)] * 3, "id string, at string, amount double, o string"
    )
    frame.coalesce(1).write.parquet(str(ingest.folder / "nulls"))
    columns = {"member": "id", "ordered_at": "at", "amount": "amount", "order_id": "o"}
    source = source_of(ingest.folder / "nulls", columns, format=Format.PARQUET)
    staged, counts = ingest.stage(source)
    assert counts.reasons == {"bad amount": 3, "bad date": 3, "missing member": 3}
    (row,) = rejected_rows(staged, source, "run-1").collect()
    assert (row.line_count, row.reasons) == (3, ["bad amount", "bad date", "missing member"])


def test_sentinel_references_are_missing_members(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "id,at,amount,order\n 0 ,2011-12-01,5,A\nguest,2011-12-01,5,A\n00,2011-12-01,5,A\n")
    source = source_of(path, missing_members=("0", " guest"))
    _, counts = ingest.stage(source)
    assert counts.reasons == {"missing member": 2, "bad member": 1}


def test_excluded_comes_before_outside_and_outside_before_reject(ingest: Ingest) -> None:
    lines = [
        "1,2011-11-30,5,test", "1,2011-11-30,x,", "1,2012-01-01,5,", "1,bad,5,", "1,2011-12-31,5,", "1,2011-12-01,x,",
    ]  # fmt: skip
    path = ingest.write("a.csv", "id,at,amount,order\n" + "\n".join(lines) + "\n")
    source = source_of(path, rules=SourceRules(exclude=rule(order="test")))
    _, counts = ingest.stage(source, asked=DECEMBER)
    found = (counts.read, counts.accepted, counts.excluded, counts.rejected, counts.outside)
    assert found == (6, 1, 1, 2, 2)
    assert counts.reasons == {"bad date": 1, "bad amount": 1}


def test_a_day_after_today_is_rejected_and_a_batch_takes_no_days(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "id,at,amount,order\n1,2011-12-02,5,A\n1,2011-12-01,5,B\n")
    source = source_of(path, delivery=Delivery.BATCHES)
    _, counts = ingest.stage(source, asked=Asked(today=date(2011, 12, 1)))
    assert (counts.accepted, counts.outside, counts.reasons) == (1, 0, {"future date": 1})
    with pytest.raises(UsageError, match="batches"):
        ingest.stage(source, asked=DECEMBER)


def test_exact_repeats_go_only_where_they_are_asked_to(ingest: Ingest) -> None:
    line = "1,2011-12-01,5,A"
    ingest.write("in/a.csv", f"id,at,amount,order\n{line}\n{line}\n1,2011-12-01,5.0,A\n")
    ingest.write("in/b.csv", f"id,at,amount,order\n{line}\n")
    folder = ingest.folder / "in"
    assert ingest.stage(source_of(folder))[1].accepted == 4
    staged, counts = ingest.stage(source_of(folder, drop_duplicates=True))
    assert (counts.accepted, counts.reasons) == (2, {"duplicate": 2})
    numbers = [row.line_no for row in transactions(staged, source_of(folder)).collect()]
    assert sorted(numbers) == [1, 2]
    batches = source_of(folder, drop_duplicates=True, delivery=Delivery.BATCHES)
    assert ingest.stage(batches)[1].accepted == 3, "a batch is a unit of its own"


def test_line_numbers_do_not_depend_on_order_or_files(ingest: Ingest) -> None:
    lines = [f"{n % 3},2011-12-01,{n % 5}.5,{'A' if n % 2 else ''}" for n in range(40)]
    ingest.write("one/a.csv", "\n".join(["id,at,amount,order", *lines]) + "\n")
    random.Random(1).shuffle(lines)
    for number in range(7):
        ingest.write(f"many/{number}.csv", "\n".join(["id,at,amount,order", *lines[number::7]]) + "\n")
    sources = [source_of(ingest.folder / name) for name in ("one", "many")]
    one, many = (transactions(ingest.stage(source)[0], source) for source in sources)
    assert one.exceptAll(many).count() == 0
    assert one.count() == many.count() == 40
    key = [c.SOURCE, c.BATCH_ID, c.MEMBER_ID, c.ORDER_ID, c.TRANSACTION_DAY, c.LINE_NO]
    assert one.select(*key).distinct().count() == 40


def test_the_plan_has_one_exchange_and_no_single_partition(ingest: Ingest) -> None:
    path = ingest.write("a.csv", "id,at,amount,order\n1,2011-12-01,5,A\n")
    source = source_of(path)
    staged, _ = ingest.stage(source)
    plan = transactions(staged, source)._jdf.queryExecution().executedPlan().toString()
    assert plan.count("Exchange hashpartitioning") == 1
    assert "SinglePartition" not in plan


def test_a_long_reference_is_a_bad_member_and_shows_nowhere(ingest: Ingest) -> None:
    long = "z" * 10_000
    path = ingest.write("a.csv", f"id,at,amount,order\n{long},2011-12-01,5,A\nanna@b.example,2011-12-01,5,A\n")
    source = source_of(path)
    staged, counts = ingest.stage(source, config_of(identity=Identity()), key=KEY)
    assert counts.reasons == {"bad member": 1}
    assert [row.id_value for row in identities(staged, source).collect()] == ["anna@b.example"]
    (rejected,) = rejected_rows(staged, source, "run-1").collect()
    assert len(rejected.row_fingerprint) == 64
    assert "zzz" not in str(rejected)
    assert staged.where(F.col("fate") == "rejected").select("id_value").first().id_value is None


def test_references_that_are_no_text_are_bad_members_and_not_one_member(ingest: Ingest) -> None:
    latin = "id,at,amount,order\nJosé,2011-12-01,5,A\nJosè,2011-12-01,5,A\n".encode("latin-1")
    for encoding, rejected in (("UTF-8", {"bad member": 2}), ("ISO-8859-1", {})):
        source = source_of(ingest.write("a.csv", latin), options={"encoding": encoding})
        _, counts = ingest.stage(source, config_of(identity=Identity()), key=KEY)
        assert counts.reasons == rejected, encoding


def test_amounts_at_the_limit_of_the_table_are_kept_and_above_rejected(ingest: Ingest) -> None:
    values = ["99999999999999.9999", "99999999999999.99995", "100000000000000", "-99999999999999.9999"]
    path = ingest.write("a.csv", "id,at,amount,order\n" + "".join(f"1,2011-12-01,{v},A\n" for v in values))
    source = source_of(path, rules=SourceRules(refund=rule(amount={"below": 0})))
    staged, counts = ingest.stage(source, config_of(max_amount="999999999999999999999"))
    assert {(r.kind, r.amount) for r in transactions(staged, source).collect()} == {
        ("sale", Decimal("99999999999999.9999")),
        ("refund", Decimal("99999999999999.9999")),
    }
    assert counts.reasons == {"amount out of range": 2}


def test_events_get_ids_and_repeated_ids_are_duplicates(ingest: Ingest) -> None:
    lines = [
        "1,2011-12-01 10:00:00,view,e1",
        "1,2011-12-01 09:00:00,cart,e1",
        "2,2011-12-01,,e2",
        "3,2011-12-01,view,e2",
    ]
    path = ingest.write("a.csv", "\n".join(["id,at,what,no", *lines]) + "\n")
    source = source_of(path, {**EVENT_COLUMNS, "event_id": "no"}, dataset=Dataset.EVENTS)
    staged, counts = ingest.stage(source)
    rows = events(staged, source).collect()
    assert {(row.event_id, row.event_type, row.member_id) for row in rows} == {("e1", "view", 1), ("e2", "view", 3)}
    assert counts.reasons == {"duplicate": 1, "missing event type": 1}
    assert (counts.read, counts.accepted, counts.rejected) == (4, 2, 2)


def test_events_without_ids_get_the_same_ones_again(ingest: Ingest) -> None:
    lines = ["1,2011-12-01,view", "1,2011-12-01,view", "2,2011-12-02 10:00:00,cart"]
    found = []
    for name, order in (("a.csv", lines), ("b.csv", lines[::-1])):
        source = source_of(ingest.write(name, "\n".join(["id,at,what", *order]) + "\n"), dataset=Dataset.EVENTS)
        rows = events(ingest.stage(source)[0], source).collect()
        found.append({(row.event_id, row.member_id, row.event_day) for row in rows})
    assert found[0] == found[1]
    assert len({event_id for event_id, _, _ in found[0]}) == 3


def messy_lines(seed: int, count: int) -> list[tuple[str, str, str, str]]:
    """Return lines that are good or broken in every field, independently."""
    dice = random.Random(seed)
    day = date(2011, 11, 20)
    members = ["1", "2", "33", " 4 ", "", "0", "x", "007", "-3", "99999999999999999999"]
    amounts = [
        "5",
        "-5",
        "0",
        "0.00005",
        "1e400",
        "NaN",
        "1,5",
        "",
        " 2.5 ",
        "1000000001",
        "-1000000000",
        "1e2",
        "7.12345",
    ]
    dates = ["2011-02-30", "", "soon", "2011-12-32 10:00:00", *[str(day + timedelta(days=n)) for n in range(40)]]
    kinds = ["A", "B", "top-up", "", "C1"]
    return [(dice.choice(members), dice.choice(dates), dice.choice(amounts), dice.choice(kinds)) for _ in range(count)]


def naive_fate(line: tuple[str, str, str, str]) -> tuple[str, tuple[str, ...], Decimal | None]:
    """Return fate, reasons and amount as the rules of cleaning say, in plain Python."""
    member, day_text, amount_text, order = (part.strip() for part in line)
    if order == "top-up":
        return "excluded", (), None
    try:
        day = date.fromisoformat(day_text)
    except ValueError:
        day = None
    if day is not None and not DECEMBER.first <= day <= DECEMBER.last:
        return "outside", (), None
    reasons = ["bad date"] if day is None else []
    if member in ("", "0"):
        reasons.append("missing member")
    elif not member.isascii() or not member.isdigit() or member[0] == "0" or int(member) >= 2**63:
        reasons.append("bad member")
    try:
        amount = Decimal(amount_text).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        amount = None if amount.is_nan() else amount
    except InvalidOperation:
        amount = None
    if amount is None or (amount < 0 and not order.startswith("C")):
        reasons.append("bad amount")
    if amount is not None and abs(amount) > 10**9:
        reasons.append("amount out of range")
    return ("rejected" if reasons else "accepted"), tuple(sorted(reasons)), None if amount is None else abs(amount)


@pytest.mark.parametrize("seed", [1, 2])
def test_cleaning_equals_a_naive_one(ingest: Ingest, seed: int) -> None:
    lines = messy_lines(seed, 3000)
    quoted = ['"' + '","'.join(line) + '"' for line in lines]
    for number in range(3):
        ingest.write(f"in/{number}.csv", "\n".join(["id,at,amount,order", *quoted[number::3]]) + "\n")
    rules = SourceRules(exclude=rule(order="top-up"), refund=rule(order={"starts_with": "C"}), otherwise=Otherwise.SALE)
    source = source_of(ingest.folder / "in", rules=rules, missing_members=("0",))
    staged, counts = ingest.stage(source, asked=DECEMBER)
    expected = [naive_fate(line) for line in lines]
    fates = Counter(fate for fate, _, _ in expected)
    assert (counts.read, counts.accepted, counts.excluded, counts.rejected, counts.outside) == (
        len(lines), fates["accepted"], fates["excluded"], fates["rejected"], fates["outside"],
    )  # fmt: skip
    assert counts.reasons == Counter(reason for _, reasons, _ in expected for reason in reasons)
    accepted = [
        (int(line[0]), date.fromisoformat(line[1]), "refund" if line[3].startswith("C") else "sale", amount)
        for line, (fate, _, amount) in zip(lines, expected, strict=True)
        if fate == "accepted"
    ]
    found = transactions(staged, source).select("member_id", "transaction_day", "kind", "amount").collect()
    assert Counter(tuple(row) for row in found) == Counter(accepted)
    rejected = Counter(reasons for fate, reasons, _ in expected if fate == "rejected")
    by_reasons: Counter[tuple[str, ...]] = Counter()
    for row in rejected_rows(staged, source, "run-1").collect():
        by_reasons[tuple(row.reasons)] += row.line_count
    assert by_reasons == rejected
