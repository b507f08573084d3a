"""Reads what became of the lines of the last ingest of each source; why lines were rejected is in rejected_row."""

from collections.abc import Sequence

from pyspark.sql import functions as F

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import REJECTED_ROW
from rfm_spark.report.inputs import LastIngest, Read
from rfm_spark.report.numbers import SourceQuality


def read_quality(read: Read, ingests: Sequence[LastIngest]) -> tuple[SourceQuality, ...]:
    """Return the counts and reasons of each source, by name."""
    reasons = read_reasons(read, [one.run_id for one in ingests]) if ingests else {}
    return tuple(
        SourceQuality(
            source=one.source,
            ingested_at=one.ingested_at,
            read=one.read,
            accepted=one.accepted,
            excluded=one.excluded,
            rejected=one.rejected,
            outside=one.outside,
            reasons=reasons.get((one.run_id, one.source), {}),
        )
        for one in sorted(ingests, key=lambda one: one.source)
    )


def read_reasons(read: Read, run_ids: list[str]) -> dict[tuple[str, str], dict[str, int]]:
    """Return by run and source how many lines were rejected for each reason, the most frequent first."""
    rows = (
        read(REJECTED_ROW)
        .where(F.col(c.RUN_ID).isin(run_ids))
        .select(c.RUN_ID, c.SOURCE, F.explode(c.REASONS).alias("reason"), c.LINE_COUNT)
        .groupBy(c.RUN_ID, c.SOURCE, "reason")
        .agg(F.sum(c.LINE_COUNT).alias("lines"))
        .collect()
    )
    reasons: dict[tuple[str, str], dict[str, int]] = {}
    for row in sorted(rows, key=lambda row: (-row["lines"], row["reason"])):
        reasons.setdefault((row[c.RUN_ID], row[c.SOURCE]), {})[row["reason"]] = row["lines"]
    return reasons
