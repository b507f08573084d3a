"""Show what backfill would do per as-of date and table, and why.

Writes no table. Never changes a table.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("plan"))
