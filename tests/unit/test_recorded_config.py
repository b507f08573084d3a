"""A configuration that a run recorded is read back as what it was."""

import json
from pathlib import Path

import pytest

from rfm_spark.config.fingerprints import (
    config_hash,
    facts_hash,
    preferences_hash,
    segment_set_hash,
    summaries_hash,
    window_hash,
)
from rfm_spark.config.load import load_config, load_recorded
from rfm_spark.config.model import Config

CONF = Path(__file__).parents[2] / "conf"
EXAMPLES = sorted(folder.name for folder in (CONF / "examples").iterdir())


def decided(config: Config) -> dict[str, str]:
    """Return every hash of what decides a result."""
    return {
        "config": config_hash(config),
        "facts": facts_hash(config),
        "preferences": preferences_hash(config),
        "summaries": summaries_hash(config),
        **{name: window_hash(config, window) for name, window in config.windows.items()},
        **{name: segment_set_hash(config, one) for name, one in config.segment_sets.items()},
    }


@pytest.mark.parametrize("example", EXAMPLES)
def test_shipped_configurations_come_back(example: str):
    config = load_config([str(CONF), str(CONF / "examples" / example)])
    assert decided(load_recorded("run-config f00", json.dumps(config.text, ensure_ascii=False))) == decided(config)


@pytest.mark.parametrize(
    "override",
    [
        "windows.year.method=frozen",
        "orders.min_amount=0.01",
        "checks.max_member_fall=0.25",
        "scores.weights={r: 0.5, f: 1, m: 2.25}",
        "segments.rfm_tier.title.en='0.5'",
        "segments.rfm_tier.title.en='2024-01-31'",
        "segments.rfm_tier.title.zh=会员😀",
        "checks.max_rejected_share=null",
    ],
)
def test_exact_numbers_days_and_texts_that_look_like_them_come_back(override: str):
    frozen = ["windows.year.frozen.from=2024-01-31"] if "frozen" in override else []
    config = load_config([str(CONF)], [override, *frozen])
    back = load_recorded("run-config f00", json.dumps(config.text, ensure_ascii=False))
    assert decided(back) == decided(config)
    assert (back.checks, back.orders) == (config.checks, config.orders)
    assert back.segment_sets["rfm_tier"].title == config.segment_sets["rfm_tier"].title
