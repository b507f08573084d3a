"""Whether the files of a source stay what they were while they are read.

The driver asks the file system for lengths and times: no Spark job, and no byte is read.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.sql import SparkSession

from rfm_spark.errors import ConflictError
from rfm_spark.ingest.files import READERS_AT_ONCE, FileSet, InputFile, system_and_path

NOT_THERE = "FileNotFoundException"
ONE_BY_ONE = 8


class FileState(NamedTuple):
    """Length in bytes and time of the last change, as the file system tells them."""

    length: int
    modified: int


States = Mapping[str, FileState | None]
"""What each file of a source is, by its address; None where it is gone."""


def file_states(spark: SparkSession, files: FileSet) -> States:
    """Return what the files are now."""
    by_folder: dict[str, list[InputFile]] = {}
    for file in files.files:
        by_folder.setdefault(_folder_and_name(file)[0], []).append(file)
    asked = [(folder, place) for folder, inside in by_folder.items() for place in _places(folder, inside)]
    wanted = {_folder_and_name(file) for file in files.files}
    found: dict[tuple[str, str], FileState] = {}
    with ThreadPoolExecutor(READERS_AT_ONCE) as pool:
        for states in pool.map(lambda one: _states_at(spark, one[0], one[1], wanted), asked):
            found |= states
    return {file.uri: found.get(_folder_and_name(file)) for file in files.files}


def _folder_and_name(file: InputFile) -> tuple[str, str]:
    folder, _, name = file.path.rpartition("/")
    return folder, name


def _places(folder: str, inside: Sequence[InputFile]) -> list[str]:
    """Return what to ask for: a few files one by one, because their folder may hold years, else the folder."""
    return [file.path for file in inside] if len(inside) <= ONE_BY_ONE else [f"{folder}/"]


class Watch(NamedTuple):
    """The files of a source, or of a look-up, as they were when they were listed; `where` is what errors name."""

    where: str
    files: FileSet
    states: States

    def change(self, spark: SparkSession) -> ConflictError | None:
        """Return the error for a file that is not what it was; None where all are."""
        return change_of(self.states, file_states(spark, self.files), self.files, self.where)


@contextmanager
def watched(spark: SparkSession, files: FileSet, where: str) -> Iterator[States]:
    """Give what the files are now; an error inside is a ConflictError where it came because one of them changed."""
    states = file_states(spark, files)
    try:
        yield states
    except Exception as error:
        raise (change_of(states, file_states(spark, files), files, where) or error) from None


def change_of(before: States, now: States, files: FileSet, where: str) -> ConflictError | None:
    """Return the error for the first file that is no longer what it was; None where all are.

    >>> files = FileSet((InputFile("file:/in/a.csv", "a.csv"),))
    >>> then, now = {"file:/in/a.csv": FileState(10, 1)}, {"file:/in/a.csv": FileState(12, 2)}
    >>> print(change_of(then, now, files, "source shop"))
    source shop: a.csv grew while it was read; nothing was written; run the same command again when it is complete
    >>> change_of(then, then, files, "source shop")
    """
    for file in files.files:
        words = _words(before[file.uri], now[file.uri])
        if words is not None:
            step = "nothing was written; run the same command again when it is complete"
            return ConflictError(where, f"{file.name} {words} while it was read", next_step=step)
    return None


def _words(before: FileState | None, now: FileState | None) -> str | None:
    if before is None or now is None:
        return "vanished"
    if now.length != before.length:
        return "grew" if now.length > before.length else "shrank"
    return "was written again" if now.modified != before.modified else None


def _states_at(
    spark: SparkSession, folder: str, place: str, wanted: Set[tuple[str, str]]
) -> dict[tuple[str, str], FileState]:
    system, path = system_and_path(spark, place)
    try:
        entries = system.listStatus(path)
    except Py4JJavaError as error:
        if NOT_THERE not in str(error.java_exception.getClass().getName()):
            raise
        return {}
    states = {}
    for entry in entries:
        key = folder, str(entry.getPath().getName())
        if key in wanted:
            states[key] = FileState(int(entry.getLen()), int(entry.getModificationTime()))
    return states
