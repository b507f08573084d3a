"""The paths of a source on this machine: the folder that they begin below, and the files that an ingest would read."""

import re
from collections.abc import Iterator, Sequence
from glob import iglob
from itertools import takewhile
from pathlib import Path

from rfm_spark.config.source import Source

GLOB_CHARACTERS = re.compile(r"[*?\[\]{}]")
BRACES = re.compile(r"\{([^{}]*)\}")
HIDDEN = ("_", ".")


def base_folder(path: str) -> str:
    """Return the longest leading part of a path without a glob character.

    >>> base_folder("/data/in/2011-*/*.csv"), base_folder("/data/in"), base_folder("*.csv")
    ('/data/in', '/data/in', '')
    """
    parts = path.rstrip("/").split("/")
    plain = next((n for n, part in enumerate(parts) if GLOB_CHARACTERS.search(part)), len(parts))
    return "/".join(parts[:plain])


def common_folder(folders: Sequence[str]) -> str:
    """Return the longest folder that holds all folders, or their file systems' root.

    >>> common_folder(["file:/in/shop/a", "file:/in/shop/b"]), common_folder(["file:/in/shop"])
    ('file:/in/shop', 'file:/in/shop')
    >>> common_folder(["s3a://one/in", "s3a://two/in"]), common_folder(["s3a://one/in", "hdfs://two/in"])
    ('s3a:/', '/')
    >>> common_folder(["file:/mnt1/in", "file:/mnt2/in"])
    'file:/'
    """
    parts = [folder.split("/") for folder in folders]
    shared = zip(*parts, strict=False)
    folder = "/".join(same[0] for same in takewhile(lambda level: len(set(level)) == 1, shared))
    return f"{folder}/" if folder in ("", "file:") else folder


def folders_of(source: Source) -> set[str]:
    """Return the columns that folders below those of `path` name, as in `day=2024-01-05`, on this machine."""
    paths = [path.removeprefix("file:") for path in source.paths]
    base = common_folder([base_folder(path) for path in paths])
    files = (str(file.parent) for path in paths for file in local_files(path))
    below = (place.removeprefix(base) for place in (*paths, *files))
    return {part.partition("=")[0] for place in below for part in place.split("/") if "=" in part}


def has_file(pattern: str) -> bool:
    """Return whether a local path names a file, or a folder that holds one; hidden names count as nothing."""
    return any(map(_holds_file, local_paths(pattern)))


def local_paths(pattern: str) -> Iterator[Path]:
    """Yield the files and folders of this machine that a path or pattern names."""
    return (Path(path) for plain in without_braces(pattern) for path in iglob(plain))


def local_files(pattern: str, below_folders: bool = False) -> Iterator[Path]:
    """Yield the files that an ingest would read: those that a path or pattern names, and those inside its folders.

    Of folders in folders it reads those named like `day=2024-01-05` with all in them, or all where `below_folders`;
    hidden ones never.
    """
    for found in local_paths(pattern):
        yield from _files_in(found, below_folders) if found.is_dir() else (found,)


def _files_in(folder: Path, below_folders: bool) -> Iterator[Path]:
    for inner in folder.iterdir():
        is_named = "=" in inner.name
        if inner.name.startswith(".") or (inner.name.startswith(HIDDEN) and not is_named):
            continue
        if inner.is_file():
            yield inner
        elif inner.is_dir() and (below_folders or is_named):
            yield from _files_in(inner, below_folders=True)


def without_braces(pattern: str) -> list[str]:
    """Return the patterns that the choices of a pattern make, as Python writes them: `!` for `^` in brackets.

    >>> without_braces("/in/{jan,feb}/[^x]*.{csv,txt}")
    ['/in/jan/[!x]*.csv', '/in/jan/[!x]*.txt', '/in/feb/[!x]*.csv', '/in/feb/[!x]*.txt']
    """
    found = BRACES.search(pattern)
    if found is None:
        return [pattern.replace("[^", "[!")]
    chosen = (pattern[: found.start()] + word + pattern[found.end() :] for word in found[1].split(","))
    return [plain for one in chosen for plain in without_braces(one)]


def _holds_file(path: Path) -> bool:
    if not path.is_dir():
        return path.is_file()
    return any(not inner.name.startswith(HIDDEN) or inner.name == "_delta_log" for inner in path.iterdir())
