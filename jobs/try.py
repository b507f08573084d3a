"""Show what the first lines of a source become, and what looks wrong.

Writes no table. Never shows a member's reference, or changes a table.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("try"))
