"""Why members moved: the segments they would have under other boundaries or other facts, made with the same stages.

Only members that moved are looked at, all links of one definition in one pass, and of their facts only those of members
with a change between the two dates. What was published is computed again where the facts of a date changed since.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.history.causes import assign_causes
from rfm_spark.history.links import Link
from rfm_spark.steps.dates.work import dates_at_once
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.corrections import corrected_members, stale_ends
from rfm_spark.steps.tracking.definitions import Definition, definition_of
from rfm_spark.steps.tracking.keys import Key, of_keys
from rfm_spark.steps.tracking.scenes import Pair, Scene, is_as_published


def find_causes(job: Job, moves: DataFrame, links: Sequence[Link]) -> DataFrame:
    """Return the moves of the links with their causes; `moves` are staged."""
    unclear = [link for link in links if link.known_cause is None]
    moved = moves.where(of_keys([link.key for link in unclear])) if unclear else moves
    if not unclear or moved.isEmpty():
        return assign_causes(moves, links)
    definitions = {link.key: definition_of(job, link) for link in unclear}
    stale = stale_ends(job, unclear)
    corrected = corrected_members(job, unclear, definitions, stale)
    is_at_both = F.col(c.FROM_SEGMENT).isNotNull() & F.col(c.TO_SEGMENT).isNotNull()
    movers = moved.where(is_at_both).select(c.AS_OF_DATE, c.MEMBER_ID)
    found = [scene.segments(movers) for scene in scenes(job, unclear, definitions, stale)]
    changed, old_facts, new_facts = (reduce(DataFrame.unionByName, frames) for frames in zip(*found, strict=True))
    return assign_causes(moves, links, corrected, changed.distinct(), old_facts, new_facts)


def scenes(
    job: Job, links: Iterable[Link], definitions: Mapping[Key, Definition], stale: frozenset[Key]
) -> list[Scene]:
    """Return the sets that are compared at the same pairs of dates under one configuration, so many pairs at once."""
    by_set: dict[tuple[str, str, bool], list[Link]] = {}
    for link in links:
        definition = definitions[link.key]
        as_published = is_as_published(job, link, definition, stale)
        by_set.setdefault((definition.config_hash, definition.segment_set, as_published), []).append(link)
    found: dict[tuple[str, bool, tuple[Pair, ...]], tuple[Definition, list[str]]] = {}
    for (config_hash, name, as_published), of_set in by_set.items():
        pairs = tuple(sorted((link.previous, link.as_of) for link in of_set if link.previous is not None))
        found.setdefault((config_hash, as_published, pairs), (definitions[of_set[0].key], []))[1].append(name)
    at_once = dates_at_once(job)
    parts = [
        (definition.config, names, pairs[start : start + at_once], as_published)
        for (_, as_published, pairs), (definition, names) in found.items()
        for start in range(0, len(pairs), at_once)
    ]
    return [Scene(job, *part, number=number) for number, part in enumerate(parts)]
