"""What every store of time series does. Another store is added to the fixture ``store`` and to nothing else."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from ioc.domain import MINUTE, SECOND, Quality, Reading, Series, VirtualClock, parse_rfc3339
from ioc.timeseries import (
    ABSENT,
    DAY,
    FIVE_MINUTES,
    HOUR,
    SKETCH_ERROR,
    MemoryStore,
    Rejected,
    Retention,
    SqliteStore,
    Store,
)
from ioc.timeseries.influx_store import InfluxStore
from tests.contracts import influxd

NOW = parse_rfc3339("2026-11-23T08:02:30Z")
T0 = parse_rfc3339("2026-11-23T00:00:00Z")
KEEP = Retention(raw_ns=2 * DAY, five_minutes_ns=10 * DAY, one_hour_ns=30 * DAY)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture(params=["memory", "sqlite", *influxd.PARAM])
def store(request, tmp_path: Path, clock: VirtualClock):
    with ExitStack() as ends:
        if request.param == "memory":
            opened: Store = MemoryStore(clock, KEEP)
        elif request.param == "sqlite":
            opened = SqliteStore(tmp_path / "t.sqlite", clock=clock, retention=KEEP)
        else:
            opened = InfluxStore(ends.enter_context(influxd.new_buckets()), clock=clock, retention=KEEP)
        yield opened
        opened.close()


def fridge(device: str = "tl-01", facility: str = "bv01", **tags: str) -> Series:
    return Series.of("fridge.temp", **{"device": device, "facility": facility, "site": "cs1", "source": "mqtt"} | tags)


def line(time_ns: int, fields: str = "temp=4.2", device: str = "tl-01", quality: str = "good", facility="bv01") -> str:
    return f'fridge,device={device},facility={facility},site=cs1,source=mqtt {fields},quality="{quality}" {time_ns}'


def values(windows) -> list[list[float | None]]:
    return [[value for _, value, _ in window.points] for window in windows]


def test_a_written_line_is_read_back_as_it_was(store: Store):
    store.write_lines([line(T0 + 7, "temp=4.2,door=0.0,humidity=1e-07")])
    assert store.raw("fridge.temp", {}, T0, T0 + DAY) == [(fridge(), [(T0 + 7, 4.2, Quality.GOOD)])]
    assert store.raw("fridge.humidity", {}, T0, T0 + DAY)[0][1] == [(T0 + 7, 1e-07, Quality.GOOD)]
    assert store.series("fridge.door") == [Series.of("fridge.door", **dict(fridge().tags))]


def test_a_written_reading_is_read_back_as_it_was(store: Store):
    reading = Reading(fridge(), NOW - 1, -18.55, Quality.TEST)
    store.write([reading])
    assert store.latest("fridge.temp", {}, MINUTE) == [reading]


def test_nothing_written_is_no_error(store: Store):
    store.write_lines([])
    store.roll_up(NOW)
    store.retain(NOW)
    assert store.series("fridge.temp") == []
    assert list(store.latest_all()) == []
    assert store.window("fridge.temp", {}, T0, T0 + DAY, every=HOUR, how="mean") == []


def test_of_the_same_series_and_time_the_last_wins(store: Store):
    store.write_lines([line(T0, "temp=1.0"), line(T0, "temp=2.0,temp=3.0", quality="sim")])
    assert store.raw("fridge.temp", {}, T0, T0 + 1)[0][1] == [(T0, 3.0, Quality.SIM)]
    store.write_lines([line(T0, "temp=4.0")])
    assert store.raw("fridge.temp", {}, T0, T0 + 1)[0][1] == [(T0, 4.0, Quality.GOOD)]


def test_two_events_of_one_second_both_count(store: Store):
    store.write_lines([line(T0), line(T0 + 1)])
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how="count")) == [[2.0]]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("", "not made of"),
        ("fridge temp=1.0", "not made of"),
        ("fridge temp=1.0 1 2", "not made of"),
        (line(T0, "temp"), "not made of"),
        (line(T0, "temp=abc"), "abc"),
        (line(T0, "temp=nan"), "temp is not finite"),
        (line(T0, "temp=1.0,door=inf"), "door is not finite"),
        (line(T0, "temp=1e999"), "not finite"),
        (line(T0, "temp=8i"), "8i"),
        (line(T0, "temp=1.0", quality="great"), "great"),
        (f'fridge,device=a quality="good" {T0}', "no value"),
        (f'fridge,device= temp=1.0,quality="good" {T0}', "not a measurement"),
        (f'fridge,device=a,device=b temp=1.0,quality="good" {T0}', "twice"),
        (f"fridge te,mp=1.0 {T0}", "not made of"),
        (f'fridge tố=1.0,quality="good" {T0}', "name of a field"),
        (line("x"), "x"),
        (line(-5), "calendar"),
        (line(2**63), "calendar"),
    ],
)
def test_a_bad_line_is_named_with_its_reason_while_the_others_are_stored(store: Store, bad: str, reason: str):
    with pytest.raises(Rejected) as caught:
        store.write_lines([line(T0), bad, line(T0 + 1)])
    assert [index for index, _ in caught.value.lines] == [1]
    assert reason in caught.value.lines[0][1]
    assert len(store.raw("fridge.temp", {}, T0, T0 + DAY)[0][1]) == 2


def test_a_line_is_taken_whole_or_not_at_all(store: Store):
    with pytest.raises(Rejected):
        store.write_lines([line(T0, "temp=1.0,door=nan")])
    assert store.raw("fridge.temp", {}, T0, T0 + DAY) == []


def test_a_line_without_a_quality_is_good(store: Store):
    store.write_lines([f"fridge,device=tl-01 temp=4.2 {T0}"])
    assert store.raw("fridge.temp", {}, T0, T0 + DAY)[0][1] == [(T0, 4.2, Quality.GOOD)]


def test_tags_in_another_order_are_the_same_series(store: Store):
    store.write_lines([f"fridge,b=2,a=1 temp=1.0 {T0}", f"fridge,a=1,b=2 temp=2.0 {T0 + 1}"])
    assert [series.key for series in store.series("fridge.temp")] == ["fridge.temp,a=1,b=2"]


def test_latest_is_the_newest_by_time_and_not_by_arrival(store: Store):
    store.write_lines([line(NOW - 10, "temp=1.0"), line(NOW - 20, "temp=2.0")])
    assert [reading.value for reading in store.latest("fridge.temp", {}, MINUTE)] == [1.0]


def test_latest_leaves_out_what_is_older_than_asked_and_gives_bad_values_as_bad(store: Store):
    store.write_lines([line(NOW - 2 * MINUTE), line(NOW - MINUTE, device="tl-02", quality="bad")])
    assert store.latest("fridge.temp", {}, MINUTE) == [Reading(fridge("tl-02"), NOW - MINUTE, 4.2, Quality.BAD)]


def test_where_takes_one_value_or_several_and_asks_nothing_when_empty(store: Store):
    store.write_lines([line(NOW, device=d, facility=f) for d, f in [("a", "bv01"), ("b", "bv01"), ("c", "bv02")]])

    def devices(where) -> str:
        return "".join(reading.series.tag("device") for reading in store.latest("fridge.temp", where, MINUTE))

    assert devices(None) == devices({}) == devices({"facility": ""}) == devices({"device": []}) == "abc"
    assert devices({"facility": "bv01"}) == "ab"
    assert devices({"device": ["a", "c"]}) == "ac"
    assert devices({"device": ["a", "c"], "facility": "bv02"}) == "c"
    assert devices({"ward": "icu"}) == ""


def test_where_finds_what_lacks_a_tag_beside_what_has_it(store: Store):
    sums = [("used,facility=bv01", 3.0), ("used,facility=bv01,ward=icu", 1.0), ("used,facility=bv02,ward=a", 2.0)]
    for prefix, value in sums:
        store.write_lines([f"{prefix} beds={value} {NOW}"])

    def found(where) -> list[float]:
        assert [series.key for series in store.series("used.beds", where)] == [
            reading.series.key for reading in store.latest("used.beds", where, MINUTE)
        ]
        windows = store.window("used.beds", where, NOW, NOW + 1, every=MINUTE, how="sum")
        raw = [points[0][1] for _, points in store.raw("used.beds", where, NOW, NOW + 1)]
        assert sorted(raw) == sorted(window.points[0][1] for window in windows)
        return raw

    assert found({"ward": ABSENT}) == [3.0]
    assert found({"facility": "bv02", "ward": ABSENT}) == []
    assert found({"ward": [ABSENT, "icu"]}) == [3.0, 1.0]
    assert found({"site": ABSENT, "ward": "icu"}) == [1.0]
    ratio = store.window(
        "used.beds", {"ward": ABSENT}, NOW, NOW + 1, every=MINUTE, how="ratio", denominator="used.beds", by=["facility"]
    )
    assert [(window.tags, window.points[0][1]) for window in ratio] == [({"facility": "bv01"}, 1.0)]


def test_no_line_can_hold_what_asks_for_the_absence_of_a_tag(store: Store):
    with pytest.raises(Rejected):
        store.write_lines([f"used,ward={ABSENT} beds=1.0 {NOW}"])


def test_raw_values_come_in_order_from_start_to_before_stop_and_within_the_limit(store: Store):
    store.write_lines([line(T0 + n, f"temp={n}.0", device=d) for n in (3, 1, 2, 4) for d in ("a", "b")])
    found = store.raw("fridge.temp", {}, T0 + 1, T0 + 4)
    assert [(series.tag("device"), [t - T0 for t, _, _ in points]) for series, points in found] == [
        ("a", [1, 2, 3]),
        ("b", [1, 2, 3]),
    ]
    cut = store.raw("fridge.temp", {}, T0 + 1, T0 + 4, limit=4)
    assert [[t - T0 for t, _, _ in points] for _, points in cut] == [[1, 2, 3], [1]]
    assert len(store.raw("fridge.temp", {}, T0 + 1, T0 + 4, limit=3)) == 1


@pytest.mark.parametrize(
    ("how", "expected"),
    [("sum", 12.0), ("count", 4.0), ("min", 1.0), ("max", 6.0), ("mean", 3.0), ("last", 2.0)],
)
@pytest.mark.parametrize("rolled", [False, True])
def test_every_how_of_a_window(store: Store, how: str, expected: float, rolled: bool):
    store.write_lines([line(T0 + n * MINUTE, f"temp={v}") for n, v in [(0, 1.0), (10, 6.0), (59, 2.0), (20, 3.0)]])
    if rolled:
        store.roll_up(NOW)
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how=how)) == [[expected]]


def test_empty_windows_are_gaps_and_never_zero(store: Store):
    store.write_lines([line(T0, "temp=0.0"), line(T0 + 2 * HOUR, "temp=5.0")])
    for how in ("sum", "count", "mean", "last"):
        got = values(store.window("fridge.temp", {}, T0, T0 + 3 * HOUR, every=HOUR, how=how))
        assert [value is None for value in got[0]] == [False, True, False]


def test_bad_values_are_never_counted(store: Store):
    store.write_lines([line(T0, "temp=1.0"), line(T0 + 1, "temp=9.0", quality="bad")])
    store.write_lines([line(T0 + HOUR, "temp=9.0", quality="bad")])
    for rolled in (False, True):
        if rolled:
            store.roll_up(NOW)
        windows = store.window("fridge.temp", {}, T0, T0 + 2 * HOUR, every=HOUR, how="sum")
        assert windows[0].points == [(T0, 1.0, Quality.GOOD), (T0 + HOUR, None, Quality.GOOD)]


def test_a_point_is_simulated_when_anything_in_it_is(store: Store):
    store.write_lines([line(T0), line(T0 + 1, quality="test"), line(T0 + 2, quality="sim"), line(T0 + HOUR)])
    store.write_lines([line(T0 + 2 * HOUR), line(T0 + 2 * HOUR + 1, quality="test")])
    for rolled in (False, True):
        if rolled:
            store.roll_up(NOW)
        (window,) = store.window("fridge.temp", {}, T0, T0 + 3 * HOUR, every=HOUR, how="mean")
        assert [quality for _, _, quality in window.points] == [Quality.SIM, Quality.GOOD, Quality.TEST]


def test_start_and_stop_are_rounded_outwards(store: Store):
    store.write_lines([line(T0 + 1), line(T0 + 2 * HOUR - 1)])
    (window,) = store.window("fridge.temp", {}, T0 + MINUTE, T0 + HOUR + 1, every=HOUR, how="count")
    assert window.points == [(T0, 1.0, Quality.GOOD), (T0 + HOUR, 1.0, Quality.GOOD)]


def test_by_puts_series_of_the_same_tags_together(store: Store):
    rows = [("a", "bv01", 1.0), ("b", "bv01", 3.0), ("c", "bv02", 10.0)]
    store.write_lines([line(T0, f"temp={value}", device=d, facility=f) for d, f, value in rows])

    def asked(by, how="mean") -> list:
        windows = store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how=how, by=by)
        return [(window.tags, window.points[0][1]) for window in windows]

    assert asked(["facility"]) == [({"facility": "bv01"}, 2.0), ({"facility": "bv02"}, 10.0)]
    assert asked([], how="sum") == [({}, 14.0)]
    assert asked(["ward"], how="max") == [({"ward": ""}, 10.0)]
    assert [tags["device"] for tags, _ in asked(None)] == ["a", "b", "c"]
    assert asked([], how="last") == [({}, 10.0)]  # of equal times the last key's


def test_a_ratio_is_a_sum_over_a_sum(store: Store):
    store.write_lines([line(T0, "used=1.0,beds=10.0", device="a"), line(T0, "used=80.0,beds=90.0", device="b")])
    store.write_lines([line(T0 + HOUR, "used=5.0,beds=0.0"), line(T0 + 2 * HOUR, "used=5.0")])

    def asked(by) -> list:
        return values(
            store.window(
                "fridge.used", {}, T0, T0 + 3 * HOUR, every=HOUR, how="ratio", denominator="fridge.beds", by=by
            )
        )

    assert asked([]) == [[0.81, None, None]]
    assert asked(["device"])[0] == [0.1, None, None]
    assert asked(None)[1] == [80 / 90, None, None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": 0},
        {"every": DAY + 1},
        {"every": SECOND, "stop": T0 + 30 * DAY},
        {"how": "mode"},
        {"how": "ratio"},
        {"how": "sum", "denominator": "fridge.beds"},
        {"by": "facility"},
        {"zone": "Asia/Nowhere", "every": DAY},
        {"start": -1},
        {"stop": T0 - 1},
    ],
)
def test_a_wrong_question_is_a_value_error(store: Store, wrong: dict):
    asked = {"start": T0, "stop": T0 + DAY, "every": HOUR, "how": "mean"} | wrong
    with pytest.raises(ValueError, match=r"\w"):
        store.window("fridge.temp", {}, asked.pop("start"), asked.pop("stop"), **asked)


@pytest.mark.parametrize("rolled", [False, True])
def test_days_begin_at_local_midnight(store: Store, rolled: bool):
    midnight = parse_rfc3339("2026-11-23T00:00:00+07:00")
    store.write_lines([line(midnight - 1, "temp=1.0"), line(midnight, "temp=2.0")])
    if rolled:
        store.roll_up(NOW)
    (window,) = store.window(
        "fridge.temp", {}, midnight - 1, midnight + 1, every=DAY, how="sum", zone="Asia/Ho_Chi_Minh"
    )
    assert [(t, value) for t, value, _ in window.points] == [(midnight - DAY, 1.0), (midnight, 2.0)]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29T00:00:00+01:00", 23), ("2026-10-25T00:00:00+02:00", 25)])
@pytest.mark.parametrize("rolled", [False, True])
def test_days_last_as_long_as_the_calendar_makes_them(store: Store, day: str, hours: int, rolled: bool):
    midnight = parse_rfc3339(day)
    store.write_lines([line(midnight + n * HOUR, "temp=1.0") for n in range(-24, hours + 24)])
    if rolled:
        store.roll_up(NOW)
    (window,) = store.window(
        "fridge.temp", {}, midnight - DAY, midnight + hours * HOUR + DAY, every=DAY, how="count", zone="Europe/Paris"
    )
    assert [value for _, value, _ in window.points] == [24.0, float(hours), 24.0]


def test_weeks_begin_on_mondays(store: Store):
    monday = parse_rfc3339("2026-11-23T00:00:00+07:00")
    store.write_lines([line(monday - 1), line(monday + 1)])
    (window,) = store.window("fridge.temp", {}, monday - 1, NOW, every=7 * DAY, how="count", zone="Asia/Ho_Chi_Minh")
    assert [(t, value) for t, value, _ in window.points] == [(monday - 7 * DAY, 1.0), (monday, 1.0)]


def test_late_values_change_what_was_rolled_up_before_and_after_the_next_roll_up(store: Store):
    store.write_lines([line(T0 + n * MINUTE, "temp=1.0") for n in range(60)])
    store.roll_up(NOW)
    store.write_lines([line(T0 + 1, "temp=10.0"), line(T0 + MINUTE, "temp=5.0"), line(T0 + HOUR, "temp=7.0")])
    for _ in range(3):
        got = values(store.window("fridge.temp", {}, T0, T0 + 2 * HOUR, every=HOUR, how="sum"))
        assert got == [[74.0, 7.0]]
        store.roll_up(NOW)


def test_a_late_bad_value_takes_back_what_it_replaces(store: Store):
    store.write_lines([line(T0, "temp=1.0")])
    store.roll_up(NOW)
    store.write_lines([line(T0, "temp=1.0", quality="bad")])
    for _ in range(2):
        for how in ("count", "median"):
            assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how=how)) == [[None]]
        store.roll_up(NOW)


def test_long_windows_outlive_the_raw_values_and_short_ones_do_not(store: Store):
    store.write_lines([line(T0 + n * MINUTE, f"temp={n}.0") for n in range(60)])
    store.roll_up(NOW)
    store.write_lines([line(T0 + 1, "temp=100.0")])  # late, and not rolled up again when its raw values go
    later = T0 + 3 * DAY
    store.retain(later)
    assert store.raw("fridge.temp", {}, T0, T0 + DAY) == []
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how="max")) == [[100.0]]
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how="count")) == [[61.0]]
    assert values(store.window("fridge.temp", {}, T0, T0 + 2 * MINUTE, every=MINUTE, how="count")) == [[None, None]]
    store.retain(T0 + 11 * DAY)
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how="max")) == [[100.0]]
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how="count")) == [[61.0]]
    assert values(store.window("fridge.temp", {}, T0, T0 + 1, every=FIVE_MINUTES, how="count")) == [[None]]
    store.retain(T0 + 31 * DAY)
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, every=HOUR, how="max")) == [[None]]


def test_values_older_than_the_raw_ones_kept_are_refused_and_change_nothing(store: Store):
    store.write_lines([line(T0, "temp=1.0")])
    store.retain(T0 + 2 * DAY + HOUR + FIVE_MINUTES)  # whole hours go
    with pytest.raises(Rejected, match="older"):
        store.write_lines([line(T0 + HOUR - 1)])
    store.write_lines([line(T0 + HOUR)])
    store.roll_up(T0 + 3 * DAY)
    assert values(store.window("fridge.temp", {}, T0, T0 + DAY, every=DAY, how="count")) == [[2.0]]


def test_retention_never_goes_back(store: Store):
    store.write_lines([line(T0)])
    store.retain(T0 + 3 * DAY)
    store.retain(T0)
    with pytest.raises(Rejected):
        store.write_lines([line(T0 + 1)])


def test_latest_of_all_series_for_the_rebuild_of_the_present(store: Store):
    store.write_lines([line(T0, "temp=1.0", quality="sim"), line(T0 + 1, "temp=2.0", quality="bad")])
    store.write_lines([line(T0 + 2, "temp=1.0", device="b"), line(T0 + 1, "temp=2.0", device="b")])
    newest = {reading.series.tag("device"): reading for reading in store.latest_all()}
    assert newest["tl-01"] == Reading(fridge(), T0 + 1, 2.0, Quality.BAD)
    assert (newest["b"].time_ns, newest["b"].value, newest["b"].quality) == (T0 + 2, 1.0, Quality.GOOD)
    store.retain(T0 + 3 * DAY)  # the raw values are gone, and what was last counted is still known
    newest = {reading.series.tag("device"): reading for reading in store.latest_all()}
    assert newest["tl-01"] == Reading(fridge(), T0, 1.0, Quality.SIM)
    assert newest["b"].time_ns == T0 + 2
    store.retain(T0 + 11 * DAY)  # so are the five minutes
    newest = {reading.series.tag("device"): reading for reading in store.latest_all()}
    assert newest["tl-01"] == Reading(fridge(), T0, 1.0, Quality.SIM)
    assert newest["b"].time_ns == T0 + 2


def minutes(store: Store, hours: int, start: int = T0, device: str = "tl-01") -> list[float]:
    """A value each minute that is never twice the same."""
    found = [10.0 + (n * 37) % (60 * hours) for n in range(60 * hours)]
    store.write_lines([line(start + n * MINUTE, f"temp={value}", device) for n, value in enumerate(found)])
    return found


def by_rank(found: list[float], how: str) -> float:
    return sorted(found)[{"median": 5, "p90": 9}[how] * len(found) // 10 - 1]


quantiles = pytest.mark.parametrize("how", ["median", "p90"])


@quantiles
@pytest.mark.parametrize("rolled", [False, True])
def test_a_quantile_is_exact_while_there_are_values(store: Store, how: str, rolled: bool):
    found = minutes(store, 2)
    store.write_lines([line(T0 + 1, "temp=999.0", quality="bad")])
    if rolled:
        store.roll_up(NOW)
    for every in (HOUR, 2 * HOUR, 20 * MINUTE, MINUTE):
        (window,) = store.window("fridge.temp", {}, T0, T0 + 2 * HOUR, every=every, how=how)
        size = every // MINUTE
        parts = [sorted(found[first : first + size]) for first in range(0, 120, size)]
        nth = max(1, {"median": 5, "p90": 9}[how] * size // 10)
        assert [value for _, value, _ in window.points] == [part[nth - 1] for part in parts]
        assert window.error == 0.0


@quantiles
def test_the_quantile_of_a_group_is_of_all_its_values(store: Store, how: str):
    found = minutes(store, 1) + minutes(store, 1, T0 + 1, "tl-02")
    asked = {"every": HOUR, "how": how, "by": ["facility"]}
    assert values(store.window("fridge.temp", {}, T0, T0 + HOUR, **asked)) == [[by_rank(found, how)]]


@quantiles
def test_a_quantile_outlives_its_values_within_the_stated_error(store: Store, how: str):
    found = minutes(store, 6)
    minutes(store, 1, NOW)
    store.write_lines([line(T0 + 30, "temp=500.0", quality="sim")])
    store.roll_up(NOW)
    store.write_lines([line(T0 + MINUTE + 1, "temp=600.0")])  # late
    for days in (3, 11):
        store.retain(T0 + days * DAY)
        for every in (HOUR, 6 * HOUR, DAY):
            (window,) = store.window("fridge.temp", {"device": "tl-01"}, T0, T0 + 6 * HOUR, every=every, how=how)
            assert window.error == SKETCH_ERROR
            assert window.points[0][2] is Quality.SIM
            for (_, value, _), size in zip(window.points, range(0, 6 * HOUR, every), strict=False):
                first = size // MINUTE
                of = found[first : first + every // MINUTE] + ([500.0, 600.0] if first == 0 else [])
                if every < DAY:
                    expected = sorted(of)[-(-{"median": 5, "p90": 9}[how] * len(of) // 10) - 1]
                    assert value == pytest.approx(expected, rel=SKETCH_ERROR * 1.0001)


@quantiles
def test_of_a_window_with_values_and_older_hours_both_count(store: Store, how: str):
    found = minutes(store, 4)
    store.retain(T0 + 2 * DAY + 2 * HOUR)
    (window,) = store.window("fridge.temp", {}, T0, T0 + 4 * HOUR, every=2 * HOUR, how=how)
    assert window.points[1][1] == by_rank(found[120:], how)
    assert window.points[0][1] == pytest.approx(by_rank(found[:120], how), rel=SKETCH_ERROR * 1.0001)
    (window,) = store.window("fridge.temp", {}, T0, T0 + 4 * HOUR, every=4 * HOUR, how=how)
    assert window.points[0][1] == pytest.approx(by_rank(found, how), rel=SKETCH_ERROR * 1.0001)
    assert window.error == SKETCH_ERROR
    (window,) = store.window("fridge.temp", {}, T0 + 2 * HOUR, T0 + 4 * HOUR, every=2 * HOUR, how=how)
    assert window.error == 0.0


@quantiles
def test_short_windows_have_no_quantile_once_their_values_are_gone(store: Store, how: str):
    found = minutes(store, 4)
    store.retain(T0 + 2 * DAY + 2 * HOUR)
    every = 90 * MINUTE  # the first is gone, the second is cut, the third is there
    (window,) = store.window("fridge.temp", {}, T0, T0 + 4 * HOUR, every=every, how=how)
    start = -T0 % every // MINUTE
    whole = [first for first in range(start - 90, 240, 90) if first >= 120]
    assert [value for t, value, _ in window.points if t < T0 + 2 * HOUR] == [None] * (len(window.points) - len(whole))
    assert [value for t, value, _ in window.points if t >= T0 + 2 * HOUR] == [
        sorted(part)[-(-{"median": 5, "p90": 9}[how] * len(part) // 10) - 1]
        for part in (found[first : first + 90] for first in whole)
    ]
    assert window.error == 0.0


def test_days_of_a_zone_that_is_off_by_a_part_of_an_hour_come_from_the_five_minutes(store: Store):
    midnight = parse_rfc3339("2026-11-23T00:00:00+05:45")
    store.write_lines([line(midnight + n * HOUR, f"temp={n}.0") for n in range(24)])
    asked = {"every": DAY, "zone": "Asia/Kathmandu"}

    def of(how: str) -> float | None:
        return values(store.window("fridge.temp", {}, midnight, midnight + DAY, how=how, **asked))[0][0]

    assert (of("sum"), of("median")) == (276.0, 11.0)
    store.retain(midnight + 4 * DAY)
    assert (of("sum"), of("median")) == (276.0, None)
    store.retain(midnight + 12 * DAY)
    assert of("sum") is None


def test_late_values_of_an_hour_that_was_made_count_at_once_and_for_ever(store: Store):
    minutes(store, 3)
    store.roll_up(NOW)
    store.write_lines([line(T0 + HOUR + 1, "temp=5000.0"), line(T0 + 2 * HOUR, "temp=1.0", quality="bad")])
    asked = {"every": HOUR, "how": "count"}
    for _ in range(2):
        assert values(store.window("fridge.temp", {}, T0, T0 + 3 * HOUR, **asked)) == [[60.0, 61.0, 59.0]]
        assert values(store.window("fridge.temp", {}, T0, T0 + 3 * HOUR, every=HOUR, how="max"))[0][1] == 5000.0
        store.roll_up(NOW)
    for days in (3, 11):
        store.retain(T0 + days * DAY)
        assert values(store.window("fridge.temp", {}, T0, T0 + 3 * HOUR, **asked)) == [[60.0, 61.0, 59.0]]
