"""Commands as a scheduler calls them, in the one session of the test run."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from rfm_spark.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Said:
    """What a command ended with: exit code, standard output and standard error."""

    exit_code: int
    out: str
    err: str


def command(*argv: str) -> Said:
    """Run `rfm-spark argv` and return what it said; bad usage ends it as it ends a process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            exit_code = main(argv)
        except SystemExit as ended:
            exit_code = int(ended.code or 0)
    return Said(exit_code, out.getvalue(), err.getvalue())
