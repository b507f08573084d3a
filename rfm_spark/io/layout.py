"""How rows are spread over files before they are written."""

from pyspark.sql import DataFrame

ROWS_PER_FILE = 8_000_000
"""Rows of transaction or member_day that one task handles: some 50 million rows in 8 tasks and files."""
ROWS_OF_ONE_TASK = 100_000
"""So few rows one task handles sooner than two: starting tasks costs more than their work."""


def range_partitioned(frame: DataFrame, files: int, *keys: str) -> DataFrame:
    """Return the frame in so many partitions that are disjoint in the keys, for tables looked up by them.

    One partition needs no shuffle and no sampling.
    """
    return frame.coalesce(1) if files == 1 else frame.repartitionByRange(files, *keys)


def files_for(rows: int, cores: int) -> int:
    """Return how many files hold so many rows: one for few rows, else a power of two, at least the cores.

    >>> files_for(20_000, 2), files_for(200_000, 2), files_for(50_000_000, 2), files_for(200_000, 6)
    (1, 2, 8, 8)
    """
    if rows <= ROWS_OF_ONE_TASK:
        return 1
    wanted = max(cores, -(-rows // ROWS_PER_FILE))
    return 1 << (wanted - 1).bit_length()
