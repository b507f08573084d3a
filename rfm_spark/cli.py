"""The command line: flags in, exit code out. `rfm-spark VERB` on a laptop and `jobs/VERB.py` under spark-submit.

Both are the same function; only the console script makes a Spark session of its own. A verb is declared in its module
of `steps`, which is imported when the verb is asked for, so that `check` needs no pyspark.
"""

import argparse
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Any

from rfm_spark import __version__
from rfm_spark.dates import Every, parse_day
from rfm_spark.errors import ConfigurationError, ExitCode, RfmSparkError
from rfm_spark.io.write_file import write_file
from rfm_spark.steps.request import Order, Outcome, Reprocess, Request, Status
from rfm_spark.steps.verb import Verb

VERBS = (
    "check", "suggest", "init", "try", "ingest", "plan", "run", "backfill", "score", "prefer", "segment", "track",
    "migration", "explain", "report", "doctor",
)  # fmt: skip
"""The modules of steps that declare a verb, in the order of the help."""
FROM_INPUT = "-"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb with a local session of its own; the console script `rfm-spark`."""
    return perform(read_request(sys.argv[1:] if argv is None else argv), own_session=True)


def submit(verb: str, argv: Sequence[str] | None = None) -> int:
    """Run a verb in the session that spark-submit configured; every file in `jobs/` calls this."""
    return perform(read_request([verb, *(sys.argv[1:] if argv is None else argv)]), own_session=False)


def declaration(verb: str) -> Verb:
    """Return what a verb declares of itself."""
    return import_module(f"rfm_spark.steps.{verb}").VERB  # type: ignore[no-any-return]  # found by name


def perform(request: Request, own_session: bool) -> int:
    """Run the request and print its outcome: result file, last line, exit code."""
    started = time.monotonic()
    outcome = guarded(lambda: start(request, own_session, started))
    if not outcome.is_written:
        outcome = written(request, outcome, started)
    stream = sys.stdout if outcome.exit_code is ExitCode.DONE else sys.stderr
    for line in outcome.lines:
        print(line, file=stream, flush=True)
    closing = sys.stderr if declaration(request.verb).is_file else stream
    print(f"rfm-spark {request.verb}: {outcome.message}", file=closing, flush=True)
    return int(outcome.exit_code)


def start(request: Request, own_session: bool, started: float) -> Outcome:
    """Call the step of the verb, with a job around it where it needs a session."""
    step, verb = import_module(f"rfm_spark.steps.{request.verb}"), declaration(request.verb)
    if not verb.needs_session:
        return step.perform(request)  # type: ignore[no-any-return]  # found by name
    open_job = import_module("rfm_spark.steps.job").open_job
    tables = import_module("rfm_spark.steps.dates.registered").all_tables()
    with open_job(request, verb, own_session, tables) as job:
        outcome = guarded(lambda: step.perform(job))
        # The result file may lie where only the session can write.
        return written(job.request, outcome.with_notes(job.progress.notes), started)


def written(request: Request, outcome: Outcome, started: float) -> Outcome:
    """Write the result file where one is asked for; return the outcome.

    A file that cannot be written fails a command that went well, and is one more line about one that did not.
    """
    outcome = replace(outcome.with_failed_date(request.as_of), is_written=True)
    if not request.result_path:
        return outcome
    path, text = request.result_path, outcome.as_json(request, time.monotonic() - started)

    def write() -> Outcome:
        write_file(path, text, "--result-path")
        return outcome

    after = guarded(write)
    if after is outcome:
        return outcome
    if outcome.exit_code is ExitCode.DONE:
        return replace(after, lines=(*outcome.lines, f"{request.verb}: {outcome.message}"), is_written=True)
    return replace(outcome, lines=(*outcome.lines, after.message))


def guarded(action: Callable[[], Outcome]) -> Outcome:
    """Return the action's outcome, or the failure it ended in as an outcome."""
    try:
        return action()
    except ConfigurationError as error:
        return replace(Outcome.of_error(error), lines=tuple(error.lines()))
    except RfmSparkError as error:
        return Outcome.of_error(error)
    except Exception as error:
        if os.environ.get("RFM_SPARK_TRACE"):
            raise
        return Outcome(Status.FAILED, describe_unexpected(error), exit_code=ExitCode.FAILED)


def describe_unexpected(error: Exception) -> str:
    """Return one line about an error nobody foresaw, without its text, which may quote a member's data."""
    condition: Any = getattr(error, "getCondition", lambda: None)()
    name = f"{type(error).__name__} [{condition}]" if condition else type(error).__name__
    return f"failed: {name}; nothing further was written; set RFM_SPARK_TRACE=1 to see the trace (it may show data)"


def read_request(argv: Sequence[str]) -> Request:
    """Return the command line as a request; bad usage exits with 2."""
    parser = build_parser(argv)
    given = vars(parser.parse_args(argv))
    days = {name: as_day(parser, given.get(name), name) for name in ("as_of", "today", "from", "to", "drop")}
    return Request(
        verb=given["verb"],
        configurations=tuple(given["config"] or ("conf",)),
        overrides=tuple(given["set"] or ()),
        as_of=days["as_of"],
        today=days["today"],
        first_day=days["from"],
        last_day=days["to"],
        every=Every(given["every"]) if given.get("every") else None,
        sources=tuple(given.get("source") or ()),
        segment_sets=tuple(given.get("segment_set") or ()),
        init=given.get("init", False),
        ingest=given.get("ingest", False),
        reprocess=Reprocess(given.get("reprocess") or "none"),
        order=Order(given.get("order") or "oldest"),
        drop=days["drop"],
        file=given.get("file"),
        member=member_of(given.get("member")),
        id_type=given.get("id_type"),
        out=given.get("out"),
        reason=given.get("reason"),
        run_id=given["run_id"] or new_run_id(given["verb"]),
        has_given_run_id=given["run_id"] is not None,
        result_path=given["result_path"],
        log_format=given["log_format"],
        has_lines=declaration(given["verb"]).has_lines,
        verbose=given.get("verbose", False),
    )


def as_day(parser: argparse.ArgumentParser, text: str | None, name: str) -> date | None:
    """Return the day a flag names, None when it is not given."""
    try:
        return parse_day(text, f"--{name.replace('_', '-')}") if text else None
    except RfmSparkError as error:
        parser.error(error.sentence())


def member_of(text: str | None) -> str | None:
    """Return the reference that `--member` gives; `-` reads it from standard input, away from every command line."""
    return sys.stdin.readline().strip() if text == FROM_INPUT else text


def new_run_id(verb: str) -> str:
    """Return a run id that sorts by time and never repeats."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{verb}-{uuid.uuid4().hex[:8]}"


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser: one sub-command per verb; only that of the named verb has its flags, and is imported."""
    parser = argparse.ArgumentParser(prog="rfm-spark", description="Exact RFM scores and named segments on Delta.")
    parser.add_argument("--version", action="version", version=f"rfm-spark {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    named = next((word for word in argv if not word.startswith("-")), None)
    for verb in VERBS:
        if named in VERBS and verb != named:
            verbs.add_parser(verb)
            continue
        declared = help_of(verb)
        command = verbs.add_parser(verb, help=declared.help, description=f"{declared.description()}")
        for flag in declared.all_flags():
            command.add_argument(flag.spelling, **flag.options())  # type: ignore[arg-type]  # as argparse takes them
    return parser


def help_of(verb: str) -> Verb:
    """Return what a verb declares; where pyspark is absent, of a verb that needs it only that it does."""
    try:
        return declaration(verb)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "pyspark":
            raise
        return Verb("needs pyspark: install rfm-spark[local], or submit it to a cluster")
