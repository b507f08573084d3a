#!/usr/bin/env python3
"""Measures scoring against DuckDB and naive PySpark: `scripts/bench.py --transactions 10000000 --against duckdb,naive`.

Every contender runs in a process of its own and reads the same files. Printed are wall and CPU seconds and peak
memory of whole processes with their children, the work without start and stop of the JVM, and the ratios. Timed is
the product's default (equal values share a score); that its `ties: split` gives exactly the rows of SQL NTILE is
checked by untimed runs.
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
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench_contenders import Place, differences, driver_memory, duckdb_memory

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


def run_contender(name: str, folder: Path, option: str) -> Figures:
    """Run one contender to its end, watching its memory."""
    command = [sys.executable, str(CONTENDERS), name, str(folder), option]
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


def report(transactions: int, figures: dict[str, Figures]) -> str:
    """Return the table in Markdown, with the machine and the date."""
    lines = [
        f"{transactions:,} transactions, 4 windows, 12 scores; {os.cpu_count()} cores, heap {driver_memory()}, "
        f"DuckDB limit {duckdb_memory()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}",
        "",
        "| | work s | whole process s | CPU s | peak MiB |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one.work:.1f} | {one.wall:.1f} | {one.cpu:.1f} | {one.peak_mib:.0f} |"
        for name, one in figures.items()
    ]
    ours = figures["product"]
    for name, other in figures.items():
        if name != "product":
            lines.append(
                f"\nproduct / {name}: work {ours.work / other.work:.2f}, whole process {ours.wall / other.wall:.2f}, "
                f"CPU {ours.cpu / other.cpu:.2f}, peak memory {ours.peak_mib / other.peak_mib:.2f}"
            )
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in ours.stages.items() if name != "work")
    return "\n".join([*lines, "", f"product, by stage: {stages}"])


def main() -> None:
    """Generate, run every contender, check that they agree, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--against", default="duckdb", help="duckdb, naive or both with a comma; empty for none")
    parser.add_argument("--folder", type=Path, help="keep data here and use what is there; else a temporary folder")
    arguments = parser.parse_args()
    others = [name for name in arguments.against.split(",") if name]
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="rfm-spark-bench-"))
    place = Place(folder)
    try:
        if not (folder / "warehouse" / "member_day").exists():
            run_contender("generate", folder, str(arguments.transactions))
        figures = {"product": run_contender("product", folder, "together")}
        figures |= {name: run_contender(name, folder, "") for name in others}
        print(report(arguments.transactions, figures))
        if others:
            run_contender("product", folder, "split")
        wrong = {name: differences(place, "product_split", name) for name in others}
        for name, count in wrong.items():
            print(f"product with ties: split against {name}: {count} rows differ")
        if any(wrong.values()):
            sys.exit(1)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
