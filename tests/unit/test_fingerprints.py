"""A definition hash changes with what decides a result, and with nothing else."""

from pathlib import Path

import pytest

from rfm_spark.config.fingerprints import (
    basis,
    config_hash,
    facts_hash,
    preferences_hash,
    segment_set_hash,
    source_hash,
    summaries_hash,
    window_hash,
)
from rfm_spark.config.load import load_config

CONF = Path(__file__).parents[2] / "conf"
FILES = [str(CONF / name) for name in ("windows.yaml", "scores.yaml", "tags.yaml", "orders.yaml")]
TEXT = """
segments:
  active: [tier]
  tier: {window: year, otherwise: rest, lapsed: rest, rules: [{segment: best, when: {r: high}}]}
sources:
  shop:
    format: csv
    path: a.csv
    columns: {member: A, ordered_at: B, amount: C}
    rules: {exclude: {D: POST}}
"""


@pytest.fixture
def hashes(tmp_path: Path):
    def of(*overrides: str) -> dict[str, str]:
        (tmp_path / "more.yaml").write_text(TEXT)
        config = load_config([*FILES, str(tmp_path / "more.yaml")], overrides)
        return {
            "config": config_hash(config),
            "facts": facts_hash(config),
            "source": source_hash(config, config.sources["shop"]),
            "year": window_hash(config, config.windows["year"]),
            "month": window_hash(config, config.windows["month"]),
            "tier": segment_set_hash(config, config.segment_sets["tier"]),
            "preferences": preferences_hash(config),
            "summaries": summaries_hash(config),
        }

    return of


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("warehouse.path=/elsewhere", set()),
        ("sources.shop.path=b.csv", set()),
        ("segments.tier.title.en=Tiers", set()),
        ("identity.key.env=KEY", set()),
        ("windows.active=[year]", set()),
        ("scores.main_window=month", {"summaries"}),
        ("windows.year.ties=split", {"year", "tier"}),
        ("windows.month.bins=4", {"month"}),
        ("scores.weights.r=2", {"year", "month", "tier"}),
        ("windows.year.weights={r: 1.0, f: 1.00, m: 1}", set()),
        ("segments.tier.otherwise=other", {"tier", "summaries"}),
        ("segments.active=[]", {"summaries"}),
        ("segments.tier.rules=[{segment: best, when: {r: 5}}]", {"tier"}),
        ("orders.refunds=ignore", {"facts", "year", "month", "tier", "preferences"}),
        ("calendar.time_zone=Asia/Shanghai", {"facts", "source", "year", "month", "tier", "preferences"}),
        ("tags.event_types=[view]", {"facts", "preferences"}),
        ("preferences.top=5", {"preferences"}),
        ("preferences.window=month", {"preferences"}),
        ("sources.shop.rules.exclude.D=M", {"source"}),
        ("sources.shop.columns.amount=E", {"source"}),
        ("sources.shop.columns.member={column: A, fold: [case, nfc]}", {"source"}),
    ],
)  # fmt: skip
def test_only_what_decides_a_result_changes_its_hash(hashes, override: str, changed: set[str]) -> None:
    before, after = hashes(), hashes(override)
    assert {name for name in before if before[name] != after[name]} == {"config", *changed}


def test_ties_do_not_matter_where_no_method_asks_for_them(hashes) -> None:
    quantile = "windows.year.method=quantile"
    assert hashes(quantile)["year"] == hashes(quantile, "scores.ties=split")["year"]


def test_the_order_of_folds_does_not_matter(hashes) -> None:
    columns = "sources.shop.columns.member={column: A, fold: [%s]}"
    several = [hashes(columns % folds) for folds in ("case, nfc", "nfc, case")]
    assert several[0]["source"] == several[1]["source"]


def test_the_basis_names_only_sources_of_sales_without_order_numbers(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(TEXT)
    files = [*FILES, str(tmp_path / "more.yaml")]
    for order in ("number", "each_line"):
        assert "one order per" not in basis(load_config(files, [f"sources.shop.columns.order_id={order}"]))


def test_same_configuration_gives_the_same_hashes(hashes) -> None:
    assert hashes() == hashes()


def test_basis_says_in_words_what_the_numbers_mean(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(TEXT)
    overrides = [
        "orders.currency=GBP",
        "windows.active=[year]",
        "windows.year.monetary=gross",
        "windows.year.ties=split",
    ]
    words = basis(load_config([*FILES, str(tmp_path / "more.yaml")], overrides))
    assert words == (
        "Amounts in GBP; refunds lower the order that they name, from their day on; days in UTC; "
        "lines left out by rule in shop; one order per member and day in shop. "
        "year: last 365 days, members with an order in it, F = orders, "
        "M = gross amount, scored by ntile in 5, ties split."
    )


def test_what_a_batch_is_decides_the_rows_of_a_source_and_what_is_refused_does_not(hashes) -> None:
    by_batches = "sources.shop.delivery=batches"
    before = hashes(by_batches)["source"]
    assert hashes(by_batches, "sources.shop.batch.from=(.*)")["source"] != before
    allowed = ("sources.shop.duplicates=allow", "sources.shop.empty_batches=allow")
    assert hashes(by_batches, *allowed)["source"] == before
