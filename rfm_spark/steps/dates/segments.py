"""Segments at as-of dates: what they are made from, and how."""

from collections.abc import Sequence

from rfm_spark.as_of import of_dates
from rfm_spark.config.fingerprints import segment_set_hash
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.errors import UsageError
from rfm_spark.io.layout import range_partitioned
from rfm_spark.runs.registry import Count, DatedResult, Made, Output, Pass, result_name
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import facts_of_set, has_prospects, read_rulebook, windows_of

SEGMENT = "segment"


def make_segments(asked: Pass) -> Made:
    """Place every member of the population in the sets; a set that is not asked for keeps the rows it has."""
    space, config, dates = asked.space, asked.config, asked.dates
    books = tuple(read_rulebook(config, config.segment_sets[name]) for name in asked.parts)
    candidates = gather_candidates(
        space.read(MEMBER_DAY),
        space.read(RFM_SCORE).where(of_dates(dates)),
        space.read(EVENT) if has_prospects(books) else None,
        books,
        windows_of(books, config),
        dates,
    )
    staged = space.stage(assign_segments(candidates, books, space.run_id), MEMBER_SEGMENT.name)
    counted = staged.groupBy(c.AS_OF_DATE, c.SEGMENT_SET).count().collect()
    counts = {(row[0], row[1]): row[2] for row in counted}
    rows = range_partitioned(staged, space.files * len(dates), c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID)
    return Made(
        outputs=(Output(MEMBER_SEGMENT, rows, {c.SEGMENT_SET: asked.parts}),),
        counts={
            (as_of, result.name): Count(counts.get((as_of, result.part), 0))
            for as_of in dates
            for result in asked.results
        },
    )


def require_active_sets(config: Config, names: Sequence[str]) -> None:
    """Fail where `--segment-set` names a set that is not active."""
    unknown = [name for name in names if name not in config.active_segment_sets]
    if unknown:
        known = ", ".join(config.active_segment_sets)
        raise UsageError("--segment-set", f"{', '.join(unknown)} is not active", f"one of {known}")


def scores_read(config: Config, segment_set: str) -> Sequence[str]:
    """Return the scores that a set's rules look at."""
    return [result_name(RFM_SCORE, window) for window in config.segment_sets[segment_set].windows]


def deciding_keys(config: Config, segment_set: str) -> Sequence[str]:
    """Return the roots of the keys that decide a set."""
    windows = config.segment_sets[segment_set].windows
    return ["scores", *(f"windows.{window}" for window in windows), f"segments.{segment_set}"]


SEGMENTS = DatedResult(
    stage=SEGMENT,
    table=MEMBER_SEGMENT,
    part=c.SEGMENT_SET,
    parts=lambda config: config.active_segment_sets,
    definition=lambda config, name: segment_set_hash(config, config.segment_sets[name]),
    keys=deciding_keys,
    facts=facts_of_set,
    first_day=lambda _, __, ___: None,
    reads=scores_read,
    make=make_segments,
)
