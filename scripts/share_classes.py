#!/usr/bin/env python3
"""Write the archive of classes with which a JVM starts Spark in half the time; called by setup.sh.

The JVM writes what it has loaded when it ends (class-data sharing), so this starts the session of every command and
has it do a little of everything that jobs do: read text, aggregate, rank, write a Delta table twice, and read it.
"""

import os
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from rfm_spark.io.session import CLASS_ARCHIVE, SILENT_SHARING, build_local_session, end_local_session

LINES = "member,day,amount\n1,2024-01-31,1.50\n2,2024-02-29,2.25\n1,2024-02-01,-0.50\n"


def work(spark: SparkSession, folder: Path) -> None:
    """Load the classes of reading, planning, generated code and Delta."""
    (folder / "lines.csv").write_text(LINES)
    lines = spark.read.csv(str(folder / "lines.csv"), header=True)
    typed = lines.selectExpr(
        "cast(member as bigint) member", "cast(day as date) day", "cast(amount as decimal(18, 4)) amount"
    )
    table = str(folder / "table")
    days = typed.groupBy("member", "day").agg({"amount": "sum"}).withColumnRenamed("sum(amount)", "amount")
    days.write.format("delta").partitionBy("day").save(table)
    days.where("day = '2024-01-31'").write.format("delta").mode("overwrite").option(
        "replaceWhere", "day = DATE '2024-01-31'"
    ).save(table)
    stored = spark.read.format("delta").load(table)
    stored.createOrReplaceTempView("days")
    spark.sql("SELECT member, ntile(2) OVER (PARTITION BY day ORDER BY amount) FROM days").collect()
    stored.join(typed, ["member", "day"], "left").orderBy("member").collect()


def main(archive: Path) -> int:
    """Write the archive aside and put it in place; 1 where the JVM did not write one."""
    aside = archive.with_suffix(".new")
    for file in (archive, aside):
        file.unlink(missing_ok=True)
    options = f'"-XX:ArchiveClassesAtExit={aside}" -XX:TieredStopAtLevel=1 {SILENT_SHARING}'
    with tempfile.TemporaryDirectory() as folder:
        spark = build_local_session("rfm-spark set-up", {"spark.driver.extraJavaOptions": options})
        work(spark, Path(folder))
        end_local_session(spark)
    if not aside.is_file():
        return 1
    os.replace(aside, archive)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else CLASS_ARCHIVE))
