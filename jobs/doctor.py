"""Check protocol, keys, invariants and unfinished dates.

Writes no table. Never changes a table.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("doctor"))
