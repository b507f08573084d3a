"""Create or verify all tables.

Writes every table that is missing. Never changes a table that is there.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("init"))
