"""Score, prefer, segment and track one as-of date, and publish it.

Writes rfm_score, score_boundary, member_preference, member_segment, segment_summary, member_profile,
segment_transition, segment_transition_archive, segment_migration, segment_interval, published_date, run_log,
run_config. With --ingest it writes first what ingest writes. Never replaces a published date that is up to date,
unless --reprocess all and --reason say so.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("run"))
