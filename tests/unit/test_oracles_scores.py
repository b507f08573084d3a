"""The twin of the scores, checked by hand and against its own cuts."""

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from rfm_spark.config.choices import Frequency, Method, Monetary, Population, Ties
from rfm_spark.config.model import MetricScoring, Window
from tests.oracles.facts import member_days
from tests.oracles.lines import Line, random_lines
from tests.oracles.scores import composite, cuts, edge_of, frozen_from, score, score_windows

AS_OF = date(2024, 2, 20)
FIVE_MEMBERS = {10: 1, 20: 1, 30: 1, 40: 2, 50: 9}


def scored(values: dict[int, Any], low_is_best: bool = False, **scoring: Any) -> list[int]:
    result = score(values, MetricScoring(**scoring), low_is_best)
    return [result[member_id] for member_id in values]


@pytest.mark.parametrize(
    ("ties", "expected"),
    [(Ties.TOGETHER, [1, 1, 1, 4, 5]), (Ties.TOGETHER_HIGH, [3, 3, 3, 4, 5]), (Ties.SPLIT, [1, 2, 3, 4, 5])],
)
def test_five_members_under_every_tie_rule(ties: Ties, expected: list[int]) -> None:
    assert scored(FIVE_MEMBERS, ties=ties) == expected


def test_few_days_are_the_best_recency() -> None:
    assert scored({1: 0, 2: 10, 3: 10, 4: 90, 5: 400}, low_is_best=True) == [5, 3, 3, 2, 1]
    assert scored({1: 0, 2: 10, 3: 10, 4: 90, 5: 400}, low_is_best=True, ties=Ties.SPLIT) == [5, 3, 4, 2, 1]


def test_three_members_in_five_bins_get_the_lowest_three() -> None:
    assert scored({1: 7, 2: 8, 3: 9}) == [1, 2, 3]


@pytest.mark.parametrize(("ties", "all_of_them"), [(Ties.TOGETHER, 1), (Ties.TOGETHER_HIGH, 5)])
def test_all_members_tied_share_one_score(ties: Ties, all_of_them: int) -> None:
    assert set(scored(dict.fromkeys(range(11), 4), ties=ties)) == {all_of_them}


def test_nobody_and_one_member() -> None:
    for method in (Method.NTILE, Method.QUANTILE, Method.MEAN, Method.MEDIAN):
        assert scored({}, method=method) == []
        assert scored({1: Decimal("-3.5")}, method=method) == [1]


def test_split_has_the_sizes_of_sql_ntile() -> None:
    result = scored(dict.fromkeys(range(13), 1), ties=Ties.SPLIT)
    assert [result.count(tile) for tile in range(1, 6)] == [3, 3, 3, 2, 2]


def test_quantile_edges_are_interpolated_and_closed_on_the_right() -> None:
    assert scored({n: n for n in range(1, 7)}, method=Method.QUANTILE) == [1, 1, 2, 3, 4, 5]


def test_a_recency_on_an_edge_gets_the_better_score() -> None:
    days = {n: n for n in range(1, 7)}
    assert scored(days, method=Method.QUANTILE, low_is_best=True) == [5, 5, 4, 3, 2, 1]


def test_thresholds_are_read_as_people_speak() -> None:
    recency, frequency = ("30", "90", "180", "365"), ("2", "4", "8", "16")
    days = dict(enumerate([0, 30, 31, 90, 180, 365, 366]))
    assert scored(days, True, method=Method.THRESHOLDS, thresholds=recency) == [5, 5, 4, 4, 3, 2, 1]
    orders = dict(enumerate([0, 1, 2, 4, 8, 15, 16]))
    assert scored(orders, method=Method.THRESHOLDS, thresholds=frequency) == [1, 1, 2, 3, 4, 4, 5]


def test_mean_and_median_ask_for_strictly_better() -> None:
    assert scored({1: 1, 2: 2, 3: 3}, method=Method.MEAN) == [1, 1, 2]
    assert scored({1: 1, 2: 2, 3: 9, 4: 10}, method=Method.MEAN) == [1, 1, 2, 2]
    assert scored({1: 1, 2: 3, 3: 3, 4: 100}, method=Method.MEDIAN) == [1, 1, 1, 2]
    assert scored({1: 5, 2: 5, 3: 2}, method=Method.MEDIAN, low_is_best=True) == [1, 1, 2]


@pytest.mark.parametrize("low_is_best", [True, False])
@pytest.mark.parametrize(
    "scoring",
    [
        *(MetricScoring(ties=ties, bins=bins) for ties in Ties for bins in (2, 5, 10)),
        MetricScoring(method=Method.QUANTILE),
        MetricScoring(method=Method.QUANTILE, bins=10),
        MetricScoring(method=Method.MEAN),
        MetricScoring(method=Method.MEDIAN),
        MetricScoring(method=Method.THRESHOLDS, thresholds=("1", "3", "6")),
    ],
)
def test_scores_counted_one_by_one_equal_those_of_their_cuts(scoring: MetricScoring, low_is_best: bool) -> None:
    chance = random.Random(7)
    for members in (1, 2, 3, 4, 5, 9, 11, 50, 64):
        values = {n: chance.choice((0, 0, 1, 1, 1, 2, 3, 5, 8)) for n in chance.sample(range(1000), members)}
        direct = score(values, scoring, low_is_best)
        frozen = MetricScoring(method=Method.FROZEN, bins=scoring.bins)
        assert score(values, frozen, low_is_best, cuts(values, scoring, low_is_best)) == direct


def test_frozen_scores_of_values_outside_are_the_end_scores() -> None:
    frozen = MetricScoring(method=Method.FROZEN)
    for ties in Ties:
        old = cuts({n: n for n in range(1, 11)}, MetricScoring(ties=ties), low_is_best=False)
        assert score({1: -5, 2: 1000}, frozen, low_is_best=False, frozen_cuts=old) == {1: 1, 2: 5}
        few = cuts({1: 7, 2: 8, 3: 9}, MetricScoring(ties=ties), low_is_best=False)
        assert score({1: 0, 2: 10}, frozen, low_is_best=False, frozen_cuts=few) == {1: 1, 2: 5}


def test_frozen_without_cuts_is_refused() -> None:
    with pytest.raises(ValueError, match="another date"):
        score({1: 1}, MetricScoring(method=Method.FROZEN), low_is_best=False)


def test_the_composite_score_is_weighted_and_rounded_half_up() -> None:
    assert composite((5, 5, 5), ("1", "1", "1"), (5, 5, 5)) == 100
    assert composite((1, 1, 1), ("3", "1", "0.5"), (5, 5, 5)) == 0
    assert composite((5, 1, 1), ("3", "1", "0.5"), (5, 5, 5)) == Decimal("66.667")
    assert composite((2, 1, 1), ("1", "1", "998"), (5, 5, 5)) == Decimal("0.025")
    assert composite((2, 1), ("1", "1999"), (5, 5)) == Decimal("0.013")


def line(member_id: int, day: date, amount: str) -> Line:
    return Line("shop", member_id, day, "sale", Decimal(amount), f"order-{member_id}-{day}-{amount}")


def test_a_window_scores_what_it_says() -> None:
    lines = [
        line(1, AS_OF, "1"), line(1, AS_OF, "2"), line(1, AS_OF, "3"),
        line(2, AS_OF - timedelta(days=1), "4"), line(2, AS_OF - timedelta(days=2), "4.0001"),
        line(3, AS_OF - timedelta(days=50), "100"),
    ]  # fmt: skip
    facts = member_days(lines, "ignore")
    two = MetricScoring(bins=2)
    plain = Window("plain", days=30, recency_scoring=two, frequency_scoring=two, monetary_scoring=two)
    by_days = Window(
        "by_days", days=30, frequency=Frequency.DAYS, monetary=Monetary.AVERAGE_ORDER, population=Population.EVER,
        recency_scoring=two, frequency_scoring=two, monetary_scoring=two,
    )  # fmt: skip
    rows = [(row.window, row.member_id, row.rfm_label) for row in score_windows(facts, [plain, by_days], AS_OF)]
    assert rows == [
        ("plain", 1, "R2F2M1"),
        ("plain", 2, "R1F1M2"),
        ("by_days", 1, "R2F1M1"),
        ("by_days", 2, "R1F2M2"),
        ("by_days", 3, "R1F1M1"),
    ]


def test_decayed_values_are_what_a_window_with_a_half_life_scores() -> None:
    lines = [line(1, AS_OF - timedelta(days=40), "100"), line(1, AS_OF - timedelta(days=41), "1"), line(2, AS_OF, "50")]
    window = Window("decay", lifetime=True, half_life_days=10, frequency_scoring=MetricScoring(bins=2))
    rows = score_windows(member_days(lines, "ignore"), [window], AS_OF)
    assert [(row.member_id, row.f_score) for row in rows] == [(1, 1), (2, 2)]


def test_the_cuts_of_an_earlier_date_score_a_later_one() -> None:
    facts = member_days(random_lines(3, members=60), "attribute_to_order")
    before = [Window("all", lifetime=True)]
    frozen = MetricScoring(method=Method.FROZEN)
    after = [Window("all", lifetime=True, recency_scoring=frozen, frequency_scoring=frozen, monetary_scoring=frozen)]
    same_day = score_windows(facts, after, AS_OF, frozen_from(facts, before, AS_OF))
    assert same_day == score_windows(facts, before, AS_OF)
    later = AS_OF + timedelta(days=1000)
    assert {row.r_score for row in score_windows(facts, after, later, frozen_from(facts, before, AS_OF))} == {1}


@pytest.mark.parametrize("ties", list(Ties))
def test_member_ids_decide_only_inside_split_ties(ties: Ties) -> None:
    values = {n: n % 3 for n in range(1, 31)}
    renamed = {1000 - n: value for n, value in values.items()}
    before = scored(values, ties=ties)
    after = score(renamed, MetricScoring(ties=ties), low_is_best=False)
    assert ([after[1000 - n] for n in values] == before) == (ties is not Ties.SPLIT)


@pytest.mark.parametrize("members", [1, 3, 8, 250])
def test_another_engine_has_the_same_tiles_and_edges(members: int) -> None:
    chance = random.Random(members)
    values = {n: chance.choice((0, 1, 1, 2, 4, 7)) for n in chance.sample(range(1000), members)}
    with duckdb.connect() as engine:
        engine.execute("CREATE TABLE v (member_id BIGINT, value BIGINT)")
        engine.executemany("INSERT INTO v VALUES (?, ?)", list(values.items()))
        tiles = engine.execute(
            "WITH t AS (SELECT *, ntile(5) OVER (ORDER BY value DESC, member_id) AS tile FROM v) "
            "SELECT member_id, tile, min(tile) OVER same, max(tile) OVER same "
            "FROM t WINDOW same AS (PARTITION BY value)"
        ).fetchall()
        edges = engine.execute("SELECT quantile_cont(value, [0.25, 0.5, 0.75]) FROM v").fetchall()[0][0]
    for column, ties in enumerate((Ties.SPLIT, Ties.TOGETHER, Ties.TOGETHER_HIGH), start=1):
        expected = {row[0]: row[column] for row in tiles}
        assert score(values, MetricScoring(ties=ties), low_is_best=True) == expected
    assert [edge_of(sorted(values.values()), Fraction(n, 4)) for n in (1, 2, 3)] == edges
