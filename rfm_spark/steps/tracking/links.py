"""Which links history wants and which it has: by the run log and the configuration alone."""

from collections.abc import Collection, Sequence
from datetime import date

from rfm_spark.config.model import Config
from rfm_spark.contracts.history_tables import SEGMENT_TRANSITION
from rfm_spark.contracts.tables import MEMBER_SEGMENT
from rfm_spark.dates import is_tracked
from rfm_spark.history.links import Link, LinkPlan, LinkRecord, PublishedSet, plan_links, renames_of, wanted_links
from rfm_spark.io.logbook import LogBook, LogRow
from rfm_spark.steps.tracking.keys import Key


def history_plan(
    book: LogBook,
    config: Config,
    waiting: Sequence[date] = (),
    planned: Sequence[PublishedSet] = (),
    held: Collection[Key] | None = None,
) -> tuple[LinkPlan, list[Link]]:
    """Return what is to be written again, and every link.

    `waiting` dates count as published; `planned` are sets that are still to be made, in place of those that are there.
    `held`: given where the tables are not what is recorded of links, the keys that they hold: all links are made, and
    whatever else they hold goes.
    """
    days = {*book.published_dates(), *waiting, *(one.as_of for one in planned)}
    tracked = sorted(day for day in days if is_tracked(day, config.history.every))
    there = {(one.segment_set, one.as_of): one for one in published_sets(book, tracked)}
    there |= {(one.segment_set, one.as_of): one for one in planned}
    links = wanted_links(there.values(), tracked, renames_of(config.segment_sets))
    recorded = {key: link_record(row) for key, row in recorded_links(book).items()}
    plan = plan_links(links, recorded)
    if held is None:
        return plan, links
    others = {*plan.unwanted, *held} - {link.key for link in links}
    return LinkPlan(tuple(links), tuple(sorted(others))), links


def published_sets(book: LogBook, days: Sequence[date]) -> list[PublishedSet]:
    """Return the segments that the dates hold, set by set, as the log knows them."""
    prefix = f"{MEMBER_SEGMENT.name}/"
    return [
        PublishedSet(
            segment_set=name.removeprefix(prefix),
            as_of=day,
            run_id=row.run_id,
            definition_hash=row.definition_hash or "",
            config_hash=row.config_hash,
            ingest_no=row.ingest_no,
        )
        for day in days
        for name, row in book.state(day).items()
        if name.startswith(prefix)
    ]


def recorded_links(book: LogBook) -> dict[tuple[str, date], LogRow]:
    """Return the row that `track` left for each set and date."""
    prefix = f"{SEGMENT_TRANSITION.name}/"
    return {
        (name.removeprefix(prefix), day): row
        for day in book.dates()
        for name, row in book.state(day).items()
        if name.startswith(prefix)
    }


def link_record(row: LogRow) -> LinkRecord:
    """Return what a recorded link was made from."""
    return LinkRecord(row.previous_as_of_date, row.previous_run_id, row.segment_run_id, row.definition_hash or "")
