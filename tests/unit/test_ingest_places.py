"""Which rows of a table an ingest replaces, and that the files of a source are listed once."""

from dataclasses import replace
from datetime import date

import pytest

from rfm_spark.config.choices import Dataset, Delivery, Format
from rfm_spark.config.source import Source
from rfm_spark.dates import DayRange
from rfm_spark.errors import ConflictError, ExitCode
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.fates import LineCounts
from rfm_spark.ingest.files import FileSet, InputFile, require_listed
from rfm_spark.steps.ingesting.sources import place_of

MARCH_1, MARCH_9, APRIL_2 = date(2024, 3, 1), date(2024, 3, 9), date(2024, 4, 2)
MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)
SHOP = Source("shop", Dataset.TRANSACTIONS, Format.CSV, {}, paths=("in/*.csv",), delivery=Delivery.DAYS)
NO_LINES = LineCounts(read=0, accepted=0, excluded=0, rejected=0, outside=0)
FILES = FileSet((InputFile("file:///in/a.csv", "a.csv"), InputFile("file:///in/b%20c.csv", "b c.csv")))


def test_batches_replace_the_rows_of_every_listed_file_also_of_one_without_lines():
    by_batches = replace(SHOP, delivery=Delivery.BATCHES)
    assert place_of(by_batches, FILES, Asked(), NO_LINES) == {"source": "shop", "batch_id": ["a.csv", "b c.csv"]}


def test_days_replace_the_asked_days():
    expected = {"source": "shop", "transaction_month": [MARCH, APRIL], "transaction_day": DayRange(MARCH_9, APRIL_2)}
    assert place_of(SHOP, FILES, Asked(MARCH_9, APRIL_2), NO_LINES) == expected


def test_days_without_a_first_one_begin_with_the_earliest_line():
    counts = replace(NO_LINES, first_day=MARCH_1)
    place = place_of(SHOP, FILES, Asked(last=MARCH_9), counts)
    assert place is not None
    assert place["transaction_day"] == DayRange(MARCH_1, MARCH_9)


def test_events_are_replaced_by_their_own_days():
    place = place_of(replace(SHOP, dataset=Dataset.EVENTS), FILES, Asked(MARCH_1, MARCH_9), NO_LINES)
    assert place == {"source": "shop", "event_month": [MARCH], "event_day": DayRange(MARCH_1, MARCH_9)}


def test_no_line_and_no_first_day_replace_nothing():
    assert place_of(SHOP, FILES, Asked(last=MARCH_9), NO_LINES) is None


def test_lines_after_the_last_asked_day_replace_nothing():
    assert place_of(SHOP, FILES, Asked(last=MARCH_9), replace(NO_LINES, first_day=APRIL_2)) is None


@pytest.mark.parametrize("read", [["file:/in/a.csv"], ["file:///in/b%20c.csv", "file:///in/a.csv"], []])
def test_a_reader_may_find_fewer_files_and_write_their_addresses_otherwise(read: list[str]):
    require_listed(read, FILES, "source shop")


def test_a_file_that_arrives_between_listing_and_reading_stops_the_ingest_and_a_retry_is_safe():
    with pytest.raises(ConflictError, match=r"^source shop: late 1\.csv arrived while the files were read; ") as caught:
        require_listed(["file:///in/a.csv", "file:///in/late%201.csv"], FILES, "source shop")
    assert caught.value.exit_code is ExitCode.CONFLICT
