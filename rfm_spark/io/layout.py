"""How rows are spread over files before they are written."""

from pyspark.sql import DataFrame


def range_partitioned(frame: DataFrame, files: int, *keys: str) -> DataFrame:
    """Return the frame in so many partitions that are disjoint in the keys, for tables looked up by them.

    One partition needs no shuffle and no sampling.
    """
    return frame.coalesce(1) if files == 1 else frame.repartitionByRange(files, *keys)
