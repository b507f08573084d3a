"""Profiles of members and summaries of segments at as-of dates: what they are made from, and how."""

from collections.abc import Sequence

from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates
from rfm_spark.config.fingerprints import summaries_hash
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import (
    MEMBER_DAY,
    MEMBER_PREFERENCE,
    MEMBER_PROFILE,
    MEMBER_SEGMENT,
    RFM_SCORE,
    SEGMENT_SUMMARY,
)
from rfm_spark.io.layout import range_partitioned
from rfm_spark.profiles.profile import build_profiles
from rfm_spark.runs.registry import Beside, Count, DatedResult, Made, Output, Pass, result_name
from rfm_spark.segments.summary import summarise_segments

SUMMARISE = "summarise"


def make_profiles(asked: Pass) -> Made:
    """Join what the tables hold of the dates, for the active sets.

    A set that left the configuration keeps its segments and their summary, and is in no profile made since.
    """
    space, config, dates = asked.space, asked.config, asked.dates
    names = config.active_segment_sets
    members = space.read(MEMBER_SEGMENT).where(of_dates(dates) & F.col(c.SEGMENT_SET).isin(*names))
    scores = space.read(RFM_SCORE).where(of_dates(dates))
    profiles = build_profiles(
        members,
        scores,
        space.read(MEMBER_PREFERENCE).where(of_dates(dates)),
        space.read(MEMBER_DAY),
        config.scores.main_window,
        dates,
        space.run_id,
    )
    staged = space.stage(profiles, MEMBER_PROFILE.name)
    counts = {row[0]: row[1] for row in staged.groupBy(c.AS_OF_DATE).agg(F.count(F.lit(1))).collect()}
    rows = range_partitioned(staged, space.files * len(dates), c.AS_OF_DATE, c.MEMBER_ID)
    sets = [config.segment_sets[name] for name in names]
    summary = [summarise_segments(members, scores, sets, dates, space.run_id).coalesce(1)] if names else []
    (result,) = asked.results
    return Made(
        outputs=(
            *(Output(SEGMENT_SUMMARY, frame, {c.SEGMENT_SET: names}) for frame in summary),
            Output(MEMBER_PROFILE, rows),
        ),
        counts={(as_of, result.name): Count(counts.get(as_of, 0)) for as_of in dates},
    )


def results_read(config: Config, _: str) -> Sequence[str]:
    """Return the results that a profile joins and a summary counts."""
    sets = [result_name(MEMBER_SEGMENT, name) for name in config.active_segment_sets]
    preferences = [result_name(MEMBER_PREFERENCE)] if config.tags.classes else []
    return [result_name(RFM_SCORE, config.scores.main_window), *preferences, *sets]


def deciding_keys(config: Config, _: str) -> Sequence[str]:
    """Return the roots of the keys that decide profiles and summaries."""
    return ["scores.main_window", "segments.active", *(f"segments.{name}" for name in config.active_segment_sets)]


PROFILES = DatedResult(
    stage=SUMMARISE,
    table=MEMBER_PROFILE,
    part=None,
    parts=lambda _: ("",),
    definition=lambda config, _: summaries_hash(config),
    keys=deciding_keys,
    facts=lambda _, __: (MEMBER_DAY,),
    first_day=lambda _, __, ___: None,
    reads=results_read,
    make=make_profiles,
    beside=(Beside(SEGMENT_SUMMARY, MEMBER_SEGMENT, c.SEGMENT_SET),),
)
