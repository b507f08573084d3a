"""Compute the scores of one as-of date alone.

Writes rfm_score, score_boundary, segment_summary, member_profile, published_date, run_log, run_config. Never writes
history: run, backfill or track does.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("score"))
