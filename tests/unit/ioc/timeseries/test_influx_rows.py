"""Where windows are read in InfluxDB, and the lines of its rows and notes. No server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import Quality, Series
from ioc.timeseries import ABSENT, FIVE_MINUTES, HOUR, Bucket
from ioc.timeseries.grid import Grid
from ioc.timeseries.influx_csv import Table
from ioc.timeseries.influx_notes import Known, Marks, late, runs_of, scope_of
from ioc.timeseries.influx_pieces import RAW, Asked, Piece, hours_around, pieces_of
from ioc.timeseries.influx_rows import merge, tier_buckets, tier_line, void_line
from ioc.timeseries.sketch import Sketch

FIVE = FIVE_MINUTES
BED = Series.of("bed.used", facility="a")


def parts(pieces: list[Piece]) -> list[tuple[int, int, int]]:
    """From when to when in five minutes, and the length of the rows."""
    return [(piece.start // FIVE, piece.stop // FIVE, piece.tier // FIVE) for piece in pieces]


def test_what_is_rolled_up_is_read_from_rows_and_the_rest_from_values():
    grid = Grid.of(FIVE, 25 * FIVE, 2 * FIVE)  # of 0 to 26
    assert parts(pieces_of(grid, Marks(), ())) == [(0, 26, RAW)]
    assert parts(pieces_of(grid, Marks(rolled_to=15 * FIVE), ())) == [(0, 15, 1), (15, 26, RAW)]
    assert parts(pieces_of(grid, Marks(rolled_to=5 * HOUR, five_minutes_from=3 * FIVE), ())) == [(3, 26, 1)]


def test_whole_hours_are_read_from_hours_as_far_as_these_reach():
    grid = Grid.of(0, 4 * HOUR, HOUR)
    marks = Marks(rolled_to=30 * FIVE, hours_to=2 * HOUR, five_minutes_from=HOUR, raw_from=HOUR)
    assert parts(pieces_of(grid, marks, ())) == [(0, 24, 12), (24, 30, 1), (30, 48, RAW)]
    assert parts(pieces_of(Grid.of(0, 2 * HOUR, FIVE), marks, ())) == [(12, 24, 1)]
    kept = Marks(rolled_to=4 * HOUR, hours_to=4 * HOUR, one_hour_from=3 * HOUR)
    assert parts(pieces_of(grid, kept, ())) == [(36, 48, 12)]


def test_hours_that_are_not_made_yet_are_read_from_five_minutes():
    marks = Marks(rolled_to=4 * HOUR, five_minutes_from=HOUR, raw_from=3 * HOUR)
    assert parts(pieces_of(Grid.of(0, 4 * HOUR, HOUR), marks, ())) == [(12, 48, 1)]


def test_what_is_dirty_is_read_from_values_unless_these_are_gone():
    grid, marks = Grid.of(0, 2 * HOUR, 2 * FIVE), Marks(rolled_to=20 * FIVE, raw_from=4 * FIVE)
    dirty = [n * FIVE for n in (2, 7, 8, 19, 22)]
    assert parts(pieces_of(grid, marks, dirty)) == [
        (0, 7, 1), (9, 19, 1), (7, 9, RAW), (19, 20, RAW), (20, 24, RAW),
    ]  # fmt: skip


def test_the_rest_of_an_hour_that_is_dirty_is_read_from_five_minutes():
    grid, marks = Grid.of(0, 3 * HOUR, HOUR), Marks(rolled_to=3 * HOUR, hours_to=3 * HOUR)
    assert parts(pieces_of(grid, marks, [14 * FIVE])) == [
        (0, 12, 12), (24, 36, 12), (12, 14, 1), (15, 24, 1), (14, 15, RAW),
    ]  # fmt: skip


def test_of_many_dirty_parts_those_near_each_other_are_read_as_one():
    marks = Marks(rolled_to=100 * FIVE)
    dirty = [n * FIVE for n in (1, *range(10, 50, 2), 90)]
    assert parts(pieces_of(Grid.of(0, 120 * FIVE, 2 * FIVE), marks, dirty)) == [
        (0, 1, 1), (2, 10, 1), (49, 90, 1), (91, 100, 1), (1, 2, RAW), (10, 49, RAW), (90, 91, RAW), (100, 120, RAW),
    ]  # fmt: skip


def test_windows_that_are_not_made_of_five_minutes_come_from_values_alone():
    grid = Grid.of(0, HOUR, FIVE // 5)
    assert parts(pieces_of(grid, Marks(rolled_to=HOUR, raw_from=2 * FIVE, hours_to=HOUR), (0,))) == [(2, 12, RAW)]


@given(
    st.lists(st.integers(0, 6), min_size=5, max_size=5).map(sorted),
    st.integers(0, 11),
    st.sets(st.integers(0, 80), max_size=30),
    st.integers(0, 60),
    st.integers(1, 60),
    st.sampled_from([2, 12]),
)
def test_pieces_never_overlap_and_leave_nothing_out(hours, more, dirty, start, length, every):
    one_hour_from, five_minutes_from, raw_from, hours_to, rolled_to = (hour * HOUR for hour in hours)
    marks = Marks(rolled_to + more * FIVE, raw_from, five_minutes_from, hours_to, one_hour_from)
    grid = Grid.of(start * FIVE, (start + length) * FIVE, every * FIVE)
    covered = []
    clean = {n for n in dirty if marks.raw_from <= n * FIVE < marks.rolled_to}
    for piece in pieces_of(grid, marks, {n * FIVE for n in dirty}):
        assert piece.start < piece.stop
        inside = set(range(piece.start // FIVE, piece.stop // FIVE))
        covered += inside
        if piece.tier:
            assert not clean & inside
            assert piece.start % piece.tier == 0
            assert piece.stop <= (marks.hours_to if piece.tier == HOUR else marks.rolled_to)
        else:
            assert piece.start >= marks.raw_from
    first = max(grid.edges[0], marks.one_hour_from if every == 12 else marks.five_minutes_from)
    assert sorted(covered) == list(range(first // FIVE, grid.edges[-1] // FIVE))


def test_groups_are_named_by_the_tags_that_a_series_has():
    series = Series.of("bed.used", facility="a", ward="icu")
    assert Asked("bed.used").group(series) == series
    assert Asked("bed.used", by=("ward", "site")).group(series) == Series.of("bed.used", ward="icu")
    assert Asked("bed.used", by=()).group(series) == Series("bed.used", ())


def test_hours_around_five_minutes():
    assert hours_around([FIVE, 3 * FIVE, 13 * FIVE, 40 * FIVE]) == [(0, 2 * HOUR), (3 * HOUR, 4 * HOUR)]


def test_only_what_is_dirty_in_what_is_asked_for_counts():
    known = Known(dirty={("bed", "a"): {FIVE: 1}, ("bed", "b"): {2 * FIVE: 1}, ("bed", ""): {3 * FIVE: 1}})
    known.dirty["fridge", "a"] = {4 * FIVE: 1}
    assert known.dirty_of("bed.used", None) == {FIVE, 2 * FIVE, 3 * FIVE}
    assert known.dirty_of("bed.used", {"facility": "a"}) == {FIVE}
    assert known.dirty_of("bed.used", {"facility": ["b", ABSENT]}) == {2 * FIVE, 3 * FIVE}
    assert known.dirty_of("bed.used", {"facility": [], "ward": "icu"}) == {FIVE, 2 * FIVE, 3 * FIVE}


def test_runs_join_what_follows_each_other():
    assert runs_of([FIVE * n for n in (5, 1, 2, 3, 9)]) == [
        (FIVE, 4 * FIVE), (5 * FIVE, 6 * FIVE), (9 * FIVE, 10 * FIVE),
    ]  # fmt: skip
    assert runs_of([]) == []


def test_late_lines_touch_the_five_minutes_of_their_measurement_and_facility():
    lines = [
        f"fridge,device=a,facility=bv01 temp=1.0 {FIVE + 3}",
        f"fridge,device=b,facility=bv01 temp=1.0 {FIVE + 4}",
        f"used beds=1.0 {2 * FIVE}",
        f"used beds=1.0 {9 * FIVE}",
    ]
    assert late(lines, 9 * FIVE) == {(("fridge", "bv01"), FIVE), (("used", ""), 2 * FIVE)}
    assert scope_of("x,my_facility=b,facility=c") == ("x", "c")


def rows(*lines: str) -> list:
    """Lines as the server gives their fields back."""
    found = []
    for line in lines:
        prefix, body, stamp = line.split(" ")
        measurement, *pairs = prefix.split(",")
        tags = tuple(tuple(pair.split("=")) for pair in pairs)
        for pair in body.split(","):
            name, value = pair.split("=")
            found.append((Table("r", measurement, name, tags), [(int(stamp), value.rstrip("i"))]))
    return found


@pytest.mark.parametrize("qualities", [{Quality.GOOD}, {Quality.SIM}, {Quality.GOOD, Quality.TEST, Quality.SIM}])
def test_a_row_comes_back_as_it_was(qualities: set[Quality]):
    bucket = Bucket(3, -1e-07, -2.5, 1e300, 4.0, FIVE + 17, qualities)
    ((series, by_time),) = tier_buckets(rows(tier_line(BED, FIVE, bucket))).items()
    assert series == BED
    back = by_time[FIVE]
    assert (back.quality, back.qualities) == (bucket.quality, qualities - {Quality.GOOD})
    back.qualities = qualities
    assert back == bucket


def test_the_sketch_of_an_hour_comes_back_as_it_was():
    bucket = Bucket(2, 3.0, 1.0, 2.0, 2.0, 17, {Quality.GOOD}, Sketch.of([1.0, 2.0]).encode())
    line = tier_line(BED, HOUR, bucket)
    assert " " not in line.split(" ")[1]
    name, _, value = line.split(" ")[1].rpartition(",")[2].partition("=")
    found = tier_buckets([(Table("r", "bed.used", name, BED.tags), [(HOUR, value.strip('"'))])])
    assert found[BED][HOUR].sketch == bucket.sketch


def test_a_row_that_was_taken_back_counts_nothing_until_it_is_made_again():
    bucket = Bucket(3, 6.0, 1.0, 3.0, 2.0, FIVE + 1, {Quality.SIM})
    lines = [tier_line(BED, FIVE, bucket), void_line(BED, FIVE)]
    assert tier_buckets(rows(*lines))[BED][FIVE].count == 0
    again = tier_line(BED, FIVE, Bucket(1, 1.0, 1.0, 1.0, 1.0, FIVE, {Quality.GOOD}), ("void", "sim"))
    assert ",sim=0.0" in again
    assert ",void=0.0" in again
    assert "sim" not in tier_line(BED, FIVE, Bucket(1, 1.0, 1.0, 1.0, 1.0, FIVE, {Quality.GOOD}))


def test_of_equal_times_the_later_merged_is_the_last():
    into = Bucket(1, 1.0, 1.0, 1.0, 1.0, 5, {Quality.GOOD})
    merge(into, Bucket(2, 5.0, 2.0, 3.0, 3.0, 5, {Quality.SIM}))
    merge(into, Bucket(1, 9.0, 9.0, 9.0, 9.0, 4, {Quality.SIM}))
    assert into == Bucket(4, 15.0, 1.0, 9.0, 3.0, 5, {Quality.GOOD, Quality.SIM})
