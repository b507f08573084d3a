"""What an ingest tells besides its counts: what follows the configuration and is likely wrong, or slow."""

from collections.abc import Iterator, Mapping

from rfm_spark.config.choices import Format
from rfm_spark.config.source import Source
from rfm_spark.ingest.fates import LineCounts
from rfm_spark.ingest.schema import instant_field
from rfm_spark.rules.headers import option_of
from rfm_spark.text import counted

LARGE_FILE = 10**9
"""So many bytes are much for one task."""
IN_ONE_PIECE = (".gz", ".deflate", ".snappy", ".lz4", ".zst")
"""Ends of names of files that no two tasks can read."""


def two_days_advice(source: Source, counts: LineCounts) -> Iterator[str]:
    """Yield what to do where the time of lines could be read as two days.

    >>> from rfm_spark.config.choices import Dataset
    >>> counts = LineCounts(read=9, accepted=9, excluded=0, rejected=0, outside=0, two_days=1)
    >>> print(*two_days_advice(Source("shop", Dataset.TRANSACTIONS, Format.CSV, {}), counts))
    source shop: the time of 1 line fits two formats of ordered_at and would be two days: the first format was taken; \
write the one that the file has, or make two sources of what two programs wrote
    """
    if counts.two_days:
        lines = counted(counts.two_days, "line")
        yield (
            f"source {source.name}: the time of {lines} fits two formats of {instant_field(source)} and would be two "
            "days: the first format was taken; write the one that the file has, or make two sources of what two "
            "programs wrote"
        )


def shared_version_advice(source: Source, counts: LineCounts) -> Iterator[str]:
    """Yield what to do where one version of an order is in several files.

    >>> from rfm_spark.config.choices import Dataset
    >>> counts = LineCounts(read=9, accepted=9, excluded=0, rejected=0, outside=0, shared=4)
    >>> print(*shared_version_advice(Source("shop", Dataset.TRANSACTIONS, Format.CSV, {}), counts))
    source shop: 4 lines are of orders that several files have with one version: all of them count, as parts of one \
order; where each file has whole orders, give a later delivery a newer version
    """
    if counts.shared:
        lines = counted(counts.shared, "line")
        is_or_are = "is" if counts.shared == 1 else "are"
        yield (
            f"source {source.name}: {lines} {is_or_are} of orders that several files have with one version: all of "
            "them count, as parts of one order; where each file has whole orders, give a later delivery a newer version"
        )


def not_found_advice(source: Source, counts: LineCounts) -> Iterator[str]:
    """Yield for each look-up how many lines have a key that it does not have.

    >>> from rfm_spark.config.choices import Dataset
    >>> counts = LineCounts(9, 5, 0, 4, 0, not_found={"orders": 3, "items": 0, "cards": 1})
    >>> print(*not_found_advice(Source("shop", Dataset.TRANSACTIONS, Format.CSV, {}), counts), sep="; ")
    source shop: 3 lines have no row in look-up orders; source shop: 1 line has no row in look-up cards
    """
    for name, number in counts.not_found.items():
        if number:
            have = "has" if number == 1 else "have"
            yield f"source {source.name}: {counted(number, 'line')} {have} no row in look-up {name}"


def large_file_advice(source: Source, sizes: Mapping[str, int]) -> Iterator[str]:
    """Yield what to do with CSV files above 1 GB that one task reads; `sizes` are their bytes by name.

    >>> from rfm_spark.config.choices import Dataset
    >>> shop = Source("shop", Dataset.TRANSACTIONS, Format.CSV, {})
    >>> print(*large_file_advice(shop, {"may.csv": 2_300_000_000, "june.csv": 999_999_999}))
    source shop: may.csv has 2.3 GB and is read by one task: write multi_line: false where no value holds a line \
break, or have it delivered in parts
    """
    if source.format is not Format.CSV:
        return
    is_one_piece = option_of(source.options, "multiLine", str(source.multi_line)).lower() == "true"
    for name, size in sorted(sizes.items()):
        is_packed = name.lower().endswith(IN_ONE_PIECE)
        if size > LARGE_FILE and (is_packed or is_one_piece):
            way = "have it delivered in parts, or not compressed"
            if not is_packed:
                way = "write multi_line: false where no value holds a line break, or have it delivered in parts"
            yield f"source {source.name}: {name} has {size / 10**9:.1f} GB and is read by one task: {way}"
