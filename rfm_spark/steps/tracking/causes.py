"""Why members moved: the segments they would have under other boundaries or other facts, made with the same stages.

Only members that moved are looked at, all links of one definition in one pass. What was published is computed again
from today's facts only where the facts of a date changed since.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import with_one_date
from rfm_spark.config.definition import segment_set_hash
from rfm_spark.config.load import load_recorded
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_SEGMENT
from rfm_spark.errors import RfmSparkError
from rfm_spark.history.causes import assign_causes, shift_events, shift_validity
from rfm_spark.history.links import Link, PublishedSet
from rfm_spark.history.transitions import name_today
from rfm_spark.scoring.boundaries import frozen_dates, published_cuts
from rfm_spark.scoring.scores import score_members
from rfm_spark.scoring.windows import measure_members
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import Rulebook, read_rulebook, windows_of
from rfm_spark.steps.dates.published import boundaries_of
from rfm_spark.steps.dates.results import segment_result
from rfm_spark.steps.dates.scoring import score_dates
from rfm_spark.steps.dates.staleness import changed_days, segment_facts
from rfm_spark.steps.dates.work import dates_at_once
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.keys import of_keys

Pair = tuple[date, date]
"""An earlier date and the date that is compared with it."""


@dataclass(frozen=True)
class Definition:
    """The configuration that a set was published under, and the set's name in it."""

    config: Config
    config_hash: str
    segment_set: str


Touched = tuple[Link, PublishedSet, Definition]
"""A link, the end of it whose facts changed since it was published, and what it was published under."""


def find_causes(job: Job, moves: DataFrame, links: Sequence[Link]) -> DataFrame:
    """Return the moves of the links with their causes; `moves` are staged."""
    unclear = [link for link in links if link.known_cause is None]
    moved = moves.where(of_keys([link.key for link in unclear])) if unclear else moves
    if not unclear or moved.isEmpty():
        return assign_causes(moves, links)
    definitions = {link.key: definition_of(job, link) for link in unclear}
    corrected = corrected_members(job, unclear, definitions)
    movers = moved.select(c.MEMBER_ID).distinct()
    facts = job.store.read(MEMBER_DAY).join(movers, c.MEMBER_ID, "left_semi")
    events = job.store.read(EVENT).join(movers, c.MEMBER_ID, "left_semi")
    before, after = [], []
    for number, (config, sets, pairs) in enumerate(groups(unclear, definitions, dates_at_once(job))):
        scene = Scene(job, config, sets, pairs, number)
        before.append(scene.segments(shift_validity(facts, pairs), shift_events(events, pairs), "before"))
        after.append(scene.segments(facts, events, "after"))
    return assign_causes(
        moves, links, corrected, reduce(DataFrame.unionByName, before), reduce(DataFrame.unionByName, after)
    )


def groups(
    links: Iterable[Link], definitions: dict[tuple[str, date], Definition], at_once: int
) -> list[tuple[Config, list[str], list[Pair]]]:
    """Return the sets that are compared at the same pairs of dates under one configuration, so many pairs at once."""
    by_set: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        definition = definitions[link.key]
        by_set.setdefault((definition.config_hash, definition.segment_set), []).append(link)
    found: dict[tuple[str, tuple[Pair, ...]], tuple[Config, list[str]]] = {}
    for (config_hash, name), of_set in by_set.items():
        pairs = tuple(sorted((link.previous, link.as_of) for link in of_set if link.previous is not None))
        config = definitions[of_set[0].key].config
        found.setdefault((config_hash, pairs), (config, []))[1].append(name)
    return [
        (config, names, list(pairs[start : start + at_once]))
        for (_, pairs), (config, names) in found.items()
        for start in range(0, len(pairs), at_once)
    ]


@dataclass(frozen=True)
class Scene:
    """Some sets of one configuration at pairs of dates: the later date under the boundaries of the earlier."""

    job: Job
    config: Config
    sets: Sequence[str]
    pairs: Sequence[Pair]
    number: int

    @property
    def books(self) -> tuple[Rulebook, ...]:
        """Return the rules of the sets."""
        return tuple(read_rulebook(self.config, self.config.segment_sets[name]) for name in self.sets)

    def segments(self, facts: DataFrame, events: DataFrame, label: str) -> DataFrame:
        """One row per set, later date and member: the segment by these facts."""
        job, books, dates = self.job, self.books, [later for _, later in self.pairs]
        windows = windows_of(books, self.config)
        rows = boundaries_of(job, sorted({earlier for earlier, _ in self.pairs}))
        cuts = published_cuts(windows, {later: earlier for earlier, later in self.pairs}, rows)
        partitions = job.dated_files
        measured = measure_members(facts, windows, dates, partitions, job.has_ranged_ids)
        staged = job.staging.stage(measured, f"{label}_{self.number}", keep_order=False)
        measures = with_one_date(staged, dates)
        scores = score_members(measures, windows, cuts, dates, job.run_id)
        looked = events if any(book.segment_set.prospect for book in books) else None
        candidates = gather_candidates(facts, scores, looked, books, windows, dates)
        return assign_segments(candidates, books, job.run_id)


def window_of(job: Job, link: Link) -> str | None:
    """Return the window of the set as it was published at the later date; None where the set is closed."""
    if link.after is None:
        return None
    definition = definition_of(job, link)
    return definition.config.segment_sets[definition.segment_set].window


def definition_of(job: Job, link: Link) -> Definition:
    """Return the configuration under which both ends of a link were published; today's where it is the same."""
    today = job.config.segment_sets.get(link.segment_set)
    side = link.after
    assert side is not None  # a link without a later end has a known cause
    if today is not None and segment_set_hash(job.config, today) == side.definition_hash:
        return Definition(job.config, job.config_hash, link.segment_set)
    return Definition(recorded_config(job, side), side.config_hash, side.segment_set)


def recorded_config(job: Job, side: PublishedSet) -> Config:
    """Return the configuration that a date was computed under, from run_config."""
    text = job.log.config_text(side.config_hash)
    if text is None:
        raise RfmSparkError(
            "run_config", f"no configuration {side.config_hash}", f"the one that {side.as_of} was computed under",
            f"rfm-spark backfill --from {side.as_of} --to {side.as_of} --reprocess all --reason TEXT",
        )  # fmt: skip
    return load_recorded(f"run-config {side.config_hash}", text)


def corrected_members(
    job: Job, links: Sequence[Link], definitions: dict[tuple[str, date], Definition]
) -> DataFrame | None:
    """One row per link and member that today's facts place elsewhere than what was published at one of its ends.

    None where no fact of any end changed since it was computed.
    """
    sides = {(side.segment_set, side.as_of): side for link in links for side in (link.before, link.after) if side}
    asked = [
        (side.as_of, segment_result(side.segment_set), table, None, side.ingest_no or 0)
        for side in sides.values()
        for table in segment_facts(job.config.segment_sets.get(side.segment_set))
    ]
    changed = changed_days(job, asked)
    stale = {key for key, side in sides.items() if (side.as_of, segment_result(side.segment_set)) in changed}
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
    facts, events = job.store.read(MEMBER_DAY), job.store.read(EVENT)
    scored = score_dates(
        facts, windows, dates, job.run_id, job.dated_files,
        lambda frame, name: job.staging.stage(frame, f"corrected_{number}_{name}"),
        ranged_ids=job.has_ranged_ids, published=boundaries_of(job, sorted(frozen_dates(windows))),
    )  # fmt: skip
    looked = events if any(book.segment_set.prospect for book in books) else None
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
