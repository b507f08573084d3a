#!/usr/bin/env python3
"""Run several commands one after the other in one Spark session: a JVM starts, and warms up, once.

    scripts/in_one_session.py ingest --init --config lake.yaml then run --as-of 2025-06-30 --config lake.yaml

The first command that fails ends them; its exit code is that of the script.
"""

import shlex
import sys
from collections.abc import Sequence

from rfm_spark.cli import main
from rfm_spark.io.session import build_local_session, end_local_session

BETWEEN = "then"


def split_commands(words: Sequence[str]) -> list[list[str]]:
    """Return the commands between the words `then`.

    >>> split_commands(["init", "then", "run", "--as-of", "2025-06-30"])
    [['init'], ['run', '--as-of', '2025-06-30']]
    """
    commands: list[list[str]] = [[]]
    for word in words:
        if word == BETWEEN:
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def run_commands(commands: Sequence[Sequence[str]]) -> int:
    """Run the commands until one fails; return the last exit code."""
    spark = build_local_session("rfm-spark")
    try:
        for command in commands:
            print(f"$ rfm-spark {shlex.join(command)}", flush=True)
            code = main(command)
            if code:
                return code
        return 0
    finally:
        end_local_session(spark)


if __name__ == "__main__":
    sys.exit(run_commands(split_commands(sys.argv[1:])))
