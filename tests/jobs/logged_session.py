"""A process of its own whose session writes an event log, in clear: commands, one list of words each, as JSON on stdin.

python -m tests.jobs.logged_session FOLDER_OF_LOGS
"""

import json
import sys
from pathlib import Path

from rfm_spark.cli import main
from rfm_spark.io.session import build_local_session
from tests.session import SMALL_SESSION


def drive(folder: Path, commands: list[list[str]]) -> list[int]:
    """Run the commands one after the other and return their exit codes."""
    logged = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder.as_uri(),
        "spark.eventLog.compress": "false",
        "spark.sql.maxMetadataStringLength": "1000000",
        "spark.sql.debug.maxToStringFields": "1000000",
        "spark.driver.memory": "1g",
        "spark.sql.warehouse.dir": str(folder.parent / "spark-warehouse"),
    }
    session = build_local_session("rfm-spark-logged", {**SMALL_SESSION, **logged})
    session.sparkContext.setLogLevel("OFF")
    try:
        return [main(argv) for argv in commands]
    finally:
        session.stop()


if __name__ == "__main__":
    codes = drive(Path(sys.argv[1]), json.load(sys.stdin))
    sys.exit(max(codes))
