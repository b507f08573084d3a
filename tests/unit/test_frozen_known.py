"""Frozen boundaries are taken only where they say where every score begins, and no other."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.config.words import Method
from rfm_spark.scoring.boundaries import Boundary
from rfm_spark.steps.tracking.standing import are_frozen_known, scorable

JANUARY = date(2024, 1, 31)
WINDOW = Window("recent", days=31, monetary_scoring=MetricScoring(Method.FROZEN, bins=3, frozen_from=JANUARY))


def rows(cuts: Sequence[str | None], window: str = "recent") -> list[Boundary]:
    """Return the boundaries of the monetary scores, score 1 first, each with the value at which it begins."""
    values = [None if cut is None else Decimal(cut) for cut in cuts]
    return [
        Boundary(JANUARY, window, "monetary", score, None, None, cut, None, 4, "ntile", "together", "r")
        for score, cut in enumerate(values, start=1)
    ]


@pytest.mark.parametrize(
    ("published", "is_known"),
    [
        (rows([None, "5", "20"]), True),
        (rows([None, "5", "20", "30"]), False),
        (rows([None, None, None]), False),
        (rows([None, "5", "20"], window="year"), False),
        ([], False),
    ],
    ids=["all", "those of other bins", "nobody was scored", "another window", "none"],
)
def test_boundaries_are_known_where_every_score_begins(published: list[Boundary], is_known: bool):
    assert are_frozen_known(WINDOW, published) is is_known


def test_a_window_whose_boundaries_are_lost_scores_by_tiles():
    (scored,) = scorable([WINDOW], [])
    assert (scored.monetary_scoring.method, scored.monetary_scoring.frozen_from) == (Method.NTILE, None)
    assert scorable([WINDOW], rows([None, "5", "20"])) == [WINDOW]
