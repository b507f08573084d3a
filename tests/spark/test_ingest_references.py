"""References that are written in several ways are one, and words for nothing are none and are counted."""

import random
import unicodedata
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Fold
from rfm_spark.config.source import ColumnMapping, SourceRules
from rfm_spark.contracts import columns as c
from rfm_spark.driver_rows import driver_rows
from rfm_spark.ingest.folding import folded, folded_words
from tests.spark.ingest_cases import KEY, NAMED, SALES, Ingest, rule, source_of

EVERY = (Fold.CASE, Fold.WIDTH, Fold.NFC)


@pytest.fixture
def ingest(spark: SparkSession, tmp_path: Path) -> Ingest:
    return Ingest(spark, tmp_path)


def wide(text: str) -> str:
    """Return the text in characters of full width."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def members(ingest: Ingest, lines: list[str], **settings: object) -> tuple[set[str], dict[str, dict[str, int]]]:
    """Return the references of the accepted lines, and the counts of words for nothing."""
    path = ingest.write(f"in{len(ingest.taken)}.csv", "\n".join(["cust,day,amount,order", *lines]) + "\n")
    columns = {**SALES, "order_id": "order", **settings.pop("columns", {})}
    staged, counts = ingest.stage(source_of(path, columns, **settings), NAMED, key=KEY)
    return {row[0] for row in staged.select(c.ID_VALUE).collect() if row[0] is not None}, dict(counts.missing)


def test_capitals_widths_and_composed_characters_make_no_second_member(ingest: Ingest) -> None:
    written = [
        "Ann@X.example", "ann@x.example", wide("ANN@X.EXAMPLE"), "Rene\u0301", "REN\u00c9",
        "\uff76\uff9e\uff8a\uff9f" + wide("1"), "\u30ac\u30d11", "Stra\u00dfe", "STRASSE",
    ]  # fmt: skip
    lines = [f"{text},2024-01-05,1,O{number}" for number, text in enumerate(written)]
    found, _ = members(ingest, lines, columns={"member": ColumnMapping(column="cust", fold=EVERY)})
    assert found == {"ann@x.example", "ren\u00e9", "\u30ac\u30d11", "strasse"}
    found, _ = members(ingest, lines, columns={"member": ColumnMapping(column="cust", fold=(Fold.WIDTH,))})
    narrow = {"Ann@X.example", "ann@x.example", "ANN@X.EXAMPLE"}
    assert found == narrow | {"Rene\u0301", "REN\u00c9", "\u30ac\u30d11", "Stra\u00dfe", "STRASSE"}


def test_orders_and_other_texts_are_folded_too_and_so_is_what_they_are_made_of(ingest: Ingest) -> None:
    text = f"cust,day,amount,store,receipt\nA,2024-01-05,1,{wide('S1')},r7\nA,2024-01-05,2,s1,{wide('R')}7\n"
    path = ingest.write("in.csv", text)
    columns = {
        **SALES, "order_id": ColumnMapping(concat=("store", "receipt"), between="-", fold=EVERY),
        "channel": ColumnMapping(first_of=("store", "receipt"), fold=EVERY),
    }  # fmt: skip
    staged, _ = ingest.stage(source_of(path, columns), NAMED, key=KEY)
    assert {tuple(row) for row in staged.select(c.ORDER_ID, c.CHANNEL).collect()} == {("s1-r7", "s1")}


def twin(text: str, folds: tuple[Fold, ...]) -> str:
    """Fold a text by Python's own tables, one character after the other."""
    if Fold.WIDTH in folds:
        parts, at = [], 0
        while at < len(text):
            pair = text[at : at + 2]
            whole = unicodedata.normalize("NFKC", pair) if pair[1:] in ("\uff9e", "\uff9f") else ""
            is_kana = len(whole) == 1 and "\uff66" <= pair[0] <= "\uff9d"
            wide = unicodedata.decomposition(text[at]).split()
            is_wide = wide[:1] in (["<wide>"], ["<narrow>"])
            parts.append(whole if is_kana else chr(int(wide[1], 16)) if is_wide else text[at])
            at += 2 if is_kana else 1
        text = "".join(parts)
    if Fold.NFC in folds:
        text = unicodedata.normalize("NFC", text)
    if Fold.CASE in folds:
        text = text.casefold()
    return unicodedata.normalize("NFC", text) if Fold.NFC in folds else text


def test_folding_is_what_unicode_says_for_every_character_and_for_names_of_several(spark: SparkSession) -> None:
    assigned = [chr(code) for code in range(0x20, 0x20000) if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")]
    chance = random.Random(7)
    marks = [one for one in assigned if unicodedata.combining(one)]
    letters = [one for one in assigned if one.isalpha() and ord(one) < 0x3100] + [chr(n) for n in range(0xFF01, 0xFFE7)]
    parts = [[chance.choice(letters) + chance.choice(["", *marks]) for _ in range(6)] for _ in range(3000)]
    names = ["".join(part + chance.choice(["", chance.choice(marks)]) for part in name) for name in parts]
    texts = [*assigned, *names]
    frame = driver_rows(spark, [(text,) for text in texts], "text string")
    ways = {
        "case": (Fold.CASE,), "width": (Fold.WIDTH,), "nfc": (Fold.NFC,), "all": EVERY, "both": (Fold.CASE, Fold.NFC),
    }  # fmt: skip
    found = frame.select("text", *(folded(F.col("text"), folds).alias(name) for name, folds in ways.items())).collect()
    assert len(found) == len(texts)
    for name, folds in ways.items():
        assert [row["text"] for row in found if row[name] != twin(row["text"], folds)] == []
        assert list(folded_words(texts, folds)) == [twin(text, folds) for text in texts], name


def test_words_for_nothing_are_counted_by_word(ingest: Ingest) -> None:
    lines = [
        *["NULL,2024-01-05,1,a"] * 3, *["N/A,2024-01-05,1,b"] * 2, ",2024-01-05,1,c", "000000,2024-01-05,1,d",
        "guest,2024-01-05,1,e", "A,2024-01-05,1,-", "B,2024-01-05,1,", "C,2024-01-05,1,o1", "D,soon,1,NULL",
    ]  # fmt: skip
    found, missing = members(ingest, lines, missing_members=("guest", "0"))
    assert found == {"A", "B", "C"}
    assert missing == {
        "member": {"NULL": 3, "N/A": 2, "0000": 1, "guest": 1, "": 1},
        "order_id": {"-": 1, "": 1},
    }


def test_a_word_counts_in_whatever_way_a_folded_column_writes_it(ingest: Ingest) -> None:
    lines = [f"{wide('N/A')},2024-01-05,1,a", "GUEST,2024-01-05,1,b", "nUlL,2024-01-05,1,c", "Ann,2024-01-05,1,d"]
    columns = {"member": ColumnMapping(column="cust", fold=EVERY)}
    found, missing = members(ingest, lines, columns=columns, missing_members=("Guest",))
    assert found == {"ann"}
    assert missing == {"member": {"NULL": 1, "N/A": 1, "Guest": 1}}


def test_lines_that_are_left_out_and_members_with_a_default_take_no_word(ingest: Ingest) -> None:
    lines = ["NULL,2024-01-05,1,a", "NULL,2024-01-05,5,-"]
    columns = {"member": ColumnMapping(column="cust", default="walk-in")}
    found, missing = members(ingest, lines, columns=columns, rules=SourceRules(exclude=rule(amount={"above": 2})))
    assert (found, missing) == ({"walk-in"}, {})


def test_the_word_of_one_part_leaves_the_whole_reference_out(ingest: Ingest) -> None:
    lines = ["A,2024-01-05,1,NULL", "B,2024-01-05,1,0000", "B,2024-01-05,1,7"]
    columns = {"order_id": ColumnMapping(concat=("cust", "order"), between="-")}
    _, missing = members(ingest, lines, columns=columns)
    assert missing == {"order_id": {"NULL": 1}}
