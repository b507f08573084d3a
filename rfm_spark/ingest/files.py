"""The files of a source: their list, their names and their first lines.

The driver lists them and reads their first lines or footers; no data passes through it.
"""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from rfm_spark.errors import ConflictError, UsageError
from rfm_spark.rules.headers import is_open

GLOB_CHARACTERS = re.compile(r"[*?\[\]{}]")
LISTING_OPTIONS = ("recursiveFileLookup", "pathGlobFilter", "modifiedBefore", "modifiedAfter")
FILE_PATH = "_metadata.file_path"
SLASHES = re.compile("^([a-z0-9]+):/+(?=[^/])")
READERS_AT_ONCE = 8
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class InputFile:
    """One file: its address as Spark lists it (percent-encoded) and its name below the folder of the source."""

    uri: str
    name: str

    @property
    def path(self) -> str:
        """Return the path that opens this file and no other."""
        return unquote(self.uri)

    @property
    def pattern(self) -> str:
        """Return the path as a pattern for a reader: characters of globs stand for themselves."""
        return re.sub(r"([*?\[\]{}\\])", r"\\\1", self.path)


@dataclass(frozen=True)
class FileSet:
    """The files of one source, in the order of their names."""

    files: tuple[InputFile, ...]

    def folder_columns(self) -> tuple[str, ...]:
        """Return the columns that the folders of all files name, as in `day=2024-01-05/store=007/part.csv`.

        >>> FileSet((InputFile("", "day=1/store=007/a.csv"), InputFile("", "day=2/store=008/a.csv"))).folder_columns()
        ('day', 'store')
        >>> FileSet((InputFile("", "day=1/a.csv"), InputFile("", "a.csv"))).folder_columns()
        ()
        """
        named = {
            tuple(folder.split("=", 1)[0] for folder in file.name.split("/")[:-1] if "=" in folder)
            for file in self.files
        }
        return named.pop() if len(named) == 1 else ()

    def name_column(self) -> Column:
        """Return the name of the file that a line is from, in a frame that a file reader made."""
        depths = {file.name.count("/") + 1 for file in self.files}
        if len(depths) == 1:
            return self._decoded(F.substring_index(F.col(FILE_PATH), "/", -depths.pop()))
        address = F.regexp_replace(F.col(FILE_PATH), SLASHES.pattern, "$1:/")
        name = F.lit(None).cast("string")
        for prefix in sorted({_prefix(file) for file in self.files}):
            below = F.substring(address, F.lit(len(prefix) + 1), F.length(address))
            name = F.when(address.startswith(F.lit(prefix)), below).otherwise(name)
        return self._decoded(name)

    def _decoded(self, name: Column) -> Column:
        if not any("%" in file.uri for file in self.files):
            return name
        return F.url_decode(F.replace(name, F.lit("+"), F.lit("%2B")))


def list_files(reader: DataFrameReader, paths: tuple[str, ...], where: str) -> FileSet:
    """Return the files that the paths and globs name; UsageError when one names none or two get one name.

    `reader` carries the options that decide what is listed. The name of a file is its path below the longest
    folder without a glob character, so it is the same wherever the whole tree lies.
    """
    files = [file for path in paths for file in _files_of(reader, path, where)]
    names = [file.name for file in files]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        step = "give one path above both, so that their names differ"
        raise UsageError(where, f"two files are called {twice}", "one name per file", step)
    return FileSet(tuple(sorted(files, key=lambda file: file.name)))


def require_listed(read: Iterable[str], files: FileSet, where: str) -> None:
    """Raise ConflictError where a reader found a file that had not arrived when the files were listed.

    Its lines would belong to no batch that the ingest replaces.

    >>> require_listed(["file:///in/a.csv"], FileSet((InputFile("file:///in/a.csv", "a.csv"),)), "source shop")
    >>> require_listed(["file:///in/b%20c.csv"], FileSet((InputFile("file:///in/a.csv", "a.csv"),)), "source shop")
    Traceback (most recent call last):
    rfm_spark.errors.ConflictError: source shop: b c.csv arrived while the files were read; nothing was written; run \
the same command again
    """
    listed = {_with_one_slash(file.uri) for file in files.files}
    arrived = sorted(uri for uri in read if _with_one_slash(uri) not in listed)
    if arrived:
        found = f"{unquote(arrived[0].rsplit('/', 1)[-1])} arrived while the files were read"
        raise ConflictError(where, found, next_step="nothing was written; run the same command again")


def _with_one_slash(uri: str) -> str:
    """Return an address as readers write it: a listing says `file:///tmp/a` where a reader says `file:/tmp/a`."""
    return SLASHES.sub(r"\1:/", uri)


def listing_reader(reader: DataFrameReader, options: dict[str, str]) -> DataFrameReader:
    """Return the reader with the options of a source that decide which files are listed."""
    wanted = {name.lower() for name in LISTING_OPTIONS}
    return reader.options(**{name: value for name, value in options.items() if name.lower() in wanted})


def base_folder(path: str) -> str:
    """Return the longest leading part of a path without a glob character.

    >>> base_folder("/data/in/2011-*/*.csv"), base_folder("/data/in"), base_folder("*.csv")
    ('/data/in', '/data/in', '')
    """
    parts = path.rstrip("/").split("/")
    plain = next((n for n, part in enumerate(parts) if GLOB_CHARACTERS.search(part)), len(parts))
    return "/".join(parts[:plain])


def name_below(uri: str, base: str) -> str:
    """Return the path of a file below a folder; its last part where the path is the file itself.

    >>> name_below("file:///data/in/2011/a%20b.csv", "/data/in")
    '2011/a b.csv'
    >>> name_below("file:///data/in/a.csv", "/data/in/a.csv")
    'a.csv'
    >>> name_below("s3a://bucket/in/2011/a.csv", "s3a://bucket/in")
    '2011/a.csv'
    """
    path, folder = unquote(uri), re.sub(r"^[a-z0-9]+:/*", "", base).strip("/").removeprefix("./")
    _, found, below = path.partition(f"/{folder}/") if folder else ("", "", "")
    return below if found and below else path.rsplit("/", 1)[-1]


def of_each(files: tuple[InputFile, ...], ask: Callable[[InputFile], Answer]) -> list[Answer]:
    """Return the answer for every file, in their order; a few are asked at a time, because remote stores are slow."""
    with ThreadPoolExecutor(READERS_AT_ONCE) as pool:
        return list(pool.map(ask, files))


class Beginning(NamedTuple):
    """The first line of a file that counts, None where there is none; and the lines before it that were to be skipped.

    Of those, empty ones and comments are left out: no reader makes a row of them.
    """

    line: str | None
    skipped: tuple[str, ...] = ()


def beginning(
    spark: SparkSession, file: InputFile, encoding: str, comment: str | None, quote: str = "", skip_lines: int = 0
) -> Beginning:
    """Return the first line after the skipped ones that is neither blank nor a comment, without a byte order mark.

    With `quote` a line goes on while a quote in it is open.
    """
    jvm, path = _hadoop(spark, file)
    filesystem = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    configuration = filesystem.getConf()
    codec = jvm.org.apache.hadoop.io.compress.CompressionCodecFactory(configuration).getCodec(path)
    raw = filesystem.open(path)
    stream = codec.createInputStream(raw) if codec is not None else raw
    reader = jvm.java.io.BufferedReader(jvm.java.io.InputStreamReader(stream, encoding))
    try:
        first = [reader.readLine() for _ in range(skip_lines)]
        line = reader.readLine()
        while line is not None and (not line.strip("\ufeff \t\r") or (comment and line.startswith(comment))):
            line = reader.readLine()
        while line is not None and quote and is_open(line, quote):
            following = reader.readLine()
            if following is None:
                break
            line = f"{line}\n{following}"
    finally:
        reader.close()
    texts = [text.lstrip("\ufeff") for text in first if text is not None]
    skipped = tuple(text for text in texts if text and not (comment and text.startswith(comment)))
    return Beginning(None if line is None else str(line).lstrip("\ufeff"), skipped)


def parquet_columns(spark: SparkSession, file: InputFile) -> dict[str, str]:
    """Return the columns in the footer of a Parquet file with the types that the file gives them."""
    jvm, path = _hadoop(spark, file)
    configuration = spark.sparkContext._jsc.hadoopConfiguration()
    source = jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(path, configuration)
    reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
    try:
        fields = reader.getFooter().getFileMetaData().getSchema().getFields()
        return {str(field.getName()): str(field) for field in fields}
    finally:
        reader.close()


def _hadoop(spark: SparkSession, file: InputFile) -> tuple[Any, Any]:
    jvm: Any = spark._jvm
    return jvm, jvm.org.apache.hadoop.fs.Path(file.path)


def _files_of(reader: DataFrameReader, path: str, where: str) -> list[InputFile]:
    try:
        uris = reader.text(path).inputFiles()
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        uris = []
    if not uris:
        step = "correct the path, or wait for the delivery"
        raise UsageError(where, f"no file matches {path}", "at least one file", step)
    base = base_folder(path)
    return [InputFile(uri, name_below(uri, base)) for uri in uris]


def _prefix(file: InputFile) -> str:
    """Return the address up to the name."""
    depth = file.name.count("/") + 1
    return _with_one_slash(file.uri.rsplit("/", depth)[0]) + "/"
