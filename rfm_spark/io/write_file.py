"""Files for people and schedulers: whole or not at all, on a local path or any URI that Spark can write."""

from pathlib import Path
from urllib.parse import unquote, urlparse

from rfm_spark.errors import RfmSparkError, UsageError


def write_file(target: str, text: str, flag: str) -> None:
    """Write the text to the path or URI that the flag names."""
    place = urlparse(target)
    if place.scheme in ("", "file"):
        write_local(Path(unquote(place.path) if place.scheme else target), text, flag)
    else:
        write_remote(target, text, flag)


def write_local(path: Path, text: str, flag: str) -> None:
    """Write the text to a file of this machine, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise RfmSparkError(
            flag, f"{type(error).__name__}: the file cannot be written", "a folder that can be written"
        ) from None


def write_remote(target: str, text: str, flag: str) -> None:
    """Write the text through the file systems of the running session."""
    from rfm_spark.io.files import write_text

    try:
        write_text(target, text)
    except LookupError:
        raise UsageError(flag, "no session to write a URI with", "a local path") from None
