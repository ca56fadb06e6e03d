"""Where windows are read in InfluxDB, and the lines of its five-minute rows and notes. No server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import Quality, Series
from ioc.timeseries import FIVE_MINUTES, Bucket
from ioc.timeseries.grid import Grid
from ioc.timeseries.influx_csv import Table
from ioc.timeseries.influx_notes import Marks, late, runs_of, scope_of
from ioc.timeseries.influx_windows import Piece, merge, pieces_of, tier_buckets, tier_line, void_line

FIVE = FIVE_MINUTES
HOUR = 12 * FIVE
BED = Series.of("bed.used", facility="a")


def parts(pieces: list[Piece]) -> list[tuple[int, int, bool]]:
    return [(piece.start // FIVE, piece.stop // FIVE, piece.tier) for piece in pieces]


def test_what_is_rolled_up_is_read_from_rows_and_the_rest_from_values():
    grid = Grid.of(0, 2 * HOUR, HOUR)
    assert parts(pieces_of(grid, Marks(), ())) == [(0, 24, False)]
    assert parts(pieces_of(grid, Marks(rolled_to=15 * FIVE), ())) == [(0, 15, True), (15, 24, False)]
    assert parts(pieces_of(grid, Marks(rolled_to=5 * HOUR, five_minutes_from=3 * FIVE), ())) == [(3, 24, True)]


def test_what_is_dirty_is_read_from_values_unless_these_are_gone():
    grid, marks = Grid.of(0, 2 * HOUR, HOUR), Marks(rolled_to=20 * FIVE, raw_from=4 * FIVE)
    dirty = [n * FIVE for n in (2, 7, 8, 19, 22)]
    assert parts(pieces_of(grid, marks, dirty)) == [
        (0, 7, True), (7, 9, False), (9, 19, True), (19, 20, False), (20, 24, False),
    ]  # fmt: skip


def test_many_dirty_parts_are_read_as_one():
    marks = Marks(rolled_to=100 * FIVE)
    pieces = pieces_of(Grid.of(0, 120 * FIVE, HOUR), marks, [n * FIVE for n in range(10, 90, 2)])
    assert parts(pieces) == [(0, 10, True), (10, 89, False), (89, 100, True), (100, 120, False)]


def test_windows_that_are_not_made_of_five_minutes_come_from_values_alone():
    grid = Grid.of(0, HOUR, FIVE // 5)
    assert parts(pieces_of(grid, Marks(rolled_to=HOUR, raw_from=2 * FIVE), (0,))) == [(2, 12, False)]


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sets(st.integers(0, 40), max_size=30),
    st.integers(0, 30),
    st.integers(1, 30),
)
def test_pieces_never_overlap_and_leave_nothing_out(rolled, raw_from, five_from, dirty, start, length):
    marks = Marks(rolled * FIVE, min(raw_from, rolled) * FIVE, min(five_from, raw_from, rolled) * FIVE)
    grid = Grid.of(start * FIVE, (start + length) * FIVE, 3 * FIVE)
    covered = []
    for piece in pieces_of(grid, marks, {n * FIVE for n in dirty}):
        assert piece.start < piece.stop
        covered += range(piece.start // FIVE, piece.stop // FIVE)
        if piece.tier:
            clean = {n for n in dirty if marks.raw_from <= n * FIVE < marks.rolled_to}
            assert not clean & set(range(piece.start // FIVE, piece.stop // FIVE))
            assert piece.stop <= marks.rolled_to
        else:
            assert piece.start >= marks.raw_from
    expected = range(max(grid.edges[0], marks.five_minutes_from) // FIVE, grid.edges[-1] // FIVE)
    assert covered == list(expected)


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
