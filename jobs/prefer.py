"""Compute the preferences of one as-of date alone.

Writes member_preference, segment_summary, member_profile, published_date, run_log, run_config. Never writes history:
run, backfill or track does.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("prefer"))
