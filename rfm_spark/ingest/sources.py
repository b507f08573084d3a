"""From a source of the configuration to raw lines (`raw_lines`), whatever its format.

Its only actions are listing the files and inferring the columns of JSON. The files are listed once, before anything
is read: a file that arrives while Spark lists them for itself stops the ingest.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Format, Header
from rfm_spark.config.source import Source
from rfm_spark.errors import UsageError
from rfm_spark.ingest.batches import with_batches
from rfm_spark.ingest.databases import read_database
from rfm_spark.ingest.failures import UNCLOSED_QUOTE
from rfm_spark.ingest.file_content import beginning, parquet_columns
from rfm_spark.ingest.file_states import Watch, watched
from rfm_spark.ingest.files import (
    FileSet,
    InputFile,
    list_files,
    listing_reader,
    of_each,
    require_listed,
)
from rfm_spark.ingest.json_keys import UNREADABLE, json_keys
from rfm_spark.ingest.nested import json_names, opened_columns, opened_lines
from rfm_spark.ingest.raw_lines import CORRUPT, FILE, RAW, raw_types
from rfm_spark.ingest.readers import allow_charset, check_options, file_reader
from rfm_spark.ingest.schema import VARIANT, quoted, require_types
from rfm_spark.ingest.skipped_lines import (
    BLANKS,
    CsvStart,
    csv_start,
    in_session,
    one_file_a_task,
    rows_of,
    without_beginning,
)
from rfm_spark.ingest.times import with_times_of_nanoseconds
from rfm_spark.ingest.unions import union_lines, with_empty_columns
from rfm_spark.rules.file_kinds import refuse_content, refuse_names
from rfm_spark.rules.headers import (
    header_as_needed,
    option_of,
    require_columns,
    require_single_names,
    written_separator,
)
from rfm_spark.rules.source_columns import needed_columns, require_one_meaning, written_amounts

WHOLE_LINE = "value"
MOST_HEADERS, MOST_SCHEMAS = 20, 100
LEAST_COLUMNS, SWALLOWED_LINES = 3, 2
"""So many lines inside one line of so many columns, each with the separators of a line, are lines that it swallowed."""


class SourceLines(NamedTuple):
    """The lines of a source as columns raw, corrupt and file, and its files as they were listed; None without files."""

    lines: DataFrame
    watch: Watch | None = None


def read_lines(spark: SparkSession, source: Source) -> SourceLines:
    """Return one row per line of the source, and the files that were listed for it.

    Raises UsageError when nothing is there or a needed column is missing or of an unusable type; then nothing has
    been read but the beginnings of the files. ConflictError when a file arrived since they were listed.
    """
    where = f"source {source.name}"
    check_options(source.options, where)
    read = _read(spark, source, where)
    types = raw_types(read.lines)
    require_columns(types, needed_columns(source), where)
    require_one_meaning(types, source, where)
    require_types(source, types)
    return read


def _read(spark: SparkSession, source: Source, where: str) -> SourceLines:
    if source.jdbc is not None:
        return SourceLines(_as_lines(read_database(spark, source, source.jdbc), None))
    if source.format is Format.DELTA:
        reader = spark.read.options(**source.options)
        table = reader.table(source.table) if source.table else reader.format("delta").load(source.paths[0])
        return SourceLines(opened_columns(_as_lines(table, None), source, where))
    files = list_files(listing_reader(spark.read, dict(source.options)), source.paths, where)
    if source.format is not Format.PARQUET:
        refuse_names((file.name for file in files.files), where)
    files = with_batches(spark, source, files, where)
    with watched(spark, files, where) as states:
        lines = FILE_READERS[source.format](spark, source, files, where)
        require_listed(lines.inputFiles(), files, where)
    return SourceLines(lines, Watch(where, files, states))


def _as_lines(frame: DataFrame, files: FileSet | None, names: Mapping[str, str] | None = None) -> DataFrame:
    """Return the frame with its columns gathered in `raw`; `names` gives columns the name that the source uses."""
    spelt = names or {}
    # A column of the file counts before the folder of its name.
    of_file = {name.lower() for name in spelt.values()}
    data = [name for name in frame.columns if name != UNREADABLE and (name in spelt or name.lower() not in of_file)]
    fields = [F.col(quoted(name)).alias(spelt.get(name, name)) for name in data]
    corrupt = F.col(UNREADABLE) if UNREADABLE in frame.columns else F.lit(None).cast("string")
    file = files.name_column() if files is not None else F.lit(None).cast("string")
    return frame.select(F.struct(*fields).alias(RAW), corrupt.alias(CORRUPT), file.alias(FILE))


def _csv(spark: SparkSession, source: Source, files: FileSet, where: str) -> DataFrame:
    groups: dict[CsvStart, list[InputFile]] = {}
    for file, start in zip(files.files, of_each(files.files, lambda file: _start(spark, source, file)), strict=True):
        if start is None:
            continue
        header = start.header
        if source.header is Header.IGNORE_CASE:
            header = header_as_needed(header, needed_columns(source))
        require_columns(header, needed_columns(source), f"{where}: {file.name}", files.folder_columns())
        require_single_names(header, f"{where}: {file.name}")
        groups.setdefault(start._replace(header=header), []).append(file)
    if not groups:
        raise UsageError(where, "only empty files", "a header line", "wait for the delivery")
    if len(groups) > MOST_HEADERS:
        raise UsageError(where, f"{len(groups)} different headers", "files of one kind", "split the source")
    is_one = len(groups) == 1 and not source.skip_lines
    paths = {
        start: files.places(source.paths) if is_one else [file.pattern for file in group]
        for start, group in groups.items()
    }
    frames = [_csv_group(spark, source, files, start, paths[start]) for start in sorted(groups)]
    return union_lines({f"{where}: group {n}": frame for n, frame in enumerate(frames)}, source)


def _csv_group(spark: SparkSession, source: Source, files: FileSet, start: CsvStart, paths: list[str]) -> DataFrame:
    """Return the lines of files with one header. Columns are read by position and named after the header."""
    names = {f"c{n}": name for n, name in enumerate(start.header)}
    schema = ", ".join([f"{name} string" for name in names] + [f"{UNREADABLE} string"])
    options = {**rfc_4180(source), **source.options} | ({"header": "false"} if source.skip_lines else {})
    allow_charset(spark, options)
    session = one_file_a_task(spark) if source.skip_lines else spark
    reader = file_reader(session, source, files, options).options(
        mode="PERMISSIVE", columnNameOfCorruptRecord=UNREADABLE, enforceSchema="true", columnPruning="false"
    )
    lines = reader.schema(schema).csv(paths)
    if source.skip_lines:
        lines = without_beginning(in_session(lines, spark), list(names), start, files)
    if source.multi_line:
        lines = lines.where(_has_closed_quotes(source, list(names), files))
    return _as_lines(lines, files, names)


def _has_closed_quotes(source: Source, names: Sequence[str], files: FileSet) -> Column:
    """Return true; the reading fails at a line that swallowed lines after it, because a quote in it is not closed.

    It shows by a line break in a line that could not be split, or by lines inside one value that look like lines.
    """
    separator = re.escape(written_separator(source.options))
    values = F.concat_ws("\n", *names)
    is_swallowing = F.col(UNREADABLE).contains("\n")
    if len(names) >= LEAST_COLUMNS and len(separator.removeprefix("\\")) == 1:
        inner = f"[^\n{separator}]*(?:{separator}[^\n{separator}]*){{{len(names) - 1}}}"
        is_swallowing |= values.contains("\n") & values.rlike(f"(?:\n{inner}(?=\n|$)){{{SWALLOWED_LINES}}}")
    failure = F.raise_error(F.concat(F.lit(f"{UNCLOSED_QUOTE} <"), files.name_column(), F.lit(">")))
    return F.when(F.coalesce(is_swallowing, F.lit(False)), failure.cast("boolean")).otherwise(F.lit(True))


def rfc_4180(source: Source) -> dict[str, str]:
    """Return the reader options of the common dialect: a quote inside quotes is doubled, a backslash is itself.

    A value may hold line breaks unless `multi_line: false`, with which several tasks read one file.
    """
    quote = option_of(source.options, "quote", '"')
    return {"header": "true", "escape": quote, "multiLine": str(source.multi_line).lower()}


def _start(spark: SparkSession, source: Source, file: InputFile) -> CsvStart | None:
    options, where = source.options, f"source {source.name}: {file.name}"
    encoding, comment = option_of(options, "encoding", "UTF-8"), option_of(options, "comment", "")
    quote = option_of(options, "quote", '"') if source.multi_line else ""
    line, skipped = beginning(spark, file, encoding, comment or None, quote, source.skip_lines)
    for text in (*skipped, line or ""):
        refuse_content(text, where)
    return None if line is None else csv_start(source, line, skipped, quote, where)


def _json(spark: SparkSession, source: Source, files: FileSet, where: str) -> DataFrame:
    """Return JSON lines with every value as text; a first pass infers the names of the columns.

    Amounts with a number format keep what they are, because a number of JSON is not written in it. A key that no line
    has leaves no trace, so a needed name that was not found is NULL unless it is required.
    """
    reader = file_reader(spark, source, files).options(mode="PERMISSIVE", columnNameOfCorruptRecord=UNREADABLE)
    places = files.places(source.paths)
    keys = json_keys(spark, reader.options(primitivesAsString="true"), places)
    names = json_names(keys, source, where)
    written = written_amounts(source)
    amounts = [name for name in names if name in written]
    types = dict.fromkeys([*names, UNREADABLE], "string") | dict.fromkeys(amounts, VARIANT)
    schema = ", ".join(f"{quoted(name)} {type_}" for name, type_ in types.items())
    lines = _as_lines(reader.schema(schema).json(places), files)
    return opened_lines(lines, keys, source, is_json=True)


def _parquet(spark: SparkSession, source: Source, files: FileSet, where: str) -> DataFrame:
    """Return Parquet lines. Files are grouped by their footers and each group is read with its own columns, because a
    reader takes a missing column as NULL and fails at a column of another type.
    """
    groups: dict[tuple[tuple[str, str], ...], list[InputFile]] = {}
    for file, columns in zip(files.files, of_each(files.files, lambda f: parquet_columns(spark, f)), strict=True):
        groups.setdefault(tuple(sorted(columns.items())), []).append(file)
    if len(groups) > MOST_SCHEMAS:
        raise UsageError(
            where,
            f"files with {len(groups)} different schemas",
            f"at most {MOST_SCHEMAS}",
            "deliver all files with one schema",
        )
    read = {}
    for footer, group in groups.items():
        reader = file_reader(spark, source, files).option("mergeSchema", "false")
        places = files.places(source.paths) if len(groups) == 1 else [file.pattern for file in group]
        frame = reader.parquet(*places)
        typed = with_empty_columns(with_times_of_nanoseconds(frame, dict(footer)), dict(footer))
        place = f"{where}: {group[0].name}"
        read[place] = opened_columns(_as_lines(typed, files), source, place, is_one_of_many=len(groups) > 1)
    return union_lines(read, source)


def _text(spark: SparkSession, source: Source, files: FileSet, where: str) -> DataFrame:
    """Return whole lines as column `value`; blank lines are none, and `skip_lines` are left out of every file."""
    # In these a line break is no single byte at which a file could be split.
    is_whole = option_of(source.options, "encoding", "UTF-8").lower().startswith(("utf-16", "utf-32"))
    options = {"sep": "\u0001", "quote": "", "escape": "", "header": "false", "multiLine": str(is_whole).lower()}

    def read(session: SparkSession, places: list[str]) -> DataFrame:
        reader = file_reader(session, source, files, {**source.options, **options}).option("mode", "PERMISSIVE")
        return reader.schema(f"{WHOLE_LINE} string").csv(places)

    # A look into each file refuses what is no text, also where nothing is skipped.
    rows = of_each(files.files, lambda file: _rows_to_skip(spark, source, file, is_whole, where))
    if not source.skip_lines:
        frames = [read(spark, files.places(source.paths))]
    else:
        allow_charset(spark, source.options)
        places: dict[int, list[str]] = {}
        for file, skipped in zip(files.files, rows, strict=True):
            places.setdefault(skipped, []).append(file.pattern)
        frames = [
            without_beginning(
                in_session(read(one_file_a_task(spark), names), spark), [WHOLE_LINE], CsvStart((), skipped), files
            )
            for skipped, names in sorted(places.items())
        ]
    is_written = F.btrim(WHOLE_LINE, F.lit(BLANKS)) != ""
    return reduce(DataFrame.unionByName, [_as_lines(frame.where(is_written), files) for frame in frames])


def _rows_to_skip(spark: SparkSession, source: Source, file: InputFile, is_whole: bool, where: str) -> int:
    """Return the rows that a reader makes of the lines to skip in a file of text; UsageError where it is no text."""
    encoding = option_of(source.options, "encoding", "UTF-8")
    line, skipped = beginning(spark, file, encoding, None, skip_lines=source.skip_lines)
    for text in (*skipped, line or ""):
        refuse_content(text, f"{where}: {file.name}")
    return rows_of(skipped, is_whole)


FILE_READERS: Mapping[Format, Callable[[SparkSession, Source, FileSet, str], DataFrame]] = {
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.PARQUET: _parquet,
    Format.TEXT: _text,
}
