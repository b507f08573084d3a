"""The segment table that a run prints: short enough for a terminal, right for a person."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import DataFrame

from rfm_spark.as_of import of_dates
from rfm_spark.config.model import Config
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import SEGMENT_SUMMARY
from rfm_spark.text import aligned, amount, decimal_text, percent

HEADINGS = ("segment", "members", "share", "amount", "share", "mean recency")


class SummaryRow(NamedTuple):
    """One segment of one set: what the table shows of segment_summary."""

    segment_set: str
    segment: str
    member_count: int
    member_share: Decimal
    net_amount: Decimal
    amount_share: Decimal | None
    mean_recency_days: Decimal | None


def segment_table(rows: Sequence[SummaryRow]) -> list[str]:
    """Return the lines of one table per segment set, segments in the order of `rows`.

    >>> row = SummaryRow("rfm_tier", "loyal", 1200, Decimal("0.4"), Decimal("5000.5"), Decimal("0.25"), Decimal("7.25"))
    >>> print("\\n".join(segment_table([row])))
    rfm_tier
      segment  members  share    amount  share  mean recency
      loyal      1,200  40.0%  5,000.50  25.0%      7.3 days
    """
    sets: dict[str, list[SummaryRow]] = {}
    for row in rows:
        sets.setdefault(row.segment_set, []).append(row)
    return [line for name, of_set in sets.items() for line in (name, *aligned([HEADINGS, *map(cells, of_set)]))]


def cells(row: SummaryRow) -> tuple[str, ...]:
    """Return the texts of one row."""
    recency = "-" if row.mean_recency_days is None else f"{decimal_text(row.mean_recency_days)} days"
    shares = percent(row.member_share), percent(row.amount_share)
    return (row.segment, f"{row.member_count:,}", shares[0], amount(row.net_amount), shares[1], recency)


def read_summary(read: Callable[[Table], DataFrame], config: Config, as_of: date) -> list[SummaryRow]:
    """Return segment_summary of a date as people read it: sets as configured, segments in the order of the rules."""
    order = {
        (name, segment): (set_no, segment_no)
        for set_no, name in enumerate(config.active_segment_sets)
        for segment_no, segment in enumerate(config.segment_sets[name].segments)
    }
    rows = [
        SummaryRow(*(row[field] for field in SummaryRow._fields))
        for row in read(SEGMENT_SUMMARY).where(of_dates([as_of])).collect()
    ]
    known = [row for row in rows if (row.segment_set, row.segment) in order]
    return sorted(known, key=lambda row: order[row.segment_set, row.segment])
