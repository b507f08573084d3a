"""The published figures of the real data sets, from the twin alone: what it says is worth being equal to."""

from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from tests.oracles.examples import LIFETIME, PUBLISHED_SET, REFUNDS, example_lines
from tests.oracles.facts import Fact, member_days
from tests.oracles.lines import Line
from tests.oracles.scores import Scored, score_windows
from tests.oracles.segments import assign
from tests.oracles.windows import half_up

PUBLISHED = {
    "about_to_sleep": (352, "53.312500", "1.161932", "471.994375"),
    "at_Risk": (593, "153.785835", "2.876897", "1084.535297"),
    "cant_loose": (63, "132.968254", "8.380952", "2796.155873"),
    "champions": (633, "6.361769", "12.413902", "6857.935482"),
    "hibernating": (1071, "217.605042", "1.101774", "488.643307"),
    "loyal_customers": (819, "33.608059", "6.479853", "2864.247791"),
    "need_attention": (187, "52.427807", "2.326203", "897.627861"),
    "new_customers": (42, "7.428571", "1.000000", "388.212857"),
    "potential_loyalists": (484, "17.398760", "2.010331", "1041.222004"),
    "promising": (94, "23.510638", "1.000000", "294.007979"),
}
"""Members, mean recency, frequency and amount. Champions' amount is of this file, which has one line of 18.00 less
than the published 6857.963918."""


SAME_LINES = {"online_retail_published": "online_retail_gross", "cdnow_split": "cdnow"}
"""Examples that only score otherwise; their lines are read once."""


def known(name: str, data: Path) -> tuple[list[Line], list[Fact]]:
    return lines_and_facts(SAME_LINES.get(name, name), data)


@cache
def lines_and_facts(name: str, data: Path) -> tuple[list[Line], list[Fact]]:
    lines = example_lines(name, data)
    return lines, member_days(lines, REFUNDS[name])


@cache
def scored(name: str, data: Path, as_of: date) -> list[Scored]:
    return score_windows(known(name, data)[1], [LIFETIME[name]], as_of)


def total(rows: list[Scored]) -> tuple[int, int, int, Decimal]:
    measures = [row.measure for row in rows]
    return (
        len(rows),
        sum(values.order_count for values in measures),
        sum(values.purchase_days for values in measures),
        sum((values.net_amount for values in measures), Decimal(0)),
    )


def test_online_retail_gross(shared_data: Path) -> None:
    rows = scored("online_retail_gross", shared_data, date(2011, 12, 9))
    assert total(rows) == (4_338, 18_532, 16_763, Decimal("8911407.904"))


def test_online_retail_net_has_members_with_refunds_alone(shared_data: Path) -> None:
    lines, facts = known("online_retail_net", shared_data)
    rows = scored("online_retail_net", shared_data, date(2011, 12, 9))
    assert total(rows) == (4_338, 18_532, 16_763, Decimal("8310477.054"))
    with_a_line = {line.member_id for line in lines}
    assert len(with_a_line) == 4_371
    assert len(with_a_line - {fact.member_id for fact in facts if fact.order_count}) == 33


def test_the_ten_published_segments_with_their_means(shared_data: Path) -> None:
    name, as_of = "online_retail_published", date(2011, 12, 10)
    lines, facts = known(name, shared_data)
    rows = scored(name, shared_data, as_of)
    segments = assign(PUBLISHED_SET, {"lifetime": LIFETIME[name]}, rows, facts, lines, [], as_of)
    found = {}
    for segment, members in Counter(segments.values()).items():
        measures = [row.measure for row in rows if segments[row.member_id] == segment]
        sums = (
            sum(values.recency_days for values in measures),
            sum(values.order_count for values in measures),
            sum((values.net_amount for values in measures), Decimal(0)),
        )
        found[segment] = (members, *(str(half_up(Fraction(value) / members, 6)) for value in sums))
    assert found == PUBLISHED


def test_cdnow(shared_data: Path) -> None:
    rows = scored("cdnow", shared_data, date(1998, 6, 30))
    assert len(known("cdnow", shared_data)[0]) == 69_659
    assert total(rows) == (23_570, 67_591, 67_591, Decimal("2500315.63"))


@pytest.mark.parametrize("metric", ["r_score", "f_score", "m_score"])
def test_cdnow_split_has_five_equal_classes(shared_data: Path, metric: str) -> None:
    rows = scored("cdnow_split", shared_data, date(1998, 6, 30))
    assert Counter(getattr(row, metric) for row in rows) == dict.fromkeys(range(1, 6), 4_714)


def test_completejourney(shared_data: Path) -> None:
    lines, _ = known("completejourney", shared_data)
    rows = scored("completejourney", shared_data, date(2017, 12, 31))
    assert len(lines) == 75_000
    assert (min(line.day for line in lines), max(line.day for line in lines)) == (date(2017, 1, 1), date(2017, 12, 31))
    assert total(rows)[:2] == (2_377, 47_243)
    assert total(rows)[3] == Decimal("233935.24")
    assert sum(line.brand == "unknown" for line in lines) == 222
    assert sum(line.promotion == "coupon" for line in lines) == 1_135
