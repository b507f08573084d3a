"""The results that an as-of date consists of, and how each stands: missing, unfinished, changed, stale or fresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rfm_spark.config.definition import preferences_hash, segment_set_hash, window_hash
from rfm_spark.config.model import Config
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_SEGMENT, RFM_SCORE
from rfm_spark.io.logbook import DATE, LogRow, Status


class Stage(StrEnum):
    """The stages of a date, in the order in which they run; the value is the verb."""

    SCORE = "score"
    PREFER = "prefer"
    SEGMENT = "segment"


TABLE_OF_STAGE = {Stage.SCORE: RFM_SCORE, Stage.PREFER: MEMBER_PREFERENCE, Stage.SEGMENT: MEMBER_SEGMENT}


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
    return [*scores, *(preferences if config.tags.classes else []), *segments]


def recorded_state(as_of: date, result: Result, rows: Mapping[str, LogRow]) -> ResultState:
    """Return how a result stands by the log alone; whether its facts changed is asked only of a fresh one.

    `rows`: the deciding row of each result of the date, and of the date itself.
    """
    row, marker = rows.get(result.name), rows.get(DATE)
    is_unfinished = (
        row is not None and marker is not None and marker.status is Status.REPLACING and row.place < marker.place
    )
    if row is None:
        return ResultState(as_of, result, State.MISSING)
    if is_unfinished:
        return ResultState(as_of, result, State.UNFINISHED, f"run {marker.run_id if marker else ''} did not end")
    if row.definition_hash != result.definition_hash:
        return ResultState(as_of, result, State.DEFINITION_CHANGED, "computed under another configuration")
    return ResultState(as_of, result, State.FRESH)
