"""The verb `explain`: one member at one date, from its orders to its segments, and why it moved last."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from rfm_spark.as_of import at_dates, last_valid_day, of_dates
from rfm_spark.config.choices import Metric, Population
from rfm_spark.config.model import SegmentSet, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_IDENTITY, MEMBER_SEGMENT, RFM_SCORE, SCORE_BOUNDARY
from rfm_spark.driver_rows import driver_rows
from rfm_spark.errors import UsageError
from rfm_spark.ingest.folding import folded_words
from rfm_spark.scoring.series import scored_column
from rfm_spark.segments.assign import BY_LAPSED, BY_OTHERWISE, BY_PROSPECT, matching_rule
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import Rulebook, read_rulebook, windows_of
from rfm_spark.steps.dates.published import require_published
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import AS_OF, Flag, Verb
from rfm_spark.text import aligned, counted, plain_number

VERB = Verb(
    help="explain the segments of one member at one date: facts, scores, rules and the last move",
    flags=(
        AS_OF,
        Flag("member", "the member's reference in the sources; - reads it from standard input", "REF", required=True),
        Flag("id-type", "kind of the reference, where several kinds have it", "NAME"),
    ),
    never="shows the reference, or changes a table",
)
SHOWN_DAYS = 10
AMOUNT_STEP = Decimal("0.0001")
WORDS = {
    "first": "the set's first date", "definition": "the definition of the set changed",
    "correction": "facts of the past were corrected", "entered": "was not in the set before",
    "left": "has no valid order any more", "boundary": "others moved the boundaries",
    "ageing": "time decided, not what the member did", "behaviour": "new orders or refunds decided",
}  # fmt: skip


def perform(job: Job) -> Outcome:
    """Tell facts, scores beside their boundaries, the rule that matched in each set, and the last move."""
    as_of = job.request.required_as_of()
    require_published(job.ledger, [as_of])
    member_id = find_member(job)
    lines = [
        *told_orders(job, member_id, as_of),
        *told_scores(job, member_id, as_of),
        *told_segments(job, member_id, as_of),
    ]
    return Outcome(Status.DONE, f"member {member_id} on {as_of}", lines=tuple(lines))


def find_member(job: Job) -> int:
    """Return the member of the reference; the reference itself is in no plan, log or message."""
    given = (job.request.member or "").strip()
    members = (source.columns.get("member") for source in job.config.sources.values())
    folds = {member.fold for member in members if member is not None}
    spelt = sorted({given, *(word for fold in folds for word in folded_words([given], fold))})
    reference = driver_rows(job.spark, [(word,) for word in spelt], f"{c.ID_VALUE} string")
    known = job.store.read(MEMBER_IDENTITY).join(F.broadcast(reference), c.ID_VALUE, "left_semi")
    if job.request.id_type is not None:
        known = known.where(F.col(c.ID_TYPE) == F.lit(job.request.id_type))
    rows = known.select(c.MEMBER_ID, c.ID_TYPE, c.ID_VALUE).take(10)
    as_given = [row for row in rows if row[c.ID_VALUE] == given]
    found = {row[c.MEMBER_ID]: row[c.ID_TYPE] for row in as_given or rows}
    if not found:
        raise UsageError("--member", "no member has this reference", "a reference as the sources write it")
    if len(found) > 1:
        kinds = ", ".join(sorted(set(found.values())))
        raise UsageError("--member", f"{len(found)} members have this reference", f"--id-type, one of {kinds}")
    return int(next(iter(found)))


def of_member(frame: DataFrame, member_id: int) -> DataFrame:
    """Return the member's rows."""
    return frame.where(F.col(c.MEMBER_ID) == F.lit(member_id).cast("bigint"))


def told_orders(job: Job, member_id: int, as_of: date) -> list[str]:
    """Return the days with orders or refunds as they were known on the date, the newest first."""
    rows = at_dates(of_member(job.store.read(MEMBER_DAY), member_id), [as_of], F.col(c.VALID_FROM), last_valid_day())
    days = sorted(rows.where(F.col(c.ORDER_DAY) <= F.lit(as_of)).collect(), key=lambda row: row[c.ORDER_DAY])[::-1]
    orders = sum(row[c.ORDER_COUNT] for row in days)
    headings = ("day", "orders", "sales", "refunds", "net")
    told = [
        (str(row[c.ORDER_DAY]), *(f"{row[name]:,}" for name in (
            c.ORDER_COUNT, c.GROSS_AMOUNT, c.REFUND_AMOUNT, c.NET_AMOUNT
        )))
        for row in days[:SHOWN_DAYS]
    ]  # fmt: skip
    more = [f"  ... and {counted(len(days) - SHOWN_DAYS, 'earlier day')}"] if len(days) > SHOWN_DAYS else []
    return [f"orders: {orders} on {counted(len(days), 'day')}", *(aligned([headings, *told]) if told else []), *more]


def told_scores(job: Job, member_id: int, as_of: date) -> list[str]:
    """Return one line per window and metric: value, score and the values that have this score."""
    scores = of_member(job.store.read(RFM_SCORE).where(of_dates([as_of])), member_id).collect()
    limits = {
        (row[c.RFM_WINDOW], row[c.METRIC], row[c.SCORE]): row
        for row in job.store.read(SCORE_BOUNDARY).where(of_dates([as_of])).collect()
    }
    lines = []
    known = [row for row in scores if row[c.RFM_WINDOW] in job.config.windows]
    for row in sorted(known, key=lambda row: row[c.RFM_WINDOW]):
        lines.append(f"window {row[c.RFM_WINDOW]}: {row[c.RFM_LABEL]}, composite score {row[c.COMPOSITE_SCORE]}")
        lines += [told_metric(job.config.windows[row[c.RFM_WINDOW]], row, metric, limits) for metric in Metric]
    return lines or ["scores: in no window"]


def told_metric(window: Window, row: Row, metric: Metric, limits: dict[tuple[str, str, int], Row]) -> str:
    """Return one line about a metric of a window, with the value that is scored."""
    value = scored_value(window, row, metric)
    score = row[c.SCORE_OF[metric]]
    limit = limits.get((row[c.RFM_WINDOW], metric.value, score))
    if limit is None:
        return f"  {metric.value}: score {score}"
    worst, best = plain_number(limit[c.WORST_VALUE]), plain_number(limit[c.BEST_VALUE])
    among = f"{worst} to {best}, {counted(limit[c.MEMBER_COUNT], 'member')}"
    return f"  {metric.value} {plain_number(value)}: score {score} ({limit[c.SCORE_METHOD]}: {among})"


def scored_value(window: Window, row: Row, metric: Metric) -> Any:
    """Return the value that is scored, not merely published: who only ever bought before the window counts as 0.

    >>> from rfm_spark.config.choices import Monetary
    >>> average = Window("year", days=365, monetary=Monetary.AVERAGE_ORDER)
    >>> scored_value(average, Row(net_amount=Decimal("1.0001"), order_count=2), Metric.MONETARY)
    Decimal('0.5001')
    >>> ever = Window("year", days=365, population=Population.EVER)
    >>> scored_value(ever, Row(net_amount=Decimal("-50.0000"), order_count=0), Metric.MONETARY)
    0
    """
    scored = scored_column(window, metric)
    bought_before = window.population is Population.EVER and not row[c.ORDER_COUNT]
    if bought_before and metric is not Metric.RECENCY:
        return 0
    if scored is c.AVERAGE_ORDER_AMOUNT:
        return (row[c.NET_AMOUNT] / max(1, row[c.ORDER_COUNT])).quantize(AMOUNT_STEP, ROUND_HALF_UP)
    return row[scored]


def told_segments(job: Job, member_id: int, as_of: date) -> Iterator[str]:
    """Yield per set the segment, the rule that gave it, and the last move by this date."""
    books = tuple(read_rulebook(job.config, job.config.segment_sets[name]) for name in job.config.active_segment_sets)
    matched = first_matches(job, member_id, as_of, books)
    members = of_member(job.store.read(MEMBER_SEGMENT).where(of_dates([as_of])), member_id)
    segments = {row[c.SEGMENT_SET]: row[c.SEGMENT] for row in members.collect()}
    moves = last_moves(job, member_id, as_of)
    for book in books:
        segment = segments.get(book.name)
        rule = f"{segment} by {rule_text(book.segment_set, matched.get(book.name), segment)}" if segment else "no row"
        yield f"set {book.name}: {rule}"
        if book.name in moves:
            yield told_move(moves[book.name], segment)


def told_move(move: Row, segment: str | None) -> str:
    """Return since when and why the member is in the segment, or in none; history knows tracked dates alone.

    >>> told_move(Row(as_of_date="2024-02-29", from_segment="b", to_segment="a", cause="left"), "c")
    '  history does not hold this date: the last move on record, at 2024-02-29, led to a'
    """
    if move[c.TO_SEGMENT] != segment:
        led = move[c.TO_SEGMENT] or "none"
        return f"  history does not hold this date: the last move on record, at {move[c.AS_OF_DATE]}, led to {led}"
    return f"  since {move[c.AS_OF_DATE]}, from {move[c.FROM_SEGMENT] or 'nowhere'}: {WORDS[move[c.CAUSE]]}"


def first_matches(job: Job, member_id: int, as_of: date, books: tuple[Rulebook, ...]) -> dict[str, int]:
    """Return by set what gives the member's segment under today's facts and rules, as of `matching_rule`."""
    candidates = gather_candidates(
        of_member(job.store.read(MEMBER_DAY), member_id),
        of_member(job.store.read(RFM_SCORE).where(of_dates([as_of])), member_id),
        of_member(job.store.read(EVENT), member_id),
        books,
        windows_of(books, job.config),
        [as_of],
    )
    columns: list[Column] = [matching_rule(book).alias(book.name) for book in books]
    row = candidates.select(*columns).head()
    return {} if row is None else row.asDict()


def rule_text(segment_set: SegmentSet, number: int | None, segment: str) -> str:
    """Return the rule as it is written, or why the segment is one of those that no rule gives.

    >>> shipped = SegmentSet("value_tier", window="year", rules=(), otherwise="dormant", lapsed="dormant")
    >>> rule_text(shipped, BY_OTHERWISE, "dormant"), rule_text(shipped, BY_LAPSED, "dormant")
    ('otherwise: no rule matches', 'lapsed: earlier orders, none in the window')
    """
    reasons: dict[int | None, tuple[str | None, str]] = {
        BY_OTHERWISE: (segment_set.otherwise, "otherwise: no rule matches"),
        BY_LAPSED: (segment_set.lapsed, "lapsed: earlier orders, none in the window"),
        BY_PROSPECT: (segment_set.prospect, "prospect: events, but no order"),
    }
    for place, rule in enumerate(segment_set.rules):
        written = json.dumps(rule.when.when, default=str)
        reasons[place] = (rule.segment, f"rule {place + 1} of {len(segment_set.rules)}, {written}")
    given, words = reasons.get(number, (None, ""))
    return words if given == segment else "another rule than today's, or other facts"


def last_moves(job: Job, member_id: int, as_of: date) -> dict[str, Row]:
    """Return by set the member's last transition on or before the date."""
    moved = of_member(job.store.read(SEGMENT_TRANSITION), member_id).where(F.col(c.AS_OF_DATE) <= F.lit(as_of))
    rows: Sequence[Row] = sorted(moved.collect(), key=lambda row: row[c.AS_OF_DATE])
    return {row[c.SEGMENT_SET]: row for row in rows}
