"""The one sentence of every picture and table, made from its numbers."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rfm_spark.report.numbers import (
    HeatMap,
    Migration,
    Move,
    ReportNumbers,
    Retention,
    SegmentTrend,
    SetNumbers,
    SourceQuality,
    WindowPair,
    WindowScores,
)
from rfm_spark.report.score_pictures import range_words
from rfm_spark.text import amount, counted, decimal_text, percent

CAUSE_WORDS: Mapping[str, str] = {
    "first": "first date in history: nothing to compare with",
    "definition": "the rules or settings changed, not the member",
    "correction": "orders of the past were corrected or came late",
    "entered": "new: not in the set before",
    "left": "no longer in the set: all orders were refunded",
    "boundary": "other members moved the limits between scores; by the earlier limits the member would have stayed",
    "ageing": "only time passed: without new orders or refunds the member would have moved too",
    "behaviour": "new orders or refunds",
}
"""What each cause of a move means, in the order of the table."""


def sizes_sentence(numbers: SetNumbers) -> str:
    """Return who brings most, and how many they are."""
    if not numbers.member_count:
        return f"{numbers.title} has no members at this date."
    best = max(numbers.sizes, key=lambda size: (size.net_amount, size.member_count))
    members = f"{best.member_count:,} of {counted(numbers.member_count, 'member')} ({percent(best.member_share)})"
    title = numbers.title_of(best.segment)
    if best.amount_share is None:
        return f"{title} has {members}; there is no amount to share out in the {numbers.period}."
    return f"{title} has {members} and {percent(best.amount_share)} of the amount of the {numbers.period}."


def trends_sentence(numbers: SetNumbers) -> str:
    """Return which segments grew and shrank most."""
    changes = [(change_of(trend), trend) for trend in numbers.trends if change_of(trend) is not None]
    if not changes:
        return "There is only one date, so there is nothing to compare over time."
    points = changes[0][1].points
    grew = max(changes, key=lambda change: change[0] or 0)
    shrank = min(changes, key=lambda change: change[0] or 0)
    between = f"From {points[0].as_of} to {points[-1].as_of}"
    parts = [from_to(numbers, grew[1], "grew")] if (grew[0] or 0) > 0 else []
    parts += [from_to(numbers, shrank[1], "shrank")] if (shrank[0] or 0) < 0 else []
    return f"{between} {', and '.join(parts) or 'no segment changed its share of the members'}."


def from_to(numbers: SetNumbers, trend: SegmentTrend, verb: str) -> str:
    """Return how the share of a segment changed."""
    first, last = trend.points[0], trend.points[-1]
    title = numbers.title_of(trend.segment)
    return f"{title} {verb} most, from {percent(first.member_share)} to {percent(last.member_share)} of the members"


def change_of(trend: SegmentTrend) -> Fraction | None:
    """Return by how much the share of the members changed; None where an end is not known."""
    if len(trend.points) < 2:
        return None
    first, last = trend.points[0].member_share, trend.points[-1].member_share
    return None if first is None or last is None else last - first


def flow_sentence(numbers: SetNumbers, migration: Migration) -> str:
    """Return how many members stayed, moved, joined and left, and the largest move."""
    stayed = sum(migration.stayed.values())
    came = sum(move.member_count for move in migration.moves if move.from_segment is None)
    went = sum(move.member_count for move in migration.moves if move.to_segment is None)
    moved = sum(move.member_count for move in migration.moves) - came - went
    before = stayed + moved + went
    share = Fraction(stayed, before) if before else None
    between = f"Between {migration.previous} and {migration.as_of}"
    who = f"{stayed:,} of {counted(before, 'member')} ({percent(share)}) stayed in their segment"
    others = f"{moved:,} moved to another, {came:,} joined and {went:,} left"
    inside = [move for move in migration.moves if move.from_segment and move.to_segment]
    return f"{between}, {who}; {others}.{largest_move(numbers, inside)}"


def largest_move(numbers: SetNumbers, moves: Sequence[Move]) -> str:
    """Return the largest move inside the set, nothing of none."""
    if not moves:
        return ""
    most = max(moves, key=lambda move: move.member_count)
    ends = f"from {numbers.title_of(most.from_segment)} to {numbers.title_of(most.to_segment)}"
    return f" The largest move is {counted(most.member_count, 'member')} {ends}."


def causes_sentence(migration: Migration) -> str:
    """Return the most frequent cause."""
    total = sum(migration.causes.values())
    if not total:
        return "Nobody moved between the two dates."
    cause, count = max(migration.causes.items(), key=lambda entry: entry[1])
    share = percent(Fraction(count, total))
    return f"Most frequent cause, {count:,} of {counted(total, 'move')} ({share}): {CAUSE_WORDS.get(cause, cause)}."


def movers_sentence(numbers: SetNumbers, moves: Sequence[Move]) -> str:
    """Return the move with the largest amount."""
    worth = max(moves, key=lambda move: move.net_amount)
    ends = f"from {numbers.title_of(worth.from_segment)} to {numbers.title_of(worth.to_segment)}"
    members = counted(worth.member_count, "member")
    return (
        f"Of the largest moves, the one worth most is {ends}: {members} with an amount of {amount(worth.net_amount)}."
    )


def heat_sentence(numbers: SetNumbers, heat: HeatMap) -> str:
    """Return the fullest cell and its segment."""
    total = sum(cell.member_count for cell in heat.cells)
    fullest = max(heat.cells, key=lambda cell: cell.member_count)
    share = percent(Fraction(fullest.member_count, total))
    return (
        f"Of {counted(total, 'member')} scored over the {numbers.period}, the largest group, "
        f"{fullest.member_count:,} ({share}), has recency {fullest.r_score} and frequency {fullest.f_score}; "
        f"its largest segment is {numbers.title_of(fullest.segment)}, "
        f"its mean M score is {decimal_text(fullest.mean_m_score)}."
    )


def scores_sentence(window: WindowScores) -> str:
    """Return which values have the best score of each metric."""
    parts = []
    for metric in window.metrics:
        best = next((step for step in metric.steps if step.member_count), None)
        if best is not None:
            members = counted(best.member_count, "member")
            reached = range_words(best, metric.unit)
            parts.append(f"{metric.metric[0].upper()}{best.score} means {reached} ({members})")
    return f"Over the {window.period}, {'; '.join(parts)}." if parts else f"Nobody is scored over the {window.period}."


def dwell_sentence(numbers: SetNumbers) -> str:
    """Return the segment in which members stay longest."""
    ended = [one for one in numbers.dwell if one.mean_days is not None]
    if not ended:
        return "No stay in a segment has ended yet, so its length is not known."
    longest = max(ended, key=lambda one: one.mean_days or 0)
    stays = counted(longest.closed_count, "ended stay")
    title = numbers.title_of(longest.segment)
    return f"Members stay longest in {title}: {decimal_text(longest.mean_days)} days on average over {stays}."


def retention_sentence(numbers: SetNumbers) -> str:
    """Return which segment keeps most of its members for the longest time that has passed."""
    known = [one for one in numbers.retention if one.kept_share is not None]
    days = max(one.days_later for one in known)
    best = max(
        (one for one in known if one.days_later == days), key=lambda one: (one.kept_share or 0, one.cohort_count)
    )
    passed = f"After {days} days ({decimal_text(best.mean_days, 0)} on average)"
    return f"{passed}, {numbers.title_of(best.segment)} has kept most: {kept_words(best)}."


def kept_words(one: Retention) -> str:
    """Return how many of a cohort are still there."""
    kept = f"{one.kept_count:,} of {one.cohort_count:,} ({percent(one.kept_share)})"
    return f"{kept}, members who left and came back included"


def quality_sentence(quality: Sequence[SourceQuality]) -> str:
    """Return how many lines of the last ingests could be used."""
    if not quality:
        return "No ingest is recorded, so the quality of the data is not known."
    read = sum(one.read for one in quality)
    accepted = sum(one.accepted for one in quality)
    rejected = sum(one.rejected for one in quality)
    share = percent(Fraction(accepted, read)) if read else percent(None)
    lines = counted(read, "line")
    return f"The last ingest of each source accepted {accepted:,} of {lines} ({share}) and rejected {rejected:,}."


def comparison_sentence(pairs: Sequence[WindowPair]) -> str:
    """Return the pair of windows that differ most."""
    most = max(pairs, key=lambda pair: pair.high_low_count + pair.low_high_count)
    return (
        f"{most.window} and {most.other_window} differ most in {most.metric}: "
        f"of {counted(most.member_count, 'member')} {most.high_low_count:,} high in {most.window} and low in "
        f"{most.other_window}, {most.low_high_count:,} the other way round."
    )


def dates_sentence(numbers: ReportNumbers) -> str:
    """Return the dates that the report covers."""
    shown = len(numbers.dates)
    if shown == 1:
        return f"One date, {numbers.as_of}."
    between = f"{shown} dates from {numbers.dates[0]} to {numbers.as_of}"
    return (
        f"{between}." if shown == numbers.published_count else f"{between}, of {numbers.published_count:,} published."
    )
