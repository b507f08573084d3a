"""Publish many as-of dates of the past, or take one away.

Writes rfm_score, score_boundary, member_preference, member_segment, segment_summary, member_profile,
segment_transition, segment_transition_archive, segment_migration, segment_interval, published_date, run_log,
run_config. Never replaces a published date, unless --reprocess says so.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("backfill"))
