"""Place the members of one as-of date in segments alone.

Writes member_segment, segment_summary, member_profile, published_date, run_log, run_config. Never writes history:
run, backfill or track does.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("segment"))
