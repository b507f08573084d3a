"""The files of a source: their list, which the driver makes, their names, and what their folders say."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.errors import AnalysisException, IllegalArgumentException, PySparkException
from pyspark.sql import Column, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from rfm_spark.errors import ConflictError, UsageError
from rfm_spark.rules.local_files import base_folder, common_folder

LISTING_OPTIONS = ("recursiveFileLookup",)
FILE_PATH = "_metadata.file_path"
SLASHES = re.compile("^([a-z0-9]+):/+(?=[^/])")
CONFLICT = "CONFLICTING_DIRECTORY_STRUCTURES"
ROOT = re.compile("[a-z0-9]+:/*|/")
"""A file system without a folder."""
REFUSED_NAME = re.compile(r"Relative path in absolute URI: (.*)")
ODD_NAME = re.compile(r"[:\x00-\x1f\x7f\x85\u2028\u2029]")
READERS_AT_ONCE = 8
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class InputFile:
    """One file: its address as Spark lists it (percent-encoded) and its name below the folder of the source.

    `batch`: the batch that the name says; None where the file is one by itself.
    """

    uri: str
    name: str
    batch: str | None = None

    @property
    def batch_id(self) -> str:
        """Return the batch that the lines of the file belong to."""
        return self.name if self.batch is None else self.batch

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
    """The files of one source, in the order of their names, which begin below the folder `base`."""

    files: tuple[InputFile, ...]
    base: str = ""

    def batches(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the files of each batch, in order.

        >>> FileSet((InputFile("", "mon/a.csv", "mon"), InputFile("", "mon/b.csv", "mon"))).batches()
        {'mon': ('mon/a.csv', 'mon/b.csv')}
        """
        found: dict[str, tuple[str, ...]] = {}
        for file in self.files:
            found[file.batch_id] = (*found.get(file.batch_id, ()), file.name)
        return dict(sorted(found.items()))

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

    def places(self, paths: Sequence[str]) -> list[str]:
        """Return what a reader is given: the paths, or each file where it would leave out some.

        In folders like `day=1` Spark finds columns, and leaves out files that are in none.
        """
        is_mixed = not self.folder_columns() and any("=" in file.name.rpartition("/")[0] for file in self.files)
        return [file.pattern for file in self.files] if is_mixed else list(paths)

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
    folder without a glob character, of several paths below the folder that holds them all: so it is the same wherever
    the whole tree lies.
    """
    base = common_folder([_qualified(reader, base_folder(path)) for path in paths])
    files = [InputFile(uri, name_below(uri, base)) for path in paths for uri in _uris_of(reader, path, where)]
    names = [file.name for file in files]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        step = "let each path name other files"
        raise UsageError(where, f"two paths of path name the file {twice}", "one path per file", step)
    _refuse_odd_names(names, where)
    return FileSet(tuple(sorted(files, key=lambda file: file.name)), base)


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


def name_below(uri: str, base: str) -> str:
    """Return the path of a file below a folder; its last part where the path is the file itself.

    >>> name_below("file:///data/in/2011/a%20b.csv", "/data/in")
    '2011/a b.csv'
    >>> name_below("file:///data/in/a.csv", "/data/in/a.csv")
    'a.csv'
    >>> name_below("s3a://bucket/in/2011/a.csv", "s3a://bucket/in")
    '2011/a.csv'
    >>> name_below("s3a://bucket/in/2011/a.csv", "s3a:/")
    'bucket/in/2011/a.csv'
    """
    if ROOT.fullmatch(base):
        return ROOT.sub("", unquote(uri), count=1)
    path, folder = unquote(uri), re.sub(r"^[a-z0-9]+:/*", "", base).strip("/").removeprefix("./")
    _, found, below = path.partition(f"/{folder}/") if folder else ("", "", "")
    return below if found and below else path.rsplit("/", 1)[-1]


def of_each(files: tuple[InputFile, ...], ask: Callable[[InputFile], Answer]) -> list[Answer]:
    """Return the answer for every file, in their order; a few are asked at a time, because remote stores are slow."""
    with ThreadPoolExecutor(READERS_AT_ONCE) as pool:
        return list(pool.map(ask, files))


def _qualified(reader: DataFrameReader, folder: str) -> str:
    """Return a folder as its file system names it in full."""
    system, path = system_and_path(reader._spark, folder or ".")
    return str(system.makeQualified(path).toString())


def system_and_path(spark: SparkSession, address: str) -> tuple[Any, Any]:
    """Return the file system of an address and the path there, both of Hadoop."""
    jvm: Any = spark._jvm
    path = jvm.org.apache.hadoop.fs.Path(address)
    return path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()), path


def _refuse_odd_names(names: Iterable[str], where: str) -> None:
    """Raise UsageError for a name with a colon or a line break."""
    odd = next((name for name in names if ODD_NAME.search(name)), None)
    if odd is not None:
        raise _odd_name(odd, where)


def _odd_name(name: str, where: str) -> UsageError:
    """Return the error for a name that Hadoop takes for something else: its patterns cannot list a colon."""
    found = f"the name {json.dumps(name, ensure_ascii=False)}"
    return UsageError(where, found, "a name without a colon or a line break", "rename it, or move it out of the folder")


def _uris_of(reader: DataFrameReader, path: str, where: str) -> list[str]:
    try:
        uris = reader.text(path).inputFiles()
    except IllegalArgumentException as error:
        refused = REFUSED_NAME.search(str(error))
        raise (_odd_name(refused.group(1), where) if refused else error) from None
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        uris = []
    except (Py4JJavaError, PySparkException) as error:
        if CONFLICT not in str(error):
            raise
        step = "write those of one kind as path, like day=*, or move the others away"
        raise UsageError(where, f"{path} has folders like day=1 beside others", "folders of one kind", step) from None
    if not uris:
        step = "correct the path, or wait for the delivery"
        raise UsageError(where, f"no file matches {path}", "at least one file", step)
    return list(uris)


def _prefix(file: InputFile) -> str:
    """Return the address up to the name."""
    depth = file.name.count("/") + 1
    return _with_one_slash(file.uri).rsplit("/", depth)[0] + "/"
