"""What the history of a new date costs beside its scores, by the commands that users run and the stages they print."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bench_place import Place

CONF = Path(__file__).parents[1] / "conf"
STAGE = re.compile(r"^stage: subject=.* stage=(.+) seconds=([\d.]+)$", re.MULTILINE)
SCORE = ("score", "write rfm_score", "write score_boundary")
HISTORY = ("track", "intervals")


def measure_history(place: Place, transactions: int, dates: Sequence[date], every: str) -> None:
    """Backfill all dates but the last, then run the last one, and print what its scores and its history took."""
    *others, last = dates
    file = place.folder / "bench.yaml"
    settings = {
        "warehouse": {"path": place.warehouse},
        "identity": {"method": "integer"},
        "windows": {"active": ["month", "quarter", "half_year", "year"]},
        "segments": {"active": ["rfm_tier", "value_tier"]},
        "history": {"every": every},
    }
    file.write_text(json.dumps(settings))
    run("init", file)
    run("backfill", file, "--from", str(others[0]), "--to", str(others[-1]))
    seconds = stage_seconds(run("run", file, "--as-of", str(last)))
    score, history = (sum(seconds.get(stage, 0.0) for stage in stages) for stages in (SCORE, HISTORY))
    told = ", ".join(f"{stage} {seconds.get(stage, 0.0):.1f}" for stage in HISTORY)
    print(
        f"{transactions:,} transactions, {last} after {len(others)} other dates, 4 windows, 2 segment sets: "
        f"score with its writes {score:.1f} s, history {history:.1f} s ({told}); history / score {history / score:.2f}",
        flush=True,
    )


def run(verb: str, config: Path, *options: str) -> str:
    """Run one command and return what it prints of its stages."""
    command = [sys.executable, "-m", "rfm_spark", verb, "--config", str(CONF), "--config", str(config), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{verb} failed:\n{done.stderr[-4000:]}")
    return done.stderr


def stage_seconds(printed: str) -> dict[str, float]:
    """Return the seconds of each stage; one that comes again adds up.

    >>> stage_seconds("stage: subject=2025-06-30 stage=score seconds=15.5")
    {'score': 15.5}
    """
    found: dict[str, float] = {}
    for stage, seconds in STAGE.findall(printed):
        found[stage] = found.get(stage, 0.0) + float(seconds)
    return found
