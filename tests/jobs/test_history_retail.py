"""A year of real purchases, delivered in random slices of days, against the same year delivered at once."""

import csv
import gzip
import itertools
import random
import shutil
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.commands import ROOT, command
from tests.jobs.shop import DATED_TABLES, HISTORY_TABLES, NOT_COMPARED

pytestmark = pytest.mark.whole

FIRST, LAST = date(2010, 12, 1), date(2011, 12, 9)
RANGE = ("--from", "2010-12-31", "--to", "2011-11-30")
SETTINGS = (
    "windows.active=[lifetime]", "scores.main_window=lifetime", "preferences.window=lifetime",
    "segments.active=[life_cycle]", "checks.max_rejected_share=1",
)  # fmt: skip
FACT_TABLES = ("transaction", "member_day", "member_tag_day")


def split_by_day(data: Path, folder: Path) -> dict[date, Path]:
    """Write the lines of every day to a file of its own; return the files."""
    folder.mkdir()
    rows: dict[date, list[list[str]]] = {}
    with gzip.open(data / "online_retail" / "online_retail.csv.gz", "rt", encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        header = next(reader)
        place = header.index("InvoiceDate")
        for row in reader:
            rows.setdefault(datetime.fromisoformat(row[place]).date(), []).append(row)
    files = {day: folder / f"{day}.csv" for day in rows}
    for day, file in files.items():
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(header)
            writer.writerows(rows[day])
    return files


def done(lake: Path, path: str, every: str, *argv: str) -> None:
    """Run a command on the example, whose history has a date per `every`; it must end well."""
    sets = (*SETTINGS, f"history.every={every}", f"warehouse.path={lake}", f"sources.online_retail.path={path}")
    configurations = (str(ROOT / "conf"), str(ROOT / "conf" / "examples" / "online_retail_net"))
    flags = [
        *(part for place in configurations for part in ("--config", place)),
        *(part for setting in sets for part in ("--set", setting)),
    ]
    said = command(*argv, *flags)
    assert said.exit_code == 0, said.err


@pytest.fixture(scope="module")
def every(request: pytest.FixtureRequest) -> str:
    """The history calendar."""
    return str(request.param)


@pytest.fixture(scope="module")
def whole(
    spark: SparkSession, every: str, empty_lake: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The warehouse after one ingest and one backfill of all dates."""
    assert spark.getActiveSession() is spark
    lake = tmp_path_factory.mktemp("whole") / "lake"
    shutil.copytree(empty_lake, lake)
    file = str(shared_data / "online_retail" / "online_retail.csv.gz")
    done(lake, file, every, "ingest", "--from", FIRST.isoformat(), "--to", LAST.isoformat())
    done(lake, file, every, "backfill", *RANGE)
    return lake


@pytest.mark.parametrize(
    ("every", "slices"),
    [
        ("quarter", 4),
        pytest.param("month", 20, marks=pytest.mark.slow),
        pytest.param("month", 305, marks=pytest.mark.slow),
    ],
    indirect=["every"],
    scope="module",
)
def test_slices_of_days_in_any_order_give_the_tables_of_one_ingest(
    spark: SparkSession,
    whole: Path,
    every: str,
    empty_lake: Path,
    shared_data: Path,
    tmp_path: Path,
    slices: int,
):
    files = split_by_day(shared_data, tmp_path / "days")
    assert len(files) == 305
    chance = random.Random(slices)
    lake = tmp_path / "lake"
    shutil.copytree(empty_lake, lake)
    for number, days in enumerate(sliced(sorted(files), slices, chance)):
        paths = ",".join(f'"{files[day]}"' for day in days)
        done(lake, f"[{paths}]", every, "ingest", "--from", f"{days[0]}", "--to", f"{days[-1]}")
        if number == slices // 2:
            done(lake, f"[{paths}]", every, "backfill", *RANGE)
    rest = ("--reprocess", "stale", "--reason", "the rest of the year came")
    done(lake, "unused.csv", every, "backfill", *RANGE, *rest)
    for table in (*FACT_TABLES, *DATED_TABLES, *HISTORY_TABLES):
        assert rows(spark, lake, table) == rows(spark, whole, table), table


def sliced(days: Sequence[date], slices: int, chance: random.Random) -> list[list[date]]:
    """Return the days in so many unbroken slices, shuffled."""
    cuts = [0, *sorted(chance.sample(range(1, len(days)), slices - 1)), len(days)]
    parts = [list(days[start:end]) for start, end in itertools.pairwise(cuts)]
    chance.shuffle(parts)
    return parts


def rows(spark: SparkSession, lake: Path, table: str) -> list[str]:
    """Return a table as sorted text, without what differs from run to run."""
    frame = spark.read.format("delta").load(str(lake / table))
    kept = frame.drop(*(name for name in NOT_COMPARED if name in frame.columns))
    return sorted(str(row.asDict(recursive=True)) for row in kept.collect())
