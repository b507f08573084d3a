"""Rows of the driver become frames in one place, or executors would need Python."""

import re
from pathlib import Path

import rfm_spark

PACKAGE = Path(rfm_spark.__file__).parent
CALL = re.compile(r"\.(createDataFrame|parallelize)\(")


def test_no_module_makes_frames_of_python_lists():
    calling = [
        f"{file.relative_to(PACKAGE)}:{number}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if CALL.search(line)
    ]
    assert calling == [], "use rfm_spark.driver_rows.driver_rows there"
