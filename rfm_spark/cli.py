"""The command line: flags in, exit code out. `rfm-spark VERB` on a laptop and `jobs/VERB.py` under spark-submit.

Both are the same function; only the console script makes a Spark session of its own. Steps are imported when their
verb is asked for, so that `check` needs no pyspark.
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
from rfm_spark.steps.request import Order, Outcome, Reprocess, Request, Status

VERBS = {
    "check": "validate the configuration: every error, gap, overlap and unreachable segment",
    "init": "create or verify all tables",
    "ingest": "bring the sources into transactions, events and daily facts",
    "plan": "show what backfill would do per as-of date and table, and why",
    "run": "score, prefer, segment and track one as-of date",
    "backfill": "publish many as-of dates of the past, or take one away",
    "score": "compute the scores of one as-of date alone",
    "prefer": "compute the preferences of one as-of date alone",
    "segment": "place the members of one as-of date in segments alone",
    "track": "bring the history of segments up to date with the published dates",
    "migration": "count who went from which segment to which between two dates",
    "explain": "tell why one member stands where it does at one date",
    "report": "write what happened to the segments as one page to read",
    "doctor": "check protocol, keys, invariants and unfinished dates",
}
SESSIONLESS = ("check",)
DATED = (
    "plan", "run", "backfill", "score", "prefer", "segment", "track", "migration", "explain", "report", "ingest",
)  # fmt: skip
RANGED = ("plan", "ingest", "run", "backfill", "migration")
AS_OF = {
    "ingest": "last day of the lines to read",
    "track": "a date to hear about where history does not hold it; all dates are brought up to date",
    "migration": "not needed here: name --from and --to",
}
"""What --as-of means where it is not the date to be made or told of."""
MADE = ("plan", "run", "backfill", "score", "prefer", "segment")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb with a local session of its own; the console script `rfm-spark`."""
    return perform(read_request(sys.argv[1:] if argv is None else argv), own_session=True)


def submit(verb: str, argv: Sequence[str] | None = None) -> int:
    """Run a verb in the session that spark-submit configured; every file in `jobs/` calls this."""
    return perform(read_request([verb, *(sys.argv[1:] if argv is None else argv)]), own_session=False)


def perform(request: Request, own_session: bool) -> int:
    """Run the request and tell its outcome: result file, last line, exit code."""
    started = time.monotonic()
    outcome = guarded(lambda: start(request, own_session, started))
    if not outcome.is_told:
        outcome = tell(request, outcome, started)
    stream = sys.stdout if outcome.exit_code is ExitCode.DONE else sys.stderr
    for line in (*outcome.lines, f"rfm-spark {request.verb}: {outcome.message}"):
        print(line, file=stream, flush=True)
    return int(outcome.exit_code)


def start(request: Request, own_session: bool, started: float) -> Outcome:
    """Call the step of the verb, with a job around it where it needs a session."""
    step = import_module(f"rfm_spark.steps.{request.verb}")
    if request.verb in SESSIONLESS:
        return step.perform(request)  # type: ignore[no-any-return]  # found by name
    job_module = import_module("rfm_spark.steps.job")
    with job_module.open_job(request, own_session) as job:
        outcome = guarded(lambda: step.perform(job))
        # The result file may lie where only the session can write.
        return tell(job.request, outcome.with_notes(job.progress.notes), started)


def tell(request: Request, outcome: Outcome, started: float) -> Outcome:
    """Write the result file where one is asked for; return the outcome as told.

    A file that cannot be written fails a command that went well, and is one more line about one that did not.
    """
    outcome = replace(outcome.with_failed_date(request.as_of), is_told=True)

    def write() -> Outcome:
        result = import_module("rfm_spark.steps.result")
        result.write_result(request, outcome, time.monotonic() - started)
        return outcome

    written = guarded(write) if request.result_path else outcome
    if written is outcome:
        return outcome
    if outcome.exit_code is ExitCode.DONE:
        return replace(written, lines=(*outcome.lines, f"{request.verb}: {outcome.message}"), is_told=True)
    return replace(outcome, lines=(*outcome.lines, written.message))


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
    parser = build_parser()
    arguments = parser.parse_args(argv)
    days = {name: as_day(parser, arguments, name) for name in ("as_of", "from", "to", "drop")}
    return Request(
        verb=arguments.verb,
        configurations=tuple(arguments.config or ("conf",)),
        overrides=tuple(arguments.set or ()),
        as_of=days["as_of"],
        first_day=days["from"],
        last_day=days["to"],
        every=Every(arguments.every) if getattr(arguments, "every", None) else None,
        sources=tuple(getattr(arguments, "source", None) or ()),
        segment_sets=tuple(getattr(arguments, "segment_set", None) or ()),
        init=getattr(arguments, "init", False),
        ingest=getattr(arguments, "ingest", False),
        reprocess=Reprocess(getattr(arguments, "reprocess", None) or "none"),
        order=Order(getattr(arguments, "order", None) or "oldest"),
        drop=days["drop"],
        member=getattr(arguments, "member", None),
        id_type=getattr(arguments, "id_type", None),
        out=getattr(arguments, "out", None),
        reason=getattr(arguments, "reason", None),
        run_id=arguments.run_id or new_run_id(arguments.verb),
        has_given_run_id=arguments.run_id is not None,
        result_path=arguments.result_path,
        log_format=arguments.log_format,
    )


def as_day(parser: argparse.ArgumentParser, arguments: argparse.Namespace, name: str) -> date | None:
    """Return the day a flag names, None when it is not given."""
    text = getattr(arguments, name, None)
    flag = f"--{name.replace('_', '-')}"
    try:
        return parse_day(text, flag) if text else None
    except RfmSparkError as error:
        parser.error(error.sentence())


def new_run_id(verb: str) -> str:
    """Return a run id that sorts by time and never repeats."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{verb}-{uuid.uuid4().hex[:8]}"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser: one sub-command per verb, the common flags on each."""
    parser = argparse.ArgumentParser(prog="rfm-spark", description="Exact RFM scores and named segments on Delta.")
    parser.add_argument("--version", action="version", version=f"rfm-spark {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, meaning in VERBS.items():
        command = verbs.add_parser(verb, help=meaning, description=meaning.capitalize() + ".")
        add_common_flags(command)
        if verb in DATED:
            add_date_flags(command, verb)
        if verb not in SESSIONLESS:
            command.add_argument("--init", action="store_true", help="create missing tables first")
        if verb in ("run", "ingest"):
            command.add_argument("--source", action="append", metavar="NAME", help="only this source (repeatable)")
        if verb in ("segment", "track", "migration", "report"):
            command.add_argument("--segment-set", action="append", metavar="NAME", help="only this set (repeatable)")
        if verb == "explain":
            command.add_argument("--member", required=True, metavar="REF", help="the member's reference in the sources")
            command.add_argument("--id-type", metavar="NAME", help="kind of the reference, where several have it")
        if verb == "report":
            command.add_argument("--from", metavar="DATE", help="first date of what is shown over time")
            command.add_argument("--out", required=True, metavar="FILE.html", help="where to write the page")
    return parser


def add_common_flags(command: argparse.ArgumentParser) -> None:
    """Add the flags of every verb."""
    command.add_argument("--config", action="append", metavar="DIR|FILE|URI", help="configuration, laid over the last")
    command.add_argument("--set", action="append", metavar="SECTION.KEY=VALUE", help="one value over the configuration")
    command.add_argument("--run-id", metavar="ID", help="name of this run (default: made from time and verb)")
    command.add_argument("--result-path", metavar="FILE|URI", help="where to write run_result.json")
    command.add_argument("--log-format", choices=("text", "json"), default="text", help="shape of log lines")
    command.add_argument("--reason", metavar="TEXT", help="why; kept in run_log")


def add_date_flags(command: argparse.ArgumentParser, verb: str) -> None:
    """Add the flags that say which days."""
    command.add_argument("--as-of", metavar="DATE", help=AS_OF.get(verb, "last day to include"))
    if verb in RANGED:
        command.add_argument("--from", metavar="DATE", help="first day, inclusive")
        command.add_argument("--to", metavar="DATE", help="last day, inclusive")
    if verb in ("plan", "backfill"):
        command.add_argument("--every", choices=[every.value for every in Every], help="step of the as-of dates")
        command.add_argument("--order", choices=[order.value for order in Order], help="which dates come first")
        command.add_argument("--drop", metavar="DATE", help="take this as-of date away instead")
    if verb == "run":
        command.add_argument("--ingest", action="store_true", help="read the sources first")
    if verb in MADE:
        command.add_argument(
            "--reprocess", choices=[choice.value for choice in Reprocess], help="which published dates to compute again"
        )
