"""Segments under the names of today: what a set or a segment was formerly called counts as what it is called now."""

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.history.links import renames_of


def named_today(rows: DataFrame, config: Config) -> DataFrame:
    """Return rows of member_segment with sets and segments under today's names."""
    renames = renames_of(config.segment_sets)
    if not renames.sets and not renames.segments:
        return rows
    set_today = F.col(c.SEGMENT_SET)
    for then, today in sorted(renames.sets.items()):
        set_today = F.when(F.col(c.SEGMENT_SET) == F.lit(then), F.lit(today)).otherwise(set_today)
    segment = F.col(c.SEGMENT)
    for name, former in sorted(renames.segments.items()):
        for then, today in sorted(former.items()):
            is_former = (F.col(c.SEGMENT_SET) == F.lit(name)) & (F.col(c.SEGMENT) == F.lit(then))
            segment = F.when(is_former, F.lit(today)).otherwise(segment)
    return rows.withColumn(c.SEGMENT_SET, set_today).withColumn(c.SEGMENT, segment)


def former_names(config: Config, names: Iterable[str]) -> list[str]:
    """Return the names that these sets had before, of those that had another one."""
    return [before for name in names if (before := config.segment_sets[name].formerly) is not None]
