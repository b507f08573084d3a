"""Opens a source of the configuration: its lines with their fates, ready to be staged.

What a step does with each source:

    opened = open_source(spark, source, config, Asked(first, last, today), key)
    staged = staging.stage(opened.lines, source.name)     # the only pass over the input, it fills the counts
    counts = opened.counts()
    transactions(staged, source), rejected_rows(staged, source, run_id), identities(staged, source)
    unknown = unknown_identities(identities, known); require_same_ids(unknown)
    fresh = new_identities(unknown); colliding = collisions(fresh, known)

Errors of Spark in `stage` go through `failures.translate_read_error`. The staged lines hold references of members:
the staging folder is as restricted as member_identity and is cleared when the run ends.
"""

from dataclasses import dataclass
from functools import reduce

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery, Format, IdMethod
from rfm_spark.config.lookup_names import in_order
from rfm_spark.config.model import Config
from rfm_spark.config.source import Source
from rfm_spark.errors import UsageError
from rfm_spark.ingest.clean import FATE, Asked, LineCounts, clean_lines, counts_of, observe_fates
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.files import FileSet
from rfm_spark.ingest.identity import key_frame
from rfm_spark.ingest.lookups import join_lookup, read_lookup
from rfm_spark.ingest.mapping import Fields
from rfm_spark.ingest.reasons import Fate
from rfm_spark.ingest.sources import FILE, raw_types, read_lines
from rfm_spark.ingest.times import Zones
from rfm_spark.rules.source_columns import lookup_columns


@dataclass(frozen=True)
class OpenedSource:
    """The accepted and rejected lines of a source, not read yet; staging `lines` fills the counts.

    `pads` are the one-row key frame, for `identity.override_entries`. `files` are those that were listed before
    anything was read; None for tables and databases. `columns` are those that the source delivers.
    """

    source: Source
    files: FileSet | None
    columns: tuple[str, ...]
    lines: DataFrame
    pads: DataFrame
    observation: Observation

    def counts(self) -> LineCounts:
        """Return what became of the lines. Stage them first: until then this waits."""
        return counts_of(self.observation.get, f"source {self.source.name}")


def open_source(
    spark: SparkSession,
    source: Source,
    config: Config,
    asked: Asked,
    key: bytes | None,
    lines_of_a_file: int | None = None,
) -> OpenedSource:
    """Return the source's lines with their fates. `key` is needed for hashed ids, and else keys fingerprints only.

    `lines_of_a_file`: no more than these, of the first and of the last file. UsageError (exit 2) when there is nothing
    to read or a needed column is missing; nothing was written.
    """
    where = f"source {source.name}"
    _check(source, config, asked, key, where)
    try:
        raw, files = read_lines(spark, source)
        if lines_of_a_file is not None:
            raw = first_lines(raw, files, lines_of_a_file)
        for lookup in in_order(source.lookups):
            if lookup_columns(source, lookup.name):
                raw = join_lookup(raw, read_lookup(spark, source, lookup), lookup, source)
    except (PySparkException, Py4JError) as error:
        raise translate_read_error(error, where) from None
    types = raw_types(raw)
    calendar = config.calendar.time_zone
    fields = Fields(source, types, Zones(source.time_zone or calendar, calendar))
    pads = key_frame(spark, key)
    observation = Observation(f"lines of {source.name}")
    lines = observe_fates(clean_lines(raw, pads, source, config, fields, asked), observation)
    kept = lines.where(F.col(FATE).isin(Fate.ACCEPTED.value, Fate.REJECTED.value))
    return OpenedSource(source, files, tuple(types), kept, pads, observation)


def first_lines(raw: DataFrame, files: FileSet | None, most: int) -> DataFrame:
    """Return the first lines of the first and of the last file; any lines of a table."""
    if files is None:
        return raw.limit(most)
    names = {files.files[0].name, files.files[-1].name}
    return reduce(DataFrame.unionByName, [raw.where(F.col(FILE) == F.lit(name)).limit(most) for name in sorted(names)])


def _check(source: Source, config: Config, asked: Asked, key: bytes | None, where: str) -> None:
    if key is None and config.identity.method is IdMethod.HASH:
        raise UsageError("identity.key", "no key", "a key for identity.method: hash", "name its file or variable")
    if source.delivery is Delivery.BATCHES and (source.format in (Format.DELTA, Format.JDBC)):
        raise UsageError(where, "delivery: batches without files", "files, which are the batches", "use delivery: days")
    if source.delivery is Delivery.BATCHES and (asked.first or asked.last):
        raise UsageError(where, "--from/--to with delivery: batches", "no days: a batch is replaced as a whole")
