"""The report of a small shop beside what plain Python makes of the same tables; history is written by hand."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rfm_spark.io.logbook import LogRow, Status
from rfm_spark.io.runs import RunLog

from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.history_tables import (
    SEGMENT_INTERVAL,
    SEGMENT_MIGRATION,
    SEGMENT_RETENTION,
    WINDOW_COMPARISON,
)
from rfm_spark.dates import OPEN_END
from rfm_spark.errors import UsageError
from rfm_spark.io.tables import TableStore
from rfm_spark.steps import report
from rfm_spark.steps.job import open_job
from rfm_spark.steps.request import Outcome, Request
from tests.jobs.shop import Shop
from tests.oracles.lines import random_events, random_lines

# Neither is a tracked date: `run` leaves history to what the tests write by hand.
D0, D1 = date(2024, 1, 30), date(2024, 2, 20)
FEW = ("windows.active=[lifetime]", "segments.active=[rfm_tier, life_cycle]", "orders.currency=EUR")
BAD_LINES = "shop,7,2024-02-30,sale,10,o-1,,,,,\nshop,8,2024-02-01,sale,ten,o-2,,,,,\nshop,,2024-02-01,sale,ten,,,,,,\n"
Opened = Callable[..., Shop]


def ask(shop: Shop, out: Path | str, as_of: date = D1, settings: Sequence[str] = (), **more: Any) -> Outcome:
    """Ask for a report with the shop's configuration, and settings of today."""
    flags = shop.configuration
    request = Request(
        verb="report",
        configurations=tuple(flags[n + 1] for n, flag in enumerate(flags) if flag == "--config"),
        overrides=(*(flags[n + 1] for n, flag in enumerate(flags) if flag == "--set"), *settings),
        as_of=as_of,
        out=str(out),
        run_id="report-run",
        **more,
    )
    with open_job(request, own_session=True) as job:
        return report.perform(job)


@dataclass(frozen=True)
class Reported:
    """The shop, the outcomes and files of two reports: before there was a history, and with one."""

    shop: Shop
    outcome: Outcome
    page: str
    numbers: dict[str, Any]
    without_history: dict[str, Any]

    @property
    def tier(self) -> dict[str, Any]:
        """The first set."""
        return self.numbers["sets"][0]


@pytest.fixture(scope="module")
def reported(open_shop: Opened, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """Two dates of a shop with prospects and lines that cannot be used."""
    shop = open_shop("shop", events=True, more=FEW)
    shop.deliver([line for line in random_lines(seed=5, members=60, days=50) if line.source == "shop"])
    shop.deliver_events(random_events(seed=5, members=70, days=30))
    with (shop.folder / "shop.csv").open("a") as file:
        file.write(BAD_LINES)
    for as_of, flags in ((D1, ("--ingest",)), (D0, ())):
        said = shop.run("run", "--as-of", as_of.isoformat(), *flags)
        assert said.exit_code == 0, said.err
    folder = tmp_path_factory.mktemp("reports")
    ask(shop, folder / "bare.html")
    write_history(shop)
    outcome = ask(shop, folder / "full.html")
    return Reported(
        shop,
        outcome,
        (folder / "full.html").read_text(encoding="utf-8"),
        json.loads((folder / "full.json").read_text(encoding="utf-8")),
        json.loads((folder / "bare.json").read_text(encoding="utf-8")),
    )


def segments_at(shop: Shop, as_of: date) -> dict[int, str]:
    """Return the members' segments of the first set."""
    rows = shop.read("member_segment", as_of).where("segment_set = 'rfm_tier'").collect()
    return {row.member_id: row.segment for row in rows}


def moves_of(shop: Shop) -> Counter[tuple[str | None, str | None]]:
    """Return how many members went each way between the two dates."""
    before, after = segments_at(shop, D0), segments_at(shop, D1)
    ways = ((before.get(member), after.get(member)) for member in before.keys() | after)
    return Counter((one, other) for one, other in ways if one != other)


def write_history(shop: Shop) -> None:
    """Write what `track` would of the first set; later rows that the report must not see among it."""
    store = TableStore(shop.spark, shop.config().warehouse)
    ways = moves_of(shop)
    moves = [
        (D1, "rfm_tier", D0, one, other, "entered" if one is None else "ageing", count, Decimal(10 * count), "r")
        for (one, other), count in ways.items()
    ]
    first = (D0, "rfm_tier", None, None, "loyal", "first", 3, Decimal(1), "r")
    stays = [
        ("rfm_tier", 1, date(2023, 12, 31), D0, "new", False, None, None, "r"),
        ("rfm_tier", 2, date(2023, 12, 31), D1, "new", False, None, None, "r"),
        ("rfm_tier", 1, D0, OPEN_END, "loyal", True, "new", date(2023, 12, 31), "r"),
        ("rfm_tier", 3, D0, date(2024, 3, 31), "new", False, None, None, "r"),
        ("rfm_tier", 4, date(2024, 3, 31), OPEN_END, "new", True, None, None, "r"),
        ("life_cycle", 1, D0, OPEN_END, "new", True, None, None, "r"),
    ]
    later = [
        (D0, "rfm_tier", "new", 20, D1, "new", 6, Decimal("0.75"), "r"),
        (D0, "rfm_tier", "new", 20, D1, None, 2, Decimal("0.25"), "r"),
        (date(2023, 12, 31), "rfm_tier", "new", 20, D0, "loyal", 4, Decimal("1"), "r"),
        (D0, "rfm_tier", "loyal", 20, D0, "loyal", 9, Decimal("1"), "r"),
        (D1, "rfm_tier", "loyal", 20, date(2024, 3, 31), "loyal", 9, Decimal("1"), "r"),
    ]
    compared = [
        (D1, "lifetime", "year", "recency", level, other, count, Decimal("0.1"), "r")
        for level, other, count in (("high", "low", 3), ("high", "high", 5), ("absent", "low", 7), ("low", "high", 1))
    ]
    for table, rows in (
        (SEGMENT_MIGRATION, [*moves, first]),
        (SEGMENT_INTERVAL, stays),
        (SEGMENT_RETENTION, later),
        (WINDOW_COMPARISON, compared),
    ):
        append(store, table, rows)
    then = datetime(2024, 4, 1, tzinfo=UTC)
    written = LogRow("r", "track", "segment_transition/rfm_tier", Status.PUBLISHED, "c", then)
    links = [replace(written, as_of_date=D0), replace(written, as_of_date=D1, previous_as_of_date=D0)]
    RunLog(store).append(links)


def append(store: TableStore, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows to a table."""
    frame = store.spark.createDataFrame(list(rows), table.schema_text())
    store.append(table, frame.coalesce(1), {"run_id": "r"})


def test_the_last_line_names_the_file(reported: Reported):
    assert "full.html is written" in reported.outcome.message
    assert "full.json" in reported.outcome.lines[0]


def test_sizes_are_those_of_the_members(reported: Reported):
    counts = Counter(segments_at(reported.shop, D1).values())
    sizes = {size["segment"]: size for size in reported.tier["sizes"]}
    assert {name: size["member_count"] for name, size in sizes.items() if size["member_count"]} == dict(counts)
    total = sum(counts.values())
    for name, count in counts.items():
        assert abs(Fraction(sizes[name]["member_share"]) - Fraction(count, total)) <= Fraction(1, 2_000_000)
    assert reported.tier["member_count"] == total


def test_both_dates_are_shown_over_time(reported: Reported):
    assert reported.numbers["dates"] == [D0.isoformat(), D1.isoformat()]
    for as_of, place in ((D0, 0), (D1, 1)):
        counts = Counter(segments_at(reported.shop, as_of).values())
        shown = {trend["segment"]: trend["points"][place]["member_count"] for trend in reported.tier["trends"]}
        assert {name: count for name, count in shown.items() if count} == dict(counts)


def test_who_stayed_and_who_moved_equals_the_members(reported: Reported):
    before, after = segments_at(reported.shop, D0), segments_at(reported.shop, D1)
    stayed = Counter(after[member] for member in after if before.get(member) == after[member])
    migration = reported.tier["migration"]
    assert {name: count for name, count in migration["stayed"].items() if count} == dict(stayed)
    shown = {(move["from_segment"], move["to_segment"]): move["member_count"] for move in migration["moves"]}
    assert shown == dict(moves_of(reported.shop))
    assert migration["previous"] == D0.isoformat()


def test_the_map_equals_a_count_by_hand(reported: Reported):
    members = segments_at(reported.shop, D1)
    scores = reported.shop.read("rfm_score", D1).where("rfm_window = 'year'").collect()
    cells: dict[tuple[int, int], list[tuple[str, int]]] = {}
    for row in scores:
        cells.setdefault((row.r_score, row.f_score), []).append((members[row.member_id], row.m_score))
    shown = {(cell["r_score"], cell["f_score"]): cell for cell in reported.tier["heat_map"]["cells"]}
    assert shown.keys() == cells.keys()
    for place, found in cells.items():
        names = Counter(name for name, _ in found)
        mean = Fraction(sum(score for _, score in found), len(found))
        assert shown[place]["member_count"] == len(found)
        assert shown[place]["segment_count"] == max(names.values()) == names[shown[place]["segment"]]
        assert abs(Fraction(shown[place]["mean_m_score"]) - mean) <= Fraction(1, 2_000_000)


def test_scores_are_shown_best_first_with_their_boundaries(reported: Reported):
    windows = {window["name"]: window for window in reported.numbers["windows"]}
    assert list(windows) == ["year", "lifetime"]
    recency = windows["year"]["metrics"][0]
    assert [step["score"] for step in recency["steps"]] == [5, 4, 3, 2, 1]
    rows = reported.shop.read("rfm_score", D1).where("rfm_window = 'year'").collect()
    best = [row.recency_days for row in rows if row.r_score == 5]
    assert (int(Decimal(recency["steps"][0]["best_value"])), recency["steps"][0]["member_count"]) == (
        min(best), len(best),
    )  # fmt: skip


def test_only_stays_that_had_ended_by_the_date_are_measured(reported: Reported):
    dwell = {one["segment"]: one for one in reported.tier["dwell"]}
    # 30 days to D0 and 51 to D1; one stay ends after D1, one begins after it.
    assert (dwell["new"]["closed_count"], dwell["new"]["mean_days"], dwell["new"]["open_count"]) == (2, "40.500000", 1)
    assert (dwell["loyal"]["closed_count"], dwell["loyal"]["open_count"]) == (0, 1)


def test_cohorts_are_summed_where_a_later_date_tells_of_them(reported: Reported):
    assert [
        (one["segment"], one["days_later"], one["mean_days"], one["cohort_count"], one["kept_count"])
        for one in reported.tier["retention"]
    ] == [("new", 20, "24.000000", 12, 6)]


def test_lines_and_reasons_are_those_of_the_last_ingest(reported: Reported):
    shop = next(one for one in reported.numbers["quality"] if one["source"] == "shop")
    assert shop["reasons"] == {"bad amount": 2, "bad date": 1, "missing member": 1}
    assert shop["rejected"] == 3
    assert shop["read"] == shop["accepted"] + shop["excluded"] + shop["rejected"] + shop["outside"]


def test_windows_are_compared_among_members_of_both(reported: Reported):
    pair = reported.numbers["comparisons"][0]
    assert (pair["member_count"], pair["same_count"], pair["high_low_count"], pair["low_high_count"]) == (9, 5, 3, 1)


def test_before_track_the_report_says_what_to_run(reported: Reported):
    tier = reported.without_history["sets"][0]
    assert tier["migration"] is None
    assert "run rfm-spark track" in tier["no_history"]
    assert reported.numbers["sets"][1]["no_history"]


def test_the_page_is_small_and_shows_the_basis(reported: Reported):
    assert len(reported.page.encode()) < 500_000
    assert "Amounts in EUR" in reported.page
    assert reported.numbers["config_hash"] in reported.page
    assert "Configured otherwise" not in reported.page


def test_the_map_has_the_scores_that_the_date_was_scored_with(reported: Reported, tmp_path: Path):
    of_today = {"settings": ["windows.lifetime.bins=3"], "segment_sets": ("life_cycle",)}
    ask(reported.shop, tmp_path / "today.html", **of_today)
    heat = json.loads((tmp_path / "today.json").read_text(encoding="utf-8"))["sets"][0]["heat_map"]
    assert (heat["r_bins"], heat["f_bins"]) == (5, 5)
    assert max(cell["f_score"] for cell in heat["cells"]) == 5


def test_the_page_says_what_is_configured_otherwise_than_the_date_was(reported: Reported, tmp_path: Path):
    ask(reported.shop, tmp_path / "today.html", settings=["windows.lifetime.frequency=days"])
    told = json.loads((tmp_path / "today.json").read_text(encoding="utf-8"))["basis"]
    assert told[-1].startswith("Configured otherwise since this date was computed: windows.lifetime.frequency; ")
    assert told[:-1] == reported.numbers["basis"]


@pytest.mark.parametrize(
    ("as_of", "more", "told"),
    [
        (date(2024, 2, 19), {}, "is not published; expected a published date, the newest is 2024-02-20"),
        (D1, {"first_day": date(2024, 3, 1)}, "2024-03-01 is after 2024-02-20"),
        (D1, {"segment_sets": ("tiers",)}, "tiers is not active"),
    ],
    ids=["date", "range", "set"],
)  # fmt: skip
def test_bad_usage_names_the_next_step(reported: Reported, as_of: date, more: dict[str, Any], told: str):
    with pytest.raises(UsageError) as raised:
        ask(reported.shop, "x.html", as_of, **more)
    assert told in raised.value.sentence()


def test_a_set_and_a_first_day_can_be_named(reported: Reported, tmp_path: Path):
    ask(reported.shop, (tmp_path / "one.html").as_uri(), first_day=date(2024, 2, 1), segment_sets=("life_cycle",))
    numbers = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in numbers["sets"]] == ["life_cycle"]
    assert numbers["dates"] == [D1.isoformat()]


def test_the_instant_of_an_ingest_is_told_in_utc(reported: Reported):
    told = datetime.fromisoformat(reported.numbers["quality"][0]["ingested_at"])
    assert told.tzinfo is not None
    assert told.utcoffset() == datetime.now(tz=UTC).utcoffset()
