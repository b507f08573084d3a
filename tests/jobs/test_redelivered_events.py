"""Events that come again, in another batch or on another day: each counts once, as it was delivered last."""

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from rfm_spark.facts.compare import different_rows
from rfm_spark.facts.tag_days import member_tag_days
from tests.jobs.shop import Shop, done, write_csv

pytestmark = pytest.mark.whole

NAMES = ("member", "day", "type", "id", "category", "brand", "channel")
START = date(2024, 1, 20)
Told = tuple[int, str, str]
"""Member, day and category of one event."""


def tell(shop: Shop, batch: str, events: dict[str, Told]) -> None:
    rows = [(member, day, "view", number, category, None, "web") for number, (member, day, category) in events.items()]
    write_csv(shop.folder / f"looks-{batch}.csv", NAMES, rows)


def held(shop: Shop) -> dict[str, Told]:
    """Return the events of the table, after looking that each is there once and the facts are theirs."""
    rows = shop.read("event").collect()
    assert len({row.event_id for row in rows}) == len(rows)
    facts = member_tag_days(shop.read("transaction"), shop.read("event"), shop.config().tags)
    assert different_rows(facts, shop.read("member_tag_day")).collect() == []
    return {row.event_id: (row.member_id, row.event_day.isoformat(), row.category) for row in rows}


def random_batch(chance: random.Random) -> dict[str, Told]:
    """Return events of few numbers over two months, so that most of them come again."""
    numbers = chance.sample(range(30), chance.randint(1, 10))
    days = {number: (START + timedelta(days=chance.randrange(40))).isoformat() for number in numbers}
    return {f"E{n}": (chance.randint(1, 9), days[n], chance.choice(("tea", "milk"))) for n in numbers}


def test_a_stream_of_batches_leaves_what_was_delivered_last(open_shop: Callable[..., Shop]):
    shop, chance = open_shop(events=True, delivery="batches"), random.Random(7)
    expected: dict[str, tuple[str, Told]] = {}
    for _ in range(6):
        brought = {batch: random_batch(chance) for batch in chance.sample("abcd", chance.randint(1, 2))}
        expected = {number: of for number, of in expected.items() if of[0] not in brought}
        for batch in sorted(brought):
            tell(shop, batch, brought[batch])
            expected |= {number: (batch, told) for number, told in brought[batch].items()}
        done(shop, "ingest", "--set", f"sources.looks.path={shop.folder}/looks-[{''.join(brought)}].csv")
        assert held(shop) == {number: told for number, (_, told) in expected.items()}
        counts = {row.batch_id: row.row_count for row in shop.read("ingested_batch").collect()}
        of_batch = [f"looks-{batch}.csv" for batch, _ in expected.values()]
        assert counts == {name: of_batch.count(name) for name in of_batch}
    before = shop.versions()
    done(shop, "ingest", "--set", f"sources.looks.path={shop.folder}/looks-[{''.join(brought)}].csv")
    assert shop.versions() == before


def test_an_event_that_comes_again_on_another_day_leaves_the_first_one(open_shop: Callable[..., Shop]):
    shop = open_shop(events=True)
    tell(shop, "1", {"E1": (1, "2024-01-31", "tea"), "E2": (2, "2024-01-31", "tea"), "E3": (3, "2024-02-01", "tea")})
    done(shop, "ingest", "--from", "2024-01-01", "--to", "2024-02-29")
    tell(shop, "1", {"E1": (1, "2024-02-02", "milk"), "E3": (3, "2024-01-31", "milk"), "E4": (4, "2024-02-02", "tea")})
    done(shop, "ingest", "--from", "2024-02-02", "--to", "2024-02-02")
    assert held(shop) == {
        "E1": (1, "2024-02-02", "milk"), "E2": (2, "2024-01-31", "tea"), "E3": (3, "2024-02-01", "tea"),
        "E4": (4, "2024-02-02", "tea"),
    }  # fmt: skip
    assert shop.run("doctor").exit_code == 0


def test_a_batch_whose_events_all_came_again_is_not_empty(open_shop: Callable[..., Shop]):
    shop = open_shop(events=True, delivery="batches")
    monday = {"E1": (1, "2024-01-31", "tea"), "E2": (2, "2024-01-31", "tea")}
    tell(shop, "mon", monday)
    done(shop, "ingest")
    tell(shop, "tue", {**monday, "E3": (1, "2024-02-01", "milk")})
    done(shop, "ingest")
    assert sorted(held(shop)) == ["E1", "E2", "E3"]
