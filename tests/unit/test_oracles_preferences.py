"""The twin of the preferences, checked by hand."""

from datetime import date, timedelta
from decimal import Decimal

from rfm_spark.config.model import TagClass, Window
from tests.oracles.facts import TagDay, member_days, tag_days
from tests.oracles.lines import Line, random_events, random_lines
from tests.oracles.preferences import Preference, Profile, preferences, profiles
from tests.oracles.scores import score_windows

AS_OF = date(2024, 6, 30)
MONTH = Window("month", days=30)


def tag(value: str, amount: str = "0", events: int = 0, days_ago: int = 1, orders: int = 0) -> TagDay:
    return TagDay(1, AS_OF - timedelta(days=days_ago), "category", value, events, orders, Decimal(amount))


def strengths(rows: list[TagDay], amount_weight: str = "1") -> list[tuple[str, Decimal, Decimal | None]]:
    found = preferences(rows, MONTH, AS_OF, amount_weight=amount_weight)
    return [(row.tag_value, row.strength, row.share) for row in found]


def test_strength_is_the_mean_of_the_shares_of_amount_and_of_events() -> None:
    rows = [tag("books", "30", days_ago=9, orders=2), tag("books", events=1, days_ago=4), tag("games", "10", 1)]
    assert preferences(rows, MONTH, AS_OF) == [
        Preference(
            1, "category", "books", Decimal("62.500"), 1, Decimal("0.75"), AS_OF - timedelta(days=4), 2, 1
        ),
        Preference(1, "category", "games", Decimal("37.500"), 2, Decimal("0.25"), AS_OF - timedelta(days=1), 0, 1),
    ]  # fmt: skip


def test_a_share_without_a_denominator_has_no_part_in_the_mean() -> None:
    assert strengths([tag("books", "2"), tag("games", "1")]) == [
        ("books", Decimal("66.667"), Decimal("0.666667")),
        ("games", Decimal("33.333"), Decimal("0.333333")),
    ]
    assert strengths([tag("books", events=1), tag("games", events=3)]) == [
        ("games", Decimal(75), None),
        ("books", Decimal(25), None),
    ]
    assert strengths([tag("books")]) == [("books", Decimal(0), None)]


def test_weights_move_the_mean() -> None:
    rows = [tag("books", "1"), tag("games", events=1)]
    assert [row[:2] for row in strengths(rows, amount_weight="3")] == [("books", Decimal(75)), ("games", Decimal(25))]


def test_equal_strength_goes_by_amount_then_events_then_name() -> None:
    rows = [tag("d", events=1), tag("c", "1"), tag("b", "1"), tag("a", events=1)]
    assert [row.tag_value for row in preferences(rows, MONTH, AS_OF, top=9)] == ["b", "c", "a", "d"]


def test_only_the_window_counts_and_only_the_top_is_kept() -> None:
    rows = [tag(value, "1") for value in "abcd"] + [tag("e", "9", days_ago=30), tag("f", "9", days_ago=-1)]
    assert [(row.tag_value, row.rank_in_class) for row in preferences(rows, MONTH, AS_OF)] == [
        ("a", 1), ("b", 2), ("c", 3),
    ]  # fmt: skip


def test_all_strengths_of_a_class_add_up_to_a_hundred() -> None:
    classes = [TagClass("category", "category"), TagClass("channel", "channel")]
    rows = tag_days(random_lines(2), random_events(2), classes)
    found = preferences(rows, Window("all", lifetime=True), AS_OF, top=99)
    for key in {(row.member_id, row.tag_class) for row in found}:
        total = sum(row.strength for row in found if (row.member_id, row.tag_class) == key)
        assert total == 0 or abs(total - 100) <= Decimal("0.002")


def test_a_profile_is_of_everybody_with_a_segment_in_any_set() -> None:
    lines = [Line("shop", member, AS_OF - timedelta(days=9), "sale", Decimal(5), "a") for member in (1, 2)]
    facts = member_days(lines, "attribute_to_order")
    found = profiles(
        {"tier": {1: "gold", 3: "looking"}, "cycle": {1: "new"}},
        score_windows(facts, [MONTH], AS_OF),
        preferences([tag("books", "30"), tag("games", "10")], MONTH, AS_OF),
        facts,
        "month",
        AS_OF,
    )
    assert found == {
        1: Profile(
            "R1F1M1", (1, 1, 1), Decimal(0), AS_OF - timedelta(days=9), {"tier": "gold", "cycle": "new"},
            [("category", "books", 1, Decimal(75)), ("category", "games", 2, Decimal(25))],
        ),
        3: Profile(None, None, None, None, {"tier": "looking"}, []),
    }  # fmt: skip
