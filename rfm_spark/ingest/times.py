"""Instants and days out of text and typed columns, whatever the time zone of the session is.

Text is read as if it were UTC and then moved, so `spark.sql.session.timeZone` decides nothing. A local time that a
clock change skipped moves on by the length of the gap, and one that happened twice is the first of the two:

>>> berlin = Zones(source="Europe/Berlin", calendar="Europe/Berlin")
>>> changes = rows("ordered_text", "2024-03-31T02:30:00", "2024-10-27T02:30:00")
>>> show(changes.withColumn("utc", instant_of(F.col("ordered_text"), "string", (), berlin).cast("string")))
| ordered_text        | utc                 |
|---------------------|---------------------|
| 2024-03-31T02:30:00 | 2024-03-31 01:30:00 |
| 2024-10-27T02:30:00 | 2024-10-27 00:30:00 |
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from rfm_spark.config.date_formats import EPOCHS, EXCEL, ISO_INSTANT, NUMBERS
from rfm_spark.ingest.numbers import id_text

FIRST_DAY, LAST_DAY = date(1900, 1, 2), date(9998, 12, 30)
"""Days outside are bad dates: they are placeholders, and file formats disagree about them."""
ISO_OFFSET = r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$"
ISO_DAY_LENGTH = 10
MINUTES_LENGTH = 16
"""Of `2011-12-01 08:26`; Spark reads no offset behind minutes, so the seconds are put in."""
SECONDS_PER_DAY = 86_400
MICROS, MILLIS_PER_DAY = 1_000_000, 86_400_000
TICKS, SERIAL = "decimal(30,9)", "decimal(20,12)"
"""What an epoch and a serial number are read as: nanoseconds up to the year 9999, and a day in millionths of one."""
FALSE_DAY = 60
"""29 February 1900, which Excel counts and the calendar has not; what comes before it is a day later than it says."""
OFFSET_LETTERS = set("XxZVzO")
CLOCK_LETTERS = set("HhKkmsSa")
TIME_TYPES = ("date", "timestamp", "timestamp_ntz")


@dataclass(frozen=True)
class Zones:
    """Where local times are: `source` for timestamps without an offset, `calendar` for days."""

    source: str
    calendar: str


def instant_of(value: Column, type_: str, formats: tuple[str, ...], zones: Zones) -> Column:
    """Return the instant of a value (TIMESTAMP), NULL where it is not a date.

    A value with a day only is midnight in the zone of the calendar, so its day is never moved. `formats` are tried
    in order; without them text is ISO 8601 (`2011-12-01`, `2011-12-01 08:26:00`, `2017-01-28T14:06:53-05:00`).
    """
    if type_ == "timestamp":
        return value
    if type_ == "date":
        seconds = F.unix_date(value).cast("bigint") * SECONDS_PER_DAY
        return F.to_utc_timestamp(_from_seconds(seconds), zones.calendar)
    if type_ == "timestamp_ntz":
        wall = F.concat(value.cast("string"), F.lit("Z")).try_cast("timestamp")
        return F.to_utc_timestamp(wall, zones.source)
    text = id_text(value, type_)
    return F.coalesce(*([_by_format(text, pattern, zones) for pattern in formats] or [_by_iso(text, zones)]))


def typed_time(text: str, type_: str, zones: Zones) -> Column:
    """Return a time of the configuration, in ISO 8601, as a value of a typed column; NULL where it is none."""
    instant = instant_of(F.lit(text), "string", (), zones)
    return instant if type_ == "timestamp" else F.lit(text).try_cast(type_)


def has_two_days(value: Column, type_: str, formats: tuple[str, ...], zones: Zones) -> Column:
    """Return whether two patterns of the list fit the value and give two days; the first of them is taken.

    A number of the list (an epoch, a serial number) comes last and gets what no pattern fits.

    >>> formats = ("dd/MM/yyyy", "MM/dd/yyyy", "epoch_seconds")
    >>> days = rows("day_text", "03/04/2024", "25/12/2024", "04/04/2024", "1704412800")
    >>> utc = Zones(source="UTC", calendar="UTC")
    >>> show(days.withColumn("two_days", has_two_days(F.col("day_text"), "string", formats, utc)))
    | day_text   | two_days |
    |------------|----------|
    | 03/04/2024 | True     |
    | 04/04/2024 | False    |
    | 1704412800 | False    |
    | 25/12/2024 | False    |
    """
    if type_ in TIME_TYPES:
        return F.lit(False)
    text = id_text(value, type_)
    days = [day_in(_by_format(text, pattern, zones), zones.calendar) for pattern in patterns_of(formats)]
    return F.size(F.array_distinct(F.array_compact(F.array(*days)))) > 1


def patterns_of(formats: tuple[str, ...]) -> list[str]:
    """Return the formats that are patterns of letters."""
    return [pattern for pattern in formats if pattern not in NUMBERS]


def day_in(instant: Column, zone: str) -> Column:
    """Return the calendar day of an instant in a zone, NULL outside the years 1900 to 9998."""
    local_seconds = F.unix_seconds(F.from_utc_timestamp(instant, zone))
    day = F.date_from_unix_date(F.floor(local_seconds / SECONDS_PER_DAY).cast("int"))
    return F.when(F.unix_seconds(instant).between(_seconds(FIRST_DAY), _seconds(LAST_DAY)), day)


def with_times_of_nanoseconds(frame: DataFrame, footer: Mapping[str, str]) -> DataFrame:
    """Return the frame with its columns of nanoseconds as times, of which Spark reads the numbers alone."""
    times = {}
    for name, field in footer.items():
        is_instant = "TIMESTAMP(NANOS,true)" in field
        is_time = is_instant or "TIMESTAMP(NANOS,false)" in field
        if name in frame.columns and is_time and "{" not in field:
            ticks = F.col("`" + name.replace("`", "``") + "`").cast("decimal(20,0)")
            instant = F.timestamp_micros(F.floor(ticks / F.lit(1000)).cast("bigint"))
            # The session's zone is UTC, so a time without an offset keeps its clock.
            times[name] = instant if is_instant else instant.cast("timestamp_ntz")
    return frame.withColumns(times) if times else frame


def _letters(pattern: str) -> set[str]:
    return {letter for letter in re.sub("'[^']*'", "", pattern) if letter.isalpha()}


def _by_iso(text: Column, zones: Zones) -> Column:
    is_iso = text.rlike(ISO_INSTANT)
    text = F.regexp_replace(F.regexp_replace(text, "UTC$", "Z"), r" (Z|[+-][\d:]+)$", "$1")
    day_only = F.length(text) == ISO_DAY_LENGTH
    has_offset = text.rlike(ISO_OFFSET)
    midnight = F.concat(text, F.lit("T00:00:00Z")).try_cast("timestamp")
    has_seconds = F.substring(text, MINUTES_LENGTH + 1, 1) == ":"
    minutes, rest = F.substring(text, 1, MINUTES_LENGTH), F.substring(text, MINUTES_LENGTH + 1, MINUTES_LENGTH)
    full = F.when(has_seconds, text).otherwise(F.concat(minutes, F.lit(":00"), rest))
    wall = F.concat(full, F.lit("Z")).try_cast("timestamp")
    with_colon = F.regexp_replace(full, r"([+-]\d\d)(\d\d)$", "$1:$2")
    instant = (
        F.when(day_only, F.to_utc_timestamp(midnight, zones.calendar))
        .when(has_offset, with_colon.try_cast("timestamp"))
        .otherwise(F.to_utc_timestamp(wall, zones.source))
    )
    return F.when(is_iso, instant)


def _by_format(text: Column, pattern: str, zones: Zones) -> Column:
    if pattern in EPOCHS:
        return _from_epoch(text, EPOCHS[pattern])
    if pattern in EXCEL:
        return _from_serial(text, pattern, zones)
    letters = _letters(pattern)
    if letters & OFFSET_LETTERS:
        return F.try_to_timestamp(text, F.lit(pattern))
    as_utc = F.try_to_timestamp(F.concat(text, F.lit(" +00:00")), F.lit(f"{pattern} XXX"))
    zone = zones.source if letters & CLOCK_LETTERS else zones.calendar
    return F.to_utc_timestamp(as_utc, zone)


def _from_epoch(text: Column, per_second: int) -> Column:
    """Return the instant of a number since 1970, cut to whole microseconds."""
    ticks = text.try_cast(TICKS)
    usable = F.when(F.abs(ticks) <= F.lit(Decimal(_seconds(LAST_DAY) * per_second)), ticks)
    finer, coarser = F.lit(max(per_second // MICROS, 1)), F.lit(max(MICROS // per_second, 1))
    micros = usable / finer if per_second > MICROS else usable * coarser
    return F.timestamp_micros(F.floor(micros).cast("bigint"))


def _from_serial(text: Column, pattern: str, zones: Zones) -> Column:
    """Return the instant of a serial number; a whole one is a day, a fraction is the time of the day at the source.

    >>> serials = rows("serial_text", "45296", "45296.75", "60", "59", "2958465.5")
    >>> utc = Zones(source="UTC", calendar="UTC")
    >>> show(serials.withColumn("at", instant_of(F.col("serial_text"), "string", ("excel",), utc).cast("string")))
    | serial_text | at                  |
    |-------------|---------------------|
    | 2958465.5   | 9999-12-31 12:00:00 |
    | 45296       | 2024-01-05 00:00:00 |
    | 45296.75    | 2024-01-05 18:00:00 |
    | 59          | 1900-02-28 00:00:00 |
    | 60          | NULL                |
    """
    serial, origin = text.try_cast(SERIAL), EXCEL[pattern]
    whole = F.floor(serial)
    usable = F.when((serial >= 1) & (whole <= (date(9999, 12, 31) - origin).days), serial)
    if pattern == "excel":
        usable = F.when(whole > FALSE_DAY, usable).when(whole < FALSE_DAY, usable + 1)
    millis = F.round(usable * F.lit(MILLIS_PER_DAY)).cast("bigint") + _seconds(origin) * 1_000
    zone = F.when(millis % MILLIS_PER_DAY == 0, F.lit(zones.calendar)).otherwise(F.lit(zones.source))
    return F.to_utc_timestamp(F.timestamp_millis(millis), zone)


def _from_seconds(seconds: Column) -> Column:
    usable = F.when(seconds.between(_seconds(FIRST_DAY), _seconds(LAST_DAY)), seconds)
    return F.timestamp_seconds(usable)


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
