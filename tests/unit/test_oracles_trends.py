"""The twins of retention and of the comparison of windows, checked by hand."""

from datetime import date, timedelta
from decimal import Decimal

from rfm_spark.config.choices import Method
from rfm_spark.config.model import MetricScoring, Window
from tests.oracles.facts import member_days
from tests.oracles.lines import Line
from tests.oracles.scores import Scored, score_windows
from tests.oracles.trends import segment_retention, window_comparison

JUNE, JULY = date(2024, 6, 30), date(2024, 7, 31)
TIMES = MetricScoring(Method.THRESHOLDS, bins=3, thresholds=("2", "3"))
MONTH = Window("month", days=30, frequency_scoring=TIMES)
YEAR = Window("year", days=365, frequency_scoring=TIMES)


def scored(windows: list[Window], **days_ago: tuple[int, ...]) -> list[Scored]:
    """Return the scores in June of members m1, m2, ... with orders of 10 so many days before."""
    lines = [
        Line("shop", int(name[1:]), JUNE - timedelta(days=ago), "sale", Decimal(10), f"{name}-{ago}")
        for name, when in days_ago.items()
        for ago in when
    ]
    return score_windows(member_days(lines, "attribute_to_order"), windows, JUNE)


def test_members_of_either_window_are_compared() -> None:
    found = window_comparison(scored([MONTH, YEAR], m1=(0, 40, 50), m2=(100, 101)), [MONTH, YEAR], [JUNE, JULY])
    assert {key[4:]: row for key, row in found.items() if key[:4] == (JUNE, "month", "year", "frequency")} == {
        ("low", "high"): 1,
        ("absent", "mid"): 1,
    }
    assert {key[0] for key in found} == {JUNE}


def test_a_cohort_keeps_its_size_whoever_leaves_or_comes() -> None:
    placed = {(JUNE, "tier"): {1: "gold", 2: "gold"}, (JULY, "tier"): {1: "iron", 3: "gold"}}
    assert segment_retention(placed, [("tier", JUNE, 31, JULY)]) == {
        ("tier", JUNE, 31, JULY, "gold", "iron"): (1, Decimal("0.5")),
        ("tier", JUNE, 31, JULY, "gold", None): (1, Decimal("0.5")),
    }
