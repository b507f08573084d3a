"""The verb `suggest`: the `sources` that would read a file, for people to check."""

from pathlib import Path

from rfm_spark.errors import UsageError
from rfm_spark.steps.request import Outcome, Request, Status
from rfm_spark.steps.verb import Flag, Verb
from rfm_spark.suggest.sniff import sniff
from rfm_spark.suggest.text import suggestion

VERB = Verb(
    help="print a sources.yaml for a file by looking at it, for you to check",
    flags=(Flag("file", "CSV, JSON lines or Parquet, on this machine", "FILE", is_positional=True),),
    never="shows a line of the file, or opens a Spark session",
    has_lines=True,
    is_file=True,
    needs_session=False,
)


def perform(request: Request) -> Outcome:
    """Look at the beginning of the file and print the suggestion."""
    if request.file is None:
        raise UsageError("suggest", "no file", "a file")
    return Outcome(
        Status.DONE, "check every line before you use it", lines=tuple(suggestion(sniff(Path(request.file))))
    )
