"""From counted buckets to exact steps: what they tell, what must still be counted, against all keys one by one."""

import random
from collections.abc import Callable, Sequence
from datetime import date

import pytest

from rfm_spark.contracts import columns as c
from rfm_spark.scoring.buckets import Bucket, distribution_of, ranges_to_count, total_of
from rfm_spark.scoring.distribution import Distribution, KeyRange, ValueStep
from rfm_spark.scoring.series import DatedSeries, Series

PLACE = DatedSeries(date(2024, 6, 30), Series(c.NET_AMOUNT, ("days", 365), None, False))


def buckets_of(keys: Sequence[int], bucket: Callable[[int], int]) -> tuple[Bucket, ...]:
    """Return the buckets as the pass over the data would count them."""
    found, before = [], 0
    for number in sorted({bucket(key) for key in keys}):
        inside = [key for key in keys if bucket(key) == number]
        found.append(Bucket(min(inside), max(inside), before, before + len(inside), sum(inside)))
        before += len(inside)
    return tuple(found)


def all_steps(keys: Sequence[int]) -> list[ValueStep]:
    """Return every step of the keys, counted one by one."""
    distinct = sorted(set(keys))
    return [
        ValueStep(
            key,
            sum(other < key for other in keys),
            sum(other <= key for other in keys),
            max((other for other in distinct if other < key), default=None),
            min((other for other in distinct if other > key), default=None),
        )
        for key in distinct
    ]


def counted(asked: KeyRange, keys: Sequence[int]) -> list[ValueStep]:
    """Return the asked steps of a range, counted inside it and told of the whole series."""
    inside = all_steps([key for key in keys if asked.lowest <= key <= asked.highest])
    wanted = [
        step
        for step in inside
        if any(step.before < rank <= step.through for rank in asked.ranks)
        or any(step.key >= key and (step.previous is None or step.previous < key) for key in asked.keys)
    ]
    return [asked.step(one.key, one.before, one.through, one.previous, one.following) for one in wanted]


def distribution(
    keys: Sequence[int], bucket: Callable[[int], int], ranks: Sequence[int], asked: Sequence[int]
) -> Distribution:
    buckets = buckets_of(keys, bucket)
    known, ranges = ranges_to_count(PLACE, buckets, ranks, asked)
    return distribution_of(buckets, [*known, *[step for one in ranges for step in counted(one, keys)]])


def test_a_bucket_of_one_key_needs_no_second_look() -> None:
    known, ranges = ranges_to_count(PLACE, buckets_of([1, 1, 2, 5], lambda key: key), ranks=[1, 3, 4], keys=[3])
    assert ranges == []
    assert known == [ValueStep(1, 0, 2, None, 2), ValueStep(2, 2, 3, 1, 5), ValueStep(5, 3, 4, 2, None)]


def test_only_buckets_that_hold_an_asked_rank_are_looked_into() -> None:
    buckets = buckets_of([10, 11, 20, 21, 22, 30, 31], lambda key: key // 10)
    known, ranges = ranges_to_count(PLACE, buckets, ranks=[4], keys=[])
    assert known == []
    assert ranges == [KeyRange(PLACE, 20, 22, before=2, previous=11, following=30, ranks=(2,))]


def test_a_key_between_two_buckets_asks_for_the_first_step_above_it() -> None:
    buckets = buckets_of([10, 11, 20, 21], lambda key: key // 10)
    _, ranges = ranges_to_count(PLACE, buckets, ranks=[], keys=[15])
    assert ranges == [KeyRange(PLACE, 20, 21, before=2, previous=11, following=None, keys=(15,))]


def test_a_key_above_all_members_asks_for_nothing() -> None:
    assert ranges_to_count(PLACE, buckets_of([10, 11], lambda key: key // 10), ranks=[], keys=[12]) == ([], [])


def test_nobody_is_no_bucket_and_no_member() -> None:
    assert total_of(()).members == 0
    assert ranges_to_count(PLACE, (), ranks=[], keys=[5]) == ([], [])
    assert distribution_of((), []) == Distribution(0)


@pytest.mark.parametrize("width", [1, 7, 50, 10_000])
def test_steps_equal_a_count_of_every_key_however_wide_the_buckets_are(width: int) -> None:
    chance = random.Random(width)
    for _ in range(40):
        keys = [chance.randint(-300, 300) for _ in range(chance.randint(1, 120))]
        ranks = [chance.randint(1, len(keys)) for _ in range(6)]
        asked = [chance.randint(-350, 350) for _ in range(4)]
        wanted = [
            step
            for step in all_steps(keys)
            if any(step.before < rank <= step.through for rank in ranks)
            or any(step.key >= key and (step.previous is None or step.previous < key) for key in asked)
        ]
        found = distribution(keys, lambda key: key // width, ranks, asked)
        assert found == Distribution(len(keys), tuple(wanted))
        assert total_of(buckets_of(keys, lambda key: key // width)).key_sum == sum(keys)
