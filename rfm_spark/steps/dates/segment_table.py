"""The segment table that a run prints: short enough for a terminal, right for a person."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

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
