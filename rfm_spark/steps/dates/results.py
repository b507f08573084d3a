"""The results that an as-of date consists of, and how each stands: missing, unfinished, changed, stale or fresh."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rfm_spark.config.definition import preferences_hash, segment_set_hash, summaries_hash, window_hash
from rfm_spark.config.model import Config
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_PROFILE, MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.io.logbook import LogBook, LogRow


class Stage(StrEnum):
    """The stages of a date, in the order in which they run; each is a verb but the last, with which every verb ends."""

    SCORE = "score"
    PREFER = "prefer"
    SEGMENT = "segment"
    SUMMARISE = "summarise"


class State(StrEnum):
    """How a result of a date stands against today's configuration and facts."""

    MISSING = "missing"
    UNFINISHED = "unfinished"
    DEFINITION_CHANGED = "definition changed"
    STALE = "stale"
    FRESH = "up to date"


@dataclass(frozen=True)
class Result:
    """One result of every date: the stage that makes it, its name in run_log, and what defines it."""

    stage: Stage
    name: str
    definition_hash: str


@dataclass(frozen=True)
class ResultState:
    """How one result of one date stands, and why."""

    as_of: date
    result: Result
    state: State
    reason: str = ""


def score_result(window: str) -> str:
    """Return the name in run_log of a window's scores."""
    return f"{RFM_SCORE.name}/{window}"


def segment_result(segment_set: str) -> str:
    """Return the name in run_log of a set's segments."""
    return f"{MEMBER_SEGMENT.name}/{segment_set}"


def results_of(config: Config) -> list[Result]:
    """Return every result of a date under this configuration, in the order of the stages."""
    scores = [
        Result(Stage.SCORE, score_result(window.name), window_hash(config, window))
        for window in config.computed_windows()
    ]
    preferences = [Result(Stage.PREFER, MEMBER_PREFERENCE.name, preferences_hash(config))]
    segments = [
        Result(Stage.SEGMENT, segment_result(name), segment_set_hash(config, config.segment_sets[name]))
        for name in config.active_segment_sets
    ]
    summaries = Result(Stage.SUMMARISE, MEMBER_PROFILE.name, summaries_hash(config))
    return [*scores, *(preferences if config.tags.classes else []), *segments, summaries]


def recorded_states(as_of: date, results: Sequence[Result], book: LogBook) -> list[ResultState]:
    """Return how the results of a date stand by the log alone; whether facts changed is asked only of fresh ones."""
    rows, unended = book.state(as_of), book.last_unended(as_of)
    return [recorded_state(as_of, result, rows.get(result.name), unended) for result in results]


def recorded_state(as_of: date, result: Result, row: LogRow | None, unended: LogRow | None) -> ResultState:
    """Return how one result stands: by its deciding row, and by the last run of the date that did not end."""
    if row is None:
        return ResultState(as_of, result, State.MISSING)
    if unended is not None and row.place < unended.place:
        return ResultState(as_of, result, State.UNFINISHED, f"run {unended.run_id} did not end")
    if row.definition_hash != result.definition_hash:
        return ResultState(as_of, result, State.DEFINITION_CHANGED, "computed under another configuration")
    return ResultState(as_of, result, State.FRESH)
