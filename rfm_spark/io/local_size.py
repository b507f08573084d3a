"""Whether what a command reads on this machine is small, known before a JVM starts."""

from collections.abc import Iterator
from glob import escape

from rfm_spark.config.locations import is_remote
from rfm_spark.config.model import Config
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_TAG_DAY, TRANSACTION
from rfm_spark.rules.local_files import local_files

SMALL_BYTES = 8 * 2**20
"""Of sources and facts together: some 100,000 lines, or fewer and files that no VACUUM has removed yet. With three
times as much, generated code costs what it saves."""
FACTS = (TRANSACTION, EVENT, MEMBER_DAY, MEMBER_TAG_DAY)


def is_small(config: Config, most: int = SMALL_BYTES) -> bool:
    """Return whether the files of all sources and of the facts are on this machine and hold few bytes."""
    places = list(_places(config))
    if any(place is None or is_remote(place) for place in places):
        return False
    left = most
    try:
        for size in (size for place in places for size in _sizes(str(place).removeprefix("file:"))):
            left -= size
            if left < 0:
                return False
    except OSError:
        # A file of another run that has just gone, or a folder that may not be read.
        return False
    return True


def _places(config: Config) -> Iterator[str | None]:
    """Yield the paths of all that is read; None for what is no path."""
    root = config.warehouse.path
    yield from (None if root is None else f"{escape(root)}/{table.name}" for table in FACTS)
    for source in config.sources.values():
        yield from source.paths or (None,)
        yield from (lookup.path for lookup in source.lookups.values())


def _sizes(pattern: str) -> Iterator[int]:
    """Yield the size of every file that a path or pattern names, folders with all that is in them but hidden ones."""
    return (file.stat().st_size for file in local_files(pattern, below_folders=True))
