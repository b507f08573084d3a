"""Bring the history of segments up to date with the published dates.

Writes segment_transition, segment_transition_archive, segment_migration, segment_interval, published_date, run_log,
run_config. Never computes scores or segments.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("track"))
