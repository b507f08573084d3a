"""The segments that members would have at the later of two dates under the boundaries of the earlier one.

By the facts of the later date nothing is measured again where its published values still stand: rfm_score has them,
and member_profile the first order of every member. By those of the earlier date only members are measured whose facts
changed in between; for all others both are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.as_of import of_dates, per_date, with_one_date
from rfm_spark.config.model import Config, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_PROFILE, RFM_SCORE
from rfm_spark.history.causes import changed_members, shift_events, shift_validity
from rfm_spark.history.links import Link
from rfm_spark.scoring.boundaries import published_cuts
from rfm_spark.scoring.scores import CutsByDate, rescore_members, score_members
from rfm_spark.scoring.windows import measure_members
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import is_summed, join_candidates, needed_fields, recall_lives, sum_lives
from rfm_spark.segments.rulebook import Rulebook, has_prospects, read_rulebook, windows_of
from rfm_spark.steps.dates.results import score_result
from rfm_spark.steps.job import Job
from rfm_spark.steps.tracking.definitions import Definition
from rfm_spark.steps.tracking.keys import Key
from rfm_spark.steps.tracking.standing import boundaries_at, stands

Pair = tuple[date, date]
"""An earlier date and the date that is compared with it."""
MOVER = [str(c.AS_OF_DATE), str(c.MEMBER_ID)]


def is_as_published(job: Job, link: Link, definition: Definition, stale: frozenset[Key]) -> bool:
    """Return whether the scores of the later date and both profiles tell what today's facts and the definition give.

    They may not where facts changed since, or where only a part of a date was computed again after an ingest or under
    another configuration.
    """
    assert link.before is not None  # these links have no cause of their own
    assert link.after is not None
    config, book = definition.config, job.log.book
    windows = windows_of((read_rulebook(config, config.segment_sets[definition.segment_set]),), config)
    later = book.state(link.as_of)
    for side in (link.before, link.after):
        profile = book.state(side.as_of).get(MEMBER_PROFILE.name)
        is_stale = (side.segment_set, side.as_of) in stale
        if is_stale or profile is None or profile.ingest_no != side.ingest_no:
            return False
    return all(
        stands(job, config, window, link.as_of) and later[score_result(window.name)].ingest_no == link.after.ingest_no
        for window in windows
    )


@dataclass(frozen=True)
class Scene:
    """Some sets of one configuration at pairs of dates; `as_published` as of is_as_published for all of them."""

    job: Job
    config: Config
    sets: Sequence[str]
    pairs: Sequence[Pair]
    as_published: bool
    number: int

    @cached_property
    def books(self) -> tuple[Rulebook, ...]:
        """Return the rules of the sets."""
        return tuple(read_rulebook(self.config, self.config.segment_sets[name]) for name in self.sets)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Return the windows that the sets look at."""
        return windows_of(self.books, self.config)

    @cached_property
    def cuts(self) -> CutsByDate:
        """Return for each later date the cuts of the earlier one."""
        rows = boundaries_at(self.job, self.config, self.windows, self.earlier, f"boundaries_{self.number}")
        return published_cuts(self.windows, dict(zip(self.later, self.earlier, strict=True)), rows)

    @property
    def earlier(self) -> list[date]:
        """Return the earlier date of each pair."""
        return [pair[0] for pair in self.pairs]

    @property
    def later(self) -> list[date]:
        """Return the later date of each pair."""
        return [pair[1] for pair in self.pairs]

    def segments(self, movers: DataFrame) -> tuple[DataFrame, DataFrame, DataFrame]:
        """Return the movers whose facts changed, and the segments by the facts of the earlier and the later dates.

        `movers`: as_of_date (later) and member_id. The result: the changed ones as of changed_members; one row per set,
        later date and member, at least for these; and one for all movers.
        """
        ours = movers.where(of_dates(self.later))
        found = changed_members(self.job.store.read(MEMBER_DAY), self.pairs).join(ours, MOVER, "left_semi")
        changed = self.job.staging.stage(found, f"changed_{self.number}", keep_order=False)
        return changed, self.by_old_facts(changed), self.by_new_facts(ours)

    def by_old_facts(self, changed: DataFrame) -> DataFrame:
        """One row per set, later date and member: the segment with what was known at the earlier date."""
        facts = shift_validity(self.facts_of(changed), self.pairs)
        events = shift_events(self.events_of(changed), self.pairs)
        return self.placed(self.measured(facts, "before"), facts, events, changed, self.earlier)

    def by_new_facts(self, movers: DataFrame) -> DataFrame:
        """One row per set, later date and member: the segment with what was known at the later date."""
        facts, events = self.facts_of(movers), self.events_of(movers)
        if not self.as_published:
            return self.placed(self.measured(facts, "after"), facts, events, movers, self.later)
        names = [window.name for window in self.windows]
        scores = self.job.store.read(RFM_SCORE).where(of_dates(self.later) & F.col(c.RFM_WINDOW).isin(names))
        of_movers = scores.join(movers, MOVER, "left_semi")
        rescored = rescore_members(of_movers, self.windows, self.cuts, self.later, self.job.run_id)
        return self.placed(rescored, facts, events, movers, self.later)

    def facts_of(self, members: DataFrame) -> DataFrame:
        """Return all facts of the members."""
        return self.job.store.read(MEMBER_DAY).join(members, c.MEMBER_ID, "left_semi")

    def events_of(self, members: DataFrame) -> DataFrame:
        """Return all events of the members."""
        return self.job.store.read(EVENT).join(members, c.MEMBER_ID, "left_semi")

    def measured(self, facts: DataFrame, label: str) -> DataFrame:
        """One row per window, later date and member: the scores by these facts under the boundaries of the earlier."""
        job, dates = self.job, self.later
        measured = measure_members(facts, self.windows, dates, job.dated_files, job.has_ranged_ids)
        staged = job.staging.stage(measured, f"{label}_{self.number}", keep_order=False)
        return score_members(with_one_date(staged, dates), self.windows, self.cuts, dates, job.run_id)

    def placed(
        self, scores: DataFrame, facts: DataFrame, events: DataFrame, members: DataFrame, known_at: Sequence[date]
    ) -> DataFrame:
        """One row per set, later date and member; `known_at` are the dates whose profiles know these facts."""
        job, books, dates = self.job, self.books, self.later
        if self.as_published and not is_summed(books):
            profiles = job.store.read(MEMBER_PROFILE).where(of_dates(known_at))
            at_later = profiles.withColumn(c.AS_OF_DATE, per_date(dates, known_at, "date"))
            lives, looked = recall_lives(at_later.join(members, MOVER, "left_semi")), None
        else:
            lives = sum_lives(facts, self.windows, needed_fields(books), dates)
            looked = events if has_prospects(books) else None
        candidates = join_candidates(lives, scores, looked, books, self.windows, dates)
        return assign_segments(candidates, books, job.run_id)
