"""Windows: their edges, in every zone and season."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import MINUTE, SECOND, parse_rfc3339, rfc3339
from ioc.timeseries import DAY
from ioc.timeseries.grid import Grid, Run

HOUR = 60 * MINUTE
ZONES = ["UTC", "Asia/Ho_Chi_Minh", "Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"]


def starts(start: str, stop: str, every: int, zone: str) -> list[str]:
    return [rfc3339(edge)[:16] for edge in Grid.of(parse_rfc3339(start), parse_rfc3339(stop), every, zone).starts]


@given(
    st.integers(0, 60 * 366 * DAY),
    st.integers(0, 40 * DAY),
    st.sampled_from([MINUTE, 7 * MINUTE, HOUR, DAY, 3 * DAY, 7 * DAY]),
    st.sampled_from(ZONES),
)
def test_windows_cover_the_range_without_gaps_and_none_is_empty(start: int, length: int, every: int, zone: str):
    grid = Grid.of(start, start + length, every, zone)
    assert grid.edges[0] <= start
    assert grid.edges[-1] >= start + length
    assert all(one < next_ for one, next_ in pairwise(grid.edges))
    if len(grid.edges) > 1:
        assert grid.edges[1] > start
        assert grid.edges[-2] < start + length
    covered = [edge for run in grid.runs() for edge in range(run.start, run.stop, run.step)]
    assert covered == list(grid.starts)
    assert [run.first for run in grid.runs()] == [grid.starts.index(run.start) for run in grid.runs()]


def test_a_year_of_days_is_one_run_where_clocks_are_left_alone_and_few_where_they_are_not():
    year = (parse_rfc3339("2026-01-01T00:00:00Z"), parse_rfc3339("2027-01-01T00:00:00Z"), DAY)
    assert len(Grid.of(*year, "Asia/Ho_Chi_Minh").runs()) == 1
    assert len(Grid.of(*year, "Europe/Paris").runs()) == 5


def test_days_in_a_zone_that_skips_midnight_begin_when_the_day_does():
    begins = starts("2018-11-03T12:00:00-03:00", "2018-11-05T12:00:00-02:00", DAY, "America/Sao_Paulo")
    assert begins == ["2018-11-03T03:00", "2018-11-04T03:00", "2018-11-05T02:00"]


def test_a_day_that_a_zone_never_had_is_left_out():
    begins = starts("2011-12-29T12:00:00-10:00", "2011-12-31T12:00:00+14:00", DAY, "Pacific/Apia")
    assert begins == ["2011-12-29T10:00", "2011-12-30T10:00"]


def test_weeks_begin_on_local_mondays():
    assert starts("2026-11-25T00:00:00Z", "2026-11-30T00:00:00Z", 7 * DAY, "Asia/Ho_Chi_Minh") == [
        "2026-11-22T17:00",
        "2026-11-29T17:00",
    ]


def test_only_windows_of_whole_buckets_may_be_read_from_them():
    assert Grid.of(0, DAY, HOUR).whole_buckets
    assert Grid.of(0, DAY, DAY, "Asia/Kathmandu").whole_buckets
    assert not Grid.of(0, DAY, 7 * MINUTE).whole_buckets
    long_ago = parse_rfc3339("1970-06-01T00:00:00Z")
    assert not Grid.of(long_ago, long_ago + DAY, DAY, "Africa/Monrovia").whole_buckets  # 44 min 30 s behind


def test_an_empty_range_on_an_edge_has_no_window():
    assert Grid.of(HOUR, HOUR, HOUR).starts == ()
    assert Grid.of(HOUR, HOUR, HOUR).runs() == []
    assert Grid.of(HOUR + 1, HOUR + 1, HOUR).runs() == [Run(0, HOUR, 2 * HOUR, HOUR)]


def test_more_windows_than_anyone_could_look_at_are_refused():
    with pytest.raises(ValueError, match="longer windows"):
        Grid.of(0, 365 * DAY, SECOND)
