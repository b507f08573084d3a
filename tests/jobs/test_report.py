"""The report of a small published shop, beside what plain Python makes of the same tables."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from rfm_spark.cli import declaration
from rfm_spark.dates import OPEN_END
from rfm_spark.errors import UsageError
from rfm_spark.steps import report
from rfm_spark.steps.dates.registered import all_tables
from rfm_spark.steps.job import open_job
from rfm_spark.steps.request import Outcome, Request
from tests.jobs.shop import Shop, done
from tests.oracles.history import intervals
from tests.oracles.lines import random_events, random_lines
from tests.oracles.trends import segment_retention

OFF_CALENDAR = date(2023, 12, 15)
DECEMBER, JANUARY, FEBRUARY, MARCH = date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
TRACKED = (DECEMBER, JANUARY, FEBRUARY, MARCH)
AS_OF = FEBRUARY
"""The date of the report: March is published too, and nothing of it may be seen."""
FEW = ("windows.active=[lifetime, year]", "segments.active=[rfm_tier, life_cycle]", "orders.currency=EUR")
BAD_LINES = "shop,7,2024-02-30,sale,10,o-1,,,,,\nshop,8,2024-02-01,sale,ten,o-2,,,,,\nshop,,2024-02-01,sale,ten,,,,,,\n"
Opened = Callable[..., Shop]


def ask(shop: Shop, out: Path | str, as_of: date = AS_OF, settings: Sequence[str] = (), **more: Any) -> Outcome:
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
    with open_job(request, declaration("report"), own_session=True, tables=all_tables()) as job:
        return report.perform(job)


@dataclass(frozen=True)
class Reported:
    """The shop, the outcome and files of its report, and the numbers of a date before there was a history."""

    shop: Shop
    outcome: Outcome
    page: str
    numbers: dict[str, Any]
    without_history: dict[str, Any]
    ingested_between: tuple[datetime, datetime]

    @property
    def tier(self) -> dict[str, Any]:
        """The first set."""
        return self.numbers["sets"][0]


@pytest.fixture(scope="module")
def reported(open_shop: Opened, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """Five dates, four of them tracked, of a shop with prospects and lines that cannot be used."""
    shop = open_shop("shop", events=True, more=FEW)
    lines = random_lines(seed=5, members=60, days=120, start=date(2023, 12, 1))
    shop.deliver([line for line in lines if line.source == "shop"])
    shop.deliver_events(random_events(seed=5, members=70, days=30))
    with (shop.folder / "shop.csv").open("a") as file:
        file.write(BAD_LINES)
    before = datetime.now(tz=UTC)
    done(shop, "ingest", "--to", MARCH.isoformat())
    after = datetime.now(tz=UTC)
    folder = tmp_path_factory.mktemp("reports")
    done(shop, "run", "--as-of", OFF_CALENDAR.isoformat())
    ask(shop, folder / "bare.html", OFF_CALENDAR)
    done(shop, "backfill", "--from", DECEMBER.isoformat(), "--to", MARCH.isoformat())
    outcome = ask(shop, folder / "full.html")
    return Reported(
        shop,
        outcome,
        (folder / "full.html").read_text(encoding="utf-8"),
        json.loads((folder / "full.json").read_text(encoding="utf-8")),
        json.loads((folder / "bare.json").read_text(encoding="utf-8")),
        (before, after),
    )


def segments_at(shop: Shop, as_of: date) -> dict[int, str]:
    """Return the members' segments of the first set."""
    rows = shop.read("member_segment", as_of).where("segment_set = 'rfm_tier'").collect()
    return {row.member_id: row.segment for row in rows}


def moves_of(shop: Shop) -> Counter[tuple[str | None, str | None]]:
    """Return how many members went each way from January to February."""
    before, after = segments_at(shop, JANUARY), segments_at(shop, FEBRUARY)
    ways = ((before.get(member), after.get(member)) for member in before.keys() | after)
    return Counter((one, other) for one, other in ways if one != other)


def test_the_last_line_names_the_file(reported: Reported):
    assert "full.html is written" in reported.outcome.message
    assert "full.json" in reported.outcome.lines[0]


def test_sizes_are_those_of_the_members(reported: Reported):
    counts = Counter(segments_at(reported.shop, AS_OF).values())
    sizes = {size["segment"]: size for size in reported.tier["sizes"]}
    assert {name: size["member_count"] for name, size in sizes.items() if size["member_count"]} == dict(counts)
    total = sum(counts.values())
    for name, count in counts.items():
        assert abs(Fraction(sizes[name]["member_share"]) - Fraction(count, total)) <= Fraction(1, 2_000_000)
    assert reported.tier["member_count"] == total


def test_every_date_up_to_the_report_is_shown_over_time(reported: Reported):
    dates = (OFF_CALENDAR, DECEMBER, JANUARY, FEBRUARY)
    assert reported.numbers["dates"] == [day.isoformat() for day in dates]
    for place, as_of in enumerate(dates):
        counts = Counter(segments_at(reported.shop, as_of).values())
        shown = {trend["segment"]: trend["points"][place]["member_count"] for trend in reported.tier["trends"]}
        assert {name: count for name, count in shown.items() if count} == dict(counts)


def test_who_stayed_and_who_moved_equals_the_members(reported: Reported):
    before, after = segments_at(reported.shop, JANUARY), segments_at(reported.shop, FEBRUARY)
    stayed = Counter(after[member] for member in after if before.get(member) == after[member])
    migration = reported.tier["migration"]
    assert {name: count for name, count in migration["stayed"].items() if count} == dict(stayed)
    shown = {(move["from_segment"], move["to_segment"]): move for move in migration["moves"]}
    assert {way: move["member_count"] for way, move in shown.items()} == dict(moves_of(reported.shop))
    assert all(sum(move["causes"].values()) == move["member_count"] for move in shown.values())
    assert (migration["previous"], migration["as_of"]) == (JANUARY.isoformat(), FEBRUARY.isoformat())


def test_a_move_is_worth_what_its_members_bring(reported: Reported):
    before, after = segments_at(reported.shop, JANUARY), segments_at(reported.shop, FEBRUARY)
    scores = reported.shop.read("rfm_score", AS_OF).where("rfm_window = 'year'").collect()
    amounts = {row.member_id: row.net_amount for row in scores}
    worth: Counter[tuple[str | None, str | None]] = Counter()
    for member in before.keys() | after:
        worth[before.get(member), after.get(member)] += amounts.get(member, Decimal(0))
    for move in reported.tier["migration"]["moves"]:
        assert Decimal(move["net_amount"]) == worth[move["from_segment"], move["to_segment"]]


def test_the_map_equals_a_count_by_hand(reported: Reported):
    members = segments_at(reported.shop, AS_OF)
    scores = reported.shop.read("rfm_score", AS_OF).where("rfm_window = 'year'").collect()
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
    rows = reported.shop.read("rfm_score", AS_OF).where("rfm_window = 'year'").collect()
    best = [row.recency_days for row in rows if row.r_score == 5]
    assert (int(Decimal(recency["steps"][0]["best_value"])), recency["steps"][0]["member_count"]) == (
        min(best), len(best),
    )  # fmt: skip


def test_only_stays_that_had_ended_by_the_date_are_measured(reported: Reported):
    states = {("rfm_tier", day): segments_at(reported.shop, day) for day in TRACKED}
    stays = [stay for stay in intervals(states, TRACKED) if stay.valid_from <= AS_OF]
    assert any(AS_OF < stay.valid_to < OPEN_END for stay in stays)
    ended, going_on, days = Counter(), Counter(), Counter()
    for stay in stays:
        if stay.valid_to <= AS_OF:
            ended[stay.segment] += 1
            days[stay.segment] += (stay.valid_to - stay.valid_from).days
        else:
            going_on[stay.segment] += 1
    shown = {one["segment"]: one for one in reported.tier["dwell"]}
    assert shown.keys() == ended.keys() | going_on
    for segment, one in shown.items():
        assert (one["closed_count"], one["open_count"]) == (ended[segment], going_on[segment])
        if ended[segment]:
            assert abs(Fraction(one["mean_days"]) - Fraction(days[segment], ended[segment])) < Fraction(1, 1_000_000)


def test_cohorts_are_followed_to_the_dates_that_are_known_by_the_report(reported: Reported):
    placed = {(day, "rfm_tier"): segments_at(reported.shop, day) for day in TRACKED}
    pairs = [("rfm_tier", DECEMBER, 30, JANUARY), ("rfm_tier", JANUARY, 30, FEBRUARY)]
    cohort, kept = Counter(), Counter()
    for (_, _, _, _, segment, later_segment), (count, _) in segment_retention(placed, pairs).items():
        cohort[segment] += count
        kept[segment] += count if later_segment == segment else 0
    shown = {one["segment"]: (one["cohort_count"], one["kept_count"]) for one in reported.tier["retention"]}
    assert {one["days_later"] for one in reported.tier["retention"]} == {30}
    assert shown == {segment: (cohort[segment], kept[segment]) for segment in cohort}


def test_lines_and_reasons_are_those_of_the_last_ingest(reported: Reported):
    shop = next(one for one in reported.numbers["quality"] if one["source"] == "shop")
    assert shop["reasons"] == {"bad amount": 2, "bad date": 1, "missing member": 1}
    assert shop["rejected"] == 3
    assert shop["read"] == shop["accepted"] + shop["excluded"] + shop["rejected"] + shop["outside"]


def test_windows_are_compared_among_members_of_both(reported: Reported):
    scores: dict[str, dict[int, Any]] = {"lifetime": {}, "year": {}}
    for row in reported.shop.read("rfm_score", AS_OF).collect():
        scores[row.rfm_window][row.member_id] = row
    members = scores["lifetime"].keys() & scores["year"]
    shown = {pair["metric"]: pair for pair in reported.numbers["comparisons"]}
    for metric, name in (("recency", "r_score"), ("frequency", "f_score"), ("monetary", "m_score")):
        classes = Counter(tuple(level(scores[of][member][name]) for of in scores) for member in members)
        pair = shown[metric]
        assert (pair["window"], pair["other_window"], pair["member_count"]) == ("lifetime", "year", len(members))
        assert pair["same_count"] == sum(count for (one, other), count in classes.items() if one == other)
        assert (pair["high_low_count"], pair["low_high_count"]) == (classes["high", "low"], classes["low", "high"])


def level(score: int) -> str:
    """Return the class of a score of 1 to 5."""
    return "low" if score <= 2 else "high" if score >= 4 else "mid"


def test_a_date_before_the_history_says_what_to_run(reported: Reported):
    tier = reported.without_history["sets"][0]
    assert tier["migration"] is None
    assert "run rfm-spark track" in tier["no_history"]
    assert (tier["dwell"], tier["retention"]) == ([], [])
    assert all(one["no_history"] == "" for one in reported.numbers["sets"])


def test_the_page_is_small_and_shows_the_basis(reported: Reported):
    assert len(reported.page.encode()) < 500_000
    assert "Amounts in EUR" in reported.page
    assert reported.numbers["config_hash"] in reported.page
    assert "Configured differently" not in reported.page


def test_the_map_has_the_scores_that_the_date_was_scored_with(reported: Reported, tmp_path: Path):
    of_today = {"settings": ["windows.lifetime.bins=3"], "segment_sets": ("life_cycle",)}
    ask(reported.shop, tmp_path / "today.html", **of_today)
    heat = json.loads((tmp_path / "today.json").read_text(encoding="utf-8"))["sets"][0]["heat_map"]
    assert (heat["r_bins"], heat["f_bins"]) == (5, 5)
    assert max(cell["f_score"] for cell in heat["cells"]) == 5


def test_the_page_says_what_is_configured_otherwise_than_the_date_was(reported: Reported, tmp_path: Path):
    ask(reported.shop, tmp_path / "today.html", settings=["windows.lifetime.frequency=days"])
    told = json.loads((tmp_path / "today.json").read_text(encoding="utf-8"))["basis"]
    assert told[-1].startswith("Configured differently since this date was computed: windows.lifetime.frequency; ")
    assert told[:-1] == reported.numbers["basis"]


@pytest.mark.parametrize(
    ("as_of", "more", "told"),
    [
        (date(2024, 2, 19), {}, "is not published; expected a published date, the newest is 2024-03-31"),
        (AS_OF, {"first_day": date(2024, 3, 1)}, "2024-03-01 is after 2024-02-29"),
        (AS_OF, {"segment_sets": ("tiers",)}, "tiers is not active"),
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
    assert numbers["dates"] == [AS_OF.isoformat()]


def test_the_instant_of_an_ingest_is_told_in_utc_wherever_the_driver_is(
    reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        ask(reported.shop, tmp_path / "east.html", segment_sets=("life_cycle",))
    finally:
        monkeypatch.undo()
        time.tzset()
    told = json.loads((tmp_path / "east.json").read_text(encoding="utf-8"))["quality"][0]["ingested_at"]
    instant = datetime.fromisoformat(told)
    before, after = reported.ingested_between
    assert before <= instant <= after
    assert instant.utcoffset() == timedelta(0)
    assert f"{instant:%Y-%m-%d %H:%M} UTC" in (tmp_path / "east.html").read_text(encoding="utf-8")
