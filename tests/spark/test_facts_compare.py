"""Frames of equal columns are compared by rows, by keys and as a whole."""

from pyspark.sql import DataFrame, SparkSession

from rfm_spark.driver_rows import driver_rows
from rfm_spark.facts.compare import SIGN, Fingerprint, Slice, different_rows, differing_keys, fingerprints

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
    same, again = fingerprints([Slice(one, content=["id"]), Slice(other, content=["id"])])
    assert same == again


def test_a_value_that_moves_to_the_next_column_changes_the_fingerprint(spark: SparkSession) -> None:
    before, after = fingerprints([Slice(frame(spark, ("a", 1, None))), Slice(frame(spark, ("a", None, 1)))])
    assert before != after


def test_many_frames_keep_their_order_and_an_empty_one_counts_nothing(spark: SparkSession) -> None:
    frames = [frame(spark, *[("a", number, number)] * number) for number in range(12)]
    found = fingerprints([Slice(one) for one in frames])
    assert [of[""].rows for of in found] == list(range(12))
    assert found[0] == {"": Fingerprint(0, None, 0)}
    assert fingerprints([]) == []


def test_groups_are_alike_by_their_content_and_equal_rows_do_not_cancel_out(spark: SparkSession) -> None:
    twins = frame(spark, ("a", 1, 1), ("a", 1, 1), ("b", 1, 1), ("b", 1, 1), ("c", 2, 2), ("c", 2, 2), ("d", 1, 1))
    (found,) = fingerprints([Slice(twins, by="id", content=["first", "second"])])
    assert {name: of.rows for name, of in found.items()} == {"a": 2, "b": 2, "c": 2, "d": 1}
    assert found["a"].content == found["b"].content
    assert len({found[name].content for name in "acd"}) == 3
    assert fingerprints([Slice(twins.limit(0), by="id")]) == [{}]
