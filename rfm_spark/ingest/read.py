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

from dataclasses import dataclass, replace
from functools import reduce

from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery, Format, IdMethod
from rfm_spark.config.model import Config
from rfm_spark.config.source import KEY_FIELD, VERSION_FIELD, Source
from rfm_spark.contracts import columns as c
from rfm_spark.errors import ConflictError, UsageError
from rfm_spark.ingest.clean import Asked, clean_lines
from rfm_spark.ingest.failures import translate_read_error
from rfm_spark.ingest.fates import FATE, LineCounts, counts_of, observe_fates
from rfm_spark.ingest.file_states import Watch
from rfm_spark.ingest.files import FileSet
from rfm_spark.ingest.first_lines import first_lines
from rfm_spark.ingest.identity import key_frame
from rfm_spark.ingest.lookups import lookup_types, with_lookups
from rfm_spark.ingest.mapping import Fields
from rfm_spark.ingest.missing import REFERENCES, WORD, missing_of
from rfm_spark.ingest.raw_lines import CORRUPT, FILE, raw_line, raw_types
from rfm_spark.ingest.reasons import Fate
from rfm_spark.ingest.schema import require_types
from rfm_spark.ingest.sources import read_lines
from rfm_spark.ingest.times import Zones
from rfm_spark.ingest.versions import mark_superseded


@dataclass(frozen=True)
class OpenedSource:
    """The accepted and rejected lines of a source, not read yet; staging `lines` fills the counts.

    `pads` are the one-row key frame, for `identity.override_entries`. `watch` has the files that were listed before
    anything was read; None for tables and databases. `of_lookups` are those of its look-ups. `columns` are those that
    the source delivers.
    """

    source: Source
    watch: Watch | None
    of_lookups: tuple[Watch, ...]
    columns: tuple[str, ...]
    lines: DataFrame
    pads: DataFrame
    observation: Observation

    @property
    def files(self) -> FileSet | None:
        """Return the files of the source; None for tables and databases."""
        return None if self.watch is None else self.watch.files

    def change(self, spark: SparkSession) -> ConflictError | None:
        """Return the error for a file that is not what it was when it was listed; None where all are."""
        watches = self.of_lookups if self.watch is None else (self.watch, *self.of_lookups)
        return next((error for watch in watches if (error := watch.change(spark)) is not None), None)

    def file_sizes(self) -> dict[str, int]:
        """Return the bytes of the files by their names; none of tables and databases."""
        if self.watch is None:
            return {}
        found = {file.name: self.watch.states.get(file.uri) for file in self.watch.files.files}
        return {name: state.length for name, state in found.items() if state is not None}

    def counts(self) -> LineCounts:
        """Return what became of the lines. Stage them first: until then this waits."""
        observed = self.observation.get
        counts = counts_of(observed, f"source {self.source.name}")
        return replace(counts, missing=missing_of(self.source, observed))


def open_source(
    spark: SparkSession,
    source: Source,
    config: Config,
    asked: Asked,
    key: bytes | None,
    lines_of_a_file: int | None = None,
    known_versions: DataFrame | None = None,
) -> OpenedSource:
    """Return the source's lines with their fates. `key` is needed for hashed ids, and else keys fingerprints only.

    `lines_of_a_file`: no more than these, of the first and of the last file. UsageError (exit 2) when there is nothing
    to read or a needed column is missing; nothing was written.
    """
    where = f"source {source.name}"
    _check(source, config, asked, key, where)
    try:
        raw, watch = read_lines(spark, source)
        if lines_of_a_file is not None:
            raw = first_lines(raw, watch and watch.files, source, lines_of_a_file)
        raw, of_lookups = with_lookups(spark, raw, source)
    except (PySparkException, Py4JError) as error:
        raise translate_read_error(error, where) from None
    columns, calendar = raw_types(raw), config.calendar.time_zone
    types = columns | lookup_types(raw, source)
    require_types(source, types)
    zones, pads = Zones(source.time_zone or calendar, calendar), key_frame(spark, key)
    if source.delivery is Delivery.CHANGES:
        raw = _with_versions(raw, Fields(source, types, zones), known_versions)
    cleaned = [
        clean_lines(raw, pads, made, config, Fields(made, types, zones), asked) for made in source.made_of_each()
    ]
    observation = Observation(f"lines of {source.name}")
    lines = observe_fates(reduce(_union, cleaned), source, observation)
    # An order whose lines are all left out is gone.
    also = [Fate.EXCLUDED.value] if source.delivery is Delivery.CHANGES else []
    kept = lines.where(F.col(FATE).isin(Fate.ACCEPTED.value, Fate.REJECTED.value, *also))
    kept = kept.drop(*(WORD + name for name in REFERENCES))
    return OpenedSource(source, watch, of_lookups, tuple(columns), kept, pads, observation)


def _with_versions(raw: DataFrame, fields: Fields, known: DataFrame | None) -> DataFrame:
    # A line that could not be split has its values in wrong columns: it names no order.
    named = raw.withColumn(c.BATCH_ID, F.when(F.col(CORRUPT).isNull(), fields.field(KEY_FIELD)))
    versioned = named.withColumn(c.ORDER_VERSION, F.when(F.col(CORRUPT).isNull(), fields.field(VERSION_FIELD)))
    return mark_superseded(versioned, known, raw_line(), F.col(FILE))


def _union(one: DataFrame, other: DataFrame) -> DataFrame:
    return one.unionByName(other, allowMissingColumns=True)


def _check(source: Source, config: Config, asked: Asked, key: bytes | None, where: str) -> None:
    if key is None and config.identity.method is IdMethod.HASH:
        raise UsageError("identity.key", "no key", "a key for identity.method: hash", "name its file or variable")
    if source.delivery is Delivery.BATCHES and (source.format in (Format.DELTA, Format.JDBC)):
        raise UsageError(where, "delivery: batches without files", "files, which are the batches", "use delivery: days")
    if source.delivery is not Delivery.DAYS and (asked.first or asked.last):
        unit = "a batch" if source.delivery is Delivery.BATCHES else "an order"
        found = f"--from/--to with delivery: {source.delivery}"
        raise UsageError(where, found, f"no days: {unit} is replaced as a whole")
