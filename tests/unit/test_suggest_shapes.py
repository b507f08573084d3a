"""A suggestion for files as the world writes them: it loads, is as strict as the ingest, and shows no value."""

import json
import re
from pathlib import Path

import pytest

from rfm_spark.cli import main
from rfm_spark.errors import UsageError
from rfm_spark.rules.check_config import checked_config
from rfm_spark.suggest.sniff import sniff
from rfm_spark.suggest.text import suggestion
from tests.unit.test_suggest import ROOT, columns_of, suggested


def told_of(folder: Path, text: str, name: str = "a.csv") -> str:
    (folder / name).write_text(text)
    return "\n".join(suggestion(sniff(folder / name)))


def test_lines_before_the_header_are_left_out_and_not_shown(tmp_path: Path):
    lines = [f"K{n};{n + 1:02d}.05.2024;{n},50" for n in range(20, 29)]
    text = "\n".join(["canary Statement of May", "canary Account 1", "", "Kunde;Buchungstag;Betrag", *lines]) + "\n"
    (tmp_path / "statement.csv").write_text(text)
    source = suggested(tmp_path / "statement.csv")
    assert (source.skip_lines, source.options) == (3, {"sep": ";"})
    assert columns_of(source) == {"member": "Kunde", "ordered_at": "Buchungstag", "amount": "Betrag"}
    assert "canary" not in "\n".join(suggestion(sniff(tmp_path / "statement.csv")))


@pytest.mark.parametrize(("days", "format_"), [
    (("1/5/2010", "12/25/2010"), "M/d/yyyy"), (("25.1.2010 8:05", "5.12.2010 18:05"), "d.M.yyyy H:mm"),
    (("19970101", "19971231"), "yyyyMMdd"), (("05-Jan-24", "25-Feb-24"), "dd-MMM-yy"),
    (("2024-08-14 18:59:00 +0100", "2024-08-14 18:59:00 UTC"), None), (("2024-08-14T18:59:00Z",), None),
])  # fmt: skip
def test_the_format_of_a_day_is_as_strict_as_the_ingest(tmp_path: Path, days: tuple[str, ...], format_: str | None):
    lines = [f"A{number},{day},{number}.5" for number, day in enumerate(days * 3)]
    (tmp_path / "a.csv").write_text("\n".join(["customer,ordered at,total", *lines]) + "\n")
    source = suggested(tmp_path / "a.csv")
    assert source.columns["ordered_at"].column == "ordered at"
    assert source.columns["ordered_at"].formats == ((format_,) if format_ else ())


def test_a_separator_that_the_header_does_not_have_is_none(tmp_path: Path):
    lines = [f"o{n},c{n},2024-01-05,{n}.5{', Unit 2' if n % 3 == 0 else ''}" for n in range(30)]
    (tmp_path / "orders.csv").write_text("\n".join(["order,customer,day,total", *lines]) + "\n")
    source = suggested(tmp_path / "orders.csv")
    assert columns_of(source) == {"member": "customer", "ordered_at": "day", "amount": "total", "order_id": "order"}
    told = suggestion(sniff(tmp_path / "orders.csv"))
    assert "    # 10 lines have another number of values than columns: look at them" in told


def test_lines_of_words_are_read_by_patterns(tmp_path: Path):
    lines = [f" {n:05d} 199701{n:02d}  {n}  1{n}.77" for n in range(1, 28)]
    (tmp_path / "sales.txt").write_text("\n".join(["  customer_id  date cds  dollar_value", *lines]) + "\n")
    source = suggested(tmp_path / "sales.txt")
    assert (source.format, source.skip_lines) == ("text", 1)
    member, day, amount = (source.columns[field] for field in ("member", "ordered_at", "amount"))
    read = [re.search(str(mapping.pattern), lines[0]) for mapping in (member, day, amount)]
    assert [found and found[1] for found in read] == ["00001", "19970101", "11.77"]
    assert day.formats == ("yyyyMMdd",)


def test_a_web_shop_with_lines_of_items_gets_its_orders(tmp_path: Path):
    of_order = "Name,Email,Status,Currency,Subtotal,Shipping,Total,Created at"
    header = f"{of_order},Lineitem quantity,Lineitem price,Accepts Marketing"
    lines = [f"#{n},c{n}@shop.example,paid,EUR,9.00,4.90,13.90,2024-08-14 18:59:00 +0100,1,5.00," for n in range(9)]
    items = [f"#{n},c{n}@shop.example,,,,,,,2,2.00," for n in range(9)]
    (tmp_path / "orders.csv").write_text(
        "\n".join([header, *(line for both in zip(lines, items, strict=True) for line in both)])
    )
    source = suggested(tmp_path / "orders.csv")
    assert columns_of(source)["amount"] == "Total"
    assert columns_of(source)["order_id"] == "Name"
    assert "brand" not in source.columns, "an empty column has no meaning"
    assert source.rules.exclude is not None
    assert source.rules.exclude.when == {"Total": {"is_null": True}}
    told = "\n".join(suggestion(sniff(tmp_path / "orders.csv")))
    assert "orders: {currency: EUR}" in told
    assert "set calendar.time_zone" in told


def test_discounts_swiss_amounts_and_ids_with_points_are_seen(tmp_path: Path):
    lines = [f"{n}00.0;2024-01-05;1'234.50;{n};0.{n}" for n in range(1, 9)]
    (tmp_path / "items.csv").write_text("\n".join(["customer;day;unit price;quantity;discount", *lines]) + "\n")
    source = suggested(tmp_path / "items.csv")
    formula = source.columns["amount"].formula
    assert formula is not None
    assert formula.operands[:2] == ("unit price", "quantity")
    assert len(formula.operands) == 3
    assert source.number is not None
    assert source.number.thousands == ("'",)
    assert source.columns["member"].pattern == "^([0-9]+)"


def test_the_output_is_a_file_to_save(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a.csv").write_text("customer,day,total\nA,2024-01-05,1\n")
    assert main(["suggest", str(tmp_path / "a.csv")]) == 0
    told = capsys.readouterr()
    (tmp_path / "sources.yaml").write_text(told.out)
    checked_config([str(ROOT / "conf"), str(tmp_path / "sources.yaml")], ["identity.key.env=KEY"])
    assert told.err == "rfm-spark suggest: check every line before you use it\n"


@pytest.mark.parametrize("lines", [
    ["anna@canary.example;2.1.2024;1,50;canary", "bert@canary.example;3.1.2024;2,50;canary"],
    ["anna@canary.example canary 5", "bert@canary.example canary 6"],
    ["canary,2024-01-05,x", "canary,2024-01-06,x"],
])  # fmt: skip
def test_a_first_line_of_values_is_no_header_and_is_not_shown(tmp_path: Path, lines: list[str]):
    told = told_of(tmp_path, "\n".join(lines * 5) + "\n")
    assert "canary" not in told
    assert 'header: "false"' in told or "format: text" in told


def test_names_that_may_be_values_are_only_counted(tmp_path: Path):
    line = {"customer": "A", "day": "2024-01-05", "total": 1, "by": {"anna@canary.example": 1}, "": 1}
    told = told_of(tmp_path, f"{json.dumps(line)}\n" * 3, "orders.jsonl")
    assert "canary" not in told
    assert "    # not used: 2 more" in told.splitlines()


def test_parts_of_records_have_dotted_names_and_lists_are_named(tmp_path: Path):
    line = {"id": "o1", "created_at": "2024-01-05T10:00:00Z", "customer": {"id": 7, "mail": "x"}, "line_items": [{}]}
    (tmp_path / "orders.jsonl").write_text(f"{json.dumps({**line, 'total': 1})}\n" * 3)
    source = suggested(tmp_path / "orders.jsonl")
    assert (source.columns["member"].column, source.columns["ordered_at"].column) == ("customer.id", "created_at")
    told = suggestion(sniff(tmp_path / "orders.jsonl"))
    assert "    # a list in each line: explode: line_items makes a line of every element" in told


@pytest.mark.parametrize(("amounts", "number"), [
    (["1.001,50 kr.", "2,00 kr."], "{decimal: \",\", thousands: \".\", symbols: [\"kr.\"]}"),
    (["12.50", "Anna Canary"] + ["3.00"] * 8, None), (["0,125", "0,250"], "{decimal: \",\"}"),
    (["12,500", "13,250"], "{thousands: \",\"}"),
])  # fmt: skip
def test_amounts_are_read_as_they_are_written(tmp_path: Path, amounts: list[str], number: str | None):
    told = told_of(tmp_path, "customer;day;total\n" + "".join(f"A;2024-01-05;{amount}\n" for amount in amounts))
    assert (f"    number: {number}  # so the amounts are written" in told) == (number is not None)
    assert ("look which is right" in told) == (number == '{thousands: ","}')
    assert "Canary" not in told


@pytest.mark.parametrize(("currencies", "said"), [
    (["eur", "EUR "], "orders: {currency: EUR}"), (["EUR", "USD"], "# currency has 2 currencies: write one source for"),
    (["US Dollar"], "# currency has no code of three letters: orders.currency is not checked"),
])  # fmt: skip
def test_one_currency_is_asked_for_and_several_are_told(tmp_path: Path, currencies: list[str], said: str):
    lines = "".join(f"A,2024-01-05,1.5,{currency}\n" for currency in currencies * 3)
    assert said in told_of(tmp_path, f"customer,day,total,currency\n{lines}")


def test_returns_are_found_by_the_sign_of_the_pieces(tmp_path: Path):
    told = told_of(tmp_path, "customer,day,total,quantity\n" + "A,2024-01-05,1.5,1\nA,2024-01-05,1.5,-1\n" * 3)
    assert "      refund: {quantity: {below: 0}}  # 3 values below 0" in told
    told = told_of(tmp_path, "customer,day,price\n" + "A,2024-01-05,1.5\nA,2024-01-05,-1.5\n" * 3)
    assert "      refund: {amount: {below: 0}}  # 3 values below 0" in told


def test_a_value_that_is_no_day_hides_no_day(tmp_path: Path):
    days = ["5.1.2024"] * 18 + ["NULL", "", "total"]
    told = told_of(tmp_path, "customer;day;total\n" + "".join(f"A;{day};1\n" for day in days))
    assert '{column: day, format: "d.M.yyyy"}' in told
    assert "1 value does not fit" in told


@pytest.mark.parametrize(("content", "said"), [
    (b"PK\x03\x04canary", "an archive"), (b"", "empty"), (b'{"a": 1\n', "not one object per line"),
    (b"\xef\xbb\xbf", "it is empty"), (b"\xff\xfe", "it is empty"), (b"a,b\n", "it has one line"),
    (b"PAR1canary", "it cannot be read to its end"), (b"[{}]", "not one object per line"),
    (b"{}\n5\n", "not one object"), ("a,b\nA,B\n".encode("utf-16-le"), "characters that no text has"),
    (b"x" * (1 << 20), "longer than a megabyte"), (b"a,b\n" + b"x" * 200_000 + b",1\n", "longer than 131,072"),
])  # fmt: skip
def test_what_is_no_table_is_one_sentence(tmp_path: Path, content: bytes, said: str):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UsageError, match=said) as refused:
        sniff(tmp_path / "a.csv")
    assert "canary" not in str(refused.value)


def test_an_encoding_has_the_name_of_java_and_a_guess_is_told(tmp_path: Path):
    lines = "".join(f"Größe {number};05.01.2024;1,50 €\n" for number in range(200))
    (tmp_path / "a.csv").write_bytes(f"Kunde;Tag;Betrag\n{lines}".encode("windows-1252"))
    told = "\n".join(suggestion(sniff(tmp_path / "a.csv")))
    assert re.search(r'encoding: "windows-125\d"', told)
    assert "the encoding is a guess: look at the letters" in told


def test_a_backslash_before_quotes_is_an_option(tmp_path: Path):
    lines = "".join(f'A,2024-01-05,{number}.5,"say \\"hi, you\\" now"\n' for number in range(9))
    source_text = told_of(tmp_path, f"customer,day,total,note\n{lines}")
    assert 'escape: "\\\\"' in source_text
    assert "another number of values" not in source_text
