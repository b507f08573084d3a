"""The examples of docs/design.md are what the naive twins compute."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from rfm_spark.config.choices import Method, Ties
from rfm_spark.config.load import load_config
from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.contracts.tables import TABLES
from rfm_spark.steps.dates.registered import RESULTS
from tests.oracles.facts import TagDay, member_days
from tests.oracles.lines import Line
from tests.oracles.preferences import preferences
from tests.oracles.scores import composite, score
from tests.oracles.segments import classes_of
from tests.oracles.windows import is_in_window, weight

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
JUNE_10, JULY_2 = date(2024, 6, 10), date(2024, 7, 2)
FEBRUARY_29 = date(2024, 2, 29)


def rows_below(heading: str) -> list[list[str]]:
    """Return the cells of the table below a line that begins with the heading."""
    lines = PAGE[PAGE.index(heading) :].splitlines()[1:]
    table = lines[: next(n for n, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table if not line.startswith("|---")]


def numbers(cell: str) -> list[int]:
    """Return the whole numbers of a cell."""
    return [int(number) for number in re.findall(r"\d+", cell)]


def test_the_versions_of_a_refunded_order():
    sale = Line("shop", 1, JUNE_10, "sale", Decimal(100), order_id="A1")
    refund = Line("shop", 1, JULY_2, "refund", Decimal(100), refunded_order_id="A1")
    facts = member_days([sale, refund], "attribute_to_order")
    said = [
        [str(one.order_day), str(one.valid_from), str(one.valid_to), str(one.order_count), f"{one.net_amount:.0f}"]
        for one in facts
    ]
    assert rows_below("| order_day |") == said


def test_the_first_days_of_windows():
    for period, first_day in rows_below("| period |"):
        [length] = numbers(period)
        window = Window("example", days=length) if "days" in period else Window("example", months=length)
        first = date.fromisoformat(first_day)
        assert is_in_window(window, first, FEBRUARY_29)
        assert not is_in_window(window, first - timedelta(days=1), FEBRUARY_29)


@pytest.mark.parametrize("ties", list(Ties))
def test_the_scores_of_five_members(ties: Ties):
    frequencies = dict(enumerate((1, 1, 1, 2, 9), start=1))
    scores = score(frequencies, MetricScoring(ties=ties), low_is_best=False)
    by_ties = {re.match(r"`(\w+)`", cells[0]).group(1): cells[2] for cells in rows_below("| `ties` |")}  # type: ignore[union-attr]  # every row names its value
    assert by_ties[ties.value] == ", ".join(str(scores[member]) for member in sorted(frequencies))


@pytest.mark.parametrize("cells", rows_below("| method | values |"), ids=lambda cells: cells[0])
def test_the_scores_of_the_other_methods(cells: list[str]):
    method, values, said = cells
    limits = tuple(map(str, numbers(method)))
    scoring = MetricScoring(method=Method(re.findall(r"\w+", method)[0]), thresholds=limits)
    members = dict(enumerate(numbers(values), start=1))
    scores = score(members, scoring, low_is_best=method.endswith("R"))
    assert numbers(said) == [scores[member] for member in sorted(members)]


def test_the_composite_scores():
    for label, weights, said in rows_below("| label, five bins |"):
        r, f, m = numbers(label)
        assert str(composite((r, f, m), tuple(weights.split(", ")), (5, 5, 5))) == said


def test_the_classes_of_scores():
    for bins, low, mid, high in rows_below("| bins |"):
        assert classes_of(int(bins)) == {"low": numbers(low), "mid": numbers(mid), "high": numbers(high)}


def test_the_weights_of_a_half_life_of_30_days():
    for age, said in rows_below("| age in days |"):
        assert weight(int(age), 30) == int(said)


def test_the_strengths_of_two_tag_values():
    rows = rows_below("| value | amount |")
    days = [TagDay(1, JUNE_10, "category", row[0], int(row[2]), 1, Decimal(row[1])) for row in rows]
    found = preferences(days, Window("year", days=365), date(2024, 6, 30))
    assert [[one.tag_value, str(one.strength), str(one.rank_in_class), str(one.share)] for one in found] == [
        [row[0], *row[3:]] for row in rows
    ]


def arrows() -> set[tuple[str, str]]:
    """Return what leads to what in the picture of the tables."""
    picture = PAGE.split("```mermaid\n", 1)[1].split("```", 1)[0]
    lines = [re.split(r" -\.?->? ?", line.strip(), maxsplit=1) for line in picture.splitlines() if "->" in line]
    ends = [[re.findall(r"\w+", side) for side in line] for line in lines]
    return {(source, target) for sources, targets in ends for source in sources for target in targets}


def test_the_picture_has_every_table():
    drawn = {end for arrow in arrows() for end in arrow} | {"run_log", "run_config"}
    assert {table.name for table in TABLES} == drawn - {"sources", "date", "tracked"}


def test_the_picture_has_every_input_that_a_result_declares():
    config = load_config([str(ROOT / "conf")], [])
    read = {
        (name.partition("/")[0], result.declared.table.name)
        for result in RESULTS.results(config)
        for name in (
            *(table.name for table in result.declared.facts(config, result.part)),
            *result.declared.reads(config, result.part),
        )
    }
    assert read - arrows() == set()


def test_the_page_stays_short():
    assert len(PAGE.splitlines()) < 300
