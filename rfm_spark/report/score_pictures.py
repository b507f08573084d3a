"""Pictures of scores: the map of R and F with the segments in it, and how many members have each score."""

from decimal import Decimal

from rfm_spark.report.marks import FONT, TINY, WIDTH, Drawing, Mark, box, label, wrapped
from rfm_spark.report.numbers import Cell, HeatMap, MetricScores, ScoreStep, SetNumbers, WindowScores
from rfm_spark.text import counted, decimal_text, plain_number

EDGE = 26
WIDE_CELL = 60
"""A narrower cell has no room for words."""
DEEPEST = 0.42
"""Opacity of the fullest cell: letters on it can still be read."""
STEP_HEIGHT = 24
BAR_START, BAR_LENGTH = 26, 110


def draw_heat_map(numbers: SetNumbers, heat: HeatMap) -> Drawing:
    """Draw recency to the right and frequency upwards: the darker a cell, the more members are in it."""
    width = (WIDTH - EDGE) / heat.r_bins
    height = 64 if width >= WIDE_CELL else 40
    fullest = max((cell.member_count for cell in heat.cells), default=1)
    floor = 18 + heat.f_bins * height
    occupied = {(cell.r_score, cell.f_score) for cell in heat.cells}
    every = [(r, f) for r in range(1, heat.r_bins + 1) for f in range(1, heat.f_bins + 1)]
    empty = [
        box(EDGE + (r - 1) * width + 1, floor - f * height + 1, width - 2, height - 2, "empty")
        for r, f in every
        if (r, f) not in occupied
    ]
    cells = [
        mark
        for cell in heat.cells
        for mark in cell_marks(
            numbers, cell, EDGE + (cell.r_score - 1) * width, floor - cell.f_score * height, width, height, fullest
        )
    ]
    axes = [
        *(label(EDGE + (r - 0.5) * width, floor + 15, f"R{r}", "text small middle") for r in range(1, heat.r_bins + 1)),
        *(label(0, floor - (f - 0.5) * height + 4, f"F{f}", "text small") for f in range(1, heat.f_bins + 1)),
        label(0, 11, "↑ orders more often", "text small soft"),
        label(WIDTH, floor + 32, "ordered more recently →", "text small soft end"),
    ]
    return Drawing(f"Recency and frequency in {numbers.title}", floor + 38, (*empty, *cells, *axes))


def cell_marks(
    numbers: SetNumbers, cell: Cell, x: float, y: float, width: float, height: float, fullest: int
) -> list[Mark]:
    """Return one cell: its most frequent segment, number of members and mean M."""
    title = numbers.title_of(cell.segment)
    mean = decimal_text(cell.mean_m_score)
    hint = (
        f"R{cell.r_score} F{cell.f_score}: {counted(cell.member_count, 'member')}, mean M {mean}, "
        f"the largest segment {title} ({cell.segment_count:,})"
    )
    ground = box(x + 1, y + 1, width - 2, height - 2, "cell", hint, DEEPEST * cell.member_count / fullest)
    frame = box(x + 1, y + 1, width - 2, height - 2, "frame")
    middle = x + width / 2
    if width < WIDE_CELL:
        return [ground, frame, label(middle, y + 24, f"{cell.member_count:,}", "text tiny middle")]
    names = wrapped(title, width - 4, TINY, 2)
    first = y + 16 if len(names) > 1 else y + 22
    return [
        ground,
        frame,
        *(label(middle, first + n * 12, name, "text tiny middle") for n, name in enumerate(names)),
        label(middle, y + 44, f"{cell.member_count:,}", "text small strong middle"),
        label(middle, y + 57, f"M {mean}", "text tiny middle"),
    ]


def draw_scores(window: WindowScores) -> Drawing:
    """Draw one bar per score of each metric, the best score first, with the values that have it."""
    marks: list[Mark] = []
    y: float = 0
    most = max((step.member_count for metric in window.metrics for step in metric.steps), default=1) or 1
    for metric in window.metrics:
        marks.append(label(0, y + FONT, f"{metric.metric.capitalize()}: {metric.meaning}", "text strong"))
        y += 22
        for step in metric.steps:
            marks += step_marks(metric, step, y, most)
            y += STEP_HEIGHT
        y += 12
    return Drawing(f"Scores of the window {window.name}", y, tuple(marks))


def step_marks(metric: MetricScores, step: ScoreStep, y: float, most: int) -> list[Mark]:
    """Return one bar and its words."""
    length = BAR_LENGTH * step.member_count / most
    words = f"{step.member_count:,} · {range_words(step, metric.unit)}" if step.member_count else "nobody"
    hint = f"score {step.score}: {counted(step.member_count, 'member')}"
    letter = metric.metric[0].upper()
    return [
        label(0, y + 14, f"{letter}{step.score}", "text small strong"),
        box(BAR_START, y + 3, length, 14, "members", hint),
        label(BAR_START + length + 6, y + 14, words, "text small"),
    ]


def range_words(step: ScoreStep, unit: str) -> str:
    """Return from which to which value a score reaches, the smaller first.

    >>> range_words(ScoreStep(5, 10, Decimal("12.000000"), Decimal("0.000000"), None), "days")
    '0 to 12 days'
    """
    if step.worst_value is None or step.best_value is None:
        return "nobody"
    low, high = sorted((step.worst_value, step.best_value))
    return f"{span(low, high)} {unit}".strip()


def span(low: Decimal, high: Decimal) -> str:
    """Return two values as a span, or the one value that they are."""
    return plain_number(low) if low == high else f"{plain_number(low)} to {plain_number(high)}"
