"""Which tables a verb writes, by the stage that fills them. No Spark."""

DATED_TABLES = (
    "rfm_score", "score_boundary", "member_preference", "member_segment", "segment_summary", "member_profile",
)  # fmt: skip
HISTORY_TABLES = ("segment_transition", "segment_transition_archive", "segment_migration", "segment_interval")
LOG_TABLES = ("published_date", "run_log", "run_config")
INGEST_TABLES = (
    "transaction", "event", "rejected_row", "member_identity", "ingested_batch", "order_version", "fact_change",
    "member_day", "member_tag_day",
)  # fmt: skip
