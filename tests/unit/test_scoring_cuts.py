"""The rules of every method on plain numbers: where scores begin, and who has them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from rfm_spark.config.choices import Method, Metric, Ties
from rfm_spark.config.model import MetricScoring, Window
from rfm_spark.contracts import columns as c
from rfm_spark.errors import UsageError
from rfm_spark.scoring.boundaries import Boundary, boundaries, frozen_cuts, published_cuts
from rfm_spark.scoring.cuts import Cut, asked_keys, asked_ranks, cuts
from rfm_spark.scoring.distribution import Distribution, Total, ValueStep
from rfm_spark.scoring.series import Series

YEAR = ("days", 365)
ORDERS = Series(c.ORDER_COUNT, YEAR, None, False)
RECENCY = Series(c.RECENCY_DAYS, YEAR, None, False)
NET = Series(c.NET_AMOUNT, YEAR, None, False)
AS_OF = date(2024, 6, 30)


def distribution_of(keys: Sequence[int]) -> Distribution:
    """Return all steps of the keys, as the passes over the data would find them."""
    distinct = sorted(set(keys))
    ordered = sorted(keys)
    ends = [bisect_right(ordered, key) for key in distinct]
    return Distribution(
        len(keys),
        tuple(
            ValueStep(key, before, through, previous, following)
            for key, before, through, previous, following in zip(
                distinct, [0, *ends], ends, [None, *distinct], [*distinct[1:], None], strict=False
            )
        ),
    )


def asked_distribution(scoring: MetricScoring, series: Series, keys: Sequence[int]) -> Distribution:
    """Return only the steps that the method asks for, so that a question it forgot fails."""
    full, total = distribution_of(keys), total_of(keys)
    ranks, wanted = asked_ranks(scoring, len(keys)), asked_keys(scoring, series, total, ())
    kept = tuple(
        step
        for step in full.steps
        if any(step.before < rank <= step.through for rank in ranks)
        or any(step.key >= key and (step.previous is None or step.previous < key) for key in wanted)
    )
    return Distribution(len(keys), kept)


def total_of(keys: Sequence[int]) -> Total:
    return Total(len(keys), sum(keys))


def scores_of(scoring: MetricScoring, series: Series, values: Sequence[int]) -> list[int]:
    """Return the scores of whole values (days, orders); members of one value share it here."""
    keys = [-value if series.is_recency else value for value in values]
    found = cuts(scoring, series, total_of(keys), asked_distribution(scoring, series, keys))
    return [1 + sum(key >= cut.key for cut in found) for key in keys]


def test_ntile_gives_equal_values_the_score_of_the_lowest_ranked() -> None:
    assert scores_of(MetricScoring(), ORDERS, [1, 1, 1, 2, 9]) == [1, 1, 1, 4, 5]


def test_together_high_gives_equal_values_the_score_of_the_highest_ranked() -> None:
    assert scores_of(MetricScoring(ties=Ties.TOGETHER_HIGH), ORDERS, [1, 1, 1, 2, 9]) == [3, 3, 3, 4, 5]


def test_few_recency_days_are_the_best() -> None:
    assert scores_of(MetricScoring(), RECENCY, [0, 10, 20, 30, 40]) == [5, 4, 3, 2, 1]


def test_three_members_in_five_bins_are_one_two_three_as_in_sql() -> None:
    assert scores_of(MetricScoring(), ORDERS, [5, 7, 9]) == [1, 2, 3]
    assert scores_of(MetricScoring(ties=Ties.TOGETHER_HIGH), ORDERS, [5, 7, 9]) == [1, 2, 3]


@pytest.mark.parametrize("method", [Method.NTILE, Method.QUANTILE, Method.MEAN, Method.MEDIAN])
def test_nobody_one_member_and_all_tied_have_scores(method: Method) -> None:
    scoring = MetricScoring(method=method)
    assert scores_of(scoring, ORDERS, []) == []
    assert scores_of(scoring, ORDERS, [4]) == [1]
    assert scores_of(scoring, ORDERS, [4, 4, 4]) == [1, 1, 1]


def test_all_tied_have_the_best_quantile_score_of_recency_and_the_worst_of_orders() -> None:
    """Every edge is the one value: it is in the lowest class of its own axis, which for recency is the best."""
    scoring = MetricScoring(method=Method.QUANTILE)
    assert scores_of(scoring, RECENCY, [4, 4, 4]) == [5, 5, 5]
    assert scores_of(scoring, ORDERS, [4, 4, 4]) == [1, 1, 1]


def test_a_member_on_a_quantile_edge_of_recency_has_the_better_score() -> None:
    scoring = MetricScoring(method=Method.QUANTILE, bins=2)
    assert scores_of(scoring, RECENCY, [0, 10, 20]) == [2, 2, 1]
    assert scores_of(scoring, ORDERS, [1, 10, 20]) == [1, 1, 2]


def test_an_interpolated_edge_is_compared_exactly() -> None:
    """Edges of 0..9 in 3 bins are 3 and 6, which floats hit as 3.0000000000000004 or not at all."""
    scoring = MetricScoring(method=Method.QUANTILE, bins=3)
    assert scores_of(scoring, ORDERS, list(range(10))) == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_thresholds_are_what_people_say() -> None:
    recency = MetricScoring(method=Method.THRESHOLDS, thresholds=("30", "90", "180", "365"))
    assert scores_of(recency, RECENCY, [0, 30, 31, 90, 180, 365, 366]) == [5, 5, 4, 4, 3, 2, 1]
    orders = MetricScoring(method=Method.THRESHOLDS, thresholds=("2", "4", "8", "16"))
    assert scores_of(orders, ORDERS, [1, 2, 3, 4, 15, 16, 99]) == [1, 2, 2, 3, 4, 5, 5]


def test_a_threshold_finer_than_a_unit_begins_at_the_unit_above() -> None:
    scoring = MetricScoring(method=Method.THRESHOLDS, thresholds=("2.00005",), bins=2)
    assert scores_of(scoring, NET, [20000, 20001]) == [1, 2]


def test_only_strictly_better_than_the_mean_is_two() -> None:
    scoring = MetricScoring(method=Method.MEAN)
    assert scores_of(scoring, ORDERS, [1, 2, 3]) == [1, 1, 2]
    assert scores_of(scoring, RECENCY, [1, 2, 3]) == [2, 1, 1]
    assert scores_of(scoring, NET, [-5, -4, -4]) == [1, 2, 2]


def test_only_strictly_better_than_the_median_is_two() -> None:
    scoring = MetricScoring(method=Method.MEDIAN)
    assert scores_of(scoring, ORDERS, [1, 2, 3, 4]) == [1, 1, 2, 2]
    assert scores_of(scoring, ORDERS, [1, 3, 3, 9]) == [1, 1, 1, 2]
    assert scores_of(scoring, RECENCY, [1, 2, 3]) == [2, 1, 1]


def rows_of(scoring: MetricScoring, series: Series, keys: Sequence[int]) -> list[Boundary]:
    window = Window("year", days=365, frequency_scoring=scoring, recency_scoring=scoring)
    metric = Metric.RECENCY if series.is_recency else Metric.FREQUENCY
    distribution = asked_distribution(scoring, series, keys)
    return boundaries(
        window, metric, series, cuts(scoring, series, total_of(keys), distribution), distribution, AS_OF, "r1"
    )


def test_boundaries_count_the_members_of_every_score_and_show_empty_ones() -> None:
    rows = rows_of(MetricScoring(), ORDERS, [1, 1, 1, 2, 9])
    assert [(row.score, row.member_count, row.worst_value, row.best_value, row.cut_value) for row in rows] == [
        (1, 3, 1, 1, None),
        (2, 0, None, None, 2),
        (3, 0, None, None, 2),
        (4, 1, 2, 2, 2),
        (5, 1, 9, 9, 3),
    ]
    assert {(row.score_method, row.ties, row.cut_member_id) for row in rows} == {("ntile", "together", None)}


def test_boundaries_of_split_ties_count_exact_tiles() -> None:
    rows = rows_of(MetricScoring(ties=Ties.SPLIT, bins=3), ORDERS, [1, 1, 1, 1, 2, 9])
    assert [(row.member_count, row.worst_value, row.best_value) for row in rows] == [(2, 1, 1), (2, 1, 1), (2, 2, 9)]


def test_boundaries_of_recency_go_from_many_days_to_few() -> None:
    rows = rows_of(MetricScoring(bins=2), RECENCY, [-40, -30, -20, 0])
    assert [(row.worst_value, row.best_value, row.cut_value) for row in rows] == [(40, 30, None), (20, 0, 29)]


@pytest.mark.parametrize("ties", [Ties.TOGETHER, Ties.TOGETHER_HIGH, Ties.SPLIT])
def test_boundaries_count_everybody_when_all_are_tied(ties: Ties) -> None:
    rows = rows_of(MetricScoring(ties=ties), ORDERS, [4, 4])
    expected = {Ties.TOGETHER: [2, 0], Ties.TOGETHER_HIGH: [0, 2], Ties.SPLIT: [1, 1]}[ties]
    assert [row.member_count for row in rows] == [*expected, 0, 0, 0]
    assert {row.best_value for row in rows if row.member_count} == {Decimal(4)}


def test_a_date_with_nobody_has_a_row_per_score() -> None:
    rows = rows_of(MetricScoring(), ORDERS, [])
    assert [(row.score, row.member_count, row.cut_value) for row in rows] == [(s, 0, None) for s in range(1, 6)]


def frozen_window(bins: int = 5) -> Window:
    return Window("year", days=365, frequency_scoring=MetricScoring(Method.FROZEN, bins=bins, frozen_from=AS_OF))


def test_frozen_boundaries_give_values_outside_the_end_scores() -> None:
    published = rows_of(MetricScoring(), ORDERS, [2, 4, 6, 8, 10])
    window = frozen_window()
    found = frozen_cuts([window], published)["year", Metric.FREQUENCY]
    assert [1 + sum(value >= cut.key for cut in found) for value in (1, 2, 4, 5, 10, 99)] == [1, 1, 2, 3, 5, 5]


def test_frozen_without_published_boundaries_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="publish that date without frozen"):
        frozen_cuts([frozen_window()], [])


def test_a_date_is_scored_under_the_boundaries_of_another_whatever_their_method() -> None:
    """Read back from the rows: orders 1, 1, 1, 2, 9 begin their scores at 2, 2, 2 and 3 on the other date."""
    later = date(2024, 7, 31)
    published = rows_of(MetricScoring(), ORDERS, [1, 1, 1, 2, 9])
    found = published_cuts([Window("year", days=365)], {later: AS_OF}, published)
    assert [cut.key for cut in found[later, "year", Metric.FREQUENCY]] == [2, 2, 2, 3]
    assert found[later, "year", Metric.RECENCY] == ()


def test_a_split_tie_is_read_back_with_its_member() -> None:
    row = rows_of(MetricScoring(ties=Ties.SPLIT, bins=2), ORDERS, [4, 4])[1]._replace(cut_member_id=77)
    found = published_cuts([Window("year", days=365)], {AS_OF: AS_OF}, [row])
    assert found[AS_OF, "year", Metric.FREQUENCY] == (Cut(4, 77),)


def test_a_date_without_members_or_without_the_window_has_no_cuts() -> None:
    published = rows_of(MetricScoring(), ORDERS, [])
    found = published_cuts([Window("year", days=365), Window("new", days=9)], {AS_OF: AS_OF}, published)
    assert set(found.values()) == {()}


def test_values_of_boundaries_are_decimals_of_the_type_of_the_table() -> None:
    row = rows_of(MetricScoring(), ORDERS, [1, 2])[1]
    assert isinstance(row.worst_value, Decimal)
