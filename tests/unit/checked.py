"""What tests of `check` share: the shipped configuration with one source."""

from pathlib import Path

from rfm_spark.rules.check_config import CheckReport, check_configuration

CONF = Path(__file__).resolve().parents[2] / "conf"
SOURCE = """
sources:
  shop:
    path: {folder}/shop*.csv
    format: csv
    columns: {{member: customer, ordered_at: day, amount: amount}}
"""


def checked_sources(folder: Path, *replaced: tuple[str, str], more: str = "") -> CheckReport:
    """Check the shipped configuration with the source changed in some words, and whatever is added to it."""
    text = SOURCE
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    (folder / "sources.yaml").write_text(text.format(folder=folder) + more)
    return check_configuration([str(CONF), str(folder / "sources.yaml")], ["identity.method=integer"])


def checked(folder: Path, more: str = "", *overrides: str) -> CheckReport:
    """Check the shipped configuration with one source, and whatever is added to that."""
    (folder / "sources.yaml").write_text(SOURCE.format(folder=folder) + more)
    (folder / "shop.csv").write_text("customer,day,amount\n")
    with_key = ("identity.method=integer", *overrides)
    return check_configuration([str(CONF), str(folder / "sources.yaml")], with_key)
