"""A table of a database as a frame: its secrets, its times and its parallel reading."""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import Delivery
from rfm_spark.config.source import Jdbc, Source
from rfm_spark.errors import UsageError
from rfm_spark.ingest.schema import quoted
from rfm_spark.ingest.secret import read_secret


def read_database(spark: SparkSession, source: Source, jdbc: Jdbc) -> DataFrame:
    """Return the rows of the table; a time without offset is TIMESTAMP_NTZ, because it has no zone yet.

    Spark's own default reads such a time as one in the zone of the JVM, whatever `time_zone` the source has.
    """
    where = f"source {source.name}: jdbc"
    if source.delivery is Delivery.BATCHES:
        raise UsageError(where, "delivery: batches", "files, which are the batches", "use delivery: days")
    reader = spark.read.format("jdbc").options(**source.options).options(**_place(jdbc), **_secrets(jdbc, where))
    frame = reader.option("preferTimestampNTZ", "true").load()
    if jdbc.partition_column is None:
        return frame
    reader = reader.options(**_bounds(jdbc))
    local = [n for n, type_ in frame.dtypes if n.lower() == jdbc.partition_column.lower() and type_ == "timestamp_ntz"]
    if not local:
        return reader.load()
    # Spark divides a table by times with a zone only, so this one column is read in the zone of the JVM and moved back.
    zone = spark._jvm.java.util.TimeZone.getDefault().getID()  # type: ignore[union-attr]  # a classic session has it
    zoned = reader.option("customSchema", f"{quoted(local[0])} timestamp").load()
    return zoned.withColumn(local[0], wall_clock(F.col(quoted(local[0])), str(zone)))


def wall_clock(instant: Column, zone: str) -> Column:
    """Return what clocks in a zone showed at an instant, whatever the zone of the session."""
    micros = F.unix_micros(F.from_utc_timestamp(instant, zone))
    seconds = micros.cast("decimal(20,0)") * F.lit(0.000001).cast("decimal(7,6)")
    return F.lit("1970-01-01").cast("timestamp_ntz") + F.make_dt_interval(secs=seconds.cast("decimal(18,6)"))


def _place(jdbc: Jdbc) -> dict[str, str]:
    return _given({"url": jdbc.url, "dbtable": jdbc.table, "driver": jdbc.driver, "fetchsize": jdbc.fetch_size})


def _secrets(jdbc: Jdbc, where: str) -> dict[str, str]:
    secrets = {"user": jdbc.user, "password": jdbc.password}
    return {name: read_secret(secret, where).decode() for name, secret in secrets.items() if secret is not None}


def _bounds(jdbc: Jdbc) -> dict[str, str]:
    return _given(
        {
            "partitionColumn": jdbc.partition_column,
            "lowerBound": jdbc.lower_bound,
            "upperBound": jdbc.upper_bound,
            "numPartitions": jdbc.partitions,
        }
    )


def _given(settings: dict[str, str | int | None]) -> dict[str, str]:
    return {name: str(value) for name, value in settings.items() if value is not None}
