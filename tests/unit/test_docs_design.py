"""The examples of docs/design.md are what the naive twins compute."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from rfm_spark.config.choices import Ties
from rfm_spark.config.model import MetricScoring
from tests.oracles.facts import member_days
from tests.oracles.lines import Line
from tests.oracles.scores import score

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "design.md").read_text(encoding="utf-8")
JUNE_10, JULY_2 = date(2024, 6, 10), date(2024, 7, 2)


def rows_below(heading: str) -> list[list[str]]:
    """Return the cells of the table below a line that begins with the heading."""
    lines = PAGE[PAGE.index(heading) :].splitlines()[1:]
    table = lines[: next(n for n, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table if not line.startswith("|---")]


def test_the_versions_of_a_refunded_order():
    sale = Line("shop", 1, JUNE_10, "sale", Decimal(100), order_id="A1")
    refund = Line("shop", 1, JULY_2, "refund", Decimal(100), refunded_order_id="A1")
    facts = member_days([sale, refund], "attribute_to_order")
    said = [
        [str(one.order_day), str(one.valid_from), str(one.valid_to), str(one.order_count), f"{one.net_amount:.0f}"]
        for one in facts
    ]
    assert rows_below("| order_day |") == said


@pytest.mark.parametrize("ties", list(Ties))
def test_the_scores_of_five_members(ties: Ties):
    frequencies = dict(enumerate((1, 1, 1, 2, 9), start=1))
    scores = score(frequencies, MetricScoring(ties=ties), low_is_best=False)
    by_ties = {re.match(r"`(\w+)`", cells[0]).group(1): cells[2] for cells in rows_below("| `ties` |")}  # type: ignore[union-attr]  # every row names its value
    assert by_ties[ties.value] == ", ".join(str(scores[member]) for member in sorted(frequencies))
