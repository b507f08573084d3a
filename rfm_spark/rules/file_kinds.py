"""Files that are not text although a source says so: archives, workbooks, other formats. No byte of them is shown."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from rfm_spark.errors import UsageError

UNPACK = "unpack it, and name the files in it"
CONVERT = "save it as CSV: libreoffice --headless --convert-to csv FILE"
PARQUET = "write format: parquet"
KINDS = {
    ".zip": ("a ZIP archive", UNPACK),
    ".7z": ("a 7-Zip archive", UNPACK),
    ".rar": ("a RAR archive", UNPACK),
    ".tar": ("a TAR archive", UNPACK),
    ".tgz": ("a TAR archive", UNPACK),
    ".xlsx": ("an Excel workbook", CONVERT),
    ".xlsm": ("an Excel workbook", CONVERT),
    ".xlsb": ("an Excel workbook", CONVERT),
    ".xls": ("an Excel workbook", CONVERT),
    ".ods": ("a workbook", CONVERT),
    ".pdf": ("a PDF document", "ask for the data as CSV"),
    ".parquet": ("a Parquet file", PARQUET),
    ".orc": ("an ORC file", "convert it to Parquet"),
    ".avro": ("an Avro file", "convert it to Parquet"),
}
"""What a file is by its name, and what to do."""
BEGINNINGS = {
    "PK\x03\x04": ".zip",
    "\ufffd\ufffd\x11\u0871": ".xls",
    "7z": ".7z",
    "Rar!": ".rar",
    "%PDF-": ".pdf",
    "PAR1": ".parquet",
    "Obj\x01": ".avro",
}
"""How such a file begins, where its name says nothing."""
WORKBOOK = "[Content_Types].xml"
"""What an archive begins with that is an Excel workbook."""
TARS = (".tar.gz", ".tar.bz2", ".tar.xz")
EXPECTED = "lines of text, plain or as .gz or .bz2"


def refuse_names(names: Iterable[str], where: str) -> None:
    """Raise UsageError for the first file whose name says that it is not text."""
    for name in names:
        suffix = ".tar" if name.lower().endswith(TARS) else PurePosixPath(name.lower()).suffix
        if suffix in KINDS:
            raise _refused(suffix, f"{where}: {name}")


def refuse_content(first_line: str, where: str) -> None:
    """Raise UsageError where the beginning of a file says that it is not text.

    >>> refuse_content("PK" + chr(3) + chr(4), "source shop: sales")
    Traceback (most recent call last):
    rfm_spark.errors.UsageError: source shop: sales: it is a ZIP archive; expected lines of text, plain or as .gz or \
.bz2; unpack it, and name the files in it
    """
    for beginning, suffix in BEGINNINGS.items():
        if first_line.startswith(beginning) and any(ord(character) < 32 for character in first_line[:64]):
            raise _refused(".xlsx" if suffix == ".zip" and WORKBOOK in first_line else suffix, where)


def _refused(suffix: str, where: str) -> UsageError:
    kind, step = KINDS[suffix]
    return UsageError(where, f"it is {kind}", EXPECTED, step)
