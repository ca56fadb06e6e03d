"""The summary of some days: sums over sums, and nothing added up that is not known."""

from pathlib import Path

import pytest

from ioc.catalogue import load_catalogue
from ioc.census import Balance, Census, Lengths, Period, WardNow
from ioc.domain import MINUTE, Quality, Reading, Series, State
from ioc.reports import Asked, Beds, Span, Stays, answers_of, beds_by_hour, heard_of, share_of, summary_of
from ioc.timeseries import DAY, MemoryStore

CONFIGS = Path(__file__).parents[4] / "configs"
HOUR = 60 * MINUTE
BEGIN = 20_000 * DAY


@pytest.fixture(scope="module")
def occupancy_metric():
    return load_catalogue(CONFIGS).metrics["bed.occ_staffed"]


def day(number: int, balance: Balance, *, known: float = 1.0, **more: object) -> Period:
    begins, ends = BEGIN + number * DAY, BEGIN + (number + 1) * DAY
    ward = WardNow("noi", "cs1", patients=balance.end, actual=42, balance=balance)
    census = Census("bv", ends, ends if known else None, State.FRESH, wards=(ward,))
    return Period(begins, ends, census, known_ns=round(known * DAY), **more)  # type: ignore[arg-type]


def put(store: MemoryStore, key: str, value: float, *times_ns: int, quality: Quality = Quality.GOOD) -> None:
    series = Series.parse(key)
    store.write([Reading(series, time_ns, value, quality) for time_ns in times_ns])


def test_days_follow_each_other_and_the_whole_is_their_sum():
    found = summary_of(
        [
            day(0, Balance(start=10, admitted=5, discharged=3, end=12), elsewhere={"noi": 1}, arrived={"cs1": 4}),
            day(
                1, Balance(start=12, admitted=2, died=1, corrected=-1, end=12), elsewhere={"noi": 2}, arrived={"cs1": 6}
            ),
        ],
        "",
        {},
    )
    assert found.total.balance == Balance(start=10, admitted=7, discharged=3, died=1, corrected=-1, end=12)
    assert found.wards[0].balance == found.total.balance
    assert (found.total.elsewhere, found.arrived, found.known) == (3, 10, 1.0)


def test_days_of_which_nothing_is_known_are_in_no_sum():
    late = day(0, Balance(admitted=500, end=500), known=0, arrived={"cs1": 9}, lengths={"noi": Lengths(3, DAY)})
    found = summary_of([late, day(1, Balance(start=500, admitted=5, end=505))], "", {})
    assert (found.total.balance.start, found.total.balance.admitted) == (500, 5)
    assert (found.arrived, found.total.stays.ended, found.known) == (0, 0, 0.5)
    assert [one.known for one in found.days] == [False, True]


def test_where_no_day_is_known_there_are_no_wards():
    found = summary_of([day(0, Balance(), known=0)], "", {})
    assert (found.wards, found.total.balance, found.occupancy) == ((), Balance(), None)


def test_the_average_stay_is_of_all_days_and_wards_together():
    days = [
        day(0, Balance(), lengths={"noi": Lengths(1, 2 * DAY)}),
        day(1, Balance(), lengths={"noi": Lengths(3, 18 * DAY)}),
    ]
    found = summary_of(days, "", {})
    assert (found.total.stays.ended, found.total.stays.mean_days) == (4, 5.0)
    assert Stays().mean_days is None


def test_occupancy_is_a_sum_over_a_sum_and_never_a_mean_of_ratios():
    hours = {BEGIN: Beds(60 * 90.0, 60 * 100.0), BEGIN + HOUR: Beds(10.0, 10.0), BEGIN + DAY: Beds(50.0, 100.0)}
    found = summary_of([day(0, Balance()), day(1, Balance()), day(2, Balance())], "", hours)
    assert [one.occupancy for one in found.days] == [pytest.approx(100 * 5410 / 6010), 50.0, None]
    assert [one.peak for one in found.days] == [100.0, 50.0, None]
    assert found.occupancy == pytest.approx(100 * 5460 / 6110)
    assert share_of([Beds(3.0, 0.0)]) is None


def test_the_beds_of_a_facility_are_its_own_series_and_those_of_a_site_its_wards(occupancy_metric):
    store = MemoryStore()
    for name, whole, ward in (("occupied", 90.0, 30.0), ("staffed", 100.0, 40.0)):
        put(store, f"bed.{name},facility=bv,source=census", whole, BEGIN, BEGIN + MINUTE)
        put(store, f"bed.{name},facility=bv,site=cs1,source=census,ward=noi", ward, BEGIN, BEGIN + HOUR)
        put(store, f"bed.{name},facility=other,source=census", 1.0, BEGIN)
    span = Span(BEGIN, BEGIN + 3 * HOUR)
    assert beds_by_hour(store, occupancy_metric, ("bv", ""), span) == {BEGIN: Beds(180.0, 200.0)}
    assert beds_by_hour(store, occupancy_metric, ("bv", "cs1"), span) == {
        BEGIN: Beds(30.0, 40.0),
        BEGIN + HOUR: Beds(30.0, 40.0),
    }


def test_alerts_are_counted_by_level_with_the_time_until_somebody_took_them():
    waits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100]
    alerts = [Asked("critical", HOUR, HOUR + wait * MINUTE, 2 * HOUR) for wait in waits]
    alerts += [Asked("critical", HOUR), Asked("warning", HOUR, HOUR + MINUTE)]
    found = answers_of(alerts, "critical", Span(0, DAY))
    assert (found.opened, found.taken, found.over) == (11, 10, 10)
    assert (found.median_ns, found.p90_ns) == (5 * MINUTE, 9 * MINUTE)


def test_what_came_before_or_after_the_span_is_not_counted():
    span = Span(HOUR, 2 * HOUR)
    alerts = [Asked("warning", HOUR, HOUR + 1), Asked("warning", 2 * HOUR, 3 * HOUR, 3 * HOUR)]
    found = answers_of(alerts, "warning", span)
    assert (found.opened, found.taken, found.over, found.median_ns, found.p90_ns) == (1, 0, 0, None, None)


def test_a_device_is_heard_in_each_hour_that_has_a_value():
    store = MemoryStore()
    put(store, "fridge.temp,device=tl-01,facility=bv,source=mqtt", 4.0, BEGIN, BEGIN + 1, BEGIN + 2 * HOUR)
    put(store, "fridge.temp,device=tl-09,facility=bv,source=mqtt", 4.0, BEGIN)  # that the registry does not know
    metrics = {"tl-01": "fridge.temp", "tl-02": "fridge.temp", "ups-01": "ups.load"}
    fridges, ups = heard_of(store, "bv", metrics, Span(BEGIN, BEGIN + 4 * HOUR))
    assert (fridges.device_class, fridges.hours, fridges.by_device) == ("fridge", 4, {"tl-01": 2, "tl-02": 0})
    assert (fridges.share, fridges.silent, ups.silent) == (0.25, ["tl-02"], ["ups-01"])


def test_what_was_simulated_stays_so_in_beds_and_devices(occupancy_metric):
    store = MemoryStore()
    put(store, "bed.occupied,facility=bv,source=census", 90.0, BEGIN, BEGIN + HOUR)
    put(store, "bed.staffed,facility=bv,source=census", 100.0, BEGIN)
    put(store, "bed.staffed,facility=bv,source=census", 100.0, BEGIN + HOUR, quality=Quality.SIM)
    hours = beds_by_hour(store, occupancy_metric, ("bv", ""), Span(BEGIN, BEGIN + 2 * HOUR))
    assert [one.simulated for one in hours.values()] == [False, True]
    assert summary_of([day(0, Balance())], "", hours).beds == Beds(180.0, 200.0, simulated=True)
    put(store, "fridge.temp,device=tl-01,facility=bv,source=mqtt", 4.0, BEGIN, quality=Quality.SIM)
    put(store, "ups.load,device=ups-01,facility=bv,source=mqtt", 4.0, BEGIN)
    metrics = {"tl-01": "fridge.temp", "ups-01": "ups.load"}
    assert [one.simulated for one in heard_of(store, "bv", metrics, Span(BEGIN, BEGIN + HOUR))] == [True, False]


def test_without_devices_nothing_is_heard():
    assert heard_of(MemoryStore(), "bv", {}, Span(BEGIN, BEGIN + HOUR)) == []
