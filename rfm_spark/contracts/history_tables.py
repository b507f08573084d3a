"""The published tables of history; the others are in tables.py."""

from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table

SEGMENT_TRANSITION = Table(
    name="segment_transition",
    grain="One member, segment set and tracked date whose segment differs from the set's previous tracked date",
    columns=(
        c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT, c.CAUSE,
        c.COMPUTED_AT, c.RUN_ID,
    ),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID),
    nullable=frozenset({c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT}),
    partition_by=(c.AS_OF_DATE, c.SEGMENT_SET),
    sort_by=(c.MEMBER_ID,),
    statistics=(c.MEMBER_ID,),
    checks={"segments_differ": "NOT (from_segment <=> to_segment)"},
)  # fmt: skip

SEGMENT_TRANSITION_ARCHIVE = Table(
    name="segment_transition_archive",
    grain="One row of segment_transition that another took the place of, and when it held",
    columns=(
        c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT, c.CAUSE,
        c.RUN_ID, c.RECORDED_FROM, c.RECORDED_TO,
    ),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.MEMBER_ID, c.RECORDED_FROM),
    nullable=frozenset({c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT}),
    partition_by=(c.AS_OF_DATE,),
    sort_by=(c.MEMBER_ID, c.SEGMENT_SET),
    statistics=(c.MEMBER_ID,),
)  # fmt: skip

SEGMENT_INTERVAL = Table(
    name="segment_interval",
    grain="One member, segment set and unbroken stay in one segment, from tracked date to tracked date",
    columns=(
        c.SEGMENT_SET, c.MEMBER_ID, c.VALID_FROM, c.VALID_TO, c.SEGMENT, c.IS_CURRENT, c.PREVIOUS_SEGMENT,
        c.PREVIOUS_VALID_FROM, c.RUN_ID,
    ),
    key=(c.SEGMENT_SET, c.MEMBER_ID, c.VALID_FROM),
    nullable=frozenset({c.PREVIOUS_SEGMENT, c.PREVIOUS_VALID_FROM}),
    partition_by=(c.SEGMENT_SET,),
    sort_by=(c.MEMBER_ID, c.VALID_FROM),
    statistics=(c.MEMBER_ID, c.VALID_FROM, c.VALID_TO),
    checks={"valid_is_a_period": "valid_from < valid_to"},
)  # fmt: skip

SEGMENT_MIGRATION = Table(
    name="segment_migration",
    grain="One way between two segments of a set, from its previous tracked date to as_of_date, and cause",
    columns=(
        c.AS_OF_DATE, c.SEGMENT_SET, c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT, c.CAUSE, c.MEMBER_COUNT,
        c.TOTAL_NET_AMOUNT, c.RUN_ID,
    ),
    key=(c.AS_OF_DATE, c.SEGMENT_SET, c.FROM_SEGMENT, c.TO_SEGMENT, c.CAUSE),
    nullable=frozenset({c.PREVIOUS_AS_OF_DATE, c.FROM_SEGMENT, c.TO_SEGMENT}),
    partition_by=(c.AS_OF_DATE, c.SEGMENT_SET),
)  # fmt: skip

HISTORY_TABLES = (SEGMENT_TRANSITION, SEGMENT_MIGRATION, SEGMENT_INTERVAL)
"""The tables derived from member_segment of the tracked dates; when one is damaged, all are derived again."""
