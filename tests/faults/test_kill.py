"""The driver of a backfill is killed before and after its commits: whatever it leaves, the same command finishes it.

Two of the three dates were published under another definition, so the backfill replaces rows as well as it adds some.
Every killed one runs in a process of its own, the undisturbed one and what follows a kill in the test's.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from rfm_spark.contracts.tables import PUBLISHED_DATE
from rfm_spark.examining.warehouse import stage_findings, unfinished_findings
from rfm_spark.io.locks import LOCK_FILE, is_alive
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.ledger import Ledger
from rfm_spark.steps.dates.registered import RESULTS
from tests.faults.kills import (
    Content,
    Ended,
    build_log_store,
    commits_since,
    content,
    drive,
    half_replaced,
    orphans,
    published_dates,
)  # fmt: skip
from tests.jobs.shop import Shop
from tests.oracles.lines import random_lines

pytestmark = pytest.mark.whole

DATES = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
LINES = random_lines(seed=11, members=25, days=90)
BACKFILL = ("backfill", "--from", "2024-01-01", "--to", "2024-03-31", "--reprocess", "stale")
PLAN = ("plan", *BACKFILL[1:])
MORE = (
    "windows.active=[split]", "segments.active=[value_tier]", "scores.main_window=split",
    "segments.value_tier.window=split", "preferences.window=split",
)  # fmt: skip
PUBLISHED = set(DATES)
PARTS = 4


@dataclass(frozen=True)
class Story:
    """A shop before the backfill, what it held then and would hold after, and every commit of it in order."""

    shop: Shop
    log_store: Path
    old: Content
    new: Content
    commits: tuple[str, ...]

    def killed(self, folder: Path, moment: str, commit: int) -> tuple[Shop, Ended]:
        """Return a copy of the shop whose backfill was killed, and how its process ended."""
        shop = self.shop.copied(folder / f"{moment}-{commit}")
        return shop, drive(shop, self.log_store, BACKFILL, moment, commit)

    def first(self, table: str) -> int:
        """Return the number of the first commit of a table."""
        return self.commits.index(table) + 1


@pytest.fixture(scope="module")
def story(spark: SparkSession, open_shop: Callable[..., Shop], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The shop after two dates; an undisturbed backfill of a copy has all the commits."""
    log_store = build_log_store(spark, tmp_path_factory.mktemp("log-store"))
    shop = open_shop("web", more=MORE)
    return tell(shop, log_store, tmp_path_factory.mktemp("undisturbed") / "shop")


def tell(shop: Shop, log_store: Path, folder: Path) -> Story:
    """Begin the story with an empty shop."""
    shop.deliver(LINES)
    done(shop, "ingest", "--to", DATES[-1].isoformat())
    done(shop, "backfill", "--from", "2024-01-01", "--to", DATES[1].isoformat(), "--set", "windows.split.days=20")
    undisturbed = shop.copied(folder)
    done(undisturbed, *BACKFILL)
    commits = tuple(commits_since(undisturbed, shop.versions()))
    print(f"an undisturbed backfill has {len(commits)} commits: {', '.join(commits)}")
    return Story(shop, log_store, content(shop), content(undisturbed), commits)


def done(shop: Shop, verb: str, *flags: str) -> str:
    """Run a command that must end well; return what it printed."""
    said = shop.run(verb, *flags)
    assert said.exit_code == 0, said.err
    return said.out


def test_the_backfill_has_many_commits_and_changes_every_date(story: Story):
    assert len(story.commits) > 10
    assert {"rfm_score", "member_segment", "segment_transition", "segment_transition_archive"} < set(story.commits)
    assert story.commits[-2:] == ("run_log", "published_date"), "a date is published when everything else is there"
    assert story.commits.count("segment_interval") == 1, "once for each chunk, not for each date"
    for day in DATES:
        assert story.old["rfm_score"].get(day) != story.new["rfm_score"][day]


@pytest.mark.parametrize(
    ("table", "moment"), [("rfm_score", "after"), pytest.param("last", "before", marks=pytest.mark.slow)]
)
def test_a_kill_leaves_every_date_old_or_new_and_the_same_command_finishes(
    story: Story, tmp_path: Path, table: str, moment: str
):
    commit = len(story.commits) if table == "last" else story.first(table)
    endure(story, tmp_path, moment, commit, whole_doctor=table == "rfm_score")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_no_commit_is_a_bad_moment_to_be_killed(story: Story, tmp_path: Path, moment: str, part: int):
    """Every fourth commit, so that a part of them is told of after ten minutes and not after forty."""
    wrong = {}
    for commit, table in list(enumerate(story.commits, start=1))[part::PARTS]:
        try:
            endure(story, tmp_path, moment, commit, whole_doctor=True)
        except AssertionError as error:
            wrong[f"{commit} {table}"] = str(error)
    assert wrong == {}


def endure(story: Story, folder: Path, moment: str, commit: int, whole_doctor: bool) -> None:
    """Kill the driver at the commit, look at what it left, and run the same command again.

    The whole doctor costs more than all the rest; without it only what it says of runs that did not end is asked.
    """
    shop, ended = story.killed(folder, moment, commit)
    assert ended.exit_code == -9, ended.said
    assert ended.noted(moment) == [(commit, story.commits[commit - 1])]
    assert [table for _, table in ended.noted("commit")] == list(story.commits[:commit])
    holder = json.loads((shop.warehouse / LOCK_FILE).read_text())
    assert not is_alive(holder)
    assert orphans(shop) or commit < story.first("rfm_score")
    wholly_old_or_new(story, shop)
    unfinished = plan_tells(story, shop)
    (doctor_tells if whole_doctor else findings_tell)(shop, unfinished)
    done(shop, *BACKFILL)
    assert different(content(shop), story.new) == []
    assert published_dates(shop) == PUBLISHED
    assert not (shop.warehouse / LOCK_FILE).exists()


def wholly_old_or_new(story: Story, shop: Shop) -> None:
    """Check each table date by date, and that no date is published whose tables disagree.

    A date that is being replaced has left published_date, which has no row of it then, neither old nor new.
    """
    held_old, held_new = set(), set()
    for table, found in content(shop).items():
        if table == PUBLISHED_DATE.name:
            continue
        old, new = story.old[table], story.new[table]
        for key in {*found, *old, *new}:
            rows = found.get(key, [])
            assert rows in (old.get(key, []), new.get(key, [])), f"{table} {key} is neither old nor new"
            held_old |= {key} if rows != new.get(key, []) else set()
            held_new |= {key} if rows != old.get(key, []) else set()
    assert held_old & held_new & published_dates(shop) == set()


def plan_tells(story: Story, shop: Shop) -> set[date]:
    """Check that `plan` names the dates that are unfinished, and what is to do unless all is done; return the dates."""
    unfinished = half_replaced(shop)
    plan = done(shop, *PLAN)
    named = {
        day for day in DATES for line in plan.splitlines() if line.startswith(f"{day}  ") and "  unfinished" in line
    }
    assert named == unfinished
    is_done = published_dates(shop) == PUBLISHED and different(content(shop), story.new) == []
    assert ("\nrfm-spark plan: 0 of 3 dates have something to do; history of 0 dates" in plan) == is_done
    return unfinished


def doctor_tells(shop: Shop, unfinished: set[date]) -> None:
    """Check that `doctor` fails while a date is unfinished or history is half written, and has no other error."""
    doctor = shop.run("doctor")
    said = doctor.out + doctor.err
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    of_history = [
        line for line in errors if "or a run did not end; run rfm-spark track" in line or "do not give" in line
    ]
    of_stays = [line for line in errors if "segment_interval: " in line and "run rfm-spark track" in line]
    assert len(errors) == len(unfinished) + len({*of_history, *of_stays}), said
    assert doctor.exit_code == (3 if errors else 0), said
    names_what_did_not_end(shop, unfinished, said)


def findings_tell(shop: Shop, unfinished: set[date]) -> None:
    """Check the same of the doctor's two questions about runs alone."""
    config = shop.config()
    store = TableStore(shop.spark, config.warehouse)
    ledger = Ledger(store)
    findings = [*unfinished_findings(store, config, ledger, RESULTS), *stage_findings(store, config, ledger, RESULTS)]
    names_what_did_not_end(shop, unfinished, "\n".join(finding.sentence() for finding in findings))


def names_what_did_not_end(shop: Shop, unfinished: set[date], words: str) -> None:
    """Check that the words name exactly the unfinished dates, and every run that left its stages."""
    assert {day for day in DATES if f"as-of date {day}: " in words} == unfinished
    for run_id in orphans(shop):
        assert f"_staging/{run_id}: stages of a run are still there" in words


def different(one: Content, other: Content) -> list[str]:
    """Return the names of the tables that differ."""
    return [table for table in other if one[table] != other[table]]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["reply lost", "reply repeated"])
def test_a_commit_whose_reply_is_lost_counts_as_written(story: Story, tmp_path: Path, moment: str):
    """Of every commit: with an error, or with the answer that somebody has written this version already."""
    shop = story.shop.copied(tmp_path / "shop")
    ended = drive(shop, story.log_store, BACKFILL, moment)
    assert ended.exit_code == 0, ended.said
    assert ended.noted(moment.removeprefix("reply ")) == list(enumerate(story.commits, start=1))
    assert different(content(shop), story.new) == []
    assert published_dates(shop) == PUBLISHED
    assert (orphans(shop), (shop.warehouse / LOCK_FILE).exists()) == ([], False)
