"""Checks at every hand-over that a frame has exactly the columns and types of its contract.

It reads only the schema of the frame: no Spark job, and no import of pyspark at run time.
"""

from typing import TYPE_CHECKING

from rfm_spark.contracts.frame import Frame
from rfm_spark.errors import RfmSparkError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def schema_differences(found: list[tuple[str, str]], contract: Frame) -> list[str]:
    """Return one phrase per column that is missing, has another type or is not in the contract.

    >>> from rfm_spark.contracts.tables import RUN_CONFIG
    >>> found = [("config_hash", "int"), ("config", "string"), ("basis", "string"), ("x", "int")]
    >>> schema_differences(found, RUN_CONFIG)
    ['config_hash is int, not string', 'computed_at is missing', 'x is not in the contract']
    """
    types = dict(found)
    problems = []
    for column in contract.columns:
        if column not in types:
            problems.append(f"{column} is missing")
        elif types[column] != column.type:
            problems.append(f"{column} is {types[column]}, not {column.type}")
    extra = [name for name in types if name not in contract.columns]
    return problems + [f"{name} is not in the contract" for name in extra]


def conform(frame: "DataFrame", contract: Frame) -> "DataFrame":
    """Return the frame with its columns in the order of the contract; RfmSparkError names every difference."""
    problems = schema_differences(frame.dtypes, contract)
    if problems:
        raise RfmSparkError(contract.name, "; ".join(problems), "the columns of its contract")
    return frame.select(*contract.columns)
