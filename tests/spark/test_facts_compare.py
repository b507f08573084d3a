"""Frames of equal columns are compared by rows, by keys and as a whole."""

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.driver_rows import driver_rows
from rfm_spark.facts.compare import SIGN, different_rows, differing_keys, fingerprints

Line = tuple[str, int | None, int | None]


def frame(spark: SparkSession, *lines: Line) -> DataFrame:
    return driver_rows(spark, lines, "id string, first int, second int")


def test_a_row_that_one_frame_has_twice_differs_once(spark: SparkSession) -> None:
    twice, once = frame(spark, ("a", 1, 1), ("a", 1, 1)), frame(spark, ("a", 1, 1))
    assert [tuple(row) for row in different_rows(twice, once).collect()] == [("a", 1, 1, 1)]
    assert [row[SIGN] for row in different_rows(once, twice).collect()] == [-1]


def test_ignored_columns_make_no_difference(spark: SparkSession) -> None:
    one, other = frame(spark, ("a", 1, 1)), frame(spark, ("a", 1, 2))
    assert different_rows(one, other, ("second",)).isEmpty()
    assert differing_keys(one, other, ("id",), ("second",)) == []


def test_keys_differ_by_content_and_by_number_of_rows(spark: SparkSession) -> None:
    one = frame(spark, ("content", 1, 1), ("number", 1, 1), ("number", 1, 1), ("same", 1, None))
    other = frame(spark, ("content", 1, 2), ("number", 1, 1), ("same", 1, None), ("new", 1, 1))
    assert differing_keys(one, other, ("id",)) == [("content",), ("new",), ("number",)]


def test_a_fingerprint_does_not_depend_on_the_order_of_rows(spark: SparkSession) -> None:
    one, other = frame(spark, ("a", 1, 2), ("b", 3, 4)), frame(spark, ("b", 3, 4), ("a", 1, 2))
    assert len(set(fingerprints([one, other]))) == 1


def test_a_value_that_moves_to_the_next_column_changes_the_fingerprint(spark: SparkSession) -> None:
    before, after = fingerprints([frame(spark, ("a", 1, None)), frame(spark, ("a", None, 1))])
    assert before != after


def test_many_frames_keep_their_order_and_an_empty_one_counts_nothing(spark: SparkSession) -> None:
    frames = [frame(spark, *[("a", number, number)] * number) for number in range(12)]
    assert [rows for rows, _ in fingerprints(frames)] == list(range(12))
    assert fingerprints(frames)[0] == (0, None)
    assert fingerprints([]) == []
