"""What a window reads of the daily facts, one behaviour each."""

from pathlib import Path

from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Population
from rfm_spark.config.model import Minimum, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import RFM_SCORE, SCORE_BOUNDARY
from rfm_spark.dates import OPEN_END
from rfm_spark.scoring.score_dates import score_dates
from rfm_spark.scoring.windows import measure_members
from tests.oracles.facts import Fact
from tests.spark.scoring_frames import AS_OF, ago, disk_stage, fact, member_day_frame, scored

MONTH = Window("month", days=30)
MEASURES = "as_of_date date, member_id bigint, recency_days_30d int, order_count_30d bigint, net_amount_30d bigint"


def assert_month(spark: SparkSession, facts: list[Fact], expected: list[tuple[int, int, int, int]]) -> None:
    """Compare the measures of the month before AS_OF; net in units of 1/10000."""
    found = measure_members(member_day_frame(spark, facts), [MONTH], [AS_OF], 2)
    rows = [(AS_OF, *row) for row in expected]
    assert_df_equality(found, spark.createDataFrame(rows, MEASURES), ignore_row_order=True, ignore_nullable=True)


def test_a_period_holds_its_days_up_to_as_of_and_no_more(spark: SparkSession) -> None:
    facts = [fact(1, ago(0)), fact(2, ago(29)), fact(3, ago(30)), fact(4, ago(-1))]
    assert_month(spark, facts, [(1, 0, 1, 100000), (2, 29, 1, 100000)])


def test_only_the_version_known_at_as_of_counts(spark: SparkSession) -> None:
    """Refunded the day after as_of: still bought. Refunded on as_of: no order any more."""
    facts = [
        fact(1, ago(9), 1, "100", valid=(ago(9), ago(-1))),
        fact(1, ago(9), 0, "0", "100", valid=(ago(-1), OPEN_END)),
        fact(2, ago(9), 1, "100", valid=(ago(9), ago(0))),
        fact(2, ago(9), 0, "0", "100", valid=(ago(0), OPEN_END)),
    ]
    assert_month(spark, facts, [(1, 9, 1, 1000000)])


def test_recency_comes_from_days_with_an_order_but_every_day_changes_the_amount(spark: SparkSession) -> None:
    facts = [fact(1, ago(20), 2, "30"), fact(1, ago(3), 0, "-12.3456", "0")]
    assert_month(spark, facts, [(1, 20, 2, 176544)])


def test_a_member_with_refunds_alone_is_not_in_the_window(spark: SparkSession) -> None:
    assert_month(spark, [fact(1, ago(3), 0, "-5", "0")], [])


def test_a_member_without_an_order_in_the_shorter_period_has_no_recency_there(spark: SparkSession) -> None:
    windows = [MONTH, Window("week", days=7)]
    found = measure_members(member_day_frame(spark, [fact(1, ago(9))]), windows, [AS_OF], 2)
    assert [row.asDict() for row in found.collect()] == [
        {
            "as_of_date": AS_OF,
            "member_id": 1,
            "recency_days_30d": 9,
            "order_count_30d": 1,
            "net_amount_30d": 100000,
            "recency_days_7d": None,
            "order_count_7d": 0,
            "net_amount_7d": 0,
        }
    ]


def test_profiles_of_one_period_share_their_sums(spark: SparkSession) -> None:
    windows = [MONTH, Window("again", days=30), Window("year", months=12), Window("again_a_year", months=12)]
    found = measure_members(member_day_frame(spark, []), windows, [AS_OF], 2)
    assert found.columns == [
        "as_of_date",
        "member_id",
        *[f"{name}_{period}" for period in ("30d", "12m") for name in (c.RECENCY_DAYS, c.ORDER_COUNT, c.NET_AMOUNT)],
    ]


def test_months_before_the_period_are_not_read(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "member_day")
    member_day_frame(spark, [fact(1, ago(days)) for days in (0, 20, 40, 400)]).write.partitionBy(c.ORDER_MONTH).parquet(
        path
    )
    measured = measure_members(spark.read.parquet(path), [MONTH], [AS_OF], 2)
    assert measured.where(F.col(c.MEMBER_ID) == 1).count() == 1
    plan = measured._jdf.queryExecution().executedPlan().toString()
    filters = plan.split("PartitionFilters: [")[1].split("]")[0]
    assert "order_month" in filters
    assert ">= 2024-06-01" in filters
    assert "<= 2024-06-01" in filters


def test_earlier_buyers_are_scored_as_zero_but_keep_their_net_amount(spark: SparkSession, tmp_path: Path) -> None:
    """Member 2 bought 100 days ago and got money back in the window: F = M = 0 stands above member 3's -50."""
    window = Window("month", days=30, population=Population.EVER)
    facts = [
        fact(1, ago(1), 1, "20"),
        fact(2, ago(100), 1, "90"),
        fact(2, ago(5), 0, "-70", "0"),
        fact(3, ago(2), 1, "10", valid=(ago(2), ago(1))),
        fact(3, ago(2), 1, "-50", "10", valid=(ago(1), OPEN_END)),
    ]
    result = scored(spark, tmp_path, facts, [window])
    columns = ("member_id", "recency_days", "order_count", "net_amount", "f_score", "m_score")
    found = sorted(tuple(row) for row in result.scores.select(*columns).collect())
    assert [(*row[:3], str(row[3]), *row[4:]) for row in found] == [
        (1, 1, 1, "20.0000", 2, 3),
        (2, 100, 0, "-70.0000", 1, 2),
        (3, 2, 1, "-50.0000", 2, 1),
    ]


def test_an_empty_table_gives_empty_scores_and_boundaries_without_members(spark: SparkSession, tmp_path: Path) -> None:
    result = scored(spark, tmp_path, [], [MONTH], minimum=Minimum())
    assert result.scores.count() == 0
    assert result.scores.columns == list(RFM_SCORE.columns)
    assert result.boundary_frame.columns == list(SCORE_BOUNDARY.columns)
    assert {(row.member_count, row.cut_value) for row in result.boundaries[AS_OF]} == {(0, None)}
    assert result.breaches[AS_OF] == (
        "window month: 0 members, fewer than scores.minimum.members 100",
        "no order by 2024-04-02: less than scores.minimum.days_of_history 90",
    )


def test_enough_members_and_history_breach_nothing_and_empty_classes_are_named(
    spark: SparkSession, tmp_path: Path
) -> None:
    facts = [fact(1, ago(0)), fact(2, ago(0)), fact(2, ago(89))]
    result = scored(spark, tmp_path, facts, [MONTH], minimum=Minimum(members=2, days_of_history=90))
    assert result.breaches[AS_OF] == ()
    assert result.notes[AS_OF] == tuple(
        f"window month: nobody has {metric} score 2, 3, 4, 5" for metric in ("recency", "frequency", "monetary")
    )


def test_scoring_puts_the_session_settings_back(spark: SparkSession, tmp_path: Path) -> None:
    keys = ("spark.sql.files.openCostInBytes", "spark.sql.codegen.aggregate.map.twolevel.enabled")
    before = [spark.conf.get(key, None) for key in keys]
    frame: DataFrame = member_day_frame(spark, [fact(1, ago(0))])
    score_dates(frame, [MONTH], [AS_OF], "run-1", 2, disk_stage(spark, tmp_path))
    assert [spark.conf.get(key, None) for key in keys] == before
