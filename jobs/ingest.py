"""Bring the sources into transactions, events and daily facts.

Writes transaction, event, rejected_row, member_identity, ingested_batch, order_version, fact_change, member_day,
member_tag_day, run_log, run_config. Never computes scores or segments.
"""

import sys

from rfm_spark.cli import submit

if __name__ == "__main__":
    sys.exit(submit("ingest"))
