"""Raw lines: every format gives the same three columns.

| column  | type   | meaning                                                                    |
|---------|--------|----------------------------------------------------------------------------|
| raw     | struct | the columns of the source; text for CSV, JSON and text files               |
| corrupt | string | the whole line where the reader could not split it, else NULL              |
| file    | string | name of its file below the source's folder; NULL for tables and databases  |
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

RAW, CORRUPT, FILE = "raw", "corrupt", "file"


def raw_types(lines: DataFrame) -> dict[str, str]:
    """Return the type of every column of the lines as they were read."""
    return dict(lines.select(f"{RAW}.*").dtypes)


def raw_line() -> Column:
    """Return the line as it was delivered, as one text; it is only hashed, never stored."""
    return F.coalesce(F.col(CORRUPT), F.to_json(RAW, {"ignoreNullFields": "false", "timeZone": "UTC"}))
