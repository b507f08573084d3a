"""The geometry of pictures: lengths are in proportion, and nothing leaves the frame."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from rfm_spark.report.flow_picture import LEFT, NODE, RIGHT, TOTAL_HEIGHT, draw_flow
from rfm_spark.report.marks import Drawing, text_width
from rfm_spark.report.numbers import SegmentTrend, TrendPoint
from rfm_spark.report.score_pictures import DEEPEST, draw_heat_map, draw_scores
from rfm_spark.report.size_pictures import BAR_LENGTH, draw_sizes, draw_trends
from tests.unit.report_samples import heat_map, report

LONG = "A segment whose title is much longer than any picture has room for"
NUMBERS = report()
SET = NUMBERS.sets[0]


def test_bars_are_as_long_as_shares():
    bars = [mark for mark in draw_sizes(SET).marks if mark.kind == "box" and mark.style == "members"][1:]
    lengths = [mark.width for mark in bars]
    assert lengths[1] == pytest.approx(2 * lengths[0], abs=0.02)
    assert lengths[2] == BAR_LENGTH


def test_a_negative_share_has_a_bar_of_no_length_and_its_number():
    negative = replace(SET.sizes[0], amount_share=Fraction(-1, 10))
    marks = draw_sizes(replace(SET, sizes=(negative,))).marks
    assert "-10.0%" in {mark.text for mark in marks}
    assert min(mark.width for mark in marks if mark.kind == "box") == 1


def test_bands_of_a_flow_fill_both_columns():
    assert SET.migration is not None
    drawing = draw_flow(SET, SET.migration)
    nodes = [mark for mark in drawing.marks if mark.style == "node"]
    for x in (LEFT, RIGHT):
        # Those who came or went stand in both columns, so both are of one height.
        assert sum(mark.height for mark in nodes if mark.x == x) == pytest.approx(TOTAL_HEIGHT, abs=1)
    bands = [mark for mark in drawing.marks if mark.kind == "path"]
    assert all(mark.text.startswith(f"M{LEFT + NODE},") for mark in bands)
    assert "500 members stayed: Loyal" in {mark.hint for mark in bands}
    assert "4 members: not in the set → Loyal" in {mark.hint for mark in bands}


def test_a_segment_that_the_set_no_longer_knows_keeps_its_name():
    assert SET.migration is not None
    former = replace(SET.migration.moves[0], from_segment="old_name")
    drawing = draw_flow(SET, replace(SET.migration, moves=(former,)))
    assert "40 members: old_name → New" in {mark.hint for mark in drawing.marks}


def test_the_fullest_cell_is_the_darkest():
    assert SET.heat_map is not None
    cells = [mark for mark in draw_heat_map(SET, SET.heat_map).marks if mark.style == "cell"]
    assert max(mark.opacity for mark in cells) == DEEPEST
    assert next(mark for mark in cells if mark.opacity == DEEPEST).hint.startswith("R5 F5: 55 members")


def test_a_date_without_the_segment_breaks_the_line():
    points = [TrendPoint(day, 1, Fraction(1, 2), None) for day in NUMBERS.dates]
    points[1] = replace(points[1], member_share=None)
    marks = draw_trends(replace(SET, trends=(SegmentTrend("segment_0", tuple(points)),))).marks
    assert len([mark for mark in marks if mark.style == "members-line"]) == 1 + 2
    assert len([mark for mark in marks if mark.style == "amount-line"]) == 1


def drawings() -> list[Drawing]:
    """Return every picture, with titles that are too long."""
    numbers = report(titles=(LONG, "忠诚会员" * 12, "New"), dates=24)
    one = numbers.sets[0]
    assert one.migration is not None
    maps = [heat_map(["segment_0", "segment_1"], bins) for bins in (2, 5, 10)]
    return [
        draw_sizes(one),
        draw_trends(one),
        draw_flow(one, one.migration),
        *(draw_heat_map(one, heat) for heat in maps),
        draw_scores(numbers.windows[0]),
    ]


@pytest.mark.parametrize("place", range(7))
def test_nothing_leaves_the_frame(place: int):
    drawing = drawings()[place]
    for mark in drawing.marks:
        if mark.kind == "box":
            assert mark.x >= 0
            assert mark.x + mark.width <= drawing.width + 1
            assert mark.y + mark.height <= drawing.height
        if mark.kind == "path":
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", mark.text)]
            assert min(numbers) >= 0
            assert max(numbers) <= max(drawing.width, drawing.height)
        if mark.kind == "label":
            assert leftmost(mark.x, mark.text, mark.style) >= -1, mark.text
            assert rightmost(mark.x, mark.text, mark.style) <= drawing.width + 1, mark.text


def width_of(text: str, style: str) -> float:
    """Return how wide a label is in its style."""
    return text_width(text, 10 if "tiny" in style else 11 if "small" in style else 13)


def leftmost(x: float, text: str, style: str) -> float:
    """Return where a label begins."""
    return x - width_of(text, style) * (1 if "end" in style else 0.5 if "middle" in style else 0)


def rightmost(x: float, text: str, style: str) -> float:
    """Return where a label ends."""
    return leftmost(x, text, style) + width_of(text, style)
