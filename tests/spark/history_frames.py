"""Published states as frames, and random ones: members that come and go, sets that leave."""

import random
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.history.comparisons import PublishedSet
from tests.oracles.history import States, Transition

START = date(2024, 1, 1)


def day(number: int) -> date:
    """Return a date, the one of that number from the first of the year on, ten days apart."""
    return START + timedelta(days=10 * number)


def member_frame(spark: SparkSession, states: States) -> DataFrame:
    """One row per member, set and date, as the table `member_segment` holds them."""
    rows = [
        (as_of, name, member, segment, f"run-{as_of}")
        for (name, as_of), members in states.items()
        for member, segment in members.items()
    ]
    return spark.createDataFrame(rows, MEMBER_SEGMENT.schema_text())


def published_sets(states: States, definition: str = "one") -> list[PublishedSet]:
    """Return what run_log knows: a date computed again with other members has another run."""
    return [
        PublishedSet(name, as_of, f"run {sorted(members.items())}", definition, "config", 1)
        for (name, as_of), members in states.items()
    ]


def random_states(seed: int, members: int = 12, dates: int = 9) -> dict[tuple[str, date], Mapping[int, str]]:
    """Return the states of several sets, of which some leave for a while or for good."""
    chance = random.Random(seed)
    states: dict[tuple[str, date], Mapping[int, str]] = {}
    for name in ("life", "tier", "value"):
        last = dates if chance.random() < 0.5 else chance.randrange(1, dates)
        segments: dict[int, str | None] = dict.fromkeys(range(members))
        for number in range(last):
            for member in segments:
                if chance.random() < 0.5:
                    segments[member] = chance.choice((None, "a", "b", "c"))
            if chance.random() < 0.75:
                states[name, day(number)] = {
                    member: segment for member, segment in segments.items() if segment is not None
                }
    return states


def plan_of(spark: SparkSession, frame: DataFrame) -> str:
    """Return the whole plan before it runs: adaptive execution shows its stages only afterwards."""
    before = spark.conf.get("spark.sql.adaptive.enabled")
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    try:
        return str(frame._jdf.queryExecution().executedPlan().toString())
    finally:
        spark.conf.set("spark.sql.adaptive.enabled", before)


def exchanges(plan: str) -> int:
    """Return the number of shuffles of a plan; broadcasts are none."""
    return len(re.findall(r"\bExchange ", plan))


def transition_frame(
    spark: SparkSession,
    moves: Iterable[Transition],
    cause: str = "behaviour",
    computed_at: datetime = datetime(2024, 5, 1, 12, tzinfo=UTC),
) -> DataFrame:
    """One row per move, as the table `segment_transition` holds it."""
    rows = [
        (
            move.as_of, move.segment_set, move.member_id, move.previous, move.from_segment, move.to_segment, cause,
            computed_at, "run-0",
        )
        for move in moves
    ]  # fmt: skip
    return spark.createDataFrame(rows, SEGMENT_TRANSITION.schema_text())
