"""What a file is: its format, encoding and dialect, and the first values of its columns."""

from dataclasses import replace
from pathlib import Path

from rfm_spark.errors import UsageError
from rfm_spark.rules.headers import COMPRESSED, UNREADABLE
from rfm_spark.suggest.delimited import sniff_text
from rfm_spark.suggest.encodings import UTF_8, encoding_of
from rfm_spark.suggest.file import SniffedFile
from rfm_spark.suggest.records import sniff_json, sniff_parquet

FIRST_BYTES = 1 << 20
NO_TEXT = (b"PK\x03\x04", b"7z\xbc\xaf", b"%PDF-", b"\xd0\xcf\x11\xe0")


def sniff(path: Path) -> SniffedFile:
    """Look at the beginning of a file; UsageError where it is not there, or no text and no Parquet."""
    require_libraries()
    try:
        with COMPRESSED.get(path.suffix.lower(), open)(path, "rb") as stream:
            head = stream.read(FIRST_BYTES)
    except UNREADABLE as error:
        raise UsageError(f"suggest {path}", f"{type(error).__name__}: it cannot be read", "a file") from None
    if head.startswith(b"PAR1"):
        return sniff_parquet(path)
    if head.startswith(NO_TEXT):
        found = "it is an archive, a workbook or a document"
        raise UsageError(f"suggest {path}", found, "CSV, JSON lines or Parquet", "unpack it, or save it as CSV")
    is_beginning = len(head) == FIRST_BYTES
    encoding = encoding_of(head, not is_beginning)
    text = head.decode(encoding.python, errors="replace").lstrip("\ufeff")
    whole = text[: text.rfind("\n") + 1] if is_beginning else text
    require_text(path, text, whole)
    options = {} if encoding.java == UTF_8 else {"encoding": encoding.java}
    read = sniff_json if whole.lstrip().startswith(("{", "[")) else sniff_text
    found_file = read(path, whole, options)
    return replace(found_file, is_beginning=is_beginning or found_file.is_beginning, is_guessed=encoding.is_guessed)


def require_text(path: Path, text: str, whole: str) -> None:
    """Raise UsageError for a text in which there is nothing to look at."""
    expected = "CSV, JSON lines or Parquet"
    if not text.strip():
        raise UsageError(f"suggest {path}", "it is empty", expected, "wait for the delivery")
    if "\0" in text:
        step = "save it as UTF-8, or as UTF-16 with a byte order mark"
        raise UsageError(f"suggest {path}", "it has characters that no text has", expected, step)
    if not whole.strip():
        raise UsageError(f"suggest {path}", "its first line is longer than a megabyte", "lines")


def require_libraries() -> None:
    """Fail before any work where the libraries of the extra are missing."""
    try:
        import charset_normalizer  # noqa: F401  # only whether they are there
        import duckdb  # noqa: F401  # as above
    except ImportError as error:
        step = 'run pip install "rfm-spark[suggest]"'
        raise UsageError("suggest", f"{error.name} is not installed", 'the extra "suggest"', step) from None
