"""The picture of migration: segments before on the left, after on the right, and bands of members between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rfm_spark.report.marks import SMALL, WIDTH, Drawing, Mark, box, label, path, shortened, text_width, tidy
from rfm_spark.report.numbers import NOT_IN_SET, Migration, SetNumbers
from rfm_spark.text import counted

TOP = 28
TOTAL_HEIGHT = 400
GAP = 5
SLOT = 17
LEFT, RIGHT, NODE = 137, 215, 8
THINNEST = 0.6
HUES = 12


@dataclass(frozen=True)
class Band:
    """Members on one way; those who stayed go straight on."""

    before: str | None
    after: str | None
    member_count: int

    @property
    def stayed(self) -> bool:
        """Return whether nothing changed for them."""
        return self.before == self.after


def draw_flow(numbers: SetNumbers, migration: Migration) -> Drawing:
    """Draw every band that is thick enough to be seen; the table beside the picture has the others too."""
    bands = bands_of(migration)
    total = sum(band.member_count for band in bands)
    scale = TOTAL_HEIGHT / total if total else 0.0
    order = segment_order(numbers, bands)
    left = column_of(order, bands, scale, is_left=True)
    right = column_of(order, bands, scale, is_left=False)
    marks = [
        *band_marks(numbers, bands, order, (left, right), scale),
        *node_marks(numbers, left, bands, scale, is_left=True),
        *node_marks(numbers, right, bands, scale, is_left=False),
        label(0, 14, str(migration.previous), "text small soft"),
        label(WIDTH, 14, str(migration.as_of), "text small soft end"),
    ]
    ends = [
        y + max(SLOT, height_of(segment, bands, scale, is_left))
        for column, is_left in ((left, True), (right, False))
        for segment, y in column.items()
    ]
    return Drawing(f"Migration in {numbers.title}", tidy(max(ends, default=TOP) + GAP), tuple(marks))


def bands_of(migration: Migration) -> list[Band]:
    """Return those who stayed and those who moved."""
    stayed = [Band(segment, segment, count) for segment, count in migration.stayed.items() if count]
    return stayed + [Band(move.from_segment, move.to_segment, move.member_count) for move in migration.moves]


def segment_order(numbers: SetNumbers, bands: Sequence[Band]) -> list[str | None]:
    """Return the segments in the order of the set, then those that it no longer knows, then outside of it."""
    known = [words.name for words in numbers.segments]
    found = {segment for band in bands for segment in (band.before, band.after)}
    former = sorted(segment for segment in found if segment is not NOT_IN_SET and segment not in known)
    outside = [NOT_IN_SET] if NOT_IN_SET in found else []
    return [segment for segment in [*known, *former, *outside] if segment in found]


def column_of(
    order: Sequence[str | None], bands: Sequence[Band], scale: float, is_left: bool
) -> dict[str | None, float]:
    """Return where the segments of a column begin; each has room for its label."""
    places: dict[str | None, float] = {}
    y: float = TOP
    for segment in order:
        height = height_of(segment, bands, scale, is_left)
        if height:
            places[segment] = y
            y += max(SLOT, height) + GAP
    return places


def height_of(segment: str | None, bands: Sequence[Band], scale: float, is_left: bool) -> float:
    """Return how high a segment is in a column."""
    return scale * members_of(segment, bands, is_left)


def members_of(segment: str | None, bands: Sequence[Band], is_left: bool) -> int:
    """Return how many members a segment has in a column."""
    return sum(band.member_count for band in bands if (band.before if is_left else band.after) == segment)


def band_marks(
    numbers: SetNumbers,
    bands: Sequence[Band],
    order: Sequence[str | None],
    columns: tuple[Mapping[str | None, float], Mapping[str | None, float]],
    scale: float,
) -> list[Mark]:
    """Return the bands, in both columns in the order of their other end, so that few of them cross."""
    place = {segment: number for number, segment in enumerate(order)}
    ends = [dict(column) for column in columns]
    before_of, after_of = {}, {}
    for band in sorted(bands, key=lambda band: (place[band.before], place[band.after])):
        before_of[band] = ends[0][band.before]
        ends[0][band.before] += band.member_count * scale
    for band in sorted(bands, key=lambda band: (place[band.after], place[band.before])):
        after_of[band] = ends[1][band.after]
        ends[1][band.after] += band.member_count * scale
    # Those who stayed lie below those who moved.
    seen = [band for band in bands if band.member_count * scale >= THINNEST]
    return [
        path(
            curve(before_of[band], after_of[band], band.member_count * scale),
            "stayed" if band.stayed else f"band hue{place[band.before] % HUES}",
            hint_of(numbers, band),
        )
        for band in sorted(seen, key=lambda band: not band.stayed)
    ]


def curve(before: float, after: float, height: float) -> str:
    """Return the outline of a band."""
    start, end, middle = LEFT + NODE, RIGHT, (LEFT + NODE + RIGHT) / 2
    y0, y1, y2, y3 = (tidy(y) for y in (before, after, after + height, before + height))
    return (
        f"M{start},{y0} C{middle},{y0} {middle},{y1} {end},{y1} L{end},{y2} C{middle},{y2} {middle},{y3} {start},{y3} Z"
    )


def hint_of(numbers: SetNumbers, band: Band) -> str:
    """Return what a band is, in words."""
    members = counted(band.member_count, "member")
    if band.stayed:
        return f"{members} stayed: {numbers.title_of(band.before)}"
    return f"{members}: {numbers.title_of(band.before)} → {numbers.title_of(band.after)}"


def node_marks(
    numbers: SetNumbers, column: Mapping[str | None, float], bands: Sequence[Band], scale: float, is_left: bool
) -> list[Mark]:
    """Return the segments of a column, each with its title and number of members."""
    marks: list[Mark] = []
    x, edge, end = (LEFT, LEFT - 6, " end") if is_left else (RIGHT, RIGHT + NODE + 6, "")
    outside = "new here" if is_left else "gone"
    for segment, y in column.items():
        count = members_of(segment, bands, is_left)
        title = outside if segment is NOT_IN_SET else numbers.title_of(segment)
        room = LEFT - 6 - text_width(f" {count:,}", SMALL)
        middle = y + max(SLOT, count * scale) / 2
        text = f"{shortened(title, room, SMALL)} {count:,}"
        marks += [
            box(x, y, NODE, count * scale, "node", f"{title}: {counted(count, 'member')}"),
            label(edge, middle + 4, text, f"text small{end}"),
        ]
    return marks
