"""A driver process of its own, made to be killed: one command in a small session whose commits HaltingLogStore counts.

python -m tests.faults.driver LOG_STORE.jar VERB FLAGS...
"""

import os
import sys
from collections.abc import Sequence

from rfm_spark.cli import main
from rfm_spark.io.session import build_local_session, shared_classes
from tests.session import SMALL_SESSION

LOG_STORE = "HaltingLogStore"


def settings(log_store: str) -> dict[str, str]:
    """Return the session of the tests with the log store, for a JVM that lives for seconds."""
    return {
        **SMALL_SESSION,
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 {shared_classes()}",
        "spark.jars": log_store,
        "spark.delta.logStore.file.impl": LOG_STORE,
    }


def drive(log_store: str, argv: Sequence[str]) -> int:
    """Run the command; the log store learns whom to kill before it is loaded."""
    os.environ["RFM_TEST_DRIVER"] = str(os.getpid())
    session = build_local_session("rfm-spark-killed", settings(log_store))
    session.sparkContext.setLogLevel("OFF")
    try:
        return main(argv)
    finally:
        session.stop()


if __name__ == "__main__":
    sys.exit(drive(sys.argv[1], sys.argv[2:]))
