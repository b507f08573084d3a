"""Which as-of dates are asked for, what of each is to be made, and how many dates are made together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from rfm_spark.errors import UsageError
from rfm_spark.runs.due import ResultState, State, inspect_dates
from rfm_spark.runs.registry import Registry, Result
from rfm_spark.scoring.boundaries import frozen_dates
from rfm_spark.steps.dates.segments import SEGMENT
from rfm_spark.steps.job import Job
from rfm_spark.steps.request import Reprocess, Request


@dataclass(frozen=True)
class DateWork:
    """What is to be made of one as-of date, in the order of the stages; nothing where all of it is there."""

    as_of: date
    results: tuple[Result, ...]
    states: tuple[ResultState, ...]
    outdated: frozenset[str] = frozenset()
    """The results that the work leaves as they are although something that they read is made again."""

    @property
    def is_whole(self) -> bool:
        """Return whether every result of the date is there, and of one state of the facts, once the work is done."""
        made = {result.name for result in self.results}
        fresh = {state.result.name for state in self.states if state.state is State.FRESH} - self.outdated
        return all(state.result.name in made | fresh for state in self.states)

    @property
    def is_fresh(self) -> bool:
        """Return whether every result of the date is up to date already."""
        return all(state.state is State.FRESH for state in self.states)

    @property
    def replaces_fresh(self) -> bool:
        """Return whether everything that the work makes is up to date already."""
        made = {result.name for result in self.results}
        return all(state.state is State.FRESH for state in self.states if state.result.name in made)

    def by_stage(self) -> dict[str, tuple[Result, ...]]:
        """Return the results to make, by the stage that makes them."""
        found: dict[str, tuple[Result, ...]] = {}
        for result in self.results:
            found[result.stage] = (*found.get(result.stage, ()), result)
        return found


def work_for_date(job: Job, as_of: date, states: tuple[ResultState, ...], stages: Sequence[str]) -> DateWork:
    """Return what is to be made of the date by these stages.

    A result is made where it is not up to date, and where something that it reads is made; `--reprocess all` makes all.
    """
    everything = job.request.reprocess is Reprocess.ALL
    made: list[Result] = []
    outdated: set[str] = set()
    for state in states:
        result, names = state.result, {one.name for one in made}
        reads_made = not (names | outdated).isdisjoint(result.declared.reads(job.config, result.part))
        is_left = result.stage not in stages or not is_asked(job.request, result)
        if is_left and reads_made:
            outdated.add(result.name)
        elif not is_left and (everything or reads_made or state.state is not State.FRESH):
            made.append(result)
    return DateWork(as_of, tuple(made), states, frozenset(outdated))


def is_asked(request: Request, result: Result) -> bool:
    """Return whether the flags leave the result in: `--segment-set` names single sets."""
    return result.stage != SEGMENT or not request.segment_sets or result.part in request.segment_sets


def asked_drop(request: Request) -> date | None:
    """Return the date of `--drop`; it stands alone."""
    if request.drop is not None and (request.as_of or request.first_day or request.last_day):
        raise UsageError("--drop", "given beside --as-of, --from or --to", "the one or the other")
    return request.drop


def asked_dates(job: Job) -> list[date]:
    """Return the as-of dates asked for: the one of `--as-of`, else those of `--from --to` on the calendar."""
    request = job.request
    if request.as_of is not None:
        if request.first_day is not None or request.last_day is not None:
            raise UsageError("--as-of", "given beside --from or --to", "the one or the other")
        return [request.as_of]
    days = request.as_of_range()
    every = request.every or job.config.history.every
    dates = days.steps(every)
    if not dates:
        raise UsageError("--from/--to", f"no end of a {every} from {days.first} to {days.last}", "at least one date")
    return dates


def inspected(job: Job, registry: Registry, dates: Sequence[date]) -> dict[date, tuple[ResultState, ...]]:
    """Return how every result of the dates is."""
    return inspect_dates(job.store, job.ledger, registry, job.config, dates)


def wanted_works(job: Job, registry: Registry, dates: Sequence[date]) -> tuple[list[DateWork], list[DateWork]]:
    """Return the dates that are to be made and what of each, in order of time, and those that are left alone.

    This is what `plan` prints and `backfill` does.
    """
    require_ended(job, dates)
    published, failed = job.ledger.published, job.ledger.book.failed_dates()
    wanted, left = [], []
    for day, states in inspected(job, registry, dates).items():
        work = work_for_date(job, day, states, registry.stages)
        if is_wanted(job.request.reprocess, day in published, day in failed, work.is_fresh):
            wanted.append(work)
        else:
            left.append(DateWork(day, (), states))
    return wanted, left


def is_wanted(reprocess: Reprocess, is_published: bool, has_failed: bool, is_fresh: bool) -> bool:
    """Return whether a date is made: it is not published, or the flag names it.

    >>> is_wanted(Reprocess.NONE, False, False, True), is_wanted(Reprocess.NONE, True, True, False)
    (True, False)
    """
    if not is_published or reprocess is Reprocess.ALL:
        return True
    if reprocess is Reprocess.NONE:
        return False
    return has_failed or (reprocess is Reprocess.STALE and not is_fresh)


def is_before_orders(job: Job, as_of: date) -> bool:
    """Return whether there is nothing to compute: the date comes before the first order, and holds no result."""
    if job.ledger.book.results(as_of):
        return False
    _, first = job.facts_size
    return first is None or as_of < first


def chunks(job: Job, works: Sequence[DateWork]) -> list[list[DateWork]]:
    """Return the dates that are made together: of one kind, in the order given, so many that memory holds them.

    A date whose boundaries another one takes is made before it.
    """
    frozen = frozen_dates(job.config.computed_windows())
    first = [work for work in works if work.as_of in frozen]
    others = [work for work in works if work.as_of not in frozen]
    found = [[work] for work in first]
    for _, same in groupby(others, key=lambda work: work.results):
        alike = list(same)
        at_once = job.workspace.dates_at_once if len(alike) > 1 else 1
        found += [alike[start : start + at_once] for start in range(0, len(alike), at_once)]
    return found


def require_ended(job: Job, dates: Sequence[date]) -> None:
    """Fail where a date has not ended in the zone of the calendar: what it will hold is not known yet."""
    if dates and dates[-1] >= job.today:
        found = f"the day has not ended in {job.config.calendar.time_zone}"
        raise UsageError(f"{dates[-1]}", found, "a day that has", "name an earlier --as-of or --to")


def require_reason(job: Job, works: Sequence[DateWork]) -> None:
    """Fail where a published, fresh date would be replaced without a word why."""
    unexplained = replaced_without_reason(job, works)
    if unexplained:
        raise UsageError(
            f"{unexplained[0]}", "the date is published and up to date", "--reason with --reprocess all",
            "say why, in words",
        )  # fmt: skip


def replaced_without_reason(job: Job, works: Sequence[DateWork]) -> list[date]:
    """Return the dates that are published and fresh and would be replaced all the same, where no reason is given."""
    if job.request.reason:
        return []
    published = job.ledger.published
    return [work.as_of for work in works if work.results and work.as_of in published and work.replaces_fresh]


def missing_reads(job: Job, work: DateWork) -> Mapping[str, str]:
    """Return the results that the work reads and that neither it makes nor the date has up to date."""
    made = {result.name for result in work.results}
    states = {state.result.name: state.state for state in work.states}
    read = {name for result in work.results for name in result.declared.reads(job.config, result.part)}
    return {
        name: states[name].value for name in sorted(read - made) if name in states and states[name] is not State.FRESH
    }
