"""A trial shows what the first lines of a source become and what looks wrong, and never who somebody is."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.config.choices import Delivery, Format, Kind, Otherwise
from rfm_spark.config.model import Checks
from rfm_spark.config.source import AlsoLine, ColumnMapping, Lookup, NumberFormat, SourceRules
from rfm_spark.errors import DataCheckError
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.read import open_source
from rfm_spark.ingest.reasons import RejectReason
from rfm_spark.ingest.trial import Trial, describe_trial, try_source
from rfm_spark.session_settings import one_task_per_file
from tests.spark.ingest_cases import KEY, SALES, Ingest, config_of, rule, source_of
from tests.spark.ingest_cases import NAMED as LIMITED

TODAY = date(2024, 12, 31)
NAMED = replace(LIMITED, checks=Checks(max_rejected_share=None))


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def tried(ingest: Ingest, lines: list[str], header: str = "cust,day,amount,order,note", **settings: object) -> Trial:
    path = ingest.write("in/a.csv", "\n".join([header, *lines]) + "\n")
    source = source_of(path.parent, {**SALES, "order_id": "order"}, **settings)
    return try_source(ingest.spark, source, NAMED, KEY, TODAY)


def suspected(trial: Trial) -> list[str]:
    return [line.removeprefix("  look at this: ") for line in describe_trial(trial) if "look at this" in line]


def test_a_trial_tells_counts_columns_and_rows_and_no_reference(ingest: Ingest) -> None:
    lines = [
        "canary-1,2024-01-05,10.00,o1,x",
        "canary-2,2024-02-06,7.50,o2,y",
        "canary-3,soon,1.00,o3,z",
        "",
        "N/A,2024-02-06,1,o4,",
    ]
    told = describe_trial(tried(ingest, lines))
    assert told[:6] == [
        "shop: 4 lines tried = 2 accepted + 0 excluded + 2 rejected (bad date 1, missing member 1)",
        "  shop: 1 line without a member: N/A 1",
        "  days 2024-01-05 to 2024-02-06, amounts 7.5000 to 10.0000, 2 members",
        "  bad date: the first is in a.csv, line 4",
        "  missing member: the first is in a.csv, line 6",
        "  reads amount (amount), cust (member), day (ordered_at), order (order_id)",
    ]
    assert told[6] == "  leaves note"
    assert [line.split() for line in told[7:]] == [
        ["day", "member", "kind", "order", "amount"],
        ["2024-01-05", "1", "sale", "1", "10.0000"],
        ["2024-02-06", "2", "sale", "2", "7.5000"],
    ]
    assert "canary" not in "\n".join(told)


def test_only_the_first_lines_of_the_first_and_the_last_file_are_read(ingest: Ingest) -> None:
    for name, amount in (("b.csv", 2), ("z.csv", 3)):
        rows = "\n".join(f"C{number},2024-01-05,{amount},o{number}," for number in range(1500))
        ingest.write(f"in/{name}", f"cust,day,amount,order,note\n{rows}\n")
    trial = tried(ingest, ["C1,2024-01-05,1,o1,"])
    assert trial.counts.read == 1001
    assert {row["file"] for row in trial.rows} == {"a.csv", "z.csv"}


def test_what_is_likely_wrong_is_told(ingest: Ingest) -> None:
    nobody = [f"0,1970-01-01,5.00,o{number}," for number in range(90)]
    alike = ["Ann,2024-01-05,5.00,a,", "ann ,2024-01-05,5.00,b,", "12,2024-01-05,5.00,c,", "12.0,2024-01-05,5.00,d,"]
    others = [f"M{number},2024-01-05,5.00,m{number}," for number in range(6)]
    assert suspected(tried(ingest, nobody + alike + others)) == [
        "a line is of 1970-01-01: is that the format of the day?",
        "all 100 amounts are equal",
        "one member has 90.0% of the lines: is its reference a word for nobody?",
        "2 references differ from another in capitals, blanks, width or a trailing .0 alone: "
        "fold: [case] makes some one",
    ]
    per_member = [f"M{number % 7},2024-01-05,{number}.00,o{number % 7}," for number in range(1, 30)]
    assert suspected(tried(ingest, per_member)) == ["every member has one order: is order_id the column of the order?"]
    right = [f"M{number % 40},2024-01-05,{number}.00,o{number}," for number in range(1, 120)]
    assert suspected(tried(ingest, right)) == []


def test_a_trial_names_the_file_that_cannot_be_read(ingest: Ingest) -> None:
    lines = ['A,2024-01-05,1.00,o1,"not closed', *(f"B,2024-01-05,1.00,o{number},x" for number in range(9))]
    with pytest.raises(DataCheckError, match=r"a\.csv: a value holds the lines after it"):
        tried(ingest, lines)


def test_symbols_commas_and_days_to_come_are_told_and_no_amount(ingest: Ingest) -> None:
    lines = [
        "A,2024-01-05,\u20ac 12.50,o1,",
        'B,2024-01-06,"777,40 EUR",o2,',
        "C,2025-03-01,1,o3,",
        "D,2024-01-09,2,o4,",
    ]
    trial = tried(ingest, lines)
    assert suspected(trial) == [
        "1 line is of a day to come: is that the format of the day?",
        'amounts that were not read carry EUR, \u20ac: add number: {symbols: ["EUR", "\u20ac"]}',
        "amounts that were not read have a comma: say by number: {decimal: ','} or {thousands: ','} which it is",
    ]
    assert not any("777" in line for line in describe_trial(trial))


def test_a_rejected_line_is_named_as_an_editor_counts_lines(ingest: Ingest) -> None:
    quoted = ['A,2024-01-05,1.00,o1,"two', 'lines, and ""quotes"""', "", "B,2024-01-05,1.00,o2,", "C,soon,1.00,o3,x"]
    assert list(tried(ingest, quoted).examples.values()) == ["a.csv, line 6"]
    assert list(tried(ingest, quoted[2:], multi_line=False).examples.values()) == ["a.csv, line 4"]
    event = '{{"cust": "{}", "day": "{}", "amount": 1, "order": "o"}}'.format
    ingest.write("json/a.jsonl", "\n".join([event("A", "2024-01-05"), "", event("B", "soon"), "", "{broken"]))
    columns = {**SALES, "order_id": "order"}
    source = source_of(ingest.folder / "json", columns, format=Format.JSON)
    places = try_source(ingest.spark, source, NAMED, KEY, TODAY).examples
    assert {reason.value: place for reason, place in places.items()} == {
        "bad date": "a.jsonl, line 3", "malformed line": "a.jsonl, line 5",
    }  # fmt: skip


def test_a_rejected_row_of_a_table_file_has_its_number_and_one_of_text_its_line(ingest: Ingest) -> None:
    frame = ingest.spark.sql("select * from values ('A', '2024-01-05', 1), ('B', 'soon', 2) as t(cust, day, amount)")
    frame.coalesce(1).write.parquet(str(ingest.folder / "parquet"))
    source = source_of(ingest.folder / "parquet", SALES, format=Format.PARQUET)
    [place] = try_source(ingest.spark, source, NAMED, KEY, TODAY).examples.values()
    assert place.endswith(".parquet, row 2")
    ingest.write("text/a.txt", "report of the day\n\nA 2024-01-05 1\nB soon 2\n")
    part = {field: ColumnMapping(column="value", pattern=f"^{'[^ ]+ ' * n}([^ ]+)") for n, field in enumerate(SALES)}
    source = source_of(ingest.folder / "text", part, format=Format.TEXT, skip_lines=1)
    [place] = try_source(ingest.spark, source, NAMED, KEY, TODAY).examples.values()
    assert place == "a.txt, line 4"


def test_files_between_the_first_and_the_last_are_not_read(ingest: Ingest) -> None:
    lines = "".join(f"C{number},2024-01-05,1,o{number},\n" for number in range(3000))
    for name in ("b.csv", "m.csv", "z.csv"):
        ingest.write(f"in/{name}", "cust,day,amount,order,note\n" + lines)
    trial = tried(ingest, ["C1,2024-01-05,1,o1,", "C2,soon,1,o1,"])
    assert trial.examples == {RejectReason.BAD_DATE: "a.csv, line 3"}
    context = ingest.spark.sparkContext
    with one_task_per_file(ingest.spark):
        opened = open_source(ingest.spark, trial.source, NAMED, Asked(), KEY, 1000)
        context.setJobGroup("trial", "trial")
        opened.lines.collect()
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup("trial")]
    stages = [tracker.getStageInfo(stage) for job in jobs for stage in job.stageIds]
    assert max(stage.numTasks for stage in stages if stage is not None) == 1


def test_what_became_of_each_column_names_those_of_look_ups_and_rules(ingest: Ingest) -> None:
    ingest.write("cards.csv", "id,card\n1,C-1\n2,C-2\n")
    cards = Lookup("cards", Format.CSV, str(ingest.folder / "cards.csv"), key="id", source_key="cust")
    path = ingest.write("in/a.csv", "cust,day,amount,state,item\n1,2024-01-05,1,paid,\n2,2024-01-05,2,paid,Glue\n")
    columns = {**SALES, "member": ColumnMapping(column="card", lookup="cards"), "category": "item"}
    rules = SourceRules(exclude=rule(state="open"))
    source = source_of(path, columns, lookups={"cards": cards}, rules=rules)
    told = describe_trial(try_source(ingest.spark, source, NAMED, KEY, TODAY))
    assert told[2:4] == [
        "  reads amount (amount), cards.card (member), cust (key of cards), day (ordered_at), item (category), "
        "state (rules)",
        "  filled: category in 1 of 2 accepted lines",
    ]


def test_a_trial_of_refunds_without_members_and_of_changes_tells_what_it_can(ingest: Ingest) -> None:
    path = ingest.write("in/refunds.csv", "day,order,amount\n" + "2024-01-05,o1,5\n" * 120)
    columns = {"ordered_at": "day", "amount": "amount", "order_id": "order", "refunded_order_id": "order"}
    source = source_of(path, columns, orders_of="orders", rules=SourceRules(otherwise=Otherwise.REFUND))
    trial = try_source(ingest.spark, source, NAMED, KEY, TODAY)
    assert describe_trial(trial)[0].startswith("shop: 120 lines tried = 120 accepted")
    assert not any("one member" in line or "1 member" in line for line in describe_trial(trial))
    path = ingest.write("in/changes.csv", "cust,day,order,amount,rev\nA,2024-01-05,o1,5,1\nA,2024-01-05,o1,6,2\n")
    versions = {"key": ColumnMapping(first_of=("order",)), "version": ColumnMapping(column="rev", formats=("number",))}
    source = source_of(path, {**SALES, "order_id": "order", **versions}, delivery=Delivery.CHANGES)
    trial = try_source(ingest.spark, source, NAMED, KEY, TODAY)
    assert describe_trial(trial)[0] == "shop: 2 lines tried = 1 accepted + 0 excluded + 0 rejected + 1 outside"


def test_a_trial_of_orders_with_conditions_and_lists_tells_what_it_can(ingest: Ingest) -> None:
    lines = [
        '{"cust": "A", "day": "2024-01-05", "paid": "yes", "items": [{"price": "5"}]}',
        '{"cust": "B", "day": "2024-01-06", "paid": "yes", "items": []}',
    ]
    path = ingest.write("in/orders.jsonl", "\n".join(lines))
    price = ColumnMapping(column="items.price", when=rule(paid="yes"))
    source = source_of(path, {**SALES, "amount": price}, format=Format.JSON, explode="items")
    told = describe_trial(try_source(ingest.spark, source, NAMED, KEY, TODAY))
    assert told[0] == "shop: 2 lines tried = 1 accepted + 0 excluded + 1 rejected (bad amount 1)"
    assert "  bad amount: the first is in orders.jsonl" in told


def test_positions_count_the_lines_of_each_file_behind_its_skipped_ones(ingest: Ingest) -> None:
    for name, day in (("a.csv", "2024-01-05"), ("b.csv", "soon")):
        ingest.write(f"in/{name}", f"till 7\n\ncust,day,amount\nA,2024-01-05,1\nA,{day},1\n")
    source = source_of(ingest.folder / "in", SALES, skip_lines=1)
    examples = try_source(ingest.spark, source, NAMED, KEY, TODAY).examples
    assert examples == {RejectReason.BAD_DATE: "b.csv, line 5"}


def test_the_last_file_of_orders_with_lists_is_looked_at_too(ingest: Ingest) -> None:
    order = '{{"cust": "{}", "day": "{}", "items": [{{"price": {}}}, {{"price": {}}}]}}\n'.format
    ingest.write("in/a.jsonl", order("A", "2024-01-05", 1, 2) * 600)
    ingest.write("in/b.jsonl", order("B", "soon", '"3,50 \u20ac"', 2))
    columns = {**SALES, "amount": "items.price"}
    source = source_of(ingest.folder / "in", columns, format=Format.JSON, explode="items", number=NumberFormat())
    trial = try_source(ingest.spark, source, NAMED, KEY, TODAY)
    assert trial.examples == {RejectReason.BAD_DATE: "b.jsonl", RejectReason.BAD_AMOUNT: "b.jsonl"}
    assert any('add number: {symbols: ["\u20ac"]}' in line for line in suspected(trial))


def test_symbols_in_the_amounts_of_lines_that_are_made_of_others_are_told(ingest: Ingest) -> None:
    also = AlsoLine(Kind.REFUND, {"amount": ColumnMapping(column="note")}, None, "test:1")
    trial = tried(ingest, ["A,2024-01-05,5,o1,1 EUR"], also=(also,))
    assert any("carry EUR" in line for line in suspected(trial))


def test_what_an_ingest_would_not_take_is_told_with_what_to_do(ingest: Ingest) -> None:
    ingest.write("orders.csv", "no,day\no1,2024-01-05\n")
    path = ingest.write("in/a.csv", "cust,order,amount\n7,o1,1\n007,o1,1\n8,o2,1\n9,o3,1\n")
    orders = Lookup("orders", Format.CSV, str(ingest.folder / "orders.csv"), key="no", source_key="order")
    columns = {**SALES, "ordered_at": "orders.day"}
    limited = replace(config_of(), checks=Checks(max_rejected_share=0.05))
    told = suspected(
        try_source(ingest.spark, source_of(path, columns, lookups={"orders": orders}), limited, None, TODAY)
    )
    assert (
        told[0] == "an ingest would stop: 75.0% of these lines are rejected, more than checks.max_rejected_share 5.0%"
    )
    assert told[1].startswith("identity.method: integer takes whole numbers without zeros before them")
    assert told[2] == "source shop: 2 lines have no row in look-up orders"
