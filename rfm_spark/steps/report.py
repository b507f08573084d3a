"""The verb `report`: one page about one date, and the same numbers as JSON beside it; reads only."""

from datetime import date

from rfm_spark.config.model import SegmentSet
from rfm_spark.dates import DayRange, months_before
from rfm_spark.errors import UsageError
from rfm_spark.io.write_file import write_file
from rfm_spark.report.inputs import LastIngest
from rfm_spark.report.numbers import ReportNumbers, as_json
from rfm_spark.report.read import Question, read_report
from rfm_spark.report.render import render_page, require_jinja
from rfm_spark.runs.differences import Differences
from rfm_spark.runs.due import State, recorded_state
from rfm_spark.runs.history_due import recorded_comparisons
from rfm_spark.runs.log_book import DATE, FACTS, LogBook
from rfm_spark.steps.dates.published import has_set, require_set
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.dates.segments import require_active_sets
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import AS_OF, FROM, SEGMENT_SET, Flag, Verb
from rfm_spark.text import counted

VERB = Verb(
    help="write what happened to the segments as one page to read",
    flags=(
        AS_OF,
        FROM.meaning("first date of what is shown over time"),
        SEGMENT_SET,
        Flag("out", "where to write the page", "FILE.html", required=True),
    ),
    never="changes a table",
)
SUFFIX = ".html"
MONTHS_BACK = 12


def perform(job: Job) -> Outcome:
    """Write the report of `--as-of` to `--out`, and its numbers beside it."""
    require_jinja()
    target = html_target(job.request.out)
    numbers = read_numbers(job)
    page = render_page(numbers)
    beside = target[: -len(SUFFIX)] + ".json"
    write_file(beside, as_json(numbers), "--out")
    write_file(target, page, "--out")
    size = len(page.encode()) / 1000
    shown = f"{counted(len(numbers.sets), 'segment set')}, {counted(len(numbers.dates), 'date')}"
    lines = (f"{shown}; the same numbers as data: {beside}",)
    return Outcome(Status.DONE, f"{target} is written ({size:,.0f} kB); open it in a browser", lines=lines)


def html_target(out: str | None) -> str:
    """Return the file of the page.

    >>> html_target("out/december.html")
    'out/december.html'
    """
    if not out or not out.endswith(SUFFIX):
        found = "no file is named" if not out else f"{out!r} is not an HTML file"
        raise UsageError("--out", found, "a path or URI that ends in .html", "name the file to write")
    return out


def read_numbers(job: Job) -> ReportNumbers:
    """Return everything that the report shows."""
    as_of = job.request.required_as_of()
    dates = published_dates(job, as_of)
    asked = Question(
        dates=dates,
        sets=asked_sets(job, as_of),
        config_hash=job.ledger.book.state(as_of)[DATE].config_hash,
        tracked=tracked_dates(job.ledger.book),
        ingests=last_ingests(job.ledger.book),
        notes=changed_since(job, as_of),
    )
    with job.progress.stage("report", as_of.isoformat()):
        return read_report(job.store.read, job.config, asked)


def tracked_dates(book: LogBook) -> dict[str, list[date]]:
    """Return the tracked dates that history holds of each set, without the date at which a set was closed."""
    dates: dict[str, list[date]] = {}
    for name, day in sorted(recorded_comparisons(book)):
        if has_set(book, name, day):
            dates.setdefault(name, []).append(day)
    return dates


def last_ingests(book: LogBook) -> list[LastIngest]:
    """Return the last ingest of each source with its counts."""
    last = {result.partition("/")[2]: row for result, row in book.ingested().items() if result != FACTS}
    return [
        LastIngest(
            source=name,
            run_id=row.run_id,
            ingested_at=row.computed_at,
            read=row.read_count or 0,
            accepted=row.accepted_count or 0,
            excluded=row.excluded_count or 0,
            rejected=row.rejected_count or 0,
            outside=row.outside_count or 0,
        )
        for name, row in last.items()
    ]


def published_dates(job: Job, as_of: date) -> list[date]:
    """Return the published dates from `--from`, or from a year before, to the date of the report."""
    days = DayRange(job.request.first_day or months_before(as_of, MONTHS_BACK), as_of)
    published = list(job.ledger.published)
    if as_of not in published:
        known = f"a published date, the newest is {published[-1]}" if published else "a published date"
        raise UsageError("--as-of", f"{as_of} is not published", known, f"run rfm-spark run --as-of {as_of} first")
    return [day for day in published if day in days]


def asked_sets(job: Job, as_of: date) -> list[SegmentSet]:
    """Return the segment sets to show: those that `--segment-set` names, else all active ones that the date has."""
    active, book = job.config.active_segment_sets, job.ledger.book
    require_active_sets(job.config, job.request.segment_sets)
    for name in job.request.segment_sets:
        require_set(book, name, [as_of])
    names = job.request.segment_sets or [name for name in active if has_set(book, name, as_of)]
    return [job.config.segment_sets[name] for name in names]


def changed_since(job: Job, as_of: date) -> tuple[str, ...]:
    """Return the sentence that names what is configured differently today; nothing without a difference.

    Numbers are those of the date; titles, meanings and periods come from the configuration of today.
    """
    differences = Differences(job.ledger, job.config)
    states = [recorded_state(job.ledger.book, job.config, as_of, one, {}) for one in RESULTS.results(job.config)]
    changed = [state for state in states if state.state is State.DEFINITION_CHANGED]
    reasons = dict.fromkeys(differences.explained(state).reason for state in changed)
    if not reasons:
        return ()
    changes = ", ".join(reasons)
    return (f"Configured differently since this date was computed: {changes}; titles and meanings are those of today",)
