"""The same scores in DuckDB SQL: one aggregation, twelve NTILE windows, the same long rows to Parquet files."""

import os
import shutil
from collections.abc import Sequence
from datetime import date

import duckdb
from bench_place import AS_OF, PERIODS, Place, Stopwatch

from rfm_spark.contracts import columns as c
from rfm_spark.io.session import driver_memory


def duckdb_memory() -> str:
    """Return DuckDB's limit: the driver's heap and 1 GiB."""
    heap = driver_memory().lower()
    mib = int(heap[:-1]) * 1024 if heap.endswith("g") else int(heap[:-1])
    return f"{mib + 1024}MiB"


def connect(place: Place) -> duckdb.DuckDBPyConnection:
    """Return a connection that may use what the JVM may, and spills beside the data."""
    connection = duckdb.connect(config={"memory_limit": duckdb_memory(), "threads": os.cpu_count() or 1})
    connection.execute(f"SET temp_directory = '{place.folder / 'duckdb_spill'}'")
    return connection


def duck(place: Place, name: str = "duckdb", *dates: str) -> dict[str, float]:
    """Score the dates one after another, each into a file of its own."""
    target = place.scores(name)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    watch = Stopwatch()
    connection = connect(place)
    for as_of in dates or [str(AS_OF)]:
        day = date.fromisoformat(as_of)
        connection.execute(duck_measures(place.facts, day))
        rows = " UNION ALL ".join(duck_window(window, day) for window in PERIODS)
        connection.execute(f"COPY ({rows}) TO '{target / f'{day}.parquet'}' (FORMAT parquet)")
        watch.mark("scores")
    connection.close()
    shutil.rmtree(place.folder / "duckdb_spill", ignore_errors=True)
    return watch.seconds


def duck_measures(facts: str, as_of: date) -> str:
    """Return the one aggregation."""
    age = f"(DATE '{as_of}' - order_day)"
    sums = [
        f"min({age}) FILTER ({age} < {days}) AS recency_{name}, "
        f"coalesce(sum(order_count) FILTER ({age} < {days}), 0) AS orders_{name}, "
        f"coalesce(sum(net_amount) FILTER ({age} < {days}), 0) AS net_{name}"
        for name, days in PERIODS.items()
    ]
    return (
        f"CREATE OR REPLACE TEMP TABLE measures AS SELECT member_id, {', '.join(sums)} "
        f"FROM read_parquet('{facts}', hive_partitioning = false) "
        f"WHERE valid_from <= DATE '{as_of}' AND valid_to > DATE '{as_of}' "
        f"AND order_day <= DATE '{as_of}' AND {age} < {max(PERIODS.values())} GROUP BY member_id"
    )


def duck_window(name: str, as_of: date) -> str:
    """Return the rows of one window."""
    keys = {"r_score": f"recency_{name} DESC", "f_score": f"orders_{name}", "m_score": f"net_{name}"}
    tiles = ", ".join(f"ntile(5) OVER (ORDER BY {key}, member_id)::INTEGER AS {score}" for score, key in keys.items())
    return (
        f"SELECT DATE '{as_of}' AS as_of_date, '{name}' AS rfm_window, member_id, recency_{name}::INTEGER AS "
        f"recency_days, orders_{name}::BIGINT AS order_count, net_{name}::DECIMAL(18,4) AS net_amount, "
        "r_score, f_score, m_score, concat('R', r_score, 'F', f_score, 'M', m_score) AS rfm_label, "
        "round((r_score + f_score + m_score - 3) / 12.0 * 100, 3)::DECIMAL(6,3) AS composite_score, "
        f"'bench' AS run_id FROM (SELECT *, {tiles} FROM measures WHERE orders_{name} > 0)"
    )


def differences(place: Place, one: str, other: str, dates: Sequence[date] = (AS_OF,)) -> int:
    """Return how many rows of either are not in the other, values and scores compared as they are published."""
    compared = (
        c.RFM_WINDOW, c.MEMBER_ID, c.RECENCY_DAYS, c.ORDER_COUNT, c.NET_AMOUNT, c.R_SCORE, c.F_SCORE, c.M_SCORE,
        c.RFM_LABEL, c.COMPOSITE_SCORE,
    )  # fmt: skip
    days = ", ".join(f"DATE '{day}'" for day in dates)
    sides = [
        f"SELECT {', '.join(compared)}, as_of_date::DATE FROM read_parquet('{place.files(name)}', "
        f"hive_partitioning = {(place.scores(name) / 'rfm_score').is_dir()}) WHERE as_of_date::DATE IN ({days})"
        for name in (one, other)
    ]
    counts = [f"(SELECT count(*) FROM (({a}) EXCEPT ALL ({b})))" for a, b in (sides, reversed(sides))]
    found = connect(place).execute(f"SELECT {' + '.join(counts)}").fetchone()
    shutil.rmtree(place.folder / "duckdb_spill", ignore_errors=True)
    return int(found[0]) if found else 0
