"""The segment table that a run prints: short enough for a terminal, right for a person."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

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
    recency = "-" if row.mean_recency_days is None else f"{rounded(row.mean_recency_days, '0.1')} days"
    amount_share = "-" if row.amount_share is None else percent(row.amount_share)
    amount = f"{rounded(row.net_amount, '0.01'):,}"
    return (row.segment, f"{row.member_count:,}", percent(row.member_share), amount, amount_share, recency)


def percent(share: Decimal) -> str:
    """Return a share as a percentage with one decimal.

    >>> percent(Decimal("0.12345"))
    '12.3%'
    """
    return f"{rounded(share * 100, '0.1')}%"


def rounded(value: Decimal, unit: str) -> Decimal:
    """Return the value rounded half up to the unit."""
    return value.quantize(Decimal(unit), "ROUND_HALF_UP")


def aligned(rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Return the rows as lines, the first columns, which are words, to the left and all others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            text.ljust(width) if column < words else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
