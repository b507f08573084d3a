"""What the report says in words, with the numbers of the picture in it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from rfm_spark.report import sentences
from rfm_spark.report.chapters import TOP_MOVES, chapters_of, tiles_of
from rfm_spark.report.numbers import Dwell, SegmentSize, SegmentTrend, SourceQuality, TrendPoint, share_of
from rfm_spark.report.tables import causes_grid, movers_grid, retention_grid
from rfm_spark.text import percent, rounded
from tests.unit.report_samples import report

NUMBERS = report()
SET = NUMBERS.sets[0]


def test_the_segment_that_brings_most_is_told_with_its_share_of_the_members():
    told = "Loyal has 100 of 600 members (16.7%) and 50.0% of the amount of the last 365 days."
    assert sentences.sizes_sentence(SET) == told


def test_without_any_amount_no_share_of_it_is_told():
    size = SegmentSize("segment_0", 4, Decimal(0), 4, share_of(4, 4), share_of(0, 0), None)
    bare = replace(SET, member_count=4, net_amount=Decimal(0), sizes=(size,))
    assert "there is no amount to share out" in sentences.sizes_sentence(bare)


def test_over_time_the_two_largest_changes_are_told():
    told = sentences.trends_sentence(SET)
    assert told.startswith("From 2024-11-01 to 2024-12-31 Lapsed grew most, from 49.0% to 50.0%")
    assert told.endswith("Loyal shrank most, from 17.0% to 16.7% of the members.")


def test_where_a_new_segment_took_from_all_others_none_of_them_is_said_to_have_grown():
    days = (date(2024, 11, 1), date(2024, 12, 31))

    def trend(segment: str, *shares: Fraction | None) -> SegmentTrend:
        return SegmentTrend(
            segment, tuple(TrendPoint(day, 1, share, None) for day, share in zip(days, shares, strict=True))
        )

    trends = (trend("segment_0", Fraction(6, 10), Fraction(5, 10)), trend("segment_1", None, Fraction(5, 10)))
    told = sentences.trends_sentence(replace(SET, trends=trends))
    assert told == (
        f"From 2024-11-01 to 2024-12-31 {SET.title_of('segment_0')} shrank most, from 60.0% to 50.0% of the members."
    )


def test_a_flow_counts_who_stayed_moved_came_and_went():
    assert SET.migration is not None
    told = sentences.flow_sentence(SET, SET.migration)
    assert "1,500 of 1,727 members (86.9%) stayed in their segment; 225 moved to another, 4 joined and 2 left." in told
    assert told.endswith("The largest move is 40 members from Loyal to New.")


def test_every_move_has_one_cause_so_that_causes_add_up():
    assert SET.migration is not None
    grid = causes_grid(SET.migration)
    assert sum(int(row[1].text) for row in grid.rows) == sum(move.member_count for move in SET.migration.moves)
    assert "Most frequent cause, 165 of 231 moves (71.4%): only time passed" in sentences.causes_sentence(SET.migration)


def test_a_move_out_of_the_set_is_shown_as_such():
    assert SET.migration is not None
    ends = {(row[0].text, row[1].text) for row in movers_grid(SET, SET.migration.moves).rows}
    assert {("not in the set", "Loyal"), ("Lapsed", "not in the set")} <= ends


def test_more_moves_than_fit_are_counted():
    large = report(titles=tuple("abcdefgh")).sets[0]
    part = next(part for part in chapters_of(replace(NUMBERS, sets=(large,)))[0].parts if part.title == "Largest moves")
    assert part.grid is not None
    assert len(part.grid.rows) == TOP_MOVES
    assert part.note == "48 smaller moves not shown."


def test_the_fullest_cell_of_the_map_is_told_with_its_segment():
    assert SET.heat_map is not None
    told = sentences.heat_sentence(SET, SET.heat_map)
    assert "55 (6.8%), has recency 5 and frequency 5; its largest segment is New, its mean M score is 2.3." in told


def test_the_best_score_of_each_metric_is_told_with_its_values():
    told = sentences.scores_sentence(NUMBERS.windows[0])
    assert "R5 means 1 to 10 days (20 members); F5 means 50 to 59 orders (20 members)" in told


def test_the_longest_stay_is_told_and_none_where_none_has_ended():
    assert sentences.dwell_sentence(SET) == ("Members stay longest in Loyal: 33.3 days on average over 3 ended stays.")
    going_on = replace(SET, dwell=(Dwell("segment_0", 0, None, 9),))
    assert sentences.dwell_sentence(going_on).startswith("No stay in a segment has ended yet")


def test_retention_is_shaded_by_fifths():
    cells = [cell for row in retention_grid(SET).rows for cell in row[1:]]
    assert {(cell.text, cell.style) for cell in cells} == {
        ("71.5%", "shade3"), ("64.0%", "shade3"), ("52.5%", "shade2"), ("29.5%", "shade1"),
    }  # fmt: skip
    assert sentences.retention_sentence(SET).startswith(
        "After 365 days (360 on average), Loyal has kept most: 59 of 200 (29.5%)"
    )


def test_lines_of_all_sources_are_summed():
    more = SourceQuality("web", NUMBERS.quality[0].ingested_at, 1000, 1000, 0, 0, 0, {})
    told = sentences.quality_sentence([*NUMBERS.quality, more])
    assert told == "The last ingest of each source accepted 1,900 of 2,000 lines (95.0%) and rejected 50."


def test_dates_that_are_not_shown_are_counted():
    assert sentences.dates_sentence(replace(NUMBERS, published_count=90)) == (
        "3 dates from 2024-11-01 to 2024-12-31, of 90 published."
    )
    assert sentences.dates_sentence(replace(NUMBERS, dates=(date(2024, 12, 31),))) == "One date, 2024-12-31."


def test_a_share_is_rounded_once_from_its_exact_value():
    # 12.3449999... and not the 12.35 of a value that was rounded to 12.345 before.
    share = Fraction(12344999999, 10**11)
    assert percent(share) == "12.3%"
    assert rounded(share * 100, 2) == Decimal("12.34")


def test_other_sets_are_shorter_than_the_first():
    chapters = chapters_of(report(sets=2))
    first, second = chapters[0].parts, chapters[1].parts
    assert {part.title for part in first} - {part.title for part in second} == {
        "The same in figures", "Why they moved", "Largest moves", "Recency and frequency", "How long members stay",
        "Still there later",
    }  # fmt: skip
    assert [tile.value for tile in tiles_of(NUMBERS)] == ["600", "6,000", "1,200", "231"]
