"""The segments of members by the facts known on one day, up to another day, under the boundaries of a third.

One function serves corrections (all three days are the date itself) and causes (what a member's facts of the earlier
and of the later date give under the boundaries of the earlier one).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame

from rfm_spark.as_of import with_one_date
from rfm_spark.config.fingerprints import window_hash
from rfm_spark.config.model import Config, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, RFM_SCORE
from rfm_spark.history.causes import shift_events, shift_validity
from rfm_spark.runs.log_book import LogBook
from rfm_spark.runs.registry import Workspace, result_name
from rfm_spark.scoring.boundaries import Boundary, frozen_dates, published_cuts
from rfm_spark.scoring.score_dates import ScoredDates, score_dates
from rfm_spark.scoring.scores import CutsByDate, score_members
from rfm_spark.scoring.windows import measure_members
from rfm_spark.segments.assign import assign_segments
from rfm_spark.segments.candidates import gather_candidates
from rfm_spark.segments.rulebook import Rulebook, has_prospects, read_rulebook, windows_of
from rfm_spark.steps.dates.scores import boundaries_of


@dataclass(frozen=True)
class Replay:
    """Some sets of one configuration, placed again in a workspace; `label` keeps its stages apart from others'."""

    space: Workspace
    config: Config
    sets: tuple[str, ...]
    label: str

    @property
    def books(self) -> tuple[Rulebook, ...]:
        """Return the rules of the sets."""
        return tuple(read_rulebook(self.config, self.config.segment_sets[name]) for name in self.sets)

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return the windows that the sets look at."""
        return windows_of(self.books, self.config)

    def place(
        self, known: Sequence[date], days: Sequence[date], cuts: CutsByDate | None, members: DataFrame | None = None
    ) -> DataFrame:
        """One row per set, day (as as_of_date) and member: the segment by what was known on the day beside it.

        `days` and `known` rise. `cuts`: where each score begins, by day; None finds them among all members, as a
        date that is scored does. `members`: rows with member_id, whose facts alone are read; None reads all.
        """
        facts, events = self._of_members(MEMBER_DAY, members), self._of_members(EVENT, members)
        pairs = list(zip(known, days, strict=True))
        if any(at != day for at, day in pairs):
            facts, events = shift_validity(facts, pairs), shift_events(events, pairs)
        scores = self._found_again(facts, days) if cuts is None else self._scored(facts, days, cuts, known)
        looked_at = events if has_prospects(self.books) else None
        candidates = gather_candidates(facts, scores, looked_at, self.books, self.windows, days)
        return assign_segments(candidates, self.books, self.space.run_id)

    def _of_members(self, table: Table, members: DataFrame | None) -> DataFrame:
        rows = self.space.read(table)
        return rows if members is None else rows.join(members.select(c.MEMBER_ID).distinct(), c.MEMBER_ID, "left_semi")

    def _scored(self, facts: DataFrame, days: Sequence[date], cuts: CutsByDate, known: Sequence[date]) -> DataFrame:
        """One row per window, day and member: the scores under given boundaries."""
        space = self.space
        measured = measure_members(facts, self.windows, days, space.files, space.has_ranged_ids)
        label = f"{self.label}_{'new' if list(known) == list(days) else 'old'}"
        staged = space.stage(measured, f"{label}_measures", keep_order=False)
        return score_members(with_one_date(staged, days), self.windows, cuts, days, space.run_id)

    def _found_again(self, facts: DataFrame, days: Sequence[date]) -> DataFrame:
        """One row per window, day and member: the scores as the dates would be scored today."""
        return self._score_dates(facts, self.windows, days).scores

    def cuts(self, book: LogBook, days: Mapping[date, date]) -> CutsByDate:
        """Return for each day the cuts that another date used: those it published, of whatever method.

        A window whose published scores follow another definition by now is scored again under this configuration.
        """
        others = sorted(set(days.values()))
        rows = boundaries_of(self.space, others)
        for window in self.windows:
            lost = [day for day in others if not scores_match_definition(book, self.config, window, day)]
            if lost:
                rows = [row for row in rows if row.rfm_window != window.name or row.as_of_date not in lost]
                rows += self._boundaries_again(window, lost)
        return published_cuts(self.windows, days, rows)

    def _boundaries_again(self, window: Window, days: Sequence[date]) -> list[Boundary]:
        scored = self._score_dates(self.space.read(MEMBER_DAY), (window,), days)
        return [row for of_date in scored.boundaries.values() for row in of_date]

    def _score_dates(self, facts: DataFrame, windows: Sequence[Window], days: Sequence[date]) -> ScoredDates:
        """Score all members; a frozen window takes the cuts that the dates themselves used."""
        space = self.space
        label = f"{self.label}_{'_'.join(window.name for window in windows)}"
        return score_dates(
            facts, windows, days, space.run_id, space.files,
            lambda frame, name: space.stage(frame, f"{label}_{name}"),
            ranged_ids=space.has_ranged_ids, published=self._own_cuts(windows, days),
        )  # fmt: skip

    def _own_cuts(self, windows: Sequence[Window], days: Sequence[date]) -> list[Boundary]:
        """Return the boundaries that frozen windows took, from the dates' own rows, named as those of their source."""
        sources = {window.name: frozen_dates([window]) for window in windows}
        if not any(sources.values()):
            return []
        rows = boundaries_of(self.space, days)
        first: dict[str, date] = {}
        for row in sorted(rows, key=lambda row: row.as_of_date):
            first.setdefault(row.rfm_window, row.as_of_date)
        return [
            row._replace(as_of_date=source)
            for row in rows
            if row.as_of_date == first.get(row.rfm_window)
            for source in sources.get(row.rfm_window, ())
        ]


def scores_match_definition(book: LogBook, config: Config, window: Window, day: date) -> bool:
    """Return whether the date holds the window's scores and boundaries as the configuration defines them."""
    row = book.state(day).get(result_name(RFM_SCORE, window.name))
    return row is not None and row.definition_hash == window_hash(config, window)


def union(frames: Sequence[DataFrame]) -> DataFrame:
    """Return the rows of all frames, which are at least one."""
    return reduce(DataFrame.unionByName, frames)
