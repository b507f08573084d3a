"""Which published segments are not what today's facts give: computed again where the facts of a date changed since."""

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_SEGMENT
from rfm_spark.history.links import Link, PublishedSet
from rfm_spark.history.transitions import name_today
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import has_prospects, read_rulebook, windows_of
from rfm_spark.steps.dates.results import segment_result
from rfm_spark.steps.dates.scoring import score_dates
from rfm_spark.steps.dates.staleness import changed_days, segment_facts
from rfm_spark.steps.dates.work import dates_at_once
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.definitions import Definition
from rfm_spark.steps.tracking.keys import Key
from rfm_spark.steps.tracking.standing import frozen_boundaries, scorable, staging_as

Touched = tuple[Link, PublishedSet, Definition]
"""A link, the end of it whose facts changed since it was published, and what it was published under."""


def stale_ends(job: Job, links: Sequence[Link]) -> frozenset[Key]:
    """Return set and date of the ends whose facts changed since they were published, the sets under the names of then.

    Asks fact_change once.
    """
    sides = {(side.segment_set, side.as_of): side for link in links for side in (link.before, link.after) if side}
    asked = [
        (side.as_of, segment_result(side.segment_set), table, None, side.ingest_no or 0)
        for side in sides.values()
        for table in segment_facts(job.config.segment_sets.get(side.segment_set))
    ]
    changed = changed_days(job, asked)
    return frozenset(key for key in sides if (key[1], segment_result(key[0])) in changed)


def corrected_members(
    job: Job, links: Sequence[Link], definitions: Mapping[Key, Definition], stale: frozenset[Key]
) -> DataFrame | None:
    """One row per link and member that today's facts place elsewhere than what was published at one of its ends.

    None where no end is stale.
    """
    touched = [
        (link, side, definitions[link.key])
        for link in links
        for side in (link.before, link.after)
        if side and (side.segment_set, side.as_of) in stale
    ]
    if not touched:
        return None
    parts = [differing(job, part, number) for number, part in enumerate(alike(touched, dates_at_once(job)))]
    return reduce(DataFrame.unionByName, parts).distinct()


def alike(touched: Sequence[Touched], at_once: int) -> list[list[Touched]]:
    """Return the stale ends by configuration, those of so many dates at once."""
    by_place: dict[tuple[str, int], list[Touched]] = {}
    numbers = {day: number for number, day in enumerate(sorted({side.as_of for _, side, _ in touched}))}
    for link, side, definition in touched:
        place = definition.config_hash, numbers[side.as_of] // at_once
        by_place.setdefault(place, []).append((link, side, definition))
    return list(by_place.values())


def differing(job: Job, touched: Sequence[Touched], number: int) -> DataFrame:
    """One row per link and member whose published segment at a stale end is not what today's facts give."""
    config = touched[0][2].config
    dates = sorted({side.as_of for _, side, _ in touched})
    names = sorted({definition.segment_set for *_, definition in touched})
    books = tuple(read_rulebook(config, config.segment_sets[name]) for name in names)
    windows = windows_of(books, config)
    facts, frozen = job.store.read(MEMBER_DAY), frozen_boundaries(job, config, windows)
    scored = score_dates(
        facts, scorable(windows, frozen), dates, job.run_id, job.dated_files,
        staging_as(job, f"corrected_{number}"),
        ranged_ids=job.has_ranged_ids, published=frozen,
    )  # fmt: skip
    looked = job.store.read(EVENT) if has_prospects(books) else None
    placed = assign_segments(gather_candidates(facts, scored.scores, looked, books, windows, dates), books, job.run_id)
    ends = job.spark.createDataFrame(
        [
            (definition.segment_set, side.segment_set, side.as_of, link.segment_set, link.as_of)
            for link, side, definition in touched
        ],
        "name_in_rules string, name_then string, end date, link_set string, link_date date",
    )
    today = placed.join(
        F.broadcast(ends),
        (placed[c.SEGMENT_SET] == ends["name_in_rules"]) & (placed[c.AS_OF_DATE] == ends["end"]),
    ).select("link_set", "link_date", "end", c.MEMBER_ID, F.col(c.SEGMENT).alias("today"))
    members = job.store.read(MEMBER_SEGMENT)
    published = members.join(
        F.broadcast(ends), (members[c.SEGMENT_SET] == ends["name_then"]) & (members[c.AS_OF_DATE] == ends["end"])
    ).select("link_set", "link_date", "end", c.MEMBER_ID, c.SEGMENT)
    both = published.join(today, ["link_set", "link_date", "end", c.MEMBER_ID], "full")
    links = [link for link, *_ in touched]
    then, now = (name_today(F.col("link_set"), F.col(name), links) for name in (c.SEGMENT, "today"))
    differs = ~then.eqNullSafe(now)
    return both.where(differs).select(
        F.col("link_set").alias(c.SEGMENT_SET), F.col("link_date").alias(c.AS_OF_DATE), c.MEMBER_ID
    )
