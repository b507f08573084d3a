"""Preferences at as-of dates: what they are made from, and how."""

from pyspark.sql import functions as F

from rfm_spark.config.fingerprints import preferences_hash
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_PREFERENCE, MEMBER_TAG_DAY
from rfm_spark.dates import period_first_day
from rfm_spark.io.layout import range_partitioned
from rfm_spark.preferences.prefer import prefer
from rfm_spark.runs.registry import Count, DatedResult, Made, Output, Pass

PREFER = "prefer"


def make_preferences(asked: Pass) -> Made:
    """Find the strongest tag values of every member."""
    space, preferences = asked.space, asked.config.preferences
    window = asked.config.windows[preferences.window]
    found = prefer(space.read(MEMBER_TAG_DAY), preferences, window, asked.dates, space.run_id)
    staged = space.stage(found, MEMBER_PREFERENCE.name)
    counts = {row[0]: row[1] for row in staged.groupBy(c.AS_OF_DATE).agg(F.count(F.lit(1))).collect()}
    rows = range_partitioned(staged, space.files * len(asked.dates), c.AS_OF_DATE, c.MEMBER_ID)
    (result,) = asked.results
    return Made(
        outputs=(Output(MEMBER_PREFERENCE, rows),),
        counts={(as_of, result.name): Count(counts.get(as_of, 0)) for as_of in asked.dates},
    )


PREFERENCES = DatedResult(
    stage=PREFER,
    table=MEMBER_PREFERENCE,
    part=None,
    parts=lambda config: ("",) if config.tags.classes else (),
    definition=lambda config, _: preferences_hash(config),
    keys=lambda config, _: ("tags", "preferences", f"windows.{config.preferences.window}"),
    facts=lambda _, __: (MEMBER_TAG_DAY,),
    first_day=lambda config, _, as_of: period_first_day(config.windows[config.preferences.window].period, as_of),
    make=make_preferences,
)
