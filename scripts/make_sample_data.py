#!/usr/bin/env python3
"""Write an invented retailer's raw data: three purchase sources and browsing events, with the dirt of real life.

Deterministic: the same seed gives the same files everywhere, for the gzip files up to the zlib that packs them.
"""

import argparse
import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from sample_shopping import (
    FIRST_DAY,
    LAST_DAY,
    SOURCES,
    Line,
    below,
    make_events,
    make_lines,
    make_members,
)

Row = dict[str, str]
SENTINELS = ("", "0", "N/A")
BAD_DATES = ("2024-02-30 10:00:00", "00/00/0000 00:00", "unknown")
BAD_AMOUNTS = ("n/a", "1,234.50", "--")


def money(cents: int) -> str:
    """Return cents as text with two decimals.

    >>> money(-1205)
    '-12.05'
    """
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def shop_row(line: Line) -> Row:
    """Return an online order line: local time of Shanghai, unit price, a status instead of signs."""
    return {
        "order_no": line.order_no,
        "customer_ref": line.reference,
        "paid_at": line.at.strftime("%Y-%m-%d %H:%M:%S"),
        "item_category": line.category,
        "item_brand": line.brand,
        "unit_price": money(line.cents // line.quantity),
        "qty": str(line.quantity),
        "currency": "USD",
        "coupon_code": line.promotion,
        "platform": line.channel,
        "status": {"sale": "PAID", "refund": "REFUNDED"}.get(line.kind, "TEST"),
        "original_order_no": line.refund_of or "",
    }


def stores_row(line: Line) -> Row:
    """Return a till line: local time of London, day first, refunds as negative totals."""
    refund = line.kind == "refund"
    return {
        "Receipt": line.order_no,
        "Card": line.reference,
        "Date": line.at.strftime("%d/%m/%Y %H:%M"),
        "Department": line.category,
        "Make": line.brand,
        "Pieces": str(line.quantity),
        "Total": money(-line.cents if refund else line.cents),
        "Offer": line.promotion,
        "Returned receipt": line.refund_of or "",
    }


def partner_row(line: Line) -> dict[str, object]:
    """Return an entry of the partner's ledger: seconds since 1970, a word for what happened."""
    return {
        "entry": line.order_no,
        "type": {"sale": "purchase", "refund": "reversal"}.get(line.kind, line.kind),
        "buyer": line.reference,
        "ts": int(line.at.timestamp()),
        "value": money(line.cents),
        "section": line.category,
        "label": line.brand,
        "deal": line.promotion or None,
        "reverses": line.refund_of,
    }


def soil(random: Random, row: Row, member: str, at: str, amount: str, missing: float) -> Row:
    """Return the row, or in a few cases the row with one thing missing or wrong."""
    draw = random.random()
    if draw < missing:
        return {**row, member: SENTINELS[below(random, 3)]}
    if draw < missing + 0.001:
        return {**row, at: BAD_DATES[below(random, 3)]}
    if draw < missing + 0.002:
        return {**row, amount: BAD_AMOUNTS[below(random, 3)]}
    if "currency" in row and draw > 0.9995:
        return {**row, "currency": "EUR"}
    return row


def delivered(random: Random, rows: Iterable[Row], missing: float, columns: tuple[str, str, str]) -> Iterator[Row]:
    """Yield soiled rows, a few of them twice in a row."""
    for row in rows:
        member, at, amount = columns
        dirty = soil(random, row, member, at, amount, missing)
        yield dirty
        if random.random() < 0.003:
            yield dirty


def write(path: Path, text: str) -> None:
    """Write UTF-8 text, gzipped without a time of its own when the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=6, mtime=0) as file:
            file.write(data)
        data = packed.getvalue()
    path.write_bytes(data)


def csv_text(rows: Sequence[Row], delimiter: str = ",") -> str:
    """Return rows as CSV with a header."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue()


def json_text(rows: Iterable[dict[str, object]]) -> str:
    """Return one JSON object per line."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def by_period(lines: Sequence[Line], months: int) -> dict[str, list[Line]]:
    """Return lines by the first month of their period, in time order within it."""
    periods: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda line: (line.at, line.order_no)):
        month = line.at.year * 12 + line.at.month - 1
        month -= month % months
        periods.setdefault(f"{month // 12}-{month % 12 + 1:02d}", []).append(line)
    return periods


def write_sources(random: Random, lines: Sequence[Line], folder: Path) -> Counter[str]:
    """Write the three sources, each in its own way, and return how many lines each has."""
    counts: Counter[str] = Counter()
    of = {source: [line for line in lines if line.source == source] for source in SOURCES}
    for period, some in by_period(of["shop"], 12).items():
        rows = list(delivered(random, map(shop_row, some), 0.004, ("customer_ref", "paid_at", "unit_price")))
        counts["shop"] += len(rows)
        write(folder / "shop" / f"orders-{period[:4]}.csv.gz", csv_text(rows))
    for period, some in by_period(of["stores"], 12).items():
        rows = list(delivered(random, map(stores_row, some), 0.03, ("Card", "Date", "Total")))
        counts["stores"] += len(rows)
        write(folder / "stores" / f"receipts-{period[:4]}.csv", csv_text(rows, ";"))
    for period, some in by_period(of["partner"], 3).items():
        counts["partner"] += len(some)
        write(folder / "partner" / f"ledger-{period}.jsonl", json_text(map(partner_row, some)))
    return counts


def make_sample(folder: Path, seed: int, member_count: int) -> Counter[str]:
    """Write the whole sample and return its counts."""
    random = Random(seed)
    members = make_members(random, member_count)
    lines = make_lines(random, members)
    counts = write_sources(random, lines, folder)
    events = make_events(random, members, prospects=member_count // 15)
    write(folder / "browsing" / "events.jsonl.gz", json_text(events))
    counts["browsing"] = len(events)
    counts["members"] = len({line.reference for line in lines})
    counts["refunds"] = sum(line.kind == "refund" for line in lines)
    return counts


def main() -> None:
    """Read the flags, write the sample, print what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="where the files are written")
    parser.add_argument("--seed", type=int, default=20250630)
    parser.add_argument("--members", type=int, default=12_000, help="how many members buy (default 12000)")
    flags = parser.parse_args()
    counts = make_sample(flags.folder, flags.seed, flags.members)
    total = sum(counts[source] for source in SOURCES)
    print(f"{total:,} lines of {counts['members']:,} members, {FIRST_DAY} to {LAST_DAY}, in {flags.folder}:")
    print(", ".join(f"{source} {counts[source]:,}" for source in SOURCES), end="; ")
    print(f"{counts['refunds']:,} of them refunds; {counts['browsing']:,} browsing events")


if __name__ == "__main__":
    main()
