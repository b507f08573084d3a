"""The report as chapters of parts: the order of pictures, tables and sentences, before they become a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rfm_spark.report import sentences
from rfm_spark.report.flow_picture import draw_flow
from rfm_spark.report.marks import Drawing
from rfm_spark.report.numbers import Migration, ReportNumbers, SegmentWords, SetNumbers
from rfm_spark.report.score_pictures import draw_heat_map, draw_scores
from rfm_spark.report.size_pictures import draw_sizes, draw_trends
from rfm_spark.report.tables import (
    Grid,
    boundaries_grid,
    causes_grid,
    comparison_grid,
    dwell_grid,
    movers_grid,
    quality_grid,
    retention_grid,
    sizes_grid,
)
from rfm_spark.text import counted, rounded

TOP_MOVES = 10


class Part(NamedTuple):
    """One picture or table with its sentence; either may be missing. `is_wide`: as wide as the page."""

    title: str
    sentence: str
    drawing: Drawing | None = None
    grid: Grid | None = None
    note: str = ""
    is_wide: bool = False


class Tile(NamedTuple):
    """One number that is read first."""

    value: str
    words: str


@dataclass(frozen=True)
class Chapter:
    """One chapter; `guide` are the segments that it explains; `is_open`: without being asked."""

    title: str
    title_zh: str = ""
    lead: str = ""
    parts: tuple[Part, ...] = ()
    guide: tuple[SegmentWords, ...] = ()
    is_open: bool = True


def tiles_of(numbers: ReportNumbers) -> list[Tile]:
    """Return the numbers at the top of the page, from the first set."""
    if not numbers.sets:
        return []
    first = numbers.sets[0]
    orders = sum(size.order_count for size in first.sizes)
    tiles = [
        Tile(f"{first.member_count:,}", "members in all"),
        Tile(f"{rounded(first.net_amount, 0):,}", f"amount{in_currency(numbers)}, {first.period}"),
        Tile(f"{orders:,}", f"orders, {first.period}"),
    ]
    if first.migration is not None:
        moved = sum(move.member_count for move in first.migration.moves)
        tiles.append(Tile(f"{moved:,}", f"joined, left or moved since {first.migration.previous}"))
    return tiles


def in_currency(numbers: ReportNumbers) -> str:
    """Return the currency where one is declared."""
    return f" in {numbers.currency}" if numbers.currency else ""


def chapters_of(numbers: ReportNumbers) -> list[Chapter]:
    """Return all chapters: the first set in full, the others shorter, then what they are built on."""
    sets = [set_chapter(one, is_first=place == 0) for place, one in enumerate(numbers.sets)]
    return [*sets, scores_chapter(numbers), quality_chapter(numbers)]


def set_chapter(numbers: SetNumbers, is_first: bool) -> Chapter:
    """Return the chapter of one segment set."""
    lead = f"{counted(len(numbers.segments), 'segment')} over the {numbers.period} (window {numbers.window})."
    parts = [*size_parts(numbers, is_first), *migration_parts(numbers, is_first)]
    if is_first:
        parts += [*heat_parts(numbers), *stay_parts(numbers)]
    return Chapter(numbers.title, numbers.title_zh, lead, tuple(parts), numbers.segments, is_open=is_first)


def size_parts(numbers: SetNumbers, is_first: bool) -> list[Part]:
    """Return sizes and value, at the date and over time."""
    sentence = sentences.sizes_sentence(numbers)
    parts = [Part("Who they are and what they bring", sentence, draw_sizes(numbers))]
    has_past = any(len(trend.points) > 1 for trend in numbers.trends)
    over_time = sentences.trends_sentence(numbers)
    parts.append(Part("Over time", over_time, draw_trends(numbers) if has_past else None))
    if is_first:
        parts.append(Part("The same in figures", sentence, grid=sizes_grid(numbers), is_wide=True))
    return parts


def migration_parts(numbers: SetNumbers, is_first: bool) -> list[Part]:
    """Return who moved where, and why; without history, what to run."""
    migration = numbers.migration
    if migration is None:
        return [Part("Who moved", numbers.no_history)]
    sentence = sentences.flow_sentence(numbers, migration)
    if not is_first:
        return [Part("Who moved", sentence, grid=causes_grid(migration))]
    note = "Grey: stayed. Coloured: moved. Moves too small to draw are left out of the picture, not of the numbers."
    return [
        Part("Who moved", sentence, draw_flow(numbers, migration), note=note),
        Part("Why they moved", sentences.causes_sentence(migration), grid=causes_grid(migration)),
        *mover_parts(numbers, migration),
    ]


def mover_parts(numbers: SetNumbers, migration: Migration) -> list[Part]:
    """Return the largest moves and their amounts."""
    top = migration.moves[:TOP_MOVES]
    if not top:
        return []
    left_out = len(migration.moves) - len(top)
    note = f"{counted(left_out, 'smaller move')} not shown." if left_out else ""
    sentence = sentences.movers_sentence(numbers, top)
    return [Part("Largest moves", sentence, grid=movers_grid(numbers, top), note=note, is_wide=True)]


def heat_parts(numbers: SetNumbers) -> list[Part]:
    """Return the map of recency and frequency."""
    heat = numbers.heat_map
    if heat is None or not heat.cells:
        return [Part("Recency and frequency", f"Nobody is scored over the {numbers.period}.")]
    note = "Each cell shows its largest segment, its number of members and their mean M score."
    return [
        Part("Recency and frequency", sentences.heat_sentence(numbers, heat), draw_heat_map(numbers, heat), note=note)
    ]


def stay_parts(numbers: SetNumbers) -> list[Part]:
    """Return how long members stay, and how many are in the segment again or still later."""
    parts = [Part("How long members stay", sentences.dwell_sentence(numbers), grid=dwell_grid(numbers))]
    if any(one.kept_share is not None for one in numbers.retention):
        sentence = sentences.retention_sentence(numbers)
        parts.append(Part("Still there later", sentence, grid=retention_grid(numbers)))
    return parts


def scores_chapter(numbers: ReportNumbers) -> Chapter:
    """Return the scores of every window, and how windows compare."""
    parts = [
        Part(f"Window {window.name}", sentences.scores_sentence(window), draw_scores(window), boundaries_grid(window))
        for window in numbers.windows
    ]
    if numbers.comparisons:
        sentence = sentences.comparison_sentence(numbers.comparisons)
        grid = comparison_grid(numbers.comparisons)
        parts.append(Part("Short and long windows compared", sentence, grid=grid, is_wide=True))
    lead = "What it takes to get each score: the best score is on top, with its members and their values."
    return Chapter("Scores and their boundaries", lead=lead, parts=tuple(parts))


def quality_chapter(numbers: ReportNumbers) -> Chapter:
    """Return what became of the lines that were read."""
    sentence = sentences.quality_sentence(numbers.quality)
    grid = quality_grid(numbers.quality) if numbers.quality else None
    note = "Excluded: left out by a rule. Outside: of a day not requested. A rejected line may have two reasons."
    return Chapter("Quality of the data", parts=(Part("Lines read", sentence, grid=grid, note=note, is_wide=True),))


def shares_line(sets: Sequence[SetNumbers]) -> str:
    """Return the first sentence of the page."""
    return sentences.sizes_sentence(sets[0]) if sets else "The date has no segment set that is active today."
