"""Print a sources.yaml for a file by looking at it, for you to check.

Writes no table. Never shows a line of the file, or opens a Spark session.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("suggest"))
