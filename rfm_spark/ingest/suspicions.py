"""What is right by the rules and likely wrong all the same, in the lines of a trial; no value of a member is told."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from pyspark.sql import Row

from rfm_spark.config.choices import Fold, Format
from rfm_spark.config.source import NumberFormat, Source
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.fates import FAULTS, LINE_DAY
from rfm_spark.ingest.first_lines import AMOUNT_TEXT
from rfm_spark.ingest.folding import folded_words
from rfm_spark.ingest.reasons import RejectReason
from rfm_spark.rules.currencies import CURRENCY_WORDS
from rfm_spark.text import counted, percent

FIRST_LIKELY_DAY = date(1990, 1, 1)
LEAST_LINES = 100
"""With fewer lines one member with a large share of them is nothing to speak of."""
LARGEST_SHARE = 0.05


def suspicions(source: Source, accepted: Sequence[Row], rejected: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each thing that a person should look at."""
    yield from _days(accepted, rejected)
    yield from _amounts(source, accepted, rejected)
    yield from _orders_and_members(accepted)
    yield from _alike("reference", (row[c.ID_VALUE] for row in accepted))
    yield from _alike("order number", (row[c.ORDER_ID] for row in accepted if has(accepted, c.ORDER_ID)))


def has(rows: Sequence[Row], name: str) -> bool:
    """Return whether the rows have a column."""
    return bool(rows) and name in rows[0]


def values(rows: Sequence[Row], name: str) -> list[Any]:
    """Return what the rows have in a column, where they have anything."""
    return [row[name] for row in rows if row[name] is not None] if has(rows, name) else []


def is_rejected_for(row: Row, reason: RejectReason) -> bool:
    """Return whether a line was rejected for this reason, perhaps among others."""
    return bool(row[FAULTS] & reason.bit)


def _days(accepted: Sequence[Row], rejected: Sequence[Row]) -> Iterator[str]:
    days = values(accepted, LINE_DAY)
    if days and min(days) < FIRST_LIKELY_DAY:
        yield f"a line is of {min(days)}: is that the format of the day?"
    late = [row for row in rejected if is_rejected_for(row, RejectReason.FUTURE_DATE)]
    if late:
        is_or_are = "is" if len(late) == 1 else "are"
        yield f"{counted(len(late), 'line')} {is_or_are} of a day to come: is that the format of the day?"


def _amounts(source: Source, accepted: Sequence[Row], rejected: Sequence[Row]) -> Iterator[str]:
    amounts = values(accepted, c.AMOUNT)
    if len(amounts) > 1 and len(set(amounts)) == 1:
        yield f"all {len(amounts):,} amounts are equal"
    amount = source.columns.get("amount")
    if amount is not None and amount.pattern is not None and source.format is not Format.TEXT:
        yield "a pattern cuts the amounts: `number` reads them whole, and rejects what it cannot read"
    unread = [row[AMOUNT_TEXT] or "" for row in rejected if is_rejected_for(row, RejectReason.BAD_AMOUNT)]
    format_ = (amount.number if amount is not None else None) or source.number
    symbols = symbols_in(unread, format_)
    if symbols:
        quoted = ", ".join(f'"{symbol}"' for symbol in symbols)
        yield f"amounts that were not read carry {', '.join(symbols)}: add number: {{symbols: [{quoted}]}}"
    if format_ is None and any("," in text for text in unread):
        yield "amounts that were not read have a comma: say by number: {decimal: ','} or {thousands: ','} which it is"


def symbols_in(texts: Sequence[str], format_: NumberFormat | None) -> list[str]:
    """Return the signs and words of currencies in amounts that the number format does not know, sorted.

    >>> symbols_in(["12,50 \u20ac", "EUR 3", "7 pieces"], NumberFormat(symbols=("EUR",)))
    ['\u20ac']
    """
    signs = {character for text in texts for character in text if unicodedata.category(character) == "Sc"}
    words = {word for word in CURRENCY_WORDS if any(word in _without_digits(text).split() for text in texts)}
    return sorted((signs | words) - set(format_.symbols if format_ is not None else ()))


def _without_digits(text: str) -> str:
    """Return the text with a blank for everything that belongs to a number."""
    return "".join(character if character.isalpha() else " " for character in text)


def _orders_and_members(accepted: Sequence[Row]) -> Iterator[str]:
    members = Counter(values(accepted, c.MEMBER_ID))
    orders = {(row[c.MEMBER_ID], row[c.ORDER_ID]) for row in accepted} if has(accepted, c.ORDER_ID) else set()
    if len(orders) == len(members) > 1 and len(accepted) > len(members):
        yield "every member has one order: is order_id the column of the order?"
    if members and len(accepted) >= LEAST_LINES and max(members.values()) > LARGEST_SHARE * len(accepted):
        share = percent(Fraction(max(members.values()), len(accepted)))
        yield f"one member has {share} of the lines: is its reference a word for nobody?"


def _alike(what: str, references: Iterator[str | None]) -> Iterator[str]:
    """Yield a line where references differ in nothing that a person would see as a difference, and what makes them one.

    >>> list(_alike("reference", iter(["Ann", "ann", "12", "12.0", "7"])))
    ['2 references differ from another in capitals, blanks, width or a trailing .0 alone: fold: [case] makes some one']
    """
    known = {reference for reference in references if reference is not None}
    groups = Counter(_plain(reference) for reference in known)
    pairs = sum(number > 1 for number in groups.values())
    if not pairs:
        return
    helping = [fold.value for fold in Fold if len(set(folded_words(known, (fold,)))) < len(known)]
    step = f": fold: [{', '.join(helping)}] makes some one" if helping else ""
    differ = "differs" if pairs == 1 else "differ"
    yield f"{counted(pairs, what)} {differ} from another in capitals, blanks, width or a trailing .0 alone{step}"


def _plain(reference: str) -> str:
    (folded,) = folded_words([reference], tuple(Fold))
    return "".join(folded.split()).removesuffix(".0")
