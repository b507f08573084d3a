"""What ingest decides without Spark: names of batches, needed columns, secrets, messages."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from rfm_spark.config.choices import Dataset, Delivery, Format, Kind, Operation
from rfm_spark.config.formula_types import Formula
from rfm_spark.config.source import AlsoLine, ColumnMapping, Lookup, Rule, Source, SourceRules
from rfm_spark.errors import ExitCode, RfmSparkError
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.fates import counts_of
from rfm_spark.ingest.files import InputFile, name_below
from rfm_spark.ingest.reasons import Fate, RejectReason
from rfm_spark.ingest.schema import required_columns
from rfm_spark.rules.source_columns import lookup_columns, needed_columns

FATES, REASONS = {fate.value: 1 for fate in Fate}, {reason.value: 0 for reason in RejectReason}
OBSERVED = {"read": 4, "naming_refunds": 0, **FATES, **REASONS}


def test_every_reason_has_a_bit_of_its_own() -> None:
    assert sum(reason.bit for reason in RejectReason) == 2 ** len(RejectReason) - 1


@pytest.mark.parametrize(
    ("uri", "path", "name"),
    [
        ("file:///data/in/a.csv", "/data/in/a.csv", "a.csv"),
        ("file:///data/in/x/a.csv", "/data/in", "x/a.csv"),
        ("file:///data/in/in/a.csv", "/data/in", "in/a.csv"),
        ("hdfs://host:8020/data/in/2011/a.csv", "hdfs://host:8020/data/in", "2011/a.csv"),
        ("file:///data/in/a.csv", "./in", "a.csv"),
        ("file:///data/a.csv", "", "a.csv"),
    ],
)
def test_a_file_is_named_below_its_base(uri: str, path: str, name: str) -> None:
    assert name_below(uri, path) == name


def test_a_file_is_opened_by_its_own_name_whatever_characters_it_has() -> None:
    file = InputFile("file:///in/a%20b%5B1%5D.csv", "a b[1].csv")
    assert file.path == "file:///in/a b[1].csv"
    assert file.pattern == r"file:///in/a b\[1\].csv"


def test_needed_are_the_columns_of_mappings_rules_and_used_lookups() -> None:
    lookup = Lookup("items", Format.CSV, "items.csv", key="no", source_key="item")
    unused = Lookup("other", Format.CSV, "other.csv", key="no", source_key="other_item")
    when = Rule({"kind": "x", "amount": {"above": 0}}, "test:1")
    columns = {
        "member": ColumnMapping(column="id"),
        "ordered_at": ColumnMapping(column="at"),
        "quantity": ColumnMapping(column="pieces"),
        "amount": ColumnMapping(formula=Formula(Operation.MULTIPLY, ("quantity", "price"))),
        "category": ColumnMapping(column="dept", lookup="items"),
        "brand": ColumnMapping(column="brand", when=when),
    }
    source = Source(
        "shop", Dataset.TRANSACTIONS, Format.CSV, MappingProxyType(columns), paths=("x",),
        rules=SourceRules(exclude=Rule({"store": "test"}, "test:2")), lookups={"items": lookup, "other": unused},
    )  # fmt: skip
    assert needed_columns(source) == ("at", "brand", "id", "item", "kind", "pieces", "price", "store")
    assert lookup_columns(source, "items") == ("dept",)


def test_json_lines_must_have_what_required_fields_are_made_of() -> None:
    columns = {
        "member": ColumnMapping(column="id", when=Rule({"flag": "x"}, "test:1")),
        "ordered_at": ColumnMapping(column="at"),
        "quantity": ColumnMapping(column="pieces"),
        "amount": ColumnMapping(formula=Formula(Operation.MULTIPLY, ("quantity", "price"))),
        "refunded_order_id": ColumnMapping(column="refunds"),
    }
    source = Source("shop", Dataset.TRANSACTIONS, Format.JSON, MappingProxyType(columns), paths=("x",),
                    rules=SourceRules(exclude=Rule({"store": "test"}, "test:2")))  # fmt: skip
    assert required_columns(source, []) == ("at", "id", "pieces", "price")
    assert required_columns(source, ["Refunds"]) == ("at", "id", "pieces", "price", "refunds")
    made = AlsoLine(Kind.REFUND, {"amount": ColumnMapping(column="given_back")})
    assert required_columns(replace(source, also=(made,)), []) == ("at", "id", "pieces", "price")
    changing = {**source.columns, "key": ColumnMapping(first_of=("no",)), "version": ColumnMapping(column="updated")}
    by_changes = replace(source, columns=changing, delivery=Delivery.CHANGES)
    assert required_columns(by_changes, []) == ("at", "id", "no", "pieces", "price", "updated")


def test_counts_add_up_or_the_run_stops() -> None:
    assert counts_of({**OBSERVED, "first_day": None, "last_day": None}, "shop").rejected_share == 0.5
    with pytest.raises(RfmSparkError, match="read = accepted"):
        counts_of({**OBSERVED, "read": 5, "first_day": None, "last_day": None}, "shop")


def test_a_read_error_names_the_file_and_not_the_text() -> None:
    text = "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file s3a://b/in/a.csv.gz. \n value 'anna' KD001"
    error = translate_read_error(ValueError(text), "source shop")
    assert error.exit_code is ExitCode.FAILED
    assert error.where == "source shop: s3a://b/in/a.csv.gz"
    assert "anna" not in str(error)
