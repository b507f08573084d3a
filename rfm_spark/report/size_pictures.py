"""Pictures of how large segments are: bars at one date, small areas over many."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from rfm_spark.report.marks import FONT, WIDTH, Drawing, Mark, box, label, path, scaled, shortened, tidy
from rfm_spark.report.numbers import SegmentTrend, SetNumbers, TrendPoint
from rfm_spark.text import counted, percent

KEY_HEIGHT = 26
BAR_ROW = 50
BAR_LENGTH = 290
PANEL_WIDTH = 172
PANEL_HEIGHT = 88
AREA_HEIGHT = 46


def draw_sizes(numbers: SetNumbers) -> Drawing:
    """Draw two bars per segment: its share of the members, filled, and of the amount, outlined."""
    shares = [share for size in numbers.sizes for share in (size.member_share, size.amount_share)]
    top = top_share(shares)
    marks = key_of_shares("box")
    for place, size in enumerate(numbers.sizes):
        y = KEY_HEIGHT + place * BAR_ROW
        title = numbers.title_of(size.segment)
        members = f"{title}: {counted(size.member_count, 'member')}, {percent(size.member_share)}"
        marks += [
            label(0, y + 13, shortened(title, WIDTH), "text strong"),
            box(0, y + 19, scaled(size.member_share, top, BAR_LENGTH), 10, "members", members),
            label(scaled(size.member_share, top, BAR_LENGTH) + 6, y + 28, percent(size.member_share), "text small"),
            box(0.75, y + 32, scaled(size.amount_share, top, BAR_LENGTH), 9, "amount", f"{title}: amount"),
            label(scaled(size.amount_share, top, BAR_LENGTH) + 6, y + 41, percent(size.amount_share), "text small"),
        ]
    return Drawing(f"Size and value of {numbers.title}", KEY_HEIGHT + BAR_ROW * len(numbers.sizes), tuple(marks))


def draw_trends(numbers: SetNumbers) -> Drawing:
    """Draw one small panel per segment, all of one scale: members as an area, the amount as a broken line."""
    trends = numbers.trends
    points = [point for trend in trends for point in trend.points]
    top = top_share([share for point in points for share in (point.member_share, point.amount_share)])
    marks = key_of_shares("line")
    for place, trend in enumerate(trends):
        row, column = divmod(place, 2)
        marks += panel(numbers, trend, top, column * (WIDTH - PANEL_WIDTH), KEY_HEIGHT + row * PANEL_HEIGHT)
    rows = -(-len(trends) // 2)
    return Drawing(f"{numbers.title} over time", KEY_HEIGHT + rows * PANEL_HEIGHT, tuple(marks))


def panel(numbers: SetNumbers, trend: SegmentTrend, top: Fraction, x: float, y: float) -> list[Mark]:
    """Return the marks of one small panel."""
    first, last = trend.points[0], trend.points[-1]
    ground = y + 36 + AREA_HEIGHT
    areas = [along(run, trend.points, x, ground, top) for run in runs_of(trend.points, "member_share")]
    lines = [along(run, trend.points, x, ground, top) for run in runs_of(trend.points, "amount_share")]
    title = numbers.title_of(trend.segment)
    return [
        label(x, y + 14, shortened(title, PANEL_WIDTH), "text strong"),
        label(x, y + 30, f"{percent(first.member_share)} → {percent(last.member_share)}", "text small soft"),
        *(path(f"M{run[0][0]},{ground} L{spelt(run)} L{run[-1][0]},{ground} Z", "members-area") for run in areas),
        *(path(f"M{spelt(run)}", "members-line") for run in areas),
        *(path(f"M{spelt(run)}", "amount-line") for run in lines),
        path(f"M{x},{ground} H{x + PANEL_WIDTH}", "axis"),
    ]


def runs_of(points: Sequence[TrendPoint], name: str) -> list[list[tuple[date, Fraction]]]:
    """Return the unbroken runs of dates at which the share is known."""
    runs: list[list[tuple[date, Fraction]]] = [[]]
    for point in points:
        share = getattr(point, name)
        if share is None:
            runs.append([])
        else:
            runs[-1].append((point.as_of, share))
    return [run for run in runs if run]


def along(
    run: Sequence[tuple[date, Fraction]], points: Sequence[TrendPoint], x: float, ground: float, top: Fraction
) -> list[tuple[float, float]]:
    """Return where the shares of a run lie: dates to the right, shares upwards."""
    first = points[0].as_of
    days = max((points[-1].as_of - first).days, 1)
    return [
        (tidy(x + (day - first).days / days * PANEL_WIDTH), tidy(ground - scaled(share, top, AREA_HEIGHT)))
        for day, share in run
    ]


def spelt(places: Sequence[tuple[float, float]]) -> str:
    """Return places as the steps of a path."""
    return " L".join(f"{x},{y}" for x, y in places)


def key_of_shares(kind: str) -> list[Mark]:
    """Return the key of the two shares; they differ in shape, not in colour alone."""
    signs = (
        [box(0, 3, 20, 10, "members"), box(150.75, 3, 20, 9, "amount")]
        if kind == "box"
        else [
            path("M0,13 L0,8 L20,3 L20,13 Z", "members-area"),
            path("M0,8 L20,3", "members-line"),
            path("M150,11 L170,5", "amount-line"),
        ]
    )
    words = [label(26, FONT, "share of members", "text small"), label(176, FONT, "share of amount", "text small")]
    return [*signs, *words]


def top_share(shares: Sequence[Fraction | None]) -> Fraction:
    """Return the largest share, which fills the whole length."""
    return max((share for share in shares if share is not None and share > 0), default=Fraction(1))
