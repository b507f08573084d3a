"""The verb `report`: one page about one date, and the same numbers as JSON beside it; reads only."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import functions as F

from rfm_spark.config.definition import MONETARY_WORDS, PERIOD_WORDS, basis
from rfm_spark.config.model import SegmentSet, Window
from rfm_spark.config.words import Frequency
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import RUN_CONFIG
from rfm_spark.dates import DayRange, months_before
from rfm_spark.errors import UsageError
from rfm_spark.report.numbers import ReportNumbers, as_json
from rfm_spark.report.render import render_page, require_jinja
from rfm_spark.runs.differences import Differences
from rfm_spark.runs.due import State, recorded_state
from rfm_spark.runs.log_book import DATE
from rfm_spark.steps.dates.published import has_set, require_set
from rfm_spark.steps.dates.registered import RESULTS
from rfm_spark.steps.dates.segments import require_active_sets
from rfm_spark.steps.job import Job
from rfm_spark.steps.reporting.scores import read_comparisons, read_quality, read_scores
from rfm_spark.steps.reporting.sets import read_sets
from rfm_spark.steps.request import Outcome, Status
from rfm_spark.steps.verb import AS_OF, FROM, SEGMENT_SET, Flag, Verb
from rfm_spark.steps.write_file import write_file

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
MOST_DATES = 60
"""More dates than a small picture can show apart."""


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
    lines = (f"{len(numbers.sets)} segment sets, {len(numbers.dates)} dates; the same numbers as data: {beside}",)
    return Outcome(Status.DONE, f"{target} is written ({size:,.0f} kB); open it in a browser", lines=lines)


def html_target(out: str | None) -> str:
    """Return the file of the page.

    >>> html_target("out/december.html")
    'out/december.html'
    """
    if not out or not out.endswith(SUFFIX):
        found = "no file is named" if not out else f"{out!r} is no HTML file"
        raise UsageError("--out", found, "a path or URI that ends in .html", "name the file to write")
    return out


def read_numbers(job: Job) -> ReportNumbers:
    """Return everything that the report shows."""
    as_of = job.request.required_as_of()
    published = published_dates(job, as_of)
    shown = thinned(published)
    sets = asked_sets(job, as_of)
    with job.progress.stage("report", as_of.isoformat()):
        hash_of_date = job.ledger.book.state(as_of)[DATE].config_hash
        window = job.config.windows[sets[0].window if sets else job.config.scores.main_window]
        return ReportNumbers(
            as_of=as_of,
            dates=tuple(shown),
            published_count=len(published),
            currency=job.config.orders.currency or "",
            config_hash=hash_of_date,
            basis=(*basis_of(job, hash_of_date), *changed_since(job, as_of)),
            meanings=meanings(window, as_of),
            sets=read_sets(job, sets, shown),
            windows=read_scores(job, as_of, window.name),
            quality=read_quality(job),
            comparisons=read_comparisons(job, as_of),
        )


def published_dates(job: Job, as_of: date) -> list[date]:
    """Return the published dates from `--from`, or from a year before, to the date of the report."""
    days = DayRange(job.request.first_day or months_before(as_of, MONTHS_BACK), as_of)
    published = list(job.ledger.published)
    if as_of not in published:
        known = f"a published date, the newest is {published[-1]}" if published else "a published date"
        raise UsageError("--as-of", f"{as_of} is not published", known, f"run rfm-spark run --as-of {as_of} first")
    return [day for day in published if day in days]


def thinned(dates: Sequence[date]) -> list[date]:
    """Return at most `MOST_DATES` of the dates, evenly, the last among them.

    >>> [day.day for day in thinned([date(2024, 1, 1), date(2024, 1, 2)])]
    [1, 2]
    """
    step = -(-len(dates) // MOST_DATES)
    return list(dates[::-1][:: max(step, 1)][::-1])


def asked_sets(job: Job, as_of: date) -> list[SegmentSet]:
    """Return the segment sets to show: those that `--segment-set` names, else all active ones that the date has."""
    active, book = job.config.active_segment_sets, job.ledger.book
    require_active_sets(job.config, job.request.segment_sets)
    for name in job.request.segment_sets:
        require_set(book, name, [as_of])
    names = job.request.segment_sets or [name for name in active if has_set(book, name, as_of)]
    return [job.config.segment_sets[name] for name in names]


def basis_of(job: Job, config_hash: str) -> tuple[str, ...]:
    """Return what the numbers mean, as written when the date was computed: a sentence for each window."""
    rows = job.store.read(RUN_CONFIG).where(F.col(c.CONFIG_HASH) == F.lit(config_hash)).select(c.BASIS).take(1)
    text = str(rows[0][0]) if rows else basis(job.config)
    return tuple(text.rstrip(".").split(". "))


def changed_since(job: Job, as_of: date) -> tuple[str, ...]:
    """Return the sentence about results of the date whose configuration is another today; none where none is.

    Numbers are those of the date, but titles, meanings and score ranges are told as configured today.
    """
    differences = Differences(job.ledger, job.config)
    states = [recorded_state(job.ledger.book, job.config, as_of, one, {}) for one in RESULTS.results(job.config)]
    changed = [state for state in states if state.state is State.DEFINITION_CHANGED]
    reasons = dict.fromkeys(differences.explained(state).reason for state in changed)
    if not reasons:
        return ()
    return (f"Configured otherwise since this date was computed: {', '.join(reasons)}; the words are those of today",)


def meanings(window: Window, as_of: date) -> dict[str, str]:
    """Return what R, F and M are, in one line each.

    >>> meanings(Window("year", days=365), date(2024, 12, 31))["Frequency"]
    'number of orders in the last 365 days; more is better'
    """
    kind, length = window.period
    period = PERIOD_WORDS[kind].format(length)
    orders = "number of orders" if window.frequency is Frequency.ORDERS else "number of days with an order"
    return {
        "Recency": f"days from the last order to {as_of}; fewer is better",
        "Frequency": f"{orders} in the {period}; more is better",
        "Monetary": f"{MONETARY_WORDS[window.monetary]} in the {period}; more is better",
    }
