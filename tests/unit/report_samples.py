"""Numbers of a small made-up report, and of one as large as a report gets."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from rfm_spark.report.numbers import (
    Cell,
    Dwell,
    HeatMap,
    MetricScores,
    Migration,
    Move,
    ReportNumbers,
    Retention,
    ScoreStep,
    SegmentSize,
    SegmentTrend,
    SegmentWords,
    SetNumbers,
    SourceQuality,
    TrendPoint,
    WindowPair,
    WindowScores,
    share_of,
)

AS_OF = date(2024, 12, 31)
TITLES = ("Loyal", "New", "Lapsed")


def report(
    titles: tuple[str, ...] = TITLES, sets: int = 1, dates: int = 3, windows: int = 1, currency: str = "EUR"
) -> ReportNumbers:
    """Return a report whose segments have these titles, in every set."""
    days = tuple(AS_OF - timedelta(days=30 * n) for n in reversed(range(dates)))
    return ReportNumbers(
        as_of=AS_OF,
        dates=days,
        published_count=dates,
        currency=currency,
        config_hash="3f2a9c81",
        basis=(f"Amounts in {currency}; days in UTC", "year: last 365 days, F = orders, M = net amount"),
        meanings={"Recency": "days from the last order", "Frequency": "number of orders", "Monetary": "net amount"},
        sets=tuple(segment_set(titles, days, number) for number in range(sets)),
        windows=tuple(window_scores(f"window_{number}") for number in range(windows)),
        quality=(
            SourceQuality(
                "shop",
                datetime(2025, 1, 1, 6, 30, tzinfo=UTC),
                1000,
                900,
                40,
                50,
                10,
                {"bad date": 45, "bad amount": 5},
            ),
        ),
        comparisons=(WindowPair("month", "year", "recency", 800, 600, 20, 30),),
    )


def segment_set(titles: tuple[str, ...], days: tuple[date, ...], number: int = 0) -> SetNumbers:
    """Return a set whose first segment has the fewest members and brings the most."""
    names = [f"segment_{place}" for place in range(len(titles))]
    words = tuple(
        SegmentWords(name, title, "忠诚会员", f"Meaning of {title}", f"Advice for {title}", "mail", "monthly")
        for name, title in zip(names, titles, strict=True)
    )
    members = [100 * (place + 1) for place in range(len(names))]
    nets = [Decimal(1000 * (len(names) - place)) for place in range(len(names))]
    sizes = tuple(
        SegmentSize(
            name, count, net, count * 2, share_of(count, sum(members)), share_of(net, sum(nets)), Decimal("31.250")
        )
        for name, count, net in zip(names, members, nets, strict=True)
    )
    return SetNumbers(
        name=f"set_{number}",
        title=f"Set {number}",
        title_zh="分层",
        window="year",
        period="last 365 days",
        segments=words,
        member_count=sum(members),
        net_amount=sum(nets, Decimal(0)),
        sizes=sizes,
        trends=trends(sizes, days),
        migration=migration(names, days),
        heat_map=heat_map(names),
        dwell=tuple(Dwell(name, 3, Fraction(100, 3), 7) for name in names),
        retention=tuple(
            Retention(name, later, Fraction(later - 5), 200, 150 - later // 4, Fraction(150 - later // 4, 200))
            for name in names
            for later in (30, 90, 180, 365)
        ),
    )


def trends(sizes: tuple[SegmentSize, ...], days: tuple[date, ...]) -> tuple[SegmentTrend, ...]:
    """Return shares that fall towards the date for the first segment, and rise for the others."""
    return tuple(
        SegmentTrend(
            size.segment,
            tuple(
                TrendPoint(
                    day,
                    size.member_count,
                    (size.member_share or Fraction(0)) * (100 + (-1) ** bool(place) * (len(days) - 1 - n)) / 100,
                    size.amount_share,
                )
                for n, day in enumerate(days)
            ),
        )
        for place, size in enumerate(sizes)
    )


def migration(names: list[str], days: tuple[date, ...]) -> Migration | None:
    """Return moves between all segments, and one in and one out."""
    if len(days) < 2:
        return None
    ways: list[tuple[str | None, str | None]] = [(a, b) for a in names for b in names if a != b]
    moves = [
        Move(before, after, 40 - place % 30, Decimal(100 + place), {"ageing": 30 - place % 30, "behaviour": 10})
        for place, (before, after) in enumerate(ways)
    ]
    came = Move(None, names[0], 4, Decimal(50), {"entered": 4})
    went = Move(names[-1], None, 2, Decimal(0), {"left": 2})
    every = tuple(sorted([*moves, came, went], key=lambda move: -move.member_count))
    causes: dict[str, int] = {}
    for move in every:
        for cause, count in move.causes.items():
            causes[cause] = causes.get(cause, 0) + count
    return Migration(days[-2], days[-1], dict.fromkeys(names, 500), every, causes)


def heat_map(names: list[str], bins: int = 5) -> HeatMap:
    """Return a map that is full but for one cell."""
    scores = range(1, bins + 1)
    return HeatMap(
        bins,
        bins,
        tuple(
            Cell(r, f, 10 * r + f, Fraction(10 * r, 3 * f + 7), names[(r + f) % len(names)], 7)
            for r in scores
            for f in scores
            if (r, f) != (1, bins)
        ),
    )


def window_scores(name: str) -> WindowScores:
    """Return the scores of a window; nobody has the second best F score."""
    return WindowScores(
        name,
        "last 365 days",
        tuple(
            MetricScores(metric, "what it is", unit, "ntile, ties together", steps(metric))
            for metric, unit in (("recency", "days"), ("frequency", "orders"), ("monetary", "EUR"))
        ),
    )


def steps(metric: str) -> tuple[ScoreStep, ...]:
    """Return five scores, the best first."""
    found = []
    for score in (5, 4, 3, 2, 1):
        low, high = Decimal(10 * score), Decimal(10 * score + 9)
        worst, best = (60 - low, 51 - low) if metric == "recency" else (low, high)
        is_empty = metric == "frequency" and score == 4
        cut = worst if score > 1 else None
        found.append(ScoreStep(score, 0, None, None, cut) if is_empty else ScoreStep(score, 20, worst, best, cut))
    return tuple(found)
