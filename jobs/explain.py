"""Explain the segments of one member at one date: facts, scores, rules and the last move.

Writes no table. Never shows the reference, or changes a table.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("explain"))
