"""Facts for scoring tests: rows written inline, seeded random ones, and a stage on the local disk."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.config.model import Window
from rfm_spark.contracts.tables import MEMBER_DAY
from rfm_spark.dates import OPEN_END, month_of
from rfm_spark.scoring.score_dates import ScoredDates, score_dates
from tests.oracles.facts import Fact
from tests.oracles.scores import Scored, score_windows

AS_OF = date(2024, 6, 30)


def fact(
    member_id: int,
    order_day: date,
    orders: int = 1,
    net: str = "10",
    gross: str | None = None,
    valid: tuple[date, date] | None = None,
) -> Fact:
    """Return one version of a day, valid from its own day on unless told otherwise."""
    valid_from, valid_to = valid or (order_day, OPEN_END)
    gross_amount = Decimal(gross if gross is not None else net).quantize(Decimal("0.0001"))
    net_amount = Decimal(net).quantize(Decimal("0.0001"))
    return Fact(
        member_id, order_day, valid_from, valid_to, orders, gross_amount, gross_amount - net_amount, net_amount, 0
    )


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def member_day_frame(spark: SparkSession, facts: Iterable[Fact]) -> DataFrame:
    rows = [
        (
            f.member_id, f.order_day, f.valid_from, f.valid_to, f.order_count, f.gross_amount, f.refund_amount,
            f.net_amount, f.promotion_order_count, month_of(f.order_day),
        )
        for f in facts
    ]  # fmt: skip
    return spark.createDataFrame(rows, MEMBER_DAY.schema_text())


def random_facts(members: int, seed: int = 7, wide_ids: bool = True) -> list[Fact]:
    """Return facts with many ties, refunds that make versions, lines after as_of and ids over all 63 bits."""
    chance = random.Random(seed)
    facts = []
    for number in range(members):
        member_id = chance.getrandbits(63) if wide_ids else 100 + number
        for days in sorted(chance.sample(range(-40, 800), chance.choice((1, 1, 1, 2, 3, 8)))):
            day = ago(days)
            amount = chance.choice(("0", "9.99", "10", "10", "10", f"{chance.randint(1, 40000) / 100}", "1234.5678"))
            orders = chance.choice((1, 1, 1, 2, 0))
            refunded = day + timedelta(days=chance.randint(1, 60))
            if chance.random() < 0.2:
                facts.append(fact(member_id, day, orders, amount, valid=(day, refunded)))
                facts.append(fact(member_id, day, 0, "-3.3333", amount, valid=(refunded, OPEN_END)))
            else:
                facts.append(fact(member_id, day, orders, amount))
    return facts


def disk_stage(spark: SparkSession, folder: Path) -> Callable[[DataFrame, str], DataFrame]:
    def stage(frame: DataFrame, name: str) -> DataFrame:
        path = str(folder / name)
        frame.write.mode("overwrite").parquet(path)
        return spark.read.schema(frame.schema).parquet(path)

    return stage


def scored(
    spark: SparkSession,
    folder: Path,
    facts: Sequence[Fact],
    windows: Sequence[Window],
    partitions: int = 4,
    dates: Sequence[date] = (AS_OF,),
    **options,
) -> ScoredDates:
    frame = member_day_frame(spark, facts)
    return score_dates(frame, windows, dates, "run-1", partitions, disk_stage(spark, folder), **options)


COLUMNS = (
    "rfm_window", "member_id", "recency_days", "order_count", "net_amount", "r_score", "f_score", "m_score",
    "rfm_label", "composite_score",
)  # fmt: skip


def score_rows(result: ScoredDates) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in result.scores.select(*COLUMNS).collect())


def twin_rows(rows: Iterable[Scored]) -> list[tuple[object, ...]]:
    return sorted(
        (
            row.window, row.member_id, row.measure.recency_days, row.measure.order_count, row.measure.net_amount,
            row.r_score, row.f_score, row.m_score, row.rfm_label, row.composite_score,
        )
        for row in rows
    )  # fmt: skip


def twin_scores(facts: Sequence[Fact], windows: Sequence[Window]) -> list[tuple[object, ...]]:
    return twin_rows(score_windows(facts, windows, AS_OF))
