#!/usr/bin/env python3
"""Measures scoring against DuckDB and naive PySpark: `scripts/bench.py --transactions 10000000 --against duckdb,naive`.

Every contender runs in a process of its own and reads the same files. Printed are wall and CPU seconds and peak
memory of whole processes with their children, the work without start and stop of the JVM, and the ratios. Timed is
what `--ties` says: `together`, the product's default, where equal values share a score; or `split`, the exact tiles of
SQL NTILE, which is what the others compute. That `split` gives exactly the rows of SQL NTILE is checked in any case.

`scripts/bench.py --dates 24 --every month` measures a backfill of so many dates against as many processes of one date
each, and against DuckDB date by date. That backfill and single dates give the same rows, and with `split` those of
DuckDB, is checked on the first, the middle and the last date.

`scripts/bench.py --dates 24 --history` measures what the history of the last date costs beside its scores.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

from bench_duckdb import differences, duckdb_memory
from bench_history import measure_history
from bench_place import Place, last_dates

from rfm_spark.config.choices import Ties
from rfm_spark.dates import Every
from rfm_spark.io.session import driver_memory

CONTENDERS = Path(__file__).with_name("bench_contenders.py")
SAMPLE_SECONDS = 0.25
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Figures:
    """What one process and its children took; seconds, and MiB of resident memory at the highest moment."""

    wall: float
    cpu: float
    peak_mib: float
    stages: dict[str, float]

    @property
    def work(self) -> float:
        """Return the seconds of work, without start and stop of Python and the JVM."""
        return self.stages["work"]

    def __add__(self, other: "Figures") -> "Figures":
        """Return both one after the other: the higher of the two peaks."""
        stages = {name: self.stages.get(name, 0.0) + other.stages.get(name, 0.0) for name in self.stages | other.stages}
        return Figures(self.wall + other.wall, self.cpu + other.cpu, max(self.peak_mib, other.peak_mib), stages)


def resident_mib(process: int) -> float:
    """Return the resident memory of a process and all its descendants; 0 for one that has just ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        threads = os.listdir(f"/proc/{process}/task")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    children = [child for thread in threads for child in children_of(process, thread)]
    return pages * PAGE_MIB + sum(resident_mib(int(child)) for child in children)


def children_of(process: int, thread: str) -> list[str]:
    """Return the processes that a thread started; none when it has just ended."""
    try:
        return Path(f"/proc/{process}/task/{thread}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def run_contender(name: str, folder: Path, *options: str) -> Figures:
    """Run one contender to its end, watching its memory."""
    command = [sys.executable, str(CONTENDERS), name, str(folder), *options]
    started, peak = monotonic(), 0.0
    # Standard error goes to a file: nobody would empty a pipe while the contender works.
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        over = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not over.wait(SAMPLE_SECONDS):
                peak = max(peak, resident_mib(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = monotonic() - started
        over.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{name} failed:\n{errors.read().decode()[-4000:]}")
        stages = json.loads(output.read().decode().strip().splitlines()[-1])
    return Figures(wall, usage.ru_utime + usage.ru_stime, peak, stages)


def report(what: str, figures: dict[str, Figures]) -> str:
    """Return the table in Markdown, with the machine and the date; ratios are of the first contender to the others."""
    lines = [
        f"{what}; {os.cpu_count()} cores, heap {driver_memory()}, DuckDB limit {duckdb_memory()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}",
        "",
        "| | work s | whole process s | CPU s | peak MiB |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one.work:.1f} | {one.wall:.1f} | {one.cpu:.1f} | {one.peak_mib:.0f} |"
        for name, one in figures.items()
    ]
    (first, ours), *others = figures.items()
    for name, other in others:
        lines.append(
            f"\n{first} / {name}: work {ours.work / other.work:.2f}, whole process {ours.wall / other.wall:.2f}, "
            f"CPU {ours.cpu / other.cpu:.2f}, peak memory {ours.peak_mib / other.peak_mib:.2f}"
        )
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in ours.stages.items() if name != "work")
    return "\n".join([*lines, "", f"{first}, by stage: {stages}"])


def measure_one_date(place: Place, transactions: int, others: list[str], ties: str) -> dict[str, int]:
    """Measure one date, print, and return how many rows of `ties: split` differ from each other contender's."""
    timed = f"product_{ties}"
    run_contender("prepare", place.folder, "product_together", "product_split")
    figures = {f"product, ties {ties}": run_contender("product", place.folder, timed, ties)}
    figures |= {name: run_contender(name, place.folder) for name in others}
    print(report(f"{transactions:,} transactions, 4 windows, 12 scores, timed with ties {ties}", figures), flush=True)
    if others and ties != "split":
        run_contender("product", place.folder, "product_split", "split")
    return {f"product with ties split, {name}": differences(place, "product_split", name) for name in others}


def measure_backfill(
    place: Place, transactions: int, others: list[str], ties: str, dates: list[date]
) -> dict[str, int]:
    """Measure a backfill, single dates and DuckDB, print, and return how many rows of a few dates differ."""
    folder, days = place.folder, [str(day) for day in dates]
    looked_at = sorted({dates[0], dates[len(dates) // 2], dates[-1]})
    run_contender("prepare", folder, "backfill", "one_by_one", "backfill_split")
    backfill = run_contender("product", folder, "backfill", ties, *days)
    singles = [run_contender("product", folder, "one_by_one", ties, day) for day in days]
    figures = {
        f"backfill, ties {ties}": backfill,
        f"{len(days)} processes of one date": sum(singles[1:], start=singles[0]),
    }
    wrong = {"backfill, single dates": differences(place, "backfill", "one_by_one", looked_at)}
    if "duckdb" in others:
        figures["duckdb, date by date"] = run_contender("duckdb", folder, "duckdb", *days)
        run_contender("product", folder, "backfill_split", "split", *map(str, looked_at))
        wrong["backfill with ties split, duckdb"] = differences(place, "backfill_split", "duckdb", looked_at)
    what = f"{transactions:,} transactions, {len(days)} dates, 4 windows, 12 scores, timed with ties {ties}"
    print(report(what, figures), flush=True)
    return wrong


def main() -> None:
    """Generate, run every contender, check that they agree, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--against", default="duckdb", help="duckdb, naive or both with a comma; empty for none")
    parser.add_argument("--ties", choices=(Ties.TOGETHER.value, Ties.SPLIT.value), default=Ties.TOGETHER.value)
    parser.add_argument("--dates", type=int, default=1, help="number of as-of dates; more than one is a backfill")
    parser.add_argument("--every", choices=[every.value for every in Every], default=Every.MONTH.value)
    parser.add_argument("--history", action="store_true", help="only the history of the last of --dates, no contender")
    parser.add_argument("--folder", type=Path, help="keep data here and use what is there; else a temporary folder")
    arguments = parser.parse_args()
    others = [name for name in arguments.against.split(",") if name]
    if arguments.history and arguments.dates < 2:
        parser.error("--history needs --dates of at least 2")
    dates = last_dates(arguments.dates, arguments.every)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="rfm-spark-bench-"))
    place = Place(folder)
    try:
        if not (folder / "warehouse" / "member_day").exists():
            run_contender("generate", folder, str(arguments.transactions))
        if arguments.history:
            measure_history(place, arguments.transactions, dates, arguments.every)
            return
        measured = (place, arguments.transactions, others, arguments.ties)
        wrong = measure_one_date(*measured) if len(dates) == 1 else measure_backfill(*measured, dates)
        for pair, count in wrong.items():
            print(f"{pair}: {count} rows differ")
        if any(wrong.values()):
            sys.exit(1)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
