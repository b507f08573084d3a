"""Folders, files and single values become one configuration, or all its errors."""

from pathlib import Path

import pytest

from rfm_spark.config.choices import Method, Metric, Monetary, Population, Ties
from rfm_spark.config.load import load_config
from rfm_spark.errors import ConfigurationError

CONF = Path(__file__).parents[2] / "conf"
SMALL_CONF = [str(file) for file in sorted(CONF.glob("*.yaml")) if file.name != "segments.yaml"]


def test_shipped_configuration_has_the_documented_defaults() -> None:
    config = load_config([str(CONF)])
    assert config.active_windows == ("month", "quarter", "half_year", "year", "lifetime")
    assert config.active_segment_sets == ("rfm_tier", "life_cycle")
    assert config.windows["year"].days == 365
    assert config.windows["lifetime"].lifetime
    assert config.windows["year_high_low"].scoring(Metric.FREQUENCY).bins == 2
    assert config.windows["year_average"].monetary is Monetary.AVERAGE_ORDER
    assert config.segment_sets["purchase_style"].windows == ("year", "year_average")
    assert (config.identity.key, config.warehouse.path, config.orders.currency) == (None, None, None)


def test_mappings_merge_lists_replace_and_null_removes(load) -> None:
    text = "windows: {active: [year], month: null, year: {method: {f: quantile}}}\nscores: {bins: 4}\n"
    config = load(text)
    assert config.active_windows == ("year",)
    assert "month" not in config.windows
    assert config.windows["year"].days == 365
    assert [config.windows["year"].scoring(metric).method for metric in Metric] == ["ntile", "quantile", "ntile"]
    assert config.windows["year"].scoring(Metric.RECENCY).bins == 4


def test_check_can_be_switched_off_by_null(load) -> None:
    config = load("checks: {max_amount_rise: null}\n")
    assert config.checks.max_amount_rise is None
    assert config.checks.max_member_fall == 0.5
    assert config.text["checks"]["max_amount_rise"] is None


@pytest.mark.parametrize(
    ("override", "error"),
    [
        ("orders", "--set: 'orders' is not an assignment; expected section.key=value"),
        ("orders.refunds=!!python/x 1", "--set orders.refunds: a tag or an anchor; expected a plain or quoted value"),
        ("windows.active.0=year", "--set windows.active.0: active is a list; expected a key"),
        ("orders.max_amount=yes", "--set orders.max_amount: a yes-or-no word"),
        ("oders.refunds=ignore", "--set oders.refunds: oders is not known; did you mean 'orders'?"),
        ("orders.refunds=[1", "--set orders.refunds: not YAML"),
    ],
)  # fmt: skip
def test_bad_assignment_is_an_error(errors, override: str, error: str) -> None:
    assert errors("", override)[0].startswith(error)


def test_all_errors_come_at_once_with_their_lines(errors) -> None:
    text = "orders:\n  refnds: ignore\n  max_amount: many\nwindwos: {}\n"
    text += "calendar: {time_zone: Europe/Berlln}\nhistory: {every: year}\n"
    assert errors(text) == [
        ":2: orders.refnds is not known; did you mean 'refunds'?",
        ":3: orders.max_amount is 'many'; expected a number with at most 4 decimals from 0 to 10000000000000",
        ":4: windwos is not known; did you mean 'windows'?",
        ":5: calendar.time_zone 'Europe/Berlln' is not known; expected a zone like Europe/Berlin; "
        "did you mean 'Europe/Berlin'?",
        ":6: history.every is 'year'; expected one of day, week, month, quarter",
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("windows: {year: {days: null}}", "has no period; expected days or months"),
        ("windows: {year: {months: 12}}", "has both days and months; expected days or months"),
        ("windows: {year: {days: 0}}", "windows.year.days is 0"),
        ("windows: {Year: {days: 1}}", "windows.'Year' is not a name"),
        ("windows: {'a b': {days: 1}}", "is not a name"),
        ("windows: {'../x': {days: 1}}", "is not a name"),
        ("windows: {year: {method: thresholds}}", "has 0 thresholds for r and 5 bins"),
        ("windows: {year: {method: {r: thresholds}, thresholds: {r: [30, 90, 90, 365]}}}", "do not rise"),
        ("windows: {year: {method: {r: thresholds}, thresholds: {r: [30, 90.5, 180, 365]}}}", "whole numbers"),
        ("windows: {year: {method: {r: thresholds}, thresholds: {r: [30, 90]}}}", "2 thresholds for r and 5 bins"),
        ("windows: {year: {method: mean, bins: 5}}", "2 bins"),
        ("windows: {year: {method: frozen}}", "freezes r without a date"),
        ("windows: {year: {frozen: {from: '2024-01-31'}}}", "a day as YYYY-MM-DD; write it without quotes"),
        ("windows: {year: {method: quantile, ties: split}}", "no metric is scored by ntile"),
        ("windows: {year: {decay: {half_life_days: 90}, monetary: average_order}}", "monetary: net"),
        ("windows: {year: {decay: {half_life_days: 90}, frequency: days}}", "frequency: orders"),
        ("windows: {year: {weights: {r: 0, f: 0, m: 0}}}", "only weights of 0"),
        ("windows: {year: {bins: 11}}", "from 2 to 10"),
        ("windows: {active: [yaer]}", "did you mean 'year'?"),
        ("windows: {active: [year, year]}", "twice"),
        ("scores: {main_window: year_average}", "not computed"),
        ("preferences: {window: decade}", "'decade', which is not declared"),
        ("preferences: {weights: {amount: 0.0005, events: 1}}", "a number with at most 3 decimals"),
        ("preferences: {weights: {amount: 0, events: 0}}", "both 0"),
        ("orders: {min_amount: 10, max_amount: 10}", "min_amount < max_amount"),
        ("orders: {max_amount: 10000000000001}", "to 10000000000000"),
        ("orders: {max_amount: '5'}", "remove the quotes"),
        ("calendar: {time_zone: '+25:00'}", "'+25:00' is not known"),
        ("identity: {overrides: ['0123456789abcdef']}", "the whole fingerprint"),
        ("orders: {currency: euro}", "three capitals"),
        ("warehouse: {path: 'a`b'}", "a path of letters, digits and"),
        ("warehouse: {path: /a, catalog: c, schema: s}", "path, or catalog and schema"),
        ("warehouse: {catalog: c}", "no schema"),
        ("warehouse: {catalog: 'c; drop', schema: s}", "letters, digits and _"),
        ("warehouse: {files: 6}", "a power of two"),
        ("segments: {active: [teir]}", "did you mean 'tier'?"),
        ("segments: {tier: {window: decade}}", "'decade', which is not declared"),
        ("segments: {tier: {names: {bets: {meaning: x}}}}", "did you mean 'best'?"),
        ("segments: {tier: {rules: []}}", "tier.rules has 0 entries; expected at least 1"),
        ("tags: {classes: {colour: {column: colour}}}", "one of category, brand"),
        ("identity: {key: hunter2}", "{file: PATH} or {env: NAME}; never write the secret itself"),
        ("identity: {key: {value: hunter2}}", "{file: PATH} or {env: NAME}"),
        ("identity: {key: {file: a, env: B}}", "{file: PATH} or {env: NAME}"),
        ("- a list", "no sections"),
    ],
)  # fmt: skip
def test_mistake_in_a_section_is_named(errors, text: str, error: str) -> None:
    found = errors(text)
    assert any(error in line for line in found), found
    assert all(line.startswith(":1") for line in found), found
    assert "hunter2" not in str(found)


def test_section_in_two_files_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("orders: {refunds: ignore}\n")
    (tmp_path / "b.yaml").write_text("orders: {max_amount: 5}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_config([*SMALL_CONF, str(tmp_path)])
    assert "section orders is also in" in caught.value.lines()[0]


def test_missing_and_empty_locations_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_config([*SMALL_CONF, str(tmp_path), str(tmp_path / "none.yaml"), "s3://bucket/conf"])
    lines = caught.value.lines()
    assert [any(word in line for line in lines) for word in ("no YAML file", "none.yaml", "s3://")] == [True] * 3


def test_file_uri_and_a_reader_of_other_schemes_are_locations(tmp_path: Path) -> None:
    (tmp_path / "my conf.yaml").write_text("orders: {refunds: ignore}\n")
    uri = (tmp_path / "my conf.yaml").as_uri()
    asked: list[str] = []

    def read(location: str) -> dict[str, bytes]:
        asked.append(location)
        return {f"{location}/orders.yaml": b"orders: {max_amount: 7}\n"}

    config = load_config([*SMALL_CONF, uri, "s3://bucket/conf"], [], read)
    assert (config.orders.refunds, config.orders.max_amount, asked) == ("ignore", "7", ["s3://bucket/conf"])


def test_every_option_of_a_window_is_read(load) -> None:
    text = """
windows:
  full:
    months: 6
    population: ever
    frequency: days
    monetary: gross
    method: {r: thresholds, f: ntile, m: frozen}
    ties: {f: split}
    bins: {r: 3, f: 4}
    weights: {r: 0.5, m: 2}
    thresholds: {r: [30, 90]}
    frozen: {from: 2024-01-31}
"""
    window = load(text).windows["full"]
    r, f, m = (window.scoring(metric) for metric in Metric)
    assert (window.months, window.population, window.frequency, window.monetary) == (
        6,
        Population.EVER,
        "days",
        "gross",
    )
    assert (r.method, r.bins, r.thresholds, r.weight) == (Method.THRESHOLDS, 3, ("30", "90"), "0.5")
    assert (f.method, f.bins, f.ties, f.weight) == (Method.NTILE, 4, Ties.SPLIT, "1")
    assert (m.method, m.bins, str(m.frozen_from), m.weight) == (Method.FROZEN, 5, "2024-01-31", "2")


def test_merged_text_holds_no_secret_and_no_removed_key(load) -> None:
    config = load("identity: {key: {env: MEMBER_KEY}}\nwindows: {month: null, active: [year]}\n")
    assert config.text["identity"]["key"] == {"env": "MEMBER_KEY"}
    assert "month" not in config.text["windows"]
