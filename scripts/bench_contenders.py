"""What the benchmark runs, each contender in a process of its own: the product, DuckDB and naive PySpark.

All read the same Parquet files of `member_day` and write one row per member, window and as-of date with twelve scores.
DuckDB and naive PySpark use SQL NTILE ordered by value and member_id; the product does the same with `ties: split`,
and gives equal values one score with its default.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import reduce
from pathlib import Path

from bench_duckdb import duck
from bench_place import AS_OF, DAYS, PERIODS, Place, Stopwatch
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from rfm_spark.config.choices import Ties
from rfm_spark.config.model import MetricScoring, Warehouse, Window
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, RFM_SCORE, SCORE_BOUNDARY
from rfm_spark.io.files import Staging
from rfm_spark.io.layout import files_for
from rfm_spark.io.session import build_local_session, end_local_session
from rfm_spark.io.tables import TableStore
from rfm_spark.scoring.score_dates import StageFrame, score_dates
from rfm_spark.session_settings import one_task_per_file
from rfm_spark.steps.job import DATES_AT_ONCE, GROUPS_PER_TASK

MEMBERS_PER_TRANSACTION = 0.1


def session() -> SparkSession:
    """Return the session that the console script makes."""
    spark = build_local_session("rfm-spark bench")
    spark.sparkContext.setLogLevel("ERROR")
    return spark


@contextmanager
def spark_process() -> Iterator[SparkSession]:
    """Start Spark, and wait for its JVM to end, so that its CPU time counts."""
    spark = session()
    try:
        yield spark
    finally:
        end_local_session(spark)


def warehouse(spark: SparkSession, folder: str | Path) -> TableStore:
    """Return the tables of a folder."""
    return TableStore(spark, Warehouse(path=str(folder)))


def generate(place: Place, transactions: str) -> dict[str, float]:
    """Write member_day of so many transactions: a tenth as many members, days evenly over 760, odd amounts."""
    lines_count = int(transactions)
    members = max(1, int(lines_count * MEMBERS_PER_TRANSACTION))
    with spark_process() as spark:
        store = warehouse(spark, place.warehouse)
        store.create(MEMBER_DAY)
        chance = [F.pmod(F.xxhash64(F.col("id"), F.lit(salt)), F.lit(size)) for salt, size in ((1, members), (2, DAYS))]
        cents = F.pmod(F.xxhash64(F.col("id"), F.lit(3)), F.lit(50_000)) + 100
        lines = spark.range(lines_count).select(
            F.shiftrightunsigned(F.xxhash64(chance[0], F.lit(4)), 1).alias(c.MEMBER_ID),
            F.date_sub(F.lit(AS_OF), chance[1].cast("int")).alias(c.ORDER_DAY),
            cents.alias("cents"),
        )
        days = lines.groupBy(c.MEMBER_ID, c.ORDER_DAY).agg(F.count("*").alias(c.ORDER_COUNT), F.sum("cents").alias("s"))
        amount = (F.col("s") * F.lit(0.01).cast("decimal(3,2)")).cast(c.AMOUNT_TYPE)
        frame = days.select(
            c.MEMBER_ID,
            c.ORDER_DAY,
            F.col(c.ORDER_DAY).alias(c.VALID_FROM),
            F.lit(date(9999, 12, 31)).alias(c.VALID_TO),
            c.ORDER_COUNT,
            amount.alias(c.GROSS_AMOUNT),
            F.lit(0).cast(c.AMOUNT_TYPE).alias(c.REFUND_AMOUNT),
            amount.alias(c.NET_AMOUNT),
            F.lit(0).cast("bigint").alias(c.PROMOTION_ORDER_COUNT),
            F.trunc(c.ORDER_DAY, "MM").cast("date").alias(c.ORDER_MONTH),
        )
        store.append(MEMBER_DAY, frame.repartition(26, c.ORDER_MONTH), {"job": "bench"})
    return {}


def prepare(place: Place, *names: str) -> dict[str, float]:
    """Create the tables of results, empty."""
    with spark_process() as spark:
        for name in names:
            shutil.rmtree(place.scores(name), ignore_errors=True)
            results = warehouse(spark, place.scores(name))
            results.create(RFM_SCORE)
            results.create(SCORE_BOUNDARY)
    return {}


def windows(ties: str) -> list[Window]:
    """Return the four windows with their twelve scores."""
    scoring = MetricScoring(ties=Ties(ties))
    plain = Window("", recency_scoring=scoring, frequency_scoring=scoring, monetary_scoring=scoring)
    return [replace(plain, name=name, days=days) for name, days in PERIODS.items()]


def product(place: Place, name: str, ties: str, *dates: str) -> dict[str, float]:
    """Score the windows as `rfm-spark` does and replace the dates in the Delta table rfm_score.

    As many dates are made in one pass over the facts as a `backfill` makes.
    """
    wanted = [date.fromisoformat(day) for day in dates] or [AS_OF]
    with spark_process() as spark:
        store, facts = warehouse(spark, place.scores(name)), warehouse(spark, place.warehouse)
        watch = Stopwatch()
        rows = facts.read(MEMBER_DAY)
        count = rows.count()
        files = files_for(count, spark.sparkContext.defaultParallelism)
        at_once = max(1, min(DATES_AT_ONCE, int(GROUPS_PER_TASK * files / (count * MEMBERS_PER_TRANSACTION))))
        for start in range(0, len(wanted), at_once):
            with Staging(spark, str(place.folder / "staging"), f"bench-{name}") as staging:
                stage = watch.timed("measures", staging.stage)
                score_and_publish(rows, store, windows(ties), wanted[start : start + at_once], files, stage, watch)
        watch.mark("rest")
        return watch.seconds


def score_and_publish(
    rows: DataFrame,
    store: TableStore,
    scored_windows: Sequence[Window],
    dates: Sequence[date],
    files: int,
    stage: StageFrame,
    watch: Stopwatch,
) -> None:
    """Make some dates in one pass, and put them in place by one commit of each table."""
    scored = score_dates(rows, scored_windows, dates, "bench", files, stage)
    watch.mark("boundaries")
    where = {c.AS_OF_DATE: list(dates)}
    with one_task_per_file(rows.sparkSession):
        store.replace(RFM_SCORE, scored.scores, where, {}, is_sorted=True)
    store.replace(SCORE_BOUNDARY, scored.boundary_frame.coalesce(1), where, {})
    watch.mark("scores")


def naive(place: Place) -> dict[str, float]:
    """The same in plain PySpark: sums of CASE WHEN, and NTILE over all rows of a window."""
    with spark_process() as spark:
        watch = Stopwatch()
        facts = spark.read.parquet(str(place.folder / "warehouse" / "member_day"))
        first = AS_OF - timedelta(days=max(PERIODS.values()))
        valid = (F.col(c.VALID_FROM) <= AS_OF) & (F.col(c.VALID_TO) > AS_OF) & (F.col(c.ORDER_DAY) > first)
        age = F.date_diff(F.lit(AS_OF), F.col(c.ORDER_DAY))
        sums: list[Column] = []
        for name, days in PERIODS.items():
            inside = age < days
            sums += [
                F.min(F.when(inside, age)).alias(f"recency_{name}"),
                F.sum(F.when(inside, F.col(c.ORDER_COUNT)).otherwise(0)).alias(f"orders_{name}"),
                F.sum(F.when(inside, F.col(c.NET_AMOUNT)).otherwise(0)).alias(f"net_{name}"),
            ]
        measures = facts.where(valid).groupBy(c.MEMBER_ID).agg(*sums).cache()
        scored = reduce(DataFrame.unionAll, [naive_window(measures, name) for name in PERIODS])
        scored.write.mode("overwrite").parquet(str(place.scores("naive")))
        watch.mark("scores")
        return watch.seconds


def naive_window(measures: DataFrame, name: str) -> DataFrame:
    """Return the rows of one window, each score an NTILE over all of them."""
    recency, orders, net = (F.col(f"{what}_{name}") for what in ("recency", "orders", "net"))
    tiles = [F.ntile(5).over(Over.orderBy(key, c.MEMBER_ID)) for key in (recency.desc(), orders.asc(), net.asc())]
    r, f, m = (F.col(column) for column in (c.R_SCORE, c.F_SCORE, c.M_SCORE))
    composite = F.round((r + f + m - 3) / 12 * 100, 3).cast(c.COMPOSITE_SCORE.type)
    return (
        measures.where(orders > 0)
        .select(
            F.lit(AS_OF).alias(c.AS_OF_DATE),
            F.lit(name).alias(c.RFM_WINDOW),
            c.MEMBER_ID,
            recency.alias(c.RECENCY_DAYS),
            orders.alias(c.ORDER_COUNT),
            net.cast(c.AMOUNT_TYPE).alias(c.NET_AMOUNT),
            *[tile.alias(score) for tile, score in zip(tiles, (c.R_SCORE, c.F_SCORE, c.M_SCORE), strict=True)],
        )
        .withColumn(c.RFM_LABEL, F.concat(F.lit("R"), r, F.lit("F"), f, F.lit("M"), m))
        .withColumn(c.COMPOSITE_SCORE, composite)
        .withColumn(c.RUN_ID, F.lit("bench"))
    )


CONTENDERS: dict[str, Callable[..., dict[str, float]]] = {
    "generate": generate,
    "prepare": prepare,
    "product": product,
    "duckdb": duck,
    "naive": naive,
}


def main(arguments: Sequence[str]) -> None:
    """Run one contender and print its seconds as the last line."""
    name, folder, *options = arguments
    print(json.dumps(CONTENDERS[name](Place(Path(folder)), *options)))


if __name__ == "__main__":
    main(sys.argv[1:])
