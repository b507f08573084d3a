"""What the benchmark runs, each contender in a process of its own: the product, DuckDB and naive PySpark.

All read the same Parquet files of `member_day` and write one row per member and window with twelve scores. DuckDB and
naive PySpark use SQL NTILE ordered by value and member_id; the product does the same with `ties: split`, and gives
equal values one score with its default.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from rfm_spark.config.model import MetricScoring, Warehouse, Window
from rfm_spark.config.words import Ties
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.tables import MEMBER_DAY, RFM_SCORE, SCORE_BOUNDARY
from rfm_spark.io.files import Staging
from rfm_spark.io.session import build_local_session, driver_memory
from rfm_spark.io.tables import TableStore
from rfm_spark.steps.job import files_for
from rfm_spark.steps.scoring import one_task_per_file, score_dates

AS_OF = date(2025, 6, 30)
DAYS = 760
MEMBERS_PER_TRANSACTION = 0.1
PERIODS = {"month": 30, "quarter": 90, "half_year": 182, "year": 365}
TIES = ("together", "split")


@dataclass(frozen=True)
class Place:
    """Where the benchmark keeps its tables, and where a contender puts its rows."""

    folder: Path

    @property
    def facts(self) -> str:
        """Return the Parquet files of member_day."""
        return str(self.folder / "warehouse" / "member_day" / "**" / "*.parquet")

    def scores(self, contender: str) -> Path:
        """Return the folder or file of a contender's scores."""
        return self.folder / contender


def session() -> SparkSession:
    """Return the session that the console script makes."""
    spark = build_local_session("rfm-spark bench")
    spark.sparkContext.setLogLevel("ERROR")
    return spark


@contextmanager
def spark_process() -> Iterator[SparkSession]:
    """Start Spark, and wait for its JVM to end, so that its CPU time counts."""
    spark = session()
    gateway = spark.sparkContext._gateway
    try:
        yield spark
    finally:
        spark.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()


def generate(place: Place, transactions: int) -> dict[str, float]:
    """Write member_day of so many transactions: a tenth as many members, days evenly over 760, odd amounts."""
    members = max(1, int(transactions * MEMBERS_PER_TRANSACTION))
    with spark_process() as spark:
        store = TableStore(spark, Warehouse(path=str(place.folder / "warehouse")))
        store.create(MEMBER_DAY)
        for ties in TIES:
            results = TableStore(spark, Warehouse(path=str(place.scores(f"product_{ties}"))))
            results.create(RFM_SCORE)
            results.create(SCORE_BOUNDARY)
        chance = [F.pmod(F.xxhash64(F.col("id"), F.lit(salt)), F.lit(size)) for salt, size in ((1, members), (2, DAYS))]
        cents = F.pmod(F.xxhash64(F.col("id"), F.lit(3)), F.lit(50_000)) + 100
        lines = spark.range(transactions).select(
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


def windows(ties: str) -> list[Window]:
    """Return the four windows with their twelve scores."""
    scoring = MetricScoring(ties=Ties(ties))
    plain = Window("", recency_scoring=scoring, frequency_scoring=scoring, monetary_scoring=scoring)
    return [replace(plain, name=name, days=days) for name, days in PERIODS.items()]


def product(place: Place, ties: str) -> dict[str, float]:
    """Score the windows as `rfm-spark score` does and replace the date in the Delta table rfm_score."""
    with spark_process() as spark:
        store = TableStore(spark, Warehouse(path=str(place.scores(f"product_{ties}"))))
        facts = TableStore(spark, Warehouse(path=str(place.folder / "warehouse")))
        watch = Stopwatch()
        rows = facts.read(MEMBER_DAY)
        files = files_for(rows.count(), spark.sparkContext.defaultParallelism)
        with Staging(spark, str(place.folder / "staging"), f"bench-{ties}") as staging:
            scored = score_dates(rows, windows(ties), [AS_OF], "bench", files, watch.timed("measures", staging.stage))
            watch.mark("boundaries")
            with one_task_per_file(spark):
                store.replace(RFM_SCORE, scored.scores, {c.AS_OF_DATE: AS_OF}, {}, is_sorted=True)
            watch.mark("scores")
            store.replace(SCORE_BOUNDARY, scored.boundary_frame.coalesce(1), {c.AS_OF_DATE: AS_OF}, {})
        watch.mark("rest")
        return watch.seconds


class Stopwatch:
    """Seconds of work since it was made, in all and by stage."""

    def __init__(self) -> None:
        self.started = self.last = time.monotonic()
        self.seconds: dict[str, float] = {"work": 0.0}

    def mark(self, stage: str) -> None:
        """End a stage."""
        now = time.monotonic()
        self.seconds[stage] = now - self.last
        self.seconds["work"] = now - self.started
        self.last = now

    def timed(self, stage: str, call: Callable[[DataFrame, str], DataFrame]) -> Callable[[DataFrame, str], DataFrame]:
        """Return the call, which ends a stage of this name."""

        def measured(frame: DataFrame, name: str) -> DataFrame:
            result = call(frame, name)
            self.mark(stage)
            return result

        return measured


def naive(place: Place, _: str) -> dict[str, float]:
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


def duckdb_memory() -> str:
    """Return DuckDB's limit: the driver's heap and 1 GiB."""
    heap = driver_memory().lower()
    mib = int(heap[:-1]) * 1024 if heap.endswith("g") else int(heap[:-1])
    return f"{mib + 1024}MiB"


def duck(place: Place, _: str) -> dict[str, float]:
    """The same in DuckDB: one aggregation, twelve NTILE windows, the same long rows to Parquet."""
    watch = Stopwatch()
    connection = duckdb.connect(config={"memory_limit": duckdb_memory(), "threads": os.cpu_count() or 1})
    connection.execute(f"SET temp_directory = '{place.folder / 'duckdb_spill'}'")
    connection.execute(duck_measures(place.facts))
    target = place.scores("duckdb.parquet")
    connection.execute(f"COPY ({' UNION ALL '.join(map(duck_window, PERIODS))}) TO '{target}' (FORMAT parquet)")
    watch.mark("scores")
    return watch.seconds


def duck_measures(facts: str) -> str:
    """Return the one aggregation."""
    age = f"(DATE '{AS_OF}' - order_day)"
    sums = [
        f"min({age}) FILTER ({age} < {days}) AS recency_{name}, "
        f"coalesce(sum(order_count) FILTER ({age} < {days}), 0) AS orders_{name}, "
        f"coalesce(sum(net_amount) FILTER ({age} < {days}), 0) AS net_{name}"
        for name, days in PERIODS.items()
    ]
    return (
        f"CREATE TEMP TABLE measures AS SELECT member_id, {', '.join(sums)} "
        f"FROM read_parquet('{facts}', hive_partitioning = false) "
        f"WHERE valid_from <= DATE '{AS_OF}' AND valid_to > DATE '{AS_OF}' AND {age} < {max(PERIODS.values())} "
        "GROUP BY member_id"
    )


def duck_window(name: str) -> str:
    """Return the rows of one window."""
    keys = {"r_score": f"recency_{name} DESC", "f_score": f"orders_{name}", "m_score": f"net_{name}"}
    tiles = ", ".join(f"ntile(5) OVER (ORDER BY {key}, member_id)::INTEGER AS {score}" for score, key in keys.items())
    return (
        f"SELECT DATE '{AS_OF}' AS as_of_date, '{name}' AS rfm_window, member_id, recency_{name}::INTEGER AS "
        f"recency_days, orders_{name}::BIGINT AS order_count, net_{name}::DECIMAL(18,4) AS net_amount, "
        "r_score, f_score, m_score, concat('R', r_score, 'F', f_score, 'M', m_score) AS rfm_label, "
        "round((r_score + f_score + m_score - 3) / 12.0 * 100, 3)::DECIMAL(6,3) AS composite_score, "
        f"'bench' AS run_id FROM (SELECT *, {tiles} FROM measures WHERE orders_{name} > 0)"
    )


def differences(place: Place, one: str, other: str) -> int:
    """Return how many rows of either are not in the other, values and scores compared as they are published."""
    compared = (
        c.RFM_WINDOW, c.MEMBER_ID, c.RECENCY_DAYS, c.ORDER_COUNT, c.NET_AMOUNT, c.R_SCORE, c.F_SCORE, c.M_SCORE,
        c.RFM_LABEL, c.COMPOSITE_SCORE,
    )  # fmt: skip
    columns = ", ".join(compared)
    connection = duckdb.connect(config={"memory_limit": duckdb_memory()})
    connection.execute(f"SET temp_directory = '{place.folder / 'duckdb_spill'}'")
    sides = [f"SELECT {columns} FROM read_parquet('{rows_of(place, name)}')" for name in (one, other)]
    counts = [f"(SELECT count(*) FROM (({a}) EXCEPT ALL ({b})))" for a, b in (sides, reversed(sides))]
    found = connection.execute(f"SELECT {' + '.join(counts)}").fetchone()
    return int(found[0]) if found else 0


def rows_of(place: Place, contender: str) -> str:
    """Return the Parquet files of a contender."""
    if contender == "duckdb":
        return str(place.scores("duckdb.parquet"))
    folder = place.scores(contender)
    return str(folder / "rfm_score" / "**" / "*.parquet" if contender.startswith("product") else folder / "*.parquet")


CONTENDERS: dict[str, Callable[[Place, str], dict[str, float]]] = {"product": product, "duckdb": duck, "naive": naive}


def main(arguments: list[str]) -> None:
    """Run one contender and print its seconds as the last line."""
    name, folder, option = arguments
    place = Place(Path(folder))
    seconds = generate(place, int(option)) if name == "generate" else CONTENDERS[name](place, option)
    shutil.rmtree(place.folder / "duckdb_spill", ignore_errors=True)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
