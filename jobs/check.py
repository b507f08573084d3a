"""Validate the configuration: every error, gap, overlap and unreachable segment.

Writes no table. Never opens a Spark session.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("check"))
