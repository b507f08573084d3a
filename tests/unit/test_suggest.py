"""A suggestion is a complete source: it loads, names the right columns, and says why."""

import re
from pathlib import Path

import pytest

from rfm_spark.cli import main
from rfm_spark.config.source import Source
from rfm_spark.rules.check_config import checked_config
from rfm_spark.suggest.encodings import encoding_of
from rfm_spark.suggest.sniff import FIRST_BYTES, sniff
from rfm_spark.suggest.text import suggestion

ROOT = Path(__file__).resolve().parents[2]
FILE = re.compile(r"^```(?:csv|json) (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGE = dict(FILE.findall((ROOT / "docs" / "sources.md").read_text()))


def suggested(path: Path) -> Source:
    """Suggest a source for the file, and read it back as `check` does."""
    written = path.parent / "suggested.yaml"
    written.write_text("\n".join(suggestion(sniff(path))) + "\n")
    config = checked_config([str(ROOT / "conf"), str(written)], ["identity.key.env=KEY"])
    (source,) = config.sources.values()
    return source


def columns_of(source: Source) -> dict[str, object]:
    return {field: mapping.column or mapping.formula for field, mapping in source.columns.items()}


def test_a_german_statement_is_read_by_its_dialect(tmp_path: Path):
    lines = [f"K{n};{n + 1:02d}.05.2024;{'-' if n == 4 else ''}{n + 1}.234,5{n} €;R{n}" for n in range(9)]
    (tmp_path / "umsatz.csv").write_text(
        "\n".join(["Kunde;Datum;Betrag;Beleg", *lines]) + "\n", encoding="windows-1252"
    )
    source = suggested(tmp_path / "umsatz.csv")
    assert columns_of(source) == {"member": "Kunde", "ordered_at": "Datum", "amount": "Betrag", "order_id": "Beleg"}
    assert source.options["sep"] == ";"
    assert source.columns["ordered_at"].formats == ("dd.MM.yyyy",)
    assert source.rules.refund is not None
    assert source.number is not None
    assert (source.number.decimal, source.number.thousands, source.number.symbols) == (",", (".",), ("€",))


def test_price_and_quantity_make_an_amount(tmp_path: Path):
    (tmp_path / "receipts.csv").write_text(PAGE["receipts.csv"])
    source = suggested(tmp_path / "receipts.csv")
    formula = source.columns["amount"].formula
    assert formula is not None
    assert formula.operands == ("price", "pieces")
    assert (source.columns["member"].column, source.columns["ordered_at"].column) == ("card", "day")


def test_an_encoding_and_signs_of_full_width_are_seen(tmp_path: Path):
    (tmp_path / "订单.csv").write_text(PAGE["订单.csv"] * 1, encoding="gbk")
    source = suggested(tmp_path / "订单.csv")
    assert source.options["encoding"].lower().replace("-", "") in ("gbk", "gb18030", "gb2312", "cp936")
    assert columns_of(source) == {"member": "会员", "ordered_at": "日期", "amount": "金额", "order_id": "单号"}


def test_json_lines_and_parquet_are_known_by_their_content(tmp_path: Path):
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "orders").write_text(PAGE["orders.jsonl"])
    source = suggested(tmp_path / "orders")
    assert (source.format, columns_of(source)["member"], columns_of(source)["amount"]) == ("json", "member", "total")
    path = tmp_path / "sales.bin"
    duckdb.sql(f"COPY (SELECT 7 AS customer_id, DATE '2024-01-05' AS day, 1.5 AS total) TO '{path}' (FORMAT parquet)")
    source = suggested(path)
    assert source.format == "parquet"
    assert columns_of(source) == {"member": "customer_id", "ordered_at": "day", "amount": "total"}


def test_what_is_not_sure_is_said(tmp_path: Path):
    (tmp_path / "a.csv").write_text("customer,buyer,day,total\nA,x,05/01/2024,1\nB,y,06/02/2024,2\n")
    told = "\n".join(suggestion(sniff(tmp_path / "a.csv")))
    assert "so could buyer" in told
    assert re.search(r"(MM/dd/yyyy|dd/MM/yyyy) fits too", told)
    (tmp_path / "b.csv").write_text("one,two\nx,2024-01-05\ny,2024-01-06\n")
    told = suggestion(sniff(tmp_path / "b.csv"))
    assert "      # member: no column looks like it; write the one that is" in told
    assert "    # not used: one" in told


def test_the_command_prints_yaml_alone_and_one_closing_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a.csv").write_text("customer,day,total\ncanary,2024-01-05,1\n")
    assert main(["suggest", str(tmp_path / "a.csv")]) == 0
    told = capsys.readouterr().out
    assert "member: customer" in told
    assert "canary" not in told
    assert main(["suggest", str(tmp_path / "none.csv")]) == 2


def test_utf_8_is_seen_where_the_beginning_ends_inside_a_character():
    for offset in range(4):
        head = ("x" * offset + "好" * FIRST_BYTES).encode()[:FIRST_BYTES]
        assert encoding_of(head, is_whole=False).java == "UTF-8"


def test_an_odd_name_of_a_column_breaks_no_line(tmp_path: Path):
    (tmp_path / "a.csv").write_text('customer,day,total,"note\nfoo: bar"\nA,2024-01-05,1,x\nB,2024-01-06,2,y\n')
    assert not [line for line in suggestion(sniff(tmp_path / "a.csv")) if line.lstrip().startswith("foo")]
