"""The words for nothing in references: how many lines have each in place of a member or of an order.

Words are configuration, not values of members, so they may be told.
"""

from collections.abc import Iterator, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.source import Source
from rfm_spark.contracts import columns as c
from rfm_spark.ingest.reasons import RejectReason
from rfm_spark.text import counted

WORD = "_word_of_"
REFERENCES = {"member": "a member", "order_id": "an order", "refunded_order_id": "a refunded order"}
"""Fields that name somebody or something, and what a line without one lacks."""
EMPTY = ""
"""Stands for lines that have no word either: nothing was delivered, or nothing was found in a look-up."""


def words_of(source: Source, field: str) -> tuple[str, ...]:
    """Return the words that mean that a line has no such reference, as they are written."""
    return (*source.missing_words, *(source.missing_members if field == "member" else ()))


def taken_words(lines: DataFrame, source: Source, is_accepted: Column, is_without_member: Column) -> list[Column]:
    """Return for each reference the number of the word that the line has in its place, where the line counts.

    A word for a member counts in lines rejected for it, one for an order in lines that are accepted without one.
    """
    return [
        F.when(is_without_member if field == "member" else is_accepted, F.col(WORD + field)).alias(WORD + field)
        for field in _references(source)
        if WORD + field in lines.columns
    ]


def word_counts(source: Source) -> Iterator[Column]:
    """Yield the counts to observe: lines per word, and accepted lines without an order."""
    for field in _references(source):
        numbers = range(1, len(words_of(source, field)) + 1)
        yield from (F.count_if(F.col(WORD + field) == number).alias(f"{WORD}{field} {number}") for number in numbers)
    if "order_id" in source.columns:
        without = F.col(c.MEMBER_ID).isNotNull() & F.col(c.ORDER_ID).isNull()
        yield F.count_if(without).alias(WORD + "order_id")


def missing_of(source: Source, observed: Mapping[str, object]) -> dict[str, dict[str, int]]:
    """Return the lines per word of each reference; `EMPTY` are lines without a member or order and without a word."""
    numbers = {name: value for name, value in observed.items() if isinstance(value, int)}
    without = {"member": numbers[RejectReason.MISSING_MEMBER.value], "order_id": numbers.get(WORD + "order_id", 0)}
    missing: dict[str, dict[str, int]] = {}
    for field in _references(source):
        found: dict[str, int] = {}
        for number, word in enumerate(words_of(source, field), 1):
            found[word] = found.get(word, 0) + numbers[f"{WORD}{field} {number}"]
        found[EMPTY] = max(0, without.get(field, 0) - sum(found.values()))
        kept = {word: count for word, count in found.items() if count}
        if kept:
            missing[field] = kept
    return missing


def missing_lines(source: str, missing: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return one line per reference that lines lack, with the words that they have in its place.

    >>> missing_lines("shop", {"member": {"": 1, "N/A": 2, "NULL": 10}, "order_id": {"-": 1}})
    ['shop: 13 lines without a member: NULL 10, N/A 2, empty 1', 'shop: 1 line without an order: - 1']
    """
    lines = []
    for field, words in missing.items():
        by_count = sorted(words.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{word or 'empty'} {count:,}" for word, count in by_count)
        lines.append(f"{source}: {counted(sum(words.values()), 'line')} without {REFERENCES[field]}: {shown}")
    return lines


def _references(source: Source) -> list[str]:
    return [field for field in REFERENCES if field in source.columns]
