"""What an as-of date consists of: every kind of dated result, in the order in which their stages run."""

from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import TABLES
from rfm_spark.runs.registry import Registry
from rfm_spark.steps.dates.preferences import PREFERENCES
from rfm_spark.steps.dates.profiles import PROFILES
from rfm_spark.steps.dates.scores import SCORES
from rfm_spark.steps.dates.segments import SEGMENTS

RESULTS = Registry((SCORES, PREFERENCES, SEGMENTS, PROFILES))


def all_tables() -> list[Table]:
    """Return every table of a warehouse: the published ones, and those of all dated results."""
    return list({table.name: table for table in (*TABLES, *RESULTS.tables)}.values())
